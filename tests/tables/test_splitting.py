"""Held-out parts and folds: disjoint, believable, and the ones that scikit-learn draws."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.model_selection import train_test_split

from chainrule.tables import Table, TableError, held_out, k_folds
from chainrule.tables.splitting import Split
from tests.tables.making import table_of

RANDOM = np.random.default_rng(2)
N = 200
LABELS = RANDOM.choice(["a", "b", "c"], size=N, p=[0.6, 0.3, 0.1]).tolist()
AMOUNTS = RANDOM.normal(size=N).tolist()
GROUPS = RANDOM.integers(0, 23, size=N).tolist()
DAYS = [date(2024, 1, 1) + timedelta(days=int(day)) for day in RANDOM.integers(0, 90, size=N)]
TABLE = table_of(label=LABELS, amount=AMOUNTS, group=GROUPS, day=DAYS)


def is_partition(split: Split, n: int = N) -> bool:
    return sorted([*split.train, *split.test]) == list(range(n))


def test_the_rows_are_those_of_scikit_learn() -> None:
    rows = np.arange(N)
    split = held_out(TABLE, "label")
    train, test = train_test_split(rows, test_size=0.2, random_state=0, stratify=LABELS)
    assert split.train.tolist() == train.tolist()
    assert split.test.tolist() == test.tolist()
    split = held_out(TABLE, "amount", fraction=0.3, seed=7)
    train, test = train_test_split(rows, test_size=0.3, random_state=7)
    assert split.test.tolist() == test.tolist()


def test_classes_keep_their_shares() -> None:
    split = held_out(TABLE, "label", fraction=0.25)
    assert is_partition(split)
    for label in "abc":
        share = np.mean(np.array(LABELS) == label)
        assert np.mean(np.array(LABELS)[split.test] == label) == pytest.approx(share, abs=0.02)


def test_a_class_with_one_row_is_only_learnt_from() -> None:
    table = table_of(y=["a", "b"] * 20 + ["c"])
    split = held_out(table, "y")
    assert is_partition(split, 41)
    assert 40 in split.train
    assert split.notes == ("only learnt from: 1 row alone in a class",)


def test_too_few_rows_for_every_class() -> None:
    split = held_out(table_of(y=list("abcdefgh") * 2), "y", fraction=0.1)
    assert is_partition(split, 16)
    assert split.notes == ("too few rows to hold out the same share of every class",)


def test_in_time_the_latest_rows_are_held_out() -> None:
    split = held_out(TABLE, "label", time="day")
    assert is_partition(split)
    assert max(DAYS[row] for row in split.train) < min(DAYS[row] for row in split.test)
    assert len(split.test) / N == pytest.approx(0.2, abs=0.03)
    folds = k_folds(TABLE, "label", 4, time="day")
    assert len(folds) == 4
    for fold in folds:
        assert max(DAYS[row] for row in fold.train) < min(DAYS[row] for row in fold.test)
    assert folds[-1].test.tolist() == [row for row in range(N) if DAYS[row] >= min(DAYS[k] for k in folds[-1].test)]


def test_time_may_be_a_number_or_a_typed_date() -> None:
    table = Table(pl.DataFrame({"t": [3, 1, 2, 5, 4], "d": DAYS[:5], "y": AMOUNTS[:5]}))
    assert held_out(table, "y", time="t").test.tolist() == [3]
    assert held_out(table, "y", time="d").test.tolist() == [int(np.argmax(DAYS[:5]))]


@pytest.mark.parametrize("target", ["label", "amount"])
def test_groups_stay_together(target: str) -> None:
    groups = np.array(GROUPS)
    split = held_out(TABLE, target, group="group")
    assert is_partition(split)
    assert not set(groups[split.train]) & set(groups[split.test])
    folds = k_folds(TABLE, target, 5, group="group")
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(N))
    for fold in folds:
        assert is_partition(fold)
        assert not set(groups[fold.train]) & set(groups[fold.test])


@pytest.mark.parametrize("target", ["label", "amount"])
def test_folds_hold_out_every_row_once(target: str) -> None:
    folds = k_folds(TABLE, target, 5)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(N))
    assert all(is_partition(fold) for fold in folds)
    other = k_folds(TABLE, target, 5, seed=1)
    assert folds[0].test.tolist() != other[0].test.tolist()


def test_rare_classes_are_in_no_fold() -> None:
    folds = k_folds(table_of(y=["a", "b"] * 10 + ["c"] * 2), "y", 5)
    assert all({20, 21} <= set(fold.train) for fold in folds)
    assert folds[0].notes == ("only learnt from: 2 rows of classes with fewer than 5 rows",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fraction": 0}, "fraction=0 is not between 0 and 1"),
        ({"fraction": 1.5}, "fraction=1.5"),
        ({"time": "day", "group": "group"}, "give one"),
        ({"time": "label"}, "row 1, column 'label': 'a' is neither a date nor a number"),
        ({"time": "hole"}, "row 3, column 'hole': None is neither"),
        ({"group": "hole"}, "row 3, column 'hole': the group is missing"),
        ({"group": "same"}, r"column 'same': 1 group cannot be split into 2 parts"),
        ({"time": "same"}, "every row is of the same moment"),
        ({"time": "dya"}, "no column 'dya'; did you mean 'day'"),
    ],
)
def test_what_cannot_be_split(options: dict[str, object], message: str) -> None:
    table = table_of(label=["a", "b"] * 5, day=DAYS[:10], hole=["1", "2", None] + ["3"] * 7, same=[1] * 10)
    with pytest.raises(TableError, match=message):
        held_out(table, "label", **({"group": "day"} if "time" in options and "group" in options else {}) | options)  # type: ignore[arg-type]


def test_folds_that_cannot_be() -> None:
    for k in (1, 201):
        with pytest.raises(TableError, match=f"k={k} folds of 200 rows"):
            k_folds(TABLE, "label", k)
    with pytest.raises(TableError, match="too few different moments"):
        k_folds(table_of(y=[1.5, 2.5, 3.5, 4.5], t=[1, 1, 2, 2]), "y", 3, time="t")
