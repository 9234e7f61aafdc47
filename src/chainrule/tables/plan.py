"""The frozen plan of preparation: what every column is and becomes; fitted once, it travels with the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from chainrule.tables import fitting, plan_json
from chainrule.tables.cells import Cells
from chainrule.tables.column_kinds import Kind, Settings
from chainrule.tables.columns import ColumnPlan, InputColumn, LeftOutColumn
from chainrule.tables.errors import TableError
from chainrule.tables.matching import match_columns
from chainrule.tables.report import PreparationReport, summary_rows
from chainrule.tables.table import Table
from chainrule.tables.targets import ClassTarget, Target, Task


@dataclass(frozen=True)
class Prepared:
    """Prepared inputs.

    Attributes
    ----------
    X : array of float, shape (n, n_features)
    feature_names : tuple of str
    report : PreparationReport
        What was met: missing, unseen and unreadable cells, renamed and extra columns.
    """

    X: NDArray[Any]
    feature_names: tuple[str, ...]
    report: PreparationReport


@dataclass(frozen=True)
class PreparationPlan:
    """How a table becomes X and y, and predictions become answers.

    Attributes
    ----------
    columns : tuple of ColumnPlan
        One per column of the table it was fitted on, except the target, in order.
    target : ClassTarget, NumberTarget or None
    notes : tuple of (str, str)
        What was noticed and decided while fitting: column (or an empty text) and what.
    n_rows : int
        Rows it was fitted on.

    Examples
    --------
    >>> import polars as pl
    >>> cells = {"age": ["20", "40", ""], "city": ["Rome", "Bonn", "Oslo"], "pays": ["no", "yes", "no"]}
    >>> people = Table(pl.DataFrame(cells))
    >>> plan = PreparationPlan.fit(people, target="pays")
    >>> plan.feature_names
    ('age', 'age is missing', 'city=Bonn', 'city=Oslo', 'city=Rome')
    >>> plan.transform(people)
    array([[-1.,  0.,  0.,  0.,  1.],
           [ 1.,  0.,  1.,  0.,  0.],
           [ 0.,  1.,  0.,  1.,  0.]])
    >>> plan.task, plan.transform_target(people), plan.inverse_target([1, 0])
    ('classification', array([0, 1, 0]), array(['yes', 'no'], dtype='<U3'))
    >>> PreparationPlan.from_json(plan.to_json()) == plan
    True
    """

    columns: tuple[ColumnPlan, ...]
    target: Target | None
    notes: tuple[tuple[str, str], ...] = ()
    n_rows: int = 0

    @classmethod
    def fit(
        cls,
        table: Table,
        target: str | None,
        *,
        task: Task | None = None,
        features: Iterable[str] | None = None,
        drop: Iterable[str] = (),
        kinds: Mapping[str, Kind] | None = None,
        settings: Settings | None = None,
    ) -> PreparationPlan:
        """Find what every column is, from the training part only.

        Parameters
        ----------
        table : Table
            Rows without a target are passed over, and said.
        target : str or None
            The column to predict; None prepares inputs only.
        task : {"classification", "regression"}, optional
            By default found from the target (see :func:`~chainrule.tables.targets.fit_target`).
        features : iterable of str, optional
            The only columns to use.
        drop : iterable of str, optional
            Columns to leave out.
        kinds : mapping of str to kind, optional
            What a column is, instead of what would be found: number, boolean, category, hashed or date.
        settings : Settings, optional

        Raises
        ------
        TableError
            No such column, no usable column, fewer than two rows, an infinite number, a target that cannot be one.
        """
        columns, fitted_target, notes, n_rows = fitting.fit(
            table, target, task, features, tuple(drop), dict(kinds or {}), settings or Settings()
        )
        return cls(columns, fitted_target, notes, n_rows)

    @property
    def task(self) -> Task | None:
        """Classification, regression, or None without a target."""
        return None if self.target is None else self.target.task

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The names of X's columns."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def n_features(self) -> int:
        """The number of X's columns."""
        return len(self.feature_names)

    @property
    def inputs(self) -> tuple[InputColumn, ...]:
        """The columns that are used."""
        return tuple(column for column in self.columns if not isinstance(column, LeftOutColumn))

    def transform(self, table: Table, dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """X of shape (n, n_features); see :meth:`prepare`."""
        return self.prepare(table, dtype).X

    def prepare(self, table: Table, dtype: DTypeLike = np.float64) -> Prepared:
        """Prepare a table or a batch of one.

        Its columns may come in any order, with others between them.

        Raises
        ------
        TableError
            A column is missing, of another type, or holds an infinite number; more than half of the cells of a number
            or date column are unreadable.
        """
        inputs = self.inputs
        known = {column.name for column in self.columns} | ({self.target.name} if self.target else set())
        found, notes = match_columns([column.name for column in inputs], known, table)
        X = np.empty((len(table), self.n_features), dtype=dtype)
        noticed, start = {}, 0
        for column in inputs:
            stop = start + len(column.feature_names)
            cells = Cells(table.column(found[column.name]), table)
            noticed[column.name] = column.encode(cells, X[:, start:stop])
            start = stop
        return Prepared(X, self.feature_names, PreparationReport(len(table), noticed, notes))

    def transform_target(
        self, table: Table, *, unknown: Literal["error", "minus one"] = "error"
    ) -> NDArray[np.int64] | NDArray[np.float64]:
        """The target, shape (n,): codes of classes, or standardised numbers.

        Parameters
        ----------
        table : Table
        unknown : {"error", "minus one"}
            What a class becomes that training did not have.

        Raises
        ------
        TableError
            A target is missing (see :func:`~chainrule.tables.targets.with_target`) or cannot be read; the row is named.
        """
        target = self._needed_target()
        return target.transform(table, unknown=unknown) if isinstance(target, ClassTarget) else target.transform(table)

    def inverse_target(self, values: ArrayLike) -> NDArray[Any]:
        """Predictions, shape (n,), as answers: classes for codes, the target's own unit for standardised numbers."""
        return self._needed_target().inverse(values)

    def summary(self) -> list[tuple[str, ...]]:
        """A short table of the plan, a header and one row per column, for printing."""
        return summary_rows(self.columns, self.target)

    def to_json(self) -> str:
        """The plan as JSON text."""
        return plan_json.dumps(self.columns, self.target, self.notes, self.n_rows)

    @classmethod
    def from_json(cls, text: str) -> PreparationPlan:
        """The plan that JSON text describes; nothing in it is executed.

        Raises
        ------
        TableError
            The text is no plan, of an unknown version, or holds a value of a wrong type; the place is named.
        """
        return cls(*plan_json.loads(text))

    def _needed_target(self) -> Target:
        if self.target is None:
            raise TableError("this plan has no target: it was fitted with target=None")
        return self.target
