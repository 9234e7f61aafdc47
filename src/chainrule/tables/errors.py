"""The one exception of this room: a table that cannot be used, and where in it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class TableError(ValueError):
    """A table cannot be read, prepared or written.

    Parameters
    ----------
    message : str
        What was found and what would be accepted.
    source : str, optional
        The file (or "the data frame") it was found in.
    row : int, optional
        The data row, counted from 1; the line of column names is not counted.
    column : str, optional
        The column's name.

    Examples
    --------
    >>> print(TableError("'abc' is not a number", source="a.csv", row=3, column="age"))
    a.csv, row 3, column 'age': 'abc' is not a number
    """

    def __init__(
        self, message: str, *, source: str | None = None, row: int | None = None, column: str | None = None
    ) -> None:
        where = [source] if source else []
        where += [f"row {row}"] if row is not None else []
        where += [f"column {shown(column)}"] if column is not None else []
        super().__init__(f"{', '.join(where)}: {message}" if where else message)
        self.message, self.source, self.row, self.column = message, source, row, column


def shown(value: object, width: int = 60) -> str:
    """``value`` as it appears in a message: quoted, on one line, cut to ``width`` characters."""
    text = repr(value)
    return text if len(text) <= width else text[: width - 2] + "…" + text[-1]


def listed(values: Iterable[object], most: int = 5) -> str:
    """Some values for a message: ``'a', 'b' and 3 more``."""
    values = list(values)
    head = ", ".join(shown(value) for value in values[:most])
    return head if len(values) <= most else f"{head} and {len(values) - most} more"


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 cell``, ``1,200 cells``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def nearest(name: str, names: Iterable[str]) -> str:
    """A hint naming the most similar of ``names``, or nothing when none is similar."""
    close = get_close_matches(name, list(names), n=1)
    return f"; did you mean {shown(close[0])}?" if close else ""
