"""Fitting a plan: every column's kind, then what only shows across columns (duplicates, a copy of the target)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import blake2b

import numpy as np
import polars as pl

from chainrule.tables.column_kinds import KINDS, Found, Kind, Settings, find_column
from chainrule.tables.columns import ColumnPlan, LeftOutColumn
from chainrule.tables.errors import TableError, counted, listed, shown
from chainrule.tables.number_texts import decimal_mark_of
from chainrule.tables.table import Table
from chainrule.tables.targets import TASKS, ClassTarget, Target, Task, fit_target, with_target

_COPY = 1 - 1e-9  # a correlation above it is 1 up to rounding
_ROWS_TO_JUDGE = 20  # in fewer rows, columns agree by chance


def fit(
    table: Table,
    target: str | None,
    task: Task | None,
    features: Iterable[str] | None,
    drop: tuple[str, ...],
    kinds: dict[str, Kind],
    settings: Settings,
) -> tuple[tuple[ColumnPlan, ...], Target | None, tuple[tuple[str, str], ...], int]:
    """The parts of a :class:`~chainrule.tables.plan.PreparationPlan`; see its ``fit``."""
    chosen = _chosen(table, target, task, features, drop, kinds)
    notes = [("", note) for note in table.notes]
    settings = replace(settings, decimal=decimal_mark_of(table.frame, table.delimiter))
    fitted_target: Target | None = None
    if target is not None:
        rows = with_target(table, target)
        if len(rows) < len(table):
            notes.append((target, f"{counted(len(table) - len(rows), 'row')} without a target passed over"))
        table = rows
    if len(table) < 2:
        having = " with a target" if target is not None else ""
        raise table.error(f"{counted(len(table), 'row')}{having}; at least two are needed", column=target)
    if target is not None:
        fitted_target, target_notes = fit_target(table, target, task, settings.decimal)
        notes += [(target, note) for note in target_notes]
    copies = _Copies(table, fitted_target)
    columns: list[ColumnPlan] = []
    for name in table.names:
        if name == target:
            continue
        if name not in chosen:
            columns.append(LeftOutColumn(name, "left out by request"))
            continue
        found = find_column(table, name, settings, kinds.get(name))
        columns.append(copies.judge(found) if kinds.get(name) is None else found.plan)
        notes += [(name, note) for note in (*found.notes, *copies.notes(found))]
    if not any(column.feature_names for column in columns):
        reasons = [f"{shown(column.name)}: {column.reason}" for column in columns if isinstance(column, LeftOutColumn)]
        more = f" and {len(reasons) - 5} more" if len(reasons) > 5 else ""
        if not reasons:
            raise table.error("there is no column beside the target")
        raise table.error(f"no column is left to learn from ({'; '.join(reasons[:5])}{more})")
    return tuple(columns), fitted_target, tuple(notes), len(table)


def _chosen(
    table: Table,
    target: str | None,
    task: Task | None,
    features: Iterable[str] | None,
    drop: tuple[str, ...],
    kinds: dict[str, Kind],
) -> set[str]:
    """The names of the columns to use; every name that was given must be one."""
    if task is not None and task not in TASKS:
        raise TableError(f"task={task!r}; accepted are {listed(TASKS)}")
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise TableError(f"kinds[{name!r}]={kind!r}; accepted are {listed(KINDS)}")
    wanted = list(table.names if features is None else features)
    for name in (*([] if target is None else [target]), *wanted, *drop, *kinds):
        table.column(name)
    if target is not None and target in (*drop, *(() if features is None else wanted)):
        raise table.error("the target is named among features or drop", column=target)
    return set(wanted) - set(drop) - {target}


class _Copies:
    """Finds columns that say the same as an earlier one, or as the target."""

    def __init__(self, table: Table, target: Target | None) -> None:
        self._earlier: dict[bytes, str] = {}
        self._codes = None if target is None else target.transform(table)
        self._n_classes = len(target.classes) if isinstance(target, ClassTarget) else None

    def judge(self, found: Found) -> ColumnPlan:
        """The column's plan, or that it is left out because an earlier column is equal."""
        if isinstance(found.plan, LeftOutColumn):
            return found.plan
        values = found.values
        content = values.to_numpy() if values.dtype == pl.Float64 else values.hash().to_numpy()
        digest = blake2b(str(values.dtype).encode() + np.ascontiguousarray(content).tobytes(), digest_size=16).digest()
        earlier = self._earlier.setdefault(digest, found.plan.name)
        if earlier != found.plan.name:
            return LeftOutColumn(found.plan.name, f"the same as column {shown(earlier)}")
        return found.plan

    def notes(self, found: Found) -> tuple[str, ...]:
        """A warning where the column is the target under another name."""
        if self._codes is None or len(self._codes) < _ROWS_TO_JUDGE:
            return ()
        if isinstance(found.plan, LeftOutColumn) or found.values.null_count():
            return ()
        if self._n_classes is not None:
            same = found.values.n_unique() == self._n_classes and self._one_to_one(found.values)
        else:
            same = found.values.dtype == pl.Float64 and _proportional(found.values.to_numpy(), self._codes)
        return ("tells the target exactly (a copy of it?); if it is not known beforehand, drop it",) if same else ()

    def _one_to_one(self, values: pl.Series) -> bool:
        pairs = pl.DataFrame({"value": values, "code": self._codes}).n_unique()
        return pairs == self._n_classes


def _proportional(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether x and y lie on a line."""
    x = x / (np.max(np.abs(x)) or 1.0)
    x, y = x - x.mean(), y - y.mean()
    # sums of products, because x @ y wakes the threads of BLAS, which costs more than the sum on a busy machine
    size = np.sqrt(np.sum(x * x) * np.sum(y * y))
    return bool(size > 0 and abs(np.sum(x * y)) > _COPY * size)
