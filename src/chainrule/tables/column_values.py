"""What the cells of one column say, whatever type they came in: numbers, text or date-times."""

from __future__ import annotations

import polars as pl

from chainrule.tables.date_texts import find_date_format, parse_dates
from chainrule.tables.number_texts import NOWHERE, Decimal, NumberReading, clean, read_numbers, without_nan


def as_text(series: pl.Series) -> pl.Series:
    """A column as text: 3 and 3.0 are "3", white space around it goes, what is empty is missing.

    Examples
    --------
    >>> as_text(pl.Series([3.0, 2.5, None])).to_list(), as_text(pl.Series([" a", ""])).to_list()
    (['3', '2.5', None], ['a', None])
    """
    if series.dtype == pl.String:
        return clean(series)
    if series.dtype.is_float():
        whole = (series == series.round()) & (series.abs() < 2.0**53)
        return series.cast(pl.String).zip_with(
            ~whole.fill_null(value=False), series.cast(pl.Int64, strict=False).cast(pl.String)
        )
    return series.cast(pl.String)


def as_numbers(series: pl.Series, decimal: Decimal | None = ".", prefer: Decimal = ".") -> NumberReading | None:
    """A column as numbers; None for dates, which are none. Words for missing values and NaN are missing."""
    if series.dtype == pl.String:
        return read_numbers(series, decimal, prefer)
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        return NumberReading(without_nan(series.cast(pl.Float64)), ".", NOWHERE)
    return None


def as_dates(series: pl.Series, form: str | None) -> pl.Series | None:
    """A column as date-times; None where its type is none. Without ``form``, text is tried in every known format."""
    if series.dtype in {pl.Date, pl.Datetime}:
        return series.cast(pl.Datetime("us"))
    if series.dtype != pl.String:
        return None
    text = clean(series)
    form = form or find_date_format(text)[0]
    return None if form is None else parse_dates(text, form)
