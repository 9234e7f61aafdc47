"""What a plan does with one column: frozen values that turn cells into columns of X."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.tables.cells import Array, Cells, Noticed, refuse_infinite, standardised
from chainrule.tables.column_values import as_dates, as_numbers, as_text
from chainrule.tables.errors import shown
from chainrule.tables.number_texts import MISSING_WORDS, Decimal


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers: (x − center) / scale; missing values are the median, with a flag where training had some.

    With ``smooth_clip``, z becomes z / √(1 + (z/3)²), which stays within ± 3 (Holzmüller, Grinsztajn and Steinwart,
    "Better by default", 2024).
    """

    kind: ClassVar[str] = "number"
    name: str
    median: float
    center: float
    scale: float
    decimal: Decimal = "."
    flag_missing: bool = False
    smooth_clip: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name per column of X."""
        return (self.name, f"{self.name} is missing") if self.flag_missing else (self.name,)

    def encode(self, cells: Cells, out: Array) -> Noticed:
        """Write the column into ``out`` (shape (n, number of feature names))."""
        series = cells.series
        reading = as_numbers(series, self.decimal)
        if reading is None:
            raise cells.error(f"holds {series.dtype}; in training it held numbers")
        values = reading.values.to_numpy()
        noticed = Noticed(missing=reading.values.null_count())
        bad = reading.unreadable
        if len(bad):
            first = int(bad[0])
            noticed.unreadable, noticed.examples = len(bad), [str(series[first])]
            if 2 * len(bad) > series.len() - (noticed.missing - len(bad)):
                message = f"{shown(series[first])} is not a number; in training the column held numbers"
                raise cells.error(message, first)
            noticed.missing -= len(bad)
        refuse_infinite(values, cells.table, self.name)
        absent = np.isnan(values)
        z = standardised(np.where(absent, self.median, values), self.center, self.scale)
        out[:, 0] = z / np.sqrt(1 + (z / 3) ** 2) if self.smooth_clip else z
        if self.flag_missing:
            out[:, 1] = absent
        return noticed


@dataclass(frozen=True)
class BooleanColumn:
    """A column of two values, compared without regard to case: −1 and +1; missing or unseen 0."""

    kind: ClassVar[str] = "boolean"
    name: str
    no: str
    yes: str
    flag_missing: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name per column of X."""
        first = f"{self.name}={self.yes}"
        return (first, f"{self.name} is missing") if self.flag_missing else (first,)

    def encode(self, cells: Cells, out: Array) -> Noticed:
        """Write the column into ``out`` (shape (n, number of feature names))."""
        series = cells.series
        if series.dtype == pl.Boolean and {self.no, self.yes} == {"0", "1"}:
            series = series.cast(pl.Int8)
        text = as_text(series).str.to_lowercase()
        yes, no = self._means(text, self.yes), self._means(text, self.no)
        out[:, 0] = yes.astype(np.float64) - no
        if self.flag_missing:
            out[:, 1] = text.is_null().to_numpy()
        return _unseen(text, yes | no)

    def _means(self, text: pl.Series, value: str) -> NDArray[np.bool_]:
        same = text == value.lower()
        try:
            number = float(value)
        except ValueError:
            return same.fill_null(value=False).to_numpy()
        same = same | (text.cast(pl.Float64, strict=False) == number)  # "1.0" for "1"
        return same.fill_null(value=False).to_numpy()


@dataclass(frozen=True)
class CategoryColumn:
    """A column of named values: one column of X each, 1 or 0.

    ``grouped`` are values known from training that share the column "(other)". A value unseen in training is all
    zeros. Where training had missing values, they have a column of their own.
    """

    kind: ClassVar[str] = "category"
    name: str
    categories: tuple[str, ...]
    grouped: tuple[str, ...] = ()
    flag_missing: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name per column of X."""
        names = [f"{self.name}={value}" for value in self.categories]
        names += [f"{self.name}=(other)"] if self.grouped else []
        return (*names, f"{self.name} is missing") if self.flag_missing else tuple(names)

    def encode(self, cells: Cells, out: Array) -> Noticed:
        """Write the column into ``out`` (shape (n, number of feature names))."""
        text = as_text(cells.series)
        places = {value: k for k, value in enumerate(self.categories)}
        places.update(dict.fromkeys(self.grouped, len(self.categories)))
        place = text.replace_strict(list(places), list(places.values()), default=-1, return_dtype=pl.Int32).to_numpy()
        absent = text.is_null().to_numpy()
        seen = (place >= 0) & ~absent
        out[:] = 0
        rows = np.flatnonzero(seen)
        out[rows, place[rows]] = 1
        if self.flag_missing:
            out[absent, -1] = 1
        return _unseen(text, seen)


@dataclass(frozen=True)
class HashedColumn:
    """A column of many different texts: a fixed number of columns of X, the one that a text's CRC-32 picks is 1."""

    kind: ClassVar[str] = "hashed"
    name: str
    buckets: int
    flag_missing: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name per column of X."""
        names = tuple(f"{self.name}#{k}" for k in range(self.buckets))
        return (*names, f"{self.name} is missing") if self.flag_missing else names

    def encode(self, cells: Cells, out: Array) -> Noticed:
        """Write the column into ``out`` (shape (n, number of feature names))."""
        text = as_text(cells.series)
        distinct = text.drop_nulls().unique().to_list()
        buckets = [crc32(value.encode("utf-8")) % self.buckets for value in distinct]
        place = text.replace_strict(distinct, buckets, default=-1, return_dtype=pl.Int32).to_numpy()
        out[:] = 0
        rows = np.flatnonzero(place >= 0)
        out[rows, place[rows]] = 1
        if self.flag_missing:
            out[text.is_null().to_numpy(), -1] = 1
        return Noticed(missing=text.null_count())


Part = Literal["year", "month", "day", "weekday", "hour"]
PARTS: tuple[Part, ...] = ("year", "month", "day", "weekday", "hour")


@dataclass(frozen=True)
class DatePart:
    """One part of a date (of the week's days, Monday is 1; the hour has a fraction); then as for numbers."""

    part: Part
    median: float
    center: float
    scale: float


@dataclass(frozen=True)
class DateColumn:
    """A column of dates or date-times: the parts that vary, as numbers. ``form`` is how text writes them."""

    kind: ClassVar[str] = "date"
    name: str
    form: str | None
    parts: tuple[DatePart, ...]
    flag_missing: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name per column of X."""
        names = tuple(f"{self.name} {part.part}" for part in self.parts)
        return (*names, f"{self.name} is missing") if self.flag_missing else names

    def encode(self, cells: Cells, out: Array) -> Noticed:
        """Write the column into ``out`` (shape (n, number of feature names))."""
        series = cells.series
        dates = as_dates(series, self.form)
        if dates is None:
            raise cells.error(f"holds {series.dtype}; in training it held dates")
        absent = dates.is_null()
        silent = series.is_null() if series.dtype != pl.String else _silent(series)
        bad = (absent & ~silent).arg_true().to_numpy()
        noticed = Noticed(missing=int(silent.sum()), unreadable=len(bad))
        if len(bad):
            noticed.examples = [str(series[int(bad[0])])]
            if 2 * len(bad) > len(series) - noticed.missing:
                message = f"{shown(series[int(bad[0])])} is not a date written as {self.form}, as in training"
                raise cells.error(message, int(bad[0]))
        for k, part in enumerate(self.parts):
            values = date_part(dates, part.part).to_numpy()
            out[:, k] = standardised(np.where(np.isnan(values), part.median, values), part.center, part.scale)
        if self.flag_missing:
            out[:, -1] = absent.to_numpy()
        return noticed


@dataclass(frozen=True)
class LeftOutColumn:
    """A column that is no input, and why."""

    kind: ClassVar[str] = "left out"
    name: str
    reason: str
    flag_missing: ClassVar[bool] = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """None."""
        return ()


InputColumn = NumberColumn | BooleanColumn | CategoryColumn | HashedColumn | DateColumn
ColumnPlan = InputColumn | LeftOutColumn


def date_part(dates: pl.Series, part: str) -> pl.Series:
    """One part of date-times, as float64."""
    parts = {"year": dates.dt.year, "month": dates.dt.month, "day": dates.dt.day, "weekday": dates.dt.weekday}
    values = parts[part]() if part in parts else dates.dt.hour() + dates.dt.minute() / 60
    return values.cast(pl.Float64)


def _silent(series: pl.Series) -> pl.Series:
    text = series.str.strip_chars().replace("", None)
    return text.is_null() | text.str.to_lowercase().is_in(list(MISSING_WORDS))


def _unseen(text: pl.Series, seen: NDArray[np.bool_]) -> Noticed:
    present = text.is_not_null().to_numpy()
    unseen = np.flatnonzero(present & ~seen)
    examples = text.gather(unseen).unique(maintain_order=True).head(3).to_list() if len(unseen) else []
    return Noticed(missing=int(np.sum(~present)), unseen=len(unseen), examples=examples)
