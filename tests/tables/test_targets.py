"""The target: which task it sets, and its numbers there and back."""

import numpy as np
import polars as pl
import pytest

from chainrule.tables import PreparationPlan, Table, TableError, with_target
from chainrule.tables.targets import ClassTarget, NumberTarget
from tests.tables.making import table_of

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=60).tolist()


def fit(y: list[object], **options: object) -> PreparationPlan:
    return PreparationPlan.fit(table_of(x=X[: len(y)], y=y), "y", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (["b", "a", "c"] * 20, ("a", "b", "c")),
        (["0", "1"] * 30, (0, 1)),
        (["-1", "1"] * 30, (-1, 1)),
        (["1.0", "2.0"] * 30, (1, 2)),
        ([k % 10 for k in range(60)], tuple(range(10))),
        ([1, 2, 4, 5, 7, 3] * 10, (1, 2, 3, 4, 5, 7)),
        (["yes", "no"] * 10, ("no", "yes")),
        (["0.5", "2.5"] * 10, (0.5, 2.5)),
    ],
)
def test_classes_are_found_and_in_order(y: list[object], classes: tuple[object, ...]) -> None:
    plan = fit(y)
    assert isinstance(plan.target, ClassTarget)
    assert plan.target.classes == classes
    assert [type(label) for label in plan.target.classes] == [type(label) for label in classes]
    back = plan.inverse_target(plan.transform_target(table_of(y=y))).tolist()
    assert back == [type(classes[0])(float(cell)) if numeric(cell) else cell for cell in y]


def numeric(cell: object) -> bool:
    return str(cell).lstrip("-").replace(".", "").isdigit()


@pytest.mark.parametrize(
    "y",
    [
        [round(value, 2) for value in X],
        [k % 7 + 3 for k in range(60)],  # marks from 3 to 9 do not count from 0 or 1
        [k * 10 for k in range(60)],
        ["1,5", "2,25", "3,75"] * 10,
        ["$1,000", "$2,500", "$3,700"] * 10,
        [1, 2, 3, 4, 5],  # too few rows for five classes
    ],
)
def test_amounts_are_found(y: list[object]) -> None:
    plan = fit(y)
    assert isinstance(plan.target, NumberTarget)
    codes = plan.transform_target(table_of(y=y))
    assert (np.mean(codes), np.std(codes)) == pytest.approx((0, 1), abs=1e-12)
    back = plan.inverse_target(codes)
    if not isinstance(y[0], str):
        np.testing.assert_allclose(back, y, rtol=1e-12, atol=1e-12)


def test_the_task_can_be_said() -> None:
    marks = [k % 7 + 3 for k in range(60)]
    assert fit(marks, task="classification").task == "classification"
    assert fit([k % 10 for k in range(60)], task="regression").task == "regression"
    with pytest.raises(TableError, match="row 1, column 'y': 'a' is not a number"):
        fit(["a", "b"] * 10, task="regression")
    with pytest.raises(TableError, match="60 different values in 60 rows: too many for classes"):
        fit(X, task="classification")
    with pytest.raises(TableError, match="task='ranking'; accepted are"):
        fit(X, task="ranking")


def test_a_doubtful_task_is_said() -> None:
    notes = dict(fit([k % 7 + 3 for k in range(60)]).notes)
    assert notes["y"] == (
        "the target's 7 whole numbers from 3 to 9 are taken for amounts; if they are classes, say task classification"
    )


def test_booleans_and_typed_numbers() -> None:
    table = Table(pl.DataFrame({"x": X[:20], "y": [True, False] * 10}))
    plan = PreparationPlan.fit(table, "y")
    assert plan.target == ClassTarget("y", (False, True))
    assert plan.transform_target(table).tolist() == [1, 0] * 10
    assert PreparationPlan.from_json(plan.to_json()) == plan
    plan = PreparationPlan.fit(Table(pl.DataFrame({"x": X[:20], "y": [1.0, 2.0] * 10})), "y")
    assert plan.transform_target(table_of(y=["2", "1.0"])).tolist() == [1, 0]  # from a file later


def test_missing_targets_are_passed_over_and_said() -> None:
    y: list[object] = [1.5, None, 2.5, "NA", 3.5, ""]
    table = table_of(x=X[:6], y=y)
    plan = PreparationPlan.fit(table, "y")
    assert plan.n_rows == 3
    assert ("y", "3 rows without a target passed over") in plan.notes
    there = with_target(table, "y")
    assert there.frame["y"].to_list() == ["1.5", "2.5", "3.5"]
    with pytest.raises(TableError, match="row 2, column 'y': the target is missing"):
        plan.transform_target(table)


def test_an_unknown_class_names_its_row_in_the_file() -> None:
    plan = fit(["a", "b"] * 10)
    later = table_of(y=["a", "b", "c"])
    with pytest.raises(TableError, match=r"row 3, column 'y': 'c' is not one of the 2 classes"):
        plan.transform_target(later)
    with pytest.raises(TableError, match="row 3"):
        plan.transform_target(later.rows(np.array([2, 0])))
    assert plan.transform_target(later, unknown="minus one").tolist() == [0, 1, -1]


def test_uneven_classes_are_said() -> None:
    notes = dict(fit(["a"] * 57 + ["b"] * 3).notes)
    assert notes["y"] == "the classes are uneven: 'b' has 3 of 60 rows (5 %)"
    assert fit(["a"] * 40 + ["b"] * 20).notes == ()


@pytest.mark.parametrize("factor", ["-2", "1e6"])
def test_a_copy_of_the_target_is_noticed(factor: str) -> None:
    noise = RANDOM.normal(size=60).tolist()
    table = table_of(copy=[float(factor) * value + 3 for value in X], other=noise, y=X)
    assert [name for name, note in PreparationPlan.fit(table, "y").notes if "tells the target" in note] == ["copy"]
    labels = ["a", "b", "c"] * 20
    renamed = [{"a": "one", "b": "two", "c": "three"}[label] for label in labels]
    almost = ["one", *renamed[:-1]]
    table = table_of(copy=renamed, almost=almost, y=labels)
    assert [name for name, note in PreparationPlan.fit(table, "y").notes if "tells the target" in note] == ["copy"]


def test_a_target_of_huge_numbers() -> None:
    y = ["1e308", "-1e308", "5e307"] * 10
    plan = fit(y)
    codes = plan.transform_target(table_of(y=y))
    assert np.isfinite(codes).all()
    np.testing.assert_allclose(plan.inverse_target(codes), [float(cell) for cell in y], rtol=1e-12)
