"""Writing tables, batch by batch, whole or not at all; and predictions beside the rows they belong to."""

from __future__ import annotations

import gzip
import lzma
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from polars.io.plugins import register_io_source

from chainrule.tables.atomic import atomic_file
from chainrule.tables.errors import TableError
from chainrule.tables.formula_guard import guarded
from chainrule.tables.plain_types import is_nested
from chainrule.tables.table import Table
from chainrule.tables.targets import Label

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": "\t"}
_ROW_GROUP = 100_000


@dataclass(frozen=True)
class Written:
    """What was written: rows, and cells that got an apostrophe because a spreadsheet would execute them."""

    n_rows: int
    n_guarded: int = 0


def write_table(
    path: str | os.PathLike[str],
    batches: Iterable[pl.DataFrame],
    *,
    delimiter: str | None = None,
    formulas: Literal["guard", "keep"] = "guard",
) -> Written:
    """Write batches of rows as one file, in constant memory; on any error nothing is written.

    Parameters
    ----------
    path : path
        Its name says what: ``.csv``, ``.tsv`` or ``.parquet``; ``.csv.gz`` and ``.csv.xz`` are compressed. Any other
        name is CSV.
    batches : iterable of polars.DataFrame
        All with the same columns.
    delimiter : str, optional
        Instead of the one that the name says.
    formulas : {"guard", "keep"}
        In delimited text, put an apostrophe before cells that a spreadsheet would execute, or leave them.

    Raises
    ------
    TableError
        The file cannot be written, or a column's values have no form as text (lists, structures, bytes).
    """
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes and suffixes[-1] == ".parquet":
        return _write_parquet(path, batches)
    compression = suffixes.pop() if suffixes and suffixes[-1] in {".gz", ".xz"} else None
    separator = delimiter or _DELIMITERS.get(suffixes[-1] if suffixes else "", ",")
    n_rows = n_guarded = 0
    with atomic_file(path) as file, _compressed(file, compression) as target:
        for number, batch in enumerate(batches):
            _refuse_nested(batch, os.fspath(path))
            frame, count = guarded(batch) if formulas == "guard" else (batch, 0)
            target.write(frame.write_csv(separator=separator, include_header=number == 0).encode("utf-8"))
            n_rows, n_guarded = n_rows + frame.height, n_guarded + count
    return Written(n_rows, n_guarded)


@contextmanager
def _compressed(file: IO[bytes], compression: str | None) -> Iterator[Any]:
    if compression == ".gz":
        with gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as target:
            yield target
    elif compression == ".xz":
        with lzma.LZMAFile(file, "wb") as target:
            yield target
    else:
        yield file


def _refuse_nested(frame: pl.DataFrame, source: str) -> None:
    for name, kind in frame.schema.items():
        if is_nested(kind):
            message = f"holds {kind}, which has no form as text; write a .parquet file"
            raise TableError(message, source=source, column=name)


def _write_parquet(path: str | os.PathLike[str], batches: Iterable[pl.DataFrame]) -> Written:
    """Through polars' streaming sink, which pulls the batches."""
    iterator = iter(batches)
    first = next(iterator, None)
    if first is None:
        raise TableError("there are no rows to write", source=os.fspath(path))
    failed: list[Exception] = []
    n_rows = 0

    def pull(*_: object) -> Iterator[pl.DataFrame]:
        nonlocal n_rows
        try:
            frame: pl.DataFrame | None = first
            while frame is not None:
                n_rows += frame.height
                yield frame
                frame = next(iterator, None)
        except Exception as error:
            failed.append(error)
            raise

    with atomic_file(path) as file:
        try:
            register_io_source(pull, schema=first.schema).sink_parquet(file, row_group_size=_ROW_GROUP)
        except pl.exceptions.PolarsError as error:
            if failed:
                raise failed[0] from error
            raise TableError(f"cannot be written ({error})", source=os.fspath(path)) from error
    return Written(n_rows)


def with_predictions(
    table: Table,
    predictions: ArrayLike,
    probabilities: ArrayLike | None = None,
    classes: tuple[Label, ...] = (),
) -> pl.DataFrame:
    """The rows of ``table``, in order, with a column of predictions and, for classes, one of each's probability.

    Parameters
    ----------
    table : Table
    predictions : array, shape (n,)
        Answers, as ``inverse_target`` gives them.
    probabilities : array of float, shape (n, number of classes), optional
    classes : tuple of labels
        What the columns of ``probabilities`` belong to.

    Raises
    ------
    ValueError
        Shapes do not fit.

    Examples
    --------
    >>> table = Table(pl.DataFrame({"age": ["31"]}))
    >>> with_predictions(table, ["yes"], [[0.25, 0.75]], ("no", "yes")).to_dicts()
    [{'age': '31', 'prediction': 'yes', 'probability of no': 0.25, 'probability of yes': 0.75}]
    """
    answers = np.asarray(predictions)
    if answers.shape != (len(table),):
        raise ValueError(f"predictions has shape {answers.shape}; the table has {len(table)} rows")
    columns = {"prediction": pl.Series(answers.tolist(), strict=False)}
    if probabilities is not None:
        shares = np.asarray(probabilities, dtype=np.float64)
        if shares.shape != (len(table), len(classes)):
            expected = (len(table), len(classes))
            raise ValueError(f"probabilities has shape {shares.shape}; expected is {expected}, one column per class")
        columns |= {f"probability of {label}": pl.Series(shares[:, k]) for k, label in enumerate(classes)}
    taken = set(table.names)
    added = []
    for wanted, series in columns.items():
        name = wanted
        while name in taken:
            name += "_"
        taken.add(name)
        added.append(series.alias(name))
    return table.frame.with_columns(added)
