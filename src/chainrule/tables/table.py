"""A table as it was read: rows in order, columns by name, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.tables.errors import TableError, listed, nearest, shown


@dataclass(frozen=True, eq=False)
class Table:
    """A thin value around a polars data frame.

    What came from a delimited file is text as it stood in the file; what it means is decided by
    :class:`~chainrule.tables.plan.PreparationPlan`, so that a batch of a file means the same as the whole.
    What came from Parquet or a data frame keeps its types.

    Attributes
    ----------
    frame : polars.DataFrame
        The values; a missing value is null.
    source : str
        The file, for messages.
    first_row : int
        The number of the first row in the file, counted from 1 (a batch starts later).
    numbers : array of int, shape (n,), or None
        Every row's number in the file, where rows were picked; None where they follow one another.
    delimiter : str or None
        What separated the columns, for delimited files.
    notes : tuple of str
        What had to be decided while reading.

    Examples
    --------
    >>> table = Table(pl.DataFrame({"age": ["31", None], "name": ["Ann", "Bo"]}), source="people.csv")
    >>> table.names, len(table)
    (('age', 'name'), 2)
    """

    frame: pl.DataFrame
    source: str = "the table"
    first_row: int = 1
    numbers: NDArray[np.int64] | None = None
    delimiter: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(self.frame.columns)

    @cached_property
    def series(self) -> dict[str, pl.Series]:
        """The columns by name; looking one up takes no longer in a table of many."""
        return {series.name: series for series in self.frame.iter_columns()}

    def __len__(self) -> int:
        return self.frame.height

    def column(self, name: str) -> pl.Series:
        """The column called ``name``.

        Raises
        ------
        TableError
            No column is called so; the message names the most similar one.
        """
        series = self.series.get(name)
        if series is None:
            hint = nearest(name, self.names) or f"; the columns are {listed(self.names, 8)}"
            raise TableError(f"there is no column {shown(name)}{hint}", source=self.source)
        return series

    def row_number(self, row: int) -> int:
        """The number in the file, counted from 1, of the row at position ``row`` here, counted from 0."""
        return self.first_row + row if self.numbers is None else int(self.numbers[row])

    def rows(self, index: NDArray[np.integer[Any]]) -> Table:
        """The table of the rows at the positions ``index`` (shape (m,)), in that order."""
        positions: NDArray[np.int64] = np.asarray(index, dtype=np.int64)
        numbers = positions + self.first_row if self.numbers is None else self.numbers[positions]
        return replace(self, frame=self.frame[positions], numbers=numbers)

    def without(self, *names: str) -> Table:
        """The table without the columns ``names``."""
        return replace(self, frame=self.frame.drop([self.column(name).name for name in names]))

    def error(self, message: str, *, row: int | None = None, column: str | None = None) -> TableError:
        """An error about this table; ``row`` is a position in it, counted from 0."""
        number = None if row is None else self.row_number(row)
        return TableError(message, source=self.source, row=number, column=column)
