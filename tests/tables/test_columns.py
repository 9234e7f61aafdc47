"""What a column is found to be, and what becomes of it."""

import numpy as np
import polars as pl
import pytest

from chainrule.tables import PreparationPlan, Settings, Table, TableError
from chainrule.tables.columns import (
    BooleanColumn,
    CategoryColumn,
    DateColumn,
    HashedColumn,
    LeftOutColumn,
    NumberColumn,
)
from tests.tables.making import table_of

RANDOM = np.random.default_rng(0)


def found(cells: list[object], **options: object):  # type: ignore[no-untyped-def]
    """The plan of one column, and its columns of X."""
    table = table_of(a=cells, other=list(range(len(cells))))
    plan = PreparationPlan.fit(table, None, **options)  # type: ignore[arg-type]
    width = len(plan.columns[0].feature_names)
    return plan.columns[0], plan.transform(table)[:, :width], dict(plan.notes).get("a", "")


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "2", "4"], [1, 2, 4]),
        ([" 1 ", "+2", "4e0"], [1, 2, 4]),
        (["1,000", "2,000", "4,000.5"], [1000, 2000, 4000.5]),
        (["1.000,5", "2,5", "4"], [1000.5, 2.5, 4]),
        (["1,5", "2,25", "4,125"], [1.5, 2.25, 4.125]),
        (["10 %", "20%", "40 %"], [0.1, 0.2, 0.4]),
        (["$1,000", "€2", "£4"], [1000, 2, 4]),
        (["1 000", "2 000 000", "4"], [1000, 2000000, 4]),
        (["1'000", "−2", "4"], [1000, -2, 4]),
    ],
)
def test_numbers_written_as_text(cells: list[str], values: list[float]) -> None:
    column, X, _ = found(cells)
    assert isinstance(column, NumberColumn)
    assert (column.median, column.center, column.scale) == pytest.approx(
        (np.median(values), np.mean(values), np.std(values)), rel=1e-12
    )
    np.testing.assert_allclose(X[:, 0] * np.std(values) + np.mean(values), values, rtol=1e-12)


def test_one_column_tells_the_decimal_mark_of_another() -> None:
    table = table_of(a=["1.234", "2.500", "3.000"], b=["0,5", "1,25", "2,0"])
    plan = PreparationPlan.fit(table, None)
    assert [column.decimal for column in plan.columns] == [",", ","]  # type: ignore[union-attr]
    assert plan.columns[0].center == pytest.approx((1234 + 2500 + 3000) / 3)  # type: ignore[union-attr]


@pytest.mark.parametrize("word", ["NA", "n/a", "NaN", "null", "None", "?", "-", "unknown", "", "  "])
def test_missing_numbers_are_the_median_and_flagged(word: str) -> None:
    column, X, note = found(["1", "2", word, "6"])
    assert isinstance(column, NumberColumn)
    assert (column.median, column.flag_missing) == (2.0, True)
    assert X[2].tolist() == [(2 - 3) / np.std([1, 2, 6]), 1.0]
    assert X[:, 1].tolist() == [0, 0, 1, 0]
    assert note == ""


def test_a_few_unreadable_cells_are_missing_and_said() -> None:
    column, X, note = found([*map(str, range(40)), "about 7"])
    assert isinstance(column, NumberColumn)
    assert X[40, 1] == 1
    assert note == "1 cell without a readable number, counted as missing: 'about 7'"


def test_postcodes_are_names() -> None:
    column, _, _ = found(["01234", "01234", "99999", "04321"])
    assert isinstance(column, CategoryColumn)
    assert column.categories == ("01234", "04321", "99999")


@pytest.mark.parametrize(
    ("cells", "no", "yes"),
    [
        (["no", "yes", "No", "YES"], "no", "yes"),
        (["0", "1", "1", "0"], "0", "1"),
        (["0.0", "1.0", "1", "0"], "0", "1"),
        (["red", "blue", "red", "red"], "blue", "red"),
    ],
)
def test_two_values_are_minus_one_and_one(cells: list[str], no: str, yes: str) -> None:
    column, X, _ = found(cells)
    assert isinstance(column, BooleanColumn)
    assert (column.no.lower(), column.yes.lower()) == (no, yes)
    expected = [1.0 if cell.lower() in {yes, "1.0"} else -1.0 for cell in cells]
    assert X[:, 0].tolist() == expected


def test_a_missing_boolean_is_zero_with_a_flag() -> None:
    _, X, _ = found(["no", None, "yes"])
    assert X.tolist() == [[-1, 0], [0, 1], [1, 0]]


def test_categories_one_hot_with_a_column_for_missing() -> None:
    column, X, _ = found(["b", "a", None, "c", "a"])
    assert column.feature_names == ("a=a", "a=b", "a=c", "a is missing")
    assert X.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]]


def test_rare_categories_are_grouped_and_unseen_ones_are_zeros() -> None:
    cells = ["a"] * 9 + ["b"] * 8 + ["c", "d", "e"] * 2
    settings = Settings(max_categories=3)
    table = table_of(a=cells)
    plan = PreparationPlan.fit(table, None, settings=settings, kinds={"a": "category"})
    column = plan.columns[0]
    assert isinstance(column, CategoryColumn)
    assert (column.categories, column.grouped) == (("a", "b"), ("c", "d", "e"))
    prepared = plan.prepare(table_of(a=["e", "b", "new", None]))
    assert prepared.X.tolist() == [[0, 0, 1], [0, 1, 0], [0, 0, 0], [0, 0, 0]]
    cells_met = prepared.report.noticed["a"]
    assert (cells_met.unseen, cells_met.missing, cells_met.examples) == (1, 1, ["new"])
    assert prepared.report.lines() == ["column 'a': 1 cell with values unseen in training ('new')"]


def test_many_texts_are_hashed_or_left_out() -> None:
    hashed, X, note = found([f"word {k % 150}" for k in range(400)])
    assert isinstance(hashed, HashedColumn)
    assert X.sum(axis=1).tolist() == [1.0] * 400
    assert note == "150 different texts share 32 columns (hashed)"
    free, _, _ = found([f"sentence {k % 250}" for k in range(400)])
    assert free == LeftOutColumn("a", "free text: 250 different values in 400 cells")
    names, _, _ = found([f"person {k}" for k in range(30)])
    assert names == LeftOutColumn("a", "an identifier or free text: every value is different")
    grouped, _, _ = found([f"word {k % 150}" for k in range(1500)])
    assert isinstance(grouped, CategoryColumn)
    assert len(grouped.grouped) == 51


def test_hashing_is_the_same_everywhere() -> None:
    table = table_of(a=["ä", "word 7", "x"])
    plan = PreparationPlan.fit(table, None, kinds={"a": "hashed"}, settings=Settings(hash_buckets=8))
    # zlib's CRC-32 of the UTF-8 bytes, modulo 8; python -c 'import zlib; print(zlib.crc32("ä".encode()) % 8)'
    assert plan.transform(table).argmax(axis=1).tolist() == [3, 0, 3]


FORMATS = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%MZ"]


@pytest.mark.parametrize("written", FORMATS)
def test_dates_become_their_parts(written: str) -> None:
    days = pl.Series(["2023-01-31 06:00", "2024-02-29 18:30", "2024-12-01 00:00"]).str.to_datetime()
    column, X, _ = found([*days.dt.strftime(written), None])
    assert isinstance(column, DateColumn)
    hours = {"hour": [6, 18.5, 0]} if "H" in written else {}
    parts = {"year": [2023, 2024, 2024], "month": [1, 2, 12], "day": [31, 29, 1], "weekday": [2, 4, 7], **hours}
    assert [part.part for part in column.parts] == list(parts)
    for k, values in enumerate(parts.values()):
        assert (column.parts[k].center, column.parts[k].scale) == pytest.approx((np.mean(values), np.std(values)))
        np.testing.assert_allclose(X[:3, k] * np.std(values) + np.mean(values), values, rtol=1e-12)
    assert X[:, -1].tolist() == [0, 0, 0, 1]


def test_an_ambiguous_date_is_said() -> None:
    column, _, note = found(["01/02/2024", "03/04/2024", "05/06/2025"])
    assert isinstance(column, DateColumn)
    assert column.form == "%d/%m/%Y"
    assert "the other way round" in note


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([None] * 5, "every cell is missing"),
        (["7", "7.0", "7"], "every cell is 7"),
        (["x"] * 4, "every cell is 'x'"),
    ],
)
def test_what_says_nothing_is_left_out(cells: list[object], reason: str) -> None:
    column, _, _ = found(cells)
    assert column == LeftOutColumn("a", reason)


def test_one_value_and_missing_is_still_information() -> None:
    for value in ("7", "x"):
        column, X, _ = found([value, None, value])
        assert column.feature_names == (f"a={value}", "a is missing")
        assert X.tolist() == [[1, 0], [0, 1], [1, 0]]


def test_identifiers() -> None:
    n = 50
    numbers = RANDOM.permutation(n * 10)[:n].tolist()
    columns = {"customer_id": numbers, "PassengerId": numbers[::-1], "visits": numbers, "line": list(range(n))}
    plan = PreparationPlan.fit(table_of(y=RANDOM.normal(size=n).tolist(), **columns), "y")
    left_out = {column.name for column in plan.columns if isinstance(column, LeftOutColumn)}
    assert left_out == {"customer_id", "PassengerId"}
    assert [name for name, note in plan.notes if "row number" in note] == ["line"]


def test_duplicate_columns_keep_the_first() -> None:
    letters = ["x", "y", "y"]
    plan = PreparationPlan.fit(table_of(a=["1", "2", "3"], b=letters, c=["1.0", "2", "3"], d=letters), None)
    assert plan.columns[2:] == (
        LeftOutColumn("c", "the same as column 'a'"),
        LeftOutColumn("d", "the same as column 'b'"),
    )


def test_kinds_can_be_said() -> None:
    column, _, _ = found(["1", "2", "3", "1"], kinds={"a": "category"})
    assert isinstance(column, CategoryColumn)
    column, _, _ = found([f"x{k}" for k in range(30)], kinds={"a": "category"})
    assert isinstance(column, CategoryColumn)
    for kind in ("number", "date"):
        with pytest.raises(TableError, match=f"kinds says {kind}, but 'x' is none"):
            found(["x", "y", "z"], kinds={"a": kind})
    with pytest.raises(TableError, match=r"kinds\['a'\]='colour'; accepted are"):
        found(["x", "y", "z"], kinds={"a": "colour"})


def test_robust_scaling() -> None:
    column, X, _ = found(["0", "1", "2", "3", "1000"], settings=Settings(scaling="robust"))
    assert isinstance(column, NumberColumn)
    assert (column.center, column.scale) == (2.0, 2.0)  # the quartiles are 1, 2 and 3
    z = (np.array([0, 1, 2, 3, 1000]) - 2) / 2
    np.testing.assert_allclose(X[:, 0], z / np.sqrt(1 + (z / 3) ** 2))
    assert np.abs(X).max() < 3


def test_extreme_numbers_stay_finite() -> None:
    for cells in (["1e308", "-1e308", "0"], ["1e-320", "3e-320", "2e-320"], ["0", "5e-324", "1"]):
        _, X, _ = found(cells)
        assert np.isfinite(X).all()
    plan = PreparationPlan.fit(table_of(a=["0", "1e-300", "2e-300"]), None)
    assert plan.transform(table_of(a=["1e308", "-1e308"])).tolist() == [[1e9], [-1e9]]


def test_nested_columns_are_left_out() -> None:
    table = Table(pl.DataFrame({"a": [[1], [2, 3]], "b": [1, 2]}))
    assert PreparationPlan.fit(table, None).columns[0] == LeftOutColumn("a", "holds List(Int64), not values")


def test_typed_dates_need_no_format() -> None:
    days = pl.Series("a", ["2024-01-02", "2024-03-04", None]).str.to_date()
    plan = PreparationPlan.fit(Table(days.to_frame()), None)
    column = plan.columns[0]
    assert isinstance(column, DateColumn)
    assert (column.form, [part.part for part in column.parts]) == (None, ["month", "day", "weekday"])
    assert plan.notes == ()
    assert plan.transform(table_of(a=["2024-03-04"])).tolist() == plan.transform(Table(days[1:2].to_frame())).tolist()
