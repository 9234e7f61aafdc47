"""Which rows are learnt from and which are held out: at random, by class, in time, by group, in folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.tables.column_values import as_dates, as_numbers, as_text
from chainrule.tables.errors import TableError, counted, shown
from chainrule.tables.table import Table
from chainrule.tables.targets import ClassTarget, Task, fit_target

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """Positions of rows.

    Attributes
    ----------
    train, test : array of int, shapes (n_train,) and (n_test,)
        They share no row.
    notes : tuple of str
        What had to be decided.
    """

    train: Rows
    test: Rows
    notes: tuple[str, ...] = ()


def held_out(
    table: Table,
    target: str,
    *,
    task: Task | None = None,
    fraction: float = 0.2,
    seed: int = 0,
    time: str | None = None,
    group: str | None = None,
) -> Split:
    """Hold out a part of a table whose rows all have a target.

    At random, for classes with the same share of each class in both parts: the rows that scikit-learn's
    ``train_test_split(test_size=fraction, random_state=seed, stratify=y)`` holds out. A class with a single row stays
    in the training part.

    Parameters
    ----------
    table : Table
    target : str
    task : {"classification", "regression"}, optional
        By default found from the target.
    fraction : float
        The share of rows, or of groups, that is held out; between 0 and 1.
    seed : int
    time : str, optional
        A column of dates or numbers: the latest rows are held out; rows of one moment stay together.
    group : str, optional
        A column whose equal values stay together.

    Raises
    ------
    TableError
        Too few rows, moments or groups; both ``time`` and ``group``; a missing moment or group.

    Examples
    --------
    >>> table = Table(pl.DataFrame({"x": range(10), "y": ["a", "b"] * 5}))
    >>> split = held_out(table, "y")
    >>> len(split.train), sorted(table.frame["y"].gather(split.test))
    (8, ['a', 'b'])
    """
    if not 0 < fraction < 1:
        raise TableError(f"fraction={fraction!r} is not between 0 and 1")
    if time is not None and group is not None:
        raise TableError("time and group cannot both decide what is held out; give one")
    if len(table) < 2:
        raise table.error(f"{counted(len(table), 'row')} cannot be split; two are needed")
    if time is not None:
        return _latest(table, time, fraction)
    if group is not None:
        return _whole_groups(table, group, fraction, seed)
    return _random(len(table), _codes(table, target, task), fraction, seed)


def k_folds(
    table: Table,
    target: str,
    k: int,
    *,
    task: Task | None = None,
    seed: int = 0,
    time: str | None = None,
    group: str | None = None,
) -> tuple[Split, ...]:
    """K splits whose held-out parts are disjoint and, but for ``time``, cover every row.

    With ``time``, split j learns from everything before its held-out part, so that the first part is never held out.

    Parameters
    ----------
    table, target, task, seed, time, group
        As for :func:`held_out`.
    k : int
        At least 2.

    Raises
    ------
    TableError
        Fewer rows, moments or groups than ``k`` needs.
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    if time is not None and group is not None:
        raise TableError("time and group cannot both decide what is held out; give one")
    if k < 2 or k > len(table):
        raise table.error(f"k={k!r} folds of {len(table)} rows; accepted are 2 to the number of rows")
    if time is not None:
        return _windows(table, time, k)
    codes = _codes(table, target, task)
    n_rows = np.zeros(len(table))
    if group is not None:
        groups = _group_codes(table, group, k)
        stratified = codes is not None and int(np.min(np.bincount(codes))) >= k
        folds: Any = StratifiedGroupKFold(k, shuffle=True, random_state=seed) if stratified else GroupKFold(k)
        return _splits(folds.split(n_rows, codes, groups))
    if codes is None:
        return _splits(KFold(k, shuffle=True, random_state=seed).split(n_rows))
    common = np.isin(codes, np.flatnonzero(np.bincount(codes) >= k))
    if not common.any():
        return _splits(KFold(k, shuffle=True, random_state=seed).split(n_rows), ("no class has a row for every fold",))
    rows, rare = np.flatnonzero(common), np.flatnonzero(~common)
    notes = (f"only learnt from: {counted(len(rare), 'row')} of classes with fewer than {k} rows",) if len(rare) else ()
    folds = StratifiedKFold(k, shuffle=True, random_state=seed).split(n_rows[rows], codes[rows])
    return tuple(Split(np.sort(np.concatenate([rows[train], rare])), rows[test], notes) for train, test in folds)


def _codes(table: Table, target: str, task: Task | None) -> Rows | None:
    """Codes of the classes, or None for regression."""
    found, _ = fit_target(table, target, task)
    return found.transform(table) if isinstance(found, ClassTarget) else None


def _random(n_rows: int, codes: Rows | None, fraction: float, seed: int) -> Split:
    from sklearn.model_selection import train_test_split

    rows = np.arange(n_rows)
    if codes is None:
        train, test = train_test_split(rows, test_size=fraction, random_state=seed)
        return Split(train, test)
    counts = np.bincount(codes)
    alone = np.flatnonzero(counts[codes] == 1)
    rest = np.flatnonzero(counts[codes] > 1)
    n_classes, n_test = int(np.sum(counts > 1)), int(np.ceil(fraction * len(rest)))
    if n_test < n_classes or len(rest) - n_test < n_classes:
        train, test = train_test_split(rows, test_size=fraction, random_state=seed)
        return Split(train, test, ("too few rows to hold out the same share of every class",))
    train, test = train_test_split(rest, test_size=fraction, random_state=seed, stratify=codes[rest])
    if not len(alone):
        return Split(train, test)
    return Split(
        np.concatenate([train, alone]), test, (f"only learnt from: {counted(len(alone), 'row')} alone in a class",)
    )


def _latest(table: Table, column: str, fraction: float) -> Split:
    moments = _moments(table, column)
    distinct = np.unique(moments)
    if len(distinct) < 2:
        raise table.error("every row is of the same moment: nothing comes later", column=column)
    ordered = np.sort(moments)
    first = ordered[min(len(ordered) - 1, int(np.floor((1 - fraction) * len(ordered))))]
    first = max(first, distinct[1])
    return Split(np.flatnonzero(moments < first), np.flatnonzero(moments >= first))


def _windows(table: Table, column: str, k: int) -> tuple[Split, ...]:
    moments = _moments(table, column)
    edges = np.unique(np.sort(moments)[[len(moments) * j // (k + 1) for j in range(1, k + 1)]])
    edges = edges[edges > moments.min()]
    if len(edges) < k:
        raise table.error(f"too few different moments for {k} folds in time", column=column)
    ends = [*edges[1:], np.inf]
    return tuple(
        Split(np.flatnonzero(moments < start), np.flatnonzero((moments >= start) & (moments < end)))
        for start, end in zip(edges, ends, strict=True)
    )


def _moments(table: Table, column: str) -> NDArray[np.float64]:
    """When each row was, as numbers in order."""
    series = table.column(column)
    dates = as_dates(series, None)
    if dates is not None:
        moments = dates.dt.epoch("us").cast(pl.Float64)
    else:
        reading = as_numbers(series, None)
        moments = pl.Series([None], dtype=pl.Float64) if reading is None else reading.values
    values = moments.to_numpy()
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        cell = shown(series[int(bad[0])])
        raise table.error(f"{cell} is neither a date nor a number", row=int(bad[0]), column=column)
    return values


def _whole_groups(table: Table, column: str, fraction: float, seed: int) -> Split:
    from sklearn.model_selection import GroupShuffleSplit

    groups = _group_codes(table, column, 2)
    folds = GroupShuffleSplit(1, test_size=fraction, random_state=seed).split(groups, groups=groups)
    return _splits(folds)[0]


def _group_codes(table: Table, column: str, at_least: int) -> Rows:
    text = as_text(table.column(column))
    missing = text.is_null().arg_true()
    if len(missing):
        raise table.error("the group is missing", row=int(missing[0]), column=column)
    codes = text.rank("dense").to_numpy().astype(np.int64) - 1
    if codes.max() + 1 < at_least:
        raise table.error(
            f"{counted(int(codes.max()) + 1, 'group')} cannot be split into {at_least} parts", column=column
        )
    return codes


def _splits(folds: Any, notes: tuple[str, ...] = ()) -> tuple[Split, ...]:
    return tuple(Split(np.asarray(train, np.int64), np.asarray(test, np.int64), notes) for train, test in folds)
