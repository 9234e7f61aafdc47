"""What a column is, found from its cells: number, boolean, category, hashed text, date, or nothing to learn from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.tables.cells import refuse_infinite
from chainrule.tables.column_values import as_dates, as_numbers, as_text
from chainrule.tables.columns import (
    PARTS,
    BooleanColumn,
    CategoryColumn,
    ColumnPlan,
    DateColumn,
    DatePart,
    HashedColumn,
    LeftOutColumn,
    NumberColumn,
    date_part,
)
from chainrule.tables.date_texts import find_date_format
from chainrule.tables.errors import counted, listed, shown
from chainrule.tables.number_texts import Decimal, NumberReading, looks_like_code
from chainrule.tables.plain_types import is_nested
from chainrule.tables.table import Table

Kind = Literal["number", "boolean", "category", "hashed", "date"]
KINDS: tuple[Kind, ...] = ("number", "boolean", "category", "hashed", "date")
Scaling = Literal["standard", "robust"]

_ROWS_TO_JUDGE = 20
_MOST_UNREADABLE = 0.05
_IDENTIFIER = re.compile(
    r"(?i)(.*[\s_.\-])?(id|ids|uuid|guid|index|idx|key|rownames|rownumber|row|#)|unnamed.*|column_1|(?-i:.*[a-z](Id|ID))"
)


@dataclass(frozen=True)
class Settings:
    """How columns become columns of X.

    Attributes
    ----------
    max_categories : int
        The most columns that one column of categories becomes; the rarest values beyond share one.
    hash_buckets : int
        Columns for a column of many different texts.
    scaling : {"standard", "robust"}
        (x − mean) / standard deviation, or (x − median) / interquartile range with a smooth clip.
    decimal : {".", ","}
        The decimal mark of numbers written as text, where a cell alone does not tell.
    """

    max_categories: int = 100
    hash_buckets: int = 32
    scaling: Scaling = "standard"
    decimal: Decimal = "."


@dataclass(frozen=True)
class Found:
    """A column's plan, what it says as values that can be compared, and what had to be decided."""

    plan: ColumnPlan
    values: pl.Series
    notes: tuple[str, ...] = ()


def find_column(table: Table, name: str, settings: Settings, kind: Kind | None = None) -> Found:
    """Find what a column is, or treat it as ``kind``.

    Raises
    ------
    TableError
        An infinite number, or a ``kind`` that no cell of the column fits.
    """
    series = table.column(name)
    if is_nested(series.dtype):
        return _left_out(series, f"holds {series.dtype}, not values")
    if kind in {None, "number"} and (reading := as_numbers(series, None, settings.decimal)) is not None:
        n_read, n_bad = reading.values.count(), len(reading.unreadable)
        code = kind is None and series.dtype == pl.String and looks_like_code(series)
        if n_read and (kind == "number" or (n_bad <= _MOST_UNREADABLE * (n_read + n_bad) and not code)):
            return _numbers(table, series, reading, settings, kind)
    text = as_text(series) if series.dtype == pl.String else series
    if not text.count():
        return _left_out(series, "every cell is missing")
    if kind == "number":
        raise table.error(f"kinds says number, but {shown(text.drop_nulls()[0])} is none", column=name)
    if kind in {None, "date"}:
        found = _dates(text)
        if found is not None:
            return found
        if kind == "date":
            raise table.error(f"kinds says date, but {shown(text.drop_nulls()[0])} is none that is known", column=name)
    return _texts(as_text(text), settings, kind)


def is_identifier_name(name: str) -> bool:
    """Whether a column is called as identifiers are: id, customer_id, PassengerId, index, key, …"""
    return _IDENTIFIER.fullmatch(name.strip()) is not None


def _left_out(series: pl.Series, reason: str) -> Found:
    return Found(LeftOutColumn(series.name, reason), series)


def _numbers(table: Table, series: pl.Series, reading: NumberReading, settings: Settings, kind: Kind | None) -> Found:
    name, values = series.name, reading.values
    everything = values.to_numpy()
    refuse_infinite(everything, table, name)
    missing = values.null_count() > 0
    x = everything[~np.isnan(everything)] if missing else everything
    distinct = values.n_unique() - missing
    notes: tuple[str, ...] = ()
    if len(reading.unreadable):
        examples = listed(series.gather(reading.unreadable).unique(maintain_order=True).to_list(), 3)
        notes = (
            f"{counted(len(reading.unreadable), 'cell')} without a readable number, counted as missing: {examples}",
        )
    if distinct == 1:
        return (
            _texts(as_text(series), settings, "category") if missing else _left_out(series, f"every cell is {x[0]:g}")
        )
    low, high = float(np.min(x)), float(np.max(x))
    if kind is None and distinct == 2 and (low, high) == (0.0, 1.0):
        words = ("false", "true") if series.dtype == pl.Boolean else ("0", "1")
        return Found(BooleanColumn(name, *words, flag_missing=missing), values, notes)
    if kind is None and distinct == len(x) == len(series) >= _ROWS_TO_JUDGE and bool(np.all(x == np.round(x))):
        if is_identifier_name(name):
            return _left_out(series, "an identifier: whole numbers, all different, and its name says so")
        if high - low < 1.5 * len(x):
            notes += ("likely a row number: whole numbers, all different and dense; kept (drop it if it is one)",)
    median, center, scale = _location_and_scale(x, settings.scaling)
    if not scale > 0:
        return _left_out(series, f"every cell is as good as {low:g}")
    plan = NumberColumn(name, median, center, scale, reading.decimal, missing, settings.scaling == "robust")
    return Found(plan, values, notes)


def _location_and_scale(x: NDArray[np.float64], scaling: Scaling) -> tuple[float, float, float]:
    """The median; mean and standard deviation, or median and interquartile range (half the range where that is 0)."""
    size = float(np.max(np.abs(x))) or 1.0  # scaled first: sums and squares of large numbers overflow
    x = x / size
    low, median, high = (float(value) for value in np.quantile(x, [0.25, 0.5, 0.75]))
    if scaling == "standard":
        return median * size, float(np.mean(x)) * size, float(np.std(x)) * size
    spread = high - low if high > low else float(np.max(x) - np.min(x)) / 2
    return median * size, median * size, spread * size


def _dates(series: pl.Series) -> Found | None:
    form, ambiguous = (None, False) if series.dtype != pl.String else find_date_format(series)
    if series.dtype == pl.String and form is None:
        return None
    dates = as_dates(series, form)
    if dates is None:
        return None
    notes: tuple[str, ...] = ()
    if ambiguous:
        notes = ("day and month could be the other way round; the day was taken to come first",)
    unreadable = dates.null_count() - series.null_count()
    if unreadable:
        notes += (f"{counted(unreadable, 'cell')} not written as {form}, counted as missing",)
    parts = []
    for part in PARTS:
        values = date_part(dates, part).drop_nulls()
        if values.n_unique() > 1:
            x = values.to_numpy()
            parts.append(DatePart(part, float(np.median(x)), float(np.mean(x)), float(np.std(x))))
    missing = dates.null_count() > 0
    if not parts and not missing:
        return _left_out(series, f"every cell is {dates.drop_nulls()[0]}")
    return Found(DateColumn(series.name, form, tuple(parts), missing), dates, notes)


def _texts(text: pl.Series, settings: Settings, kind: Kind | None) -> Found:
    name, missing = text.name, text.null_count() > 0
    counts = text.drop_nulls().alias("value").value_counts(name="rows")
    counts = counts.sort(["rows", "value"], descending=[True, False])
    values: list[str] = counts["value"].to_list()
    n_rows = text.count()
    if len(values) == 1 and not missing:
        return _left_out(text, f"every cell is {shown(values[0])}")
    pair = sorted({value.lower(): value for value in reversed(values)}.values())
    if kind == "boolean" and len(pair) != 2:
        return _as_categories(text, values, missing, settings, ("kinds says boolean, but there are not two values",))
    if kind in {None, "boolean"} and len(pair) == 2:
        return Found(BooleanColumn(name, pair[0], pair[1], flag_missing=missing), text)
    if kind == "category":
        return _as_categories(text, values, missing, settings)
    if kind is None:
        if len(values) == n_rows >= _ROWS_TO_JUDGE:
            what = "an identifier" if is_identifier_name(name) else "an identifier or free text"
            return _left_out(text, f"{what}: every value is different")
        if len(values) <= settings.max_categories or 5 * len(values) <= n_rows:
            return _as_categories(text, values, missing, settings)
        if 2 * len(values) > n_rows:
            return _left_out(text, f"free text: {len(values)} different values in {n_rows} cells")
    note = f"{len(values)} different texts share {settings.hash_buckets} columns (hashed)"
    return Found(HashedColumn(name, settings.hash_buckets, missing), text, (note,))


def _as_categories(
    text: pl.Series, values: list[str], missing: bool, settings: Settings, notes: tuple[str, ...] = ()
) -> Found:
    """``values`` come most frequent first; the rarest beyond the limit are grouped."""
    kept = values
    if len(values) > settings.max_categories:
        kept = values[: settings.max_categories - 1]
        notes += (f"{len(values) - len(kept)} rare values of {len(values)} share the column (other)",)
    grouped = values[len(kept) :]
    return Found(CategoryColumn(text.name, tuple(sorted(kept)), tuple(sorted(grouped)), missing), text, notes)
