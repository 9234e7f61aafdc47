"""The plan as a value: other tables, JSON, choices, summary."""

import json
from datetime import date

import numpy as np
import polars as pl
import pytest

from chainrule.tables import PreparationPlan, PreparationReport, Table, TableError, as_table
from tests.tables.making import table_of

PEOPLE = {
    "age": ["31", "45", "", "28"],
    "city": ["Rome", "Bonn", "Oslo", "Rome"],
    "member": ["yes", "no", "no", "yes"],
    "since": ["2020-01-31", "2021-02-28", "2019-12-31", "2020-06-01"],
    "pays": ["10.5", "20", "30", "15"],
}
TABLE = table_of(**PEOPLE)  # type: ignore[arg-type]
PLAN = PreparationPlan.fit(TABLE, "pays")


def test_columns_may_come_in_any_order_beside_others() -> None:
    shuffled = Table(TABLE.frame.select(["since", "member", "age", "city"]).with_columns(extra=pl.lit("?")))
    prepared = PLAN.prepare(shuffled)
    np.testing.assert_array_equal(prepared.X, PLAN.transform(TABLE))
    assert prepared.report.lines() == ["not used: 1 column unknown in training: 'extra'"]


def test_a_column_that_is_only_spelt_otherwise_is_taken_and_said() -> None:
    prepared = PLAN.prepare(Table(TABLE.frame.rename({"age": " AGE ", "since": "Since_"})))
    np.testing.assert_array_equal(prepared.X, PLAN.transform(TABLE))
    assert prepared.report.notes == ("column 'age' is called ' AGE ' here", "column 'since' is called 'Since_' here")


def test_a_missing_column_is_named_with_the_most_similar_one() -> None:
    with pytest.raises(TableError, match=r"test: missing column 'city'; did you mean 'cities'\?"):
        PLAN.transform(Table(TABLE.frame.rename({"city": "cities"}), source="test"))
    with pytest.raises(TableError, match="missing columns 'age', 'member'"):
        PLAN.transform(TABLE.without("age", "member"))


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        ("age", ["old", "31", "young", "x"], "row 1, column 'age': 'old' is not a number"),
        ("age", [date(2020, 1, 1)] * 4, "column 'age': holds Date; in training it held numbers"),
        ("age", ["1", "inf", "2", "3"], "row 2, column 'age': an infinite value"),
        ("since", [1, 2, 3, 4], "column 'since': holds Int64; in training it held dates"),
        ("since", ["soon", "later", "never", "2020-01-31"], "row 1, column 'since': 'soon' is not a date written as"),
    ],
)
def test_a_changed_type_is_an_error(column: str, cells: list[object], message: str) -> None:
    with pytest.raises(TableError, match=message):
        PLAN.transform(Table(TABLE.frame.with_columns(pl.Series(column, cells))))


def test_what_can_be_made_good_is_counted() -> None:
    cells = {**PEOPLE, "age": ["31", "?", "x", "28"], "city": ["Bonn", "Pisa", "", "Rome"]}
    report = PLAN.prepare(table_of(**cells)).report  # type: ignore[arg-type]
    age, city = report.noticed["age"], report.noticed["city"]
    assert (age.missing, age.unreadable, age.examples) == (1, 1, ["x"])
    assert (city.missing, city.unseen, city.examples) == (1, 1, ["Pisa"])
    both = PreparationReport()
    both.add(report)
    both.add(report)
    assert (both.n_rows, both.noticed["city"].unseen, both.noticed["age"].examples) == (8, 2, ["x"])
    assert both.lines() == [
        "column 'age': 2 unreadable cells, counted as missing ('x')",
        "column 'city': 2 cells with values unseen in training ('Pisa')",
    ]


def test_a_typed_frame_is_prepared_like_the_file() -> None:
    typed = as_table(
        pl.DataFrame(
            {
                "age": [31, 45, None, 28],
                "city": PEOPLE["city"],
                "member": PEOPLE["member"],
                "since": pl.Series(PEOPLE["since"]).str.to_date(),
            }
        )
    )
    np.testing.assert_array_equal(PLAN.transform(typed), PLAN.transform(TABLE))


def test_dtype() -> None:
    X = PLAN.transform(TABLE, np.float32)
    assert X.dtype == np.float32
    np.testing.assert_allclose(X, PLAN.transform(TABLE), rtol=1e-6)


def test_features_and_drop() -> None:
    assert PreparationPlan.fit(TABLE, "pays", features=["age", "city"], drop=["city"]).feature_names == (
        "age",
        "age is missing",
    )
    for options in ({"features": ["aeg"]}, {"drop": ["aeg"]}, {"kinds": {"aeg": "number"}}):
        with pytest.raises(TableError, match="there is no column 'aeg'; did you mean 'age'"):
            PreparationPlan.fit(TABLE, "pays", **options)  # type: ignore[arg-type]
    with pytest.raises(TableError, match="the target is named among features or drop"):
        PreparationPlan.fit(TABLE, "pays", drop=["pays"])


def test_without_a_target() -> None:
    plan = PreparationPlan.fit(TABLE, None)
    assert (plan.task, plan.feature_names[-1]) == (None, "pays")
    with pytest.raises(TableError, match="no target"):
        plan.inverse_target([1])


def test_it_is_a_value() -> None:
    again = PreparationPlan.fit(TABLE, "pays")
    assert again == PLAN
    assert hash(again) == hash(PLAN)
    assert PreparationPlan.from_json(PLAN.to_json()) == PLAN


def test_summary() -> None:
    assert PLAN.summary() == [
        ("column", "kind", "preparation", "inputs"),
        ("age", "number", "(x − 34.67) / 7.409; missing = 31; flag where missing", "2"),
        ("city", "category", "'Bonn', 'Oslo', 'Rome'", "3"),
        ("member", "boolean", "no −1, yes +1", "1"),
        ("since", "date", "year, month, day, weekday, written %Y-%m-%d", "4"),
        ("pays", "target", "(y − 18.88) / 7.249", ""),
    ]


def changed(path: list[object], value: object) -> str:
    """The plan's JSON with one entry changed."""
    plan = json.loads(PLAN.to_json())
    place = plan
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(plan)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a preparation plan"),
        ("[]", "its format is not named"),
        ("[" * 100_000, "not a preparation plan"),
        (changed(["version"], 2), "version 2; this program reads version 1"),
        (changed(["extra"], 2), "other entries"),
        (changed(["columns"], {}), "columns is not a list"),
        (
            changed(["columns", 0, "kind"], "os.system"),
            r"columns\[0\]: kind is 'os.system'; accepted are number",
        ),
        (changed(["columns", 0, "scale"], "1"), r"columns\[0\].scale is '1', which it cannot be"),
        (changed(["columns", 0, "scale"], None), r"columns\[0\].scale"),
        (changed(["columns", 0, "scale"], True), r"columns\[0\].scale"),
        (changed(["columns", 0, "scale"], 10**400), r"columns\[0\].scale"),
        (changed(["columns", 0, "scale"], float("nan")), "NaN is not a number"),
        (changed(["columns", 0, "decimal"], ";"), r"columns\[0\].decimal"),
        (changed(["columns", 1, "categories", 0], 3), r"columns\[1\].categories\[0\] is 3"),
        (changed(["columns", 3, "parts", 0], {"part": "year"}), r"columns\[3\].parts\[0\]: the entries should be"),
        (changed(["columns", 3, "parts", 0, "part"], "century"), r"columns\[3\].parts\[0\].part"),
        (changed(["columns", 0, "scale"], 0), r"columns\[0\].scale"),
        (changed(["columns", 3, "form"], "%Q"), r"columns\[3\].form is '%Q'"),
        (changed(["columns", 1, "categories"], ["a", "a"]), r"columns\[1\].categories"),
        (changed(["columns", 1, "name"], "age"), "two columns are both called 'age'"),
        (changed(["target", "scale"], -1), r"target.scale"),
        (changed(["target", "task"], "ranking"), "target: task is 'ranking'"),
        (changed(["n_rows"], 1.5), "n_rows is 1.5"),
    ],
)
def test_json_that_is_no_plan_is_refused(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        PreparationPlan.from_json(text)


def test_a_negative_mean_is_added() -> None:
    table = table_of(x=["-3", "-1", "-2", "-6"], y=["-1.5", "-0.5", "-2.25", "-3.5"])
    described = {row[0]: row[2] for row in PreparationPlan.fit(table, "y", task="regression").summary()[1:]}
    assert described["x"].startswith("(x + 3) / ")
    assert described["y"].startswith("(y + 1.938) / ")
