"""Typed columns brought to few types: text, numbers, booleans, dates and date-times."""

from __future__ import annotations

import polars as pl
from polars.datatypes import DataType


def with_plain_types(frame: pl.DataFrame) -> pl.DataFrame:
    """Make categories text, decimals and durations (seconds) and times of day (hours) numbers; keep the rest.

    Date-times lose their time zone and keep their clock. A NaN becomes a missing value. Nested and binary columns
    stay as they are: a plan leaves them out and says so.

    Examples
    --------
    >>> frame = pl.DataFrame({"a": pl.Series(["x", None], dtype=pl.Categorical), "b": [float("nan"), 1.0]})
    >>> with_plain_types(frame).rows()
    [('x', None), (None, 1.0)]
    """
    changed = [plain for name, kind in frame.schema.items() if (plain := _plain(pl.col(name), kind)) is not None]
    return frame.with_columns(changed) if changed else frame


def _plain(column: pl.Expr, kind: DataType) -> pl.Expr | None:
    """The expression that brings a column of type ``kind`` to a plain type; None where it has one."""
    if kind in {pl.Categorical, pl.Enum, pl.Null}:
        return column.cast(pl.String)
    if kind == pl.Decimal:
        return column.cast(pl.Float64)
    if kind == pl.Duration:
        return column.dt.total_microseconds() / 1e6
    if kind == pl.Time:
        return column.cast(pl.Int64) / 3.6e12
    if kind == pl.Datetime:
        return column.dt.replace_time_zone(None)
    return column.fill_nan(None) if kind.is_float() else None


def is_nested(kind: DataType) -> bool:
    """Whether a column of this type holds lists, structures, bytes or objects instead of values."""
    return kind.is_nested() or kind in {pl.Binary, pl.Object}
