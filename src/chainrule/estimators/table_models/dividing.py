"""Which rows are learnt from, which decide when to stop, and which are held out for the scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.tables import Split, Table, TableError, held_out, k_folds, with_target
from chainrule.tables.errors import counted, shown
from chainrule.tables.targets import Task

_VALIDATION_SHARE = 0.15
_MOST_VALIDATION_ROWS = 20_000
_FEWEST_ROWS_TO_VALIDATE = 40
_FEW_ROWS_TO_SCORE = 30


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """Which rows the scores are of.

    Attributes
    ----------
    test_size : float
        The share of rows that is held out, where ``test`` and ``cv`` are None.
    test : Table, optional
        Rows of their own.
    time : str, optional
        A column of dates or numbers: the latest rows are held out.
    group : str, optional
        A column whose equal values stay together.
    cv : int, optional
        Cross-validation: every row is held out once, in so many parts; the model itself learns from all rows.
    seed : int

    Raises
    ------
    ValueError
        Two of them contradict each other.
    """

    test_size: float = 0.2
    test: Table | None = None
    time: str | None = None
    group: str | None = None
    cv: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.time is not None and self.group is not None:
            raise ValueError("time and group cannot both decide what is held out; give one")
        if self.test is not None and self.cv is not None:
            raise ValueError("test and cv cannot both decide what is held out; give one")
        folds: object = self.cv
        if folds is not None and (not isinstance(folds, int) or isinstance(folds, bool) or folds < 2):
            raise ValueError(f"cv must be a whole number of at least 2, got {self.cv!r}")

    def split(self, table: Table, target: str, task: Task) -> Split:
        """The rows of ``table`` to train on, and those that are held out; none are with ``test`` or ``cv``."""
        if self.test is not None or self.cv is not None:
            return Split(np.arange(len(table)), np.arange(0))
        return self._held_out(table, target, task, self.test_size)

    def folds(self, table: Table, target: str, task: Task) -> tuple[Split, ...]:
        """The splits of a cross-validation; none without."""
        if self.cv is None:
            return ()
        return k_folds(table, target, self.cv, task=task, seed=self.seed, time=self.time, group=self.group)

    def validation(self, training: Table, target: str, task: Task) -> tuple[Table, Table | None]:
        """The rows to learn from, and those that decide when to stop: held out in the same way, where there are enough.

        A training part of one moment or one group is split at random.
        """
        if len(training) < _FEWEST_ROWS_TO_VALIDATE:
            return training, None
        share = min(_VALIDATION_SHARE, _MOST_VALIDATION_ROWS / len(training))
        try:
            split = self._held_out(training, target, task, share)
        except TableError:
            split = held_out(training, target, task=task, fraction=share, seed=self.seed)
        return training.rows(split.train), training.rows(split.test)

    def described(self, n_rows: int) -> str:
        """What the scores are of, for people: ``114 held-out rows``."""
        rows = counted(n_rows, "row")
        if self.test is not None:
            return f"{rows} of {self.test.source}"
        by = f" by {shown(self.time)}" if self.time is not None else f" by {shown(self.group)}" if self.group else ""
        if self.cv is not None:
            return f"{rows}, each held out once in {self.cv} folds{by}"
        if self.time is not None:
            return f"the latest {rows}{by}"
        return f"{counted(n_rows, 'held-out row')}{f', whole groups{by}' if by else ''}"

    def to_json(self) -> dict[str, Any]:
        """What was chosen, as JSON values."""
        test = None if self.test is None else self.test.source
        return {"test_size": self.test_size, "test": test, "time": self.time, "group": self.group, "cv": self.cv}

    def _held_out(self, table: Table, target: str, task: Task, share: float) -> Split:
        return held_out(table, target, task=task, fraction=share, seed=self.seed, time=self.time, group=self.group)


def rows_to_test(test: Table, target: str) -> Table:
    """The rows of a test table that have a target.

    Raises
    ------
    TableError
        There is no such column, or no row has a target.
    """
    rows = with_target(test, target)
    if not len(rows):
        raise test.error("no row has a target: there is nothing to score", column=target)
    return rows


def notes_on(n_held_out: int) -> tuple[str, ...]:
    """What should be known about scores on so many rows."""
    if n_held_out >= _FEW_ROWS_TO_SCORE:
        return ()
    return (f"only {counted(n_held_out, 'row')} held out: the scores are rough",)
