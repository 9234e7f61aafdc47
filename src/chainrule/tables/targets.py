"""The column to predict: classification or regression, and its numbers there and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from chainrule.tables.cells import refuse_infinite
from chainrule.tables.column_values import as_numbers, as_text
from chainrule.tables.date_texts import find_date_format
from chainrule.tables.errors import shown
from chainrule.tables.number_texts import Decimal
from chainrule.tables.table import Table

Task = Literal["classification", "regression"]
TASKS: tuple[Task, ...] = ("classification", "regression")
Label = str | int | float | bool

_MOST_WHOLE_NUMBERS = 30  # more different whole numbers are taken for amounts


@dataclass(frozen=True)
class ClassTarget:
    """A target of classes, in order; ``classes[k]`` is code k."""

    task: ClassVar[Task] = "classification"
    name: str
    classes: tuple[Label, ...]
    decimal: Decimal = "."

    def transform(self, table: Table, *, unknown: Literal["error", "minus one"] = "error") -> NDArray[np.int64]:
        """The codes of the target column, shape (n,)."""
        series = table.column(self.name)
        if all(isinstance(label, int | float) and not isinstance(label, bool) for label in self.classes):
            reading = as_numbers(series, self.decimal)
            keys = as_text(series) if reading is None else as_text(reading.values)
        else:
            keys = as_text(series)
        refuse_missing(series, table, self.name)
        if any(isinstance(label, bool) for label in self.classes):
            keys = keys.str.to_lowercase()
        texts = [_key(label) for label in self.classes]
        codes = keys.replace_strict(texts, range(len(texts)), default=-1, return_dtype=pl.Int64).to_numpy()
        strange = np.flatnonzero(codes < 0)
        if len(strange) and unknown == "error":
            row = int(strange[0])
            message = f"{shown(series[row])} is not one of the {len(self.classes)} classes of the training part"
            raise table.error(message, row=row, column=self.name)
        return codes

    def inverse(self, codes: ArrayLike) -> NDArray[Any]:
        """The classes that codes (shape (n,)) stand for."""
        return np.array(self.classes)[np.asarray(codes, dtype=np.int64)]


@dataclass(frozen=True)
class NumberTarget:
    """A target of numbers, standardised: (y − mean) / scale."""

    task: ClassVar[Task] = "regression"
    name: str
    mean: float
    scale: float
    decimal: Decimal = "."

    def transform(self, table: Table) -> NDArray[np.float64]:
        """The standardised target column, shape (n,)."""
        values = number_target_values(table, self.name, self.decimal)
        result: NDArray[np.float64] = (values - self.mean) / self.scale
        return result

    def inverse(self, values: ArrayLike) -> NDArray[np.float64]:
        """Standardised values, shape (n,), in the target's own unit."""
        return np.asarray(values, dtype=np.float64) * self.scale + self.mean


Target = ClassTarget | NumberTarget


def _key(label: Label) -> str:
    if isinstance(label, bool):
        return str(label).lower()
    return str(as_text(pl.Series([label]))[0])


def refuse_missing(series: pl.Series, table: Table, name: str) -> None:
    """Raise for a missing target, naming its row."""
    missing = as_text(series).is_null().arg_true()
    if len(missing):
        raise table.error("the target is missing", row=int(missing[0]), column=name)


def number_target_values(
    table: Table, name: str, decimal: Decimal | None, prefer: Decimal = "."
) -> NDArray[np.float64]:
    """The target column as numbers, shape (n,).

    Raises
    ------
    TableError
        A cell is missing, infinite or no number.
    """
    series = table.column(name)
    reading = as_numbers(series, decimal, prefer)
    if reading is None:
        raise table.error(f"holds {series.dtype}, not numbers", column=name)
    values = reading.values.to_numpy()
    bad = np.flatnonzero(np.isnan(values))
    if len(bad):
        row = int(bad[0])
        cell = as_text(series)[row]
        message = "the target is missing" if cell is None else f"{shown(cell)} is not a number"
        raise table.error(message, row=row, column=name)
    refuse_infinite(values, table, name)
    return values


def with_target(table: Table, name: str) -> Table:
    """The rows of ``table`` whose target is there."""
    series = table.column(name)
    present = as_text(series).is_not_null()
    if series.dtype == pl.String:
        reading = as_numbers(series, None)
        if reading is not None and reading.values.count() and not len(reading.unreadable):
            present = reading.values.is_not_null()  # "NA" among numbers is a missing number
    return table if present.all() else table.rows(present.arg_true().to_numpy())


def fit_target(table: Table, name: str, task: Task | None, prefer: Decimal = ".") -> tuple[Target, tuple[str, ...]]:
    """The target's plan from rows that all have one, and what had to be decided.

    Without ``task``: text is classes; two different numbers are classes; a few whole numbers that count from 0 or 1,
    as codes of classes do, are classes; other numbers are amounts, so the task is regression.

    Raises
    ------
    TableError
        One class only, one number only, almost every text different, dates, or no numbers for regression.
    """
    series = table.column(name)
    if series.dtype in {pl.Date, pl.Datetime} or (series.dtype == pl.String and find_date_format(as_text(series))[0]):
        raise table.error("dates cannot be predicted; give a column of numbers or classes", column=name)
    reading = as_numbers(series, None, prefer)
    if reading is None:
        raise table.error(f"holds {series.dtype}; give a column of numbers or classes", column=name)
    numeric = series.dtype != pl.Boolean and len(reading.unreadable) <= 0.05 * len(series)
    notes: tuple[str, ...] = ()
    if task is None:
        task, notes = _found_task(reading.values, numeric=numeric)
    if task == "regression":
        values = number_target_values(table, name, reading.decimal)
        return _number_target(values, table, name, reading.decimal), notes
    return _class_target(series, reading.values, table, name, numeric=numeric, decimal=reading.decimal, notes=notes)


def _found_task(values: pl.Series, *, numeric: bool) -> tuple[Task, tuple[str, ...]]:
    task: Task
    if not numeric:
        return "classification", ()
    distinct = values.drop_nulls().unique().sort().to_list()
    whole = all(value == int(value) for value in distinct if np.isfinite(value))
    if not whole or len(distinct) > _MOST_WHOLE_NUMBERS:
        enough = len(distinct) == 2 and len(values) >= 20
        return ("classification" if enough else "regression"), ()
    low, high = distinct[0], distinct[-1]
    if len(distinct) <= 2:
        return "classification", ()
    codes = low in {0.0, 1.0} and high - low < 2 * len(distinct) and len(values) >= 5 * len(distinct)
    task, taken, other = (
        ("classification", "classes", "amounts, say task regression")
        if codes
        else ("regression", "amounts", "classes, say task classification")
    )
    found = f"the target's {len(distinct)} whole numbers from {low:g} to {high:g}"
    return task, (f"{found} are taken for {taken}; if they are {other}",)


def _number_target(values: NDArray[np.float64], table: Table, name: str, decimal: Decimal) -> NumberTarget:
    size = float(np.max(np.abs(values))) or 1.0  # scaled first: squares of large numbers overflow
    mean, scale = float(np.mean(values / size)) * size, float(np.std(values / size)) * size
    if not scale > 0 or float(np.min(values)) == float(np.max(values)):
        raise table.error(f"every target is {values[0]:g}: there is nothing to learn", column=name)
    return NumberTarget(name, mean, scale, decimal)


def _class_target(
    series: pl.Series,
    values: pl.Series,
    table: Table,
    name: str,
    *,
    numeric: bool,
    decimal: Decimal,
    notes: tuple[str, ...],
) -> tuple[ClassTarget, tuple[str, ...]]:
    numeric = numeric and values.null_count() == 0
    labels: list[Label]
    keys = as_text(series)
    if series.dtype == pl.Boolean:
        labels = sorted(series.unique().to_list())
    elif numeric:
        refuse_infinite(values.to_numpy(), table, name)
        labels = [int(value) if value == int(value) else value for value in values.unique().sort().to_list()]
        keys = as_text(values)
    else:
        labels = keys.unique().sort().to_list()
    if len(labels) == 1:
        raise table.error(f"every target is {shown(labels[0])}: one class is nothing to learn", column=name)
    if len(labels) > len(series) / 2 and len(series) >= 20:
        message = f"{len(labels)} different values in {len(series)} rows: too many for classes"
        raise table.error(message, column=name)
    smallest = keys.alias("class").value_counts(name="rows").sort("rows", "class").row(0)
    if smallest[1] < 0.2 * len(series) / len(labels):
        share = 100 * smallest[1] / len(series)
        notes += (
            f"the classes are uneven: {shown(smallest[0])} has {smallest[1]} of {len(series)} rows ({share:.2g} %)",
        )
    return ClassTarget(name, tuple(labels), decimal), notes
