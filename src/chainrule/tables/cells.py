"""The cells of one column while they are prepared: where they stand, and what was met among them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.tables.errors import TableError
from chainrule.tables.table import Table

LARGEST = 1e9
"""Prepared numbers are cut to ± this: a value as far outside of what was learnt says nothing but "large"."""

Array = NDArray[np.float64]


@dataclass
class Noticed:
    """What was met in one column while preparing: how many cells, and examples."""

    missing: int = 0
    unseen: int = 0
    unreadable: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, other: Noticed) -> None:
        """Count what another batch met in the same column."""
        self.missing += other.missing
        self.unseen += other.unseen
        self.unreadable += other.unreadable
        self.examples = (self.examples + [text for text in other.examples if text not in self.examples])[:3]


@dataclass(frozen=True)
class Cells:
    """A column of a table, to be prepared, that knows where its cells stand."""

    series: pl.Series
    table: Table

    def error(self, message: str, row: int | None = None) -> TableError:
        """An error about this column, or its cell at the position ``row``."""
        return self.table.error(message, row=row, column=self.series.name)


def standardised(values: Array, center: float, scale: float) -> Array:
    """(values − center) / scale, within ± ``LARGEST``."""
    with np.errstate(over="ignore"):
        result: Array = np.clip((values - center) / scale, -LARGEST, LARGEST)
    return result


def refuse_infinite(values: Array, table: Table, column: str) -> None:
    """Raise for an infinite value, naming its row."""
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        message = "an infinite value, or one too large for a float; write a number, or leave the cell empty"
        raise table.error(message, row=int(infinite[0]), column=column)
