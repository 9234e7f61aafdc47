"""Anybody's data frame as a table, through narwhals."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from chainrule.tables.errors import TableError, shown
from chainrule.tables.plain_types import with_plain_types
from chainrule.tables.table import Table


def as_table(data: Any, source: str = "the data frame") -> Table:
    """A data frame of pandas, polars, pyarrow or another library that narwhals knows, as a table.

    Parameters
    ----------
    data : data frame or Table
        A lazy frame is collected; a table is given back as it is.
    source : str
        What messages call it.

    Raises
    ------
    TableError
        It is no data frame, has no rows or no columns, or two columns have one name.

    Examples
    --------
    >>> as_table(pl.DataFrame({"age": [31, 45]})).names
    ('age',)
    """
    if isinstance(data, Table):
        return data
    try:
        native = nw.from_native(data)
    except TypeError as error:
        kind = f"{type(data).__module__}.{type(data).__qualname__}"
        message = f"{kind} is not a data frame; pandas, polars and pyarrow are accepted, and a file through read_table"
        raise TableError(message) from error
    except (nw.exceptions.NarwhalsError, ValueError) as error:
        raise TableError(str(error).splitlines()[0], source=source) from error
    eager = native.collect() if isinstance(native, nw.LazyFrame) else native
    names = [str(name) for name in eager.columns]
    repeated = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if repeated is not None:
        raise TableError(
            f"two columns are both called {shown(repeated)}; every column needs a name of its own", source=source
        )
    columns = [_series(series, name) for series, name in zip(eager.iter_columns(), names, strict=True)]
    if not columns or not len(columns[0]):
        raise TableError("there are no rows" if columns else "there are no columns", source=source)
    return Table(with_plain_types(pl.DataFrame(columns)), source)


def _series(series: nw.Series[Any], name: str) -> pl.Series:
    """One column; where its library's types mean nothing to polars (mixed objects), its values as text."""
    try:
        return series.to_polars().alias(name)
    except (TypeError, ValueError, ImportError, pl.exceptions.PolarsError):
        missing = series.is_null().to_list()
        values = [None if gone else str(value) for value, gone in zip(series.to_list(), missing, strict=True)]
        return pl.Series(name, values, dtype=pl.String)
