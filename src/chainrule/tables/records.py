"""Delimited text cut into whole records; every record is checked to have one field per column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.tables.errors import TableError, counted

MAX_RECORD_BYTES = 32 << 20
_SLOW_ROWS = 5000


def split_first_record(data: bytes) -> tuple[bytes, bytes]:
    """The first record that is not blank and the rest; all of ``data`` if no record ends in it."""
    start = 0
    while True:
        end = start
        while (end := data.find(b"\n", end)) >= 0 and data.count(b'"', start, end) % 2:
            end += 1
        if end < 0:
            return data[start:], b""
        if data[start:end].strip():
            return data[start:end], data[end + 1 :]
        start = end + 1


def fields(record: bytes, delimiter: str) -> list[str]:
    """The fields of one record, without quotes."""
    text = record.decode("utf-8")
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:  # a field longer than 128 KiB: not the delimiter
        return [text]


def record_frames(
    blocks: Iterable[bytes], names: list[str], delimiter: str, source: str, line: int
) -> Iterator[pl.DataFrame]:
    """Data frames of text columns, one per block that completes at least one record.

    Blank lines are skipped; an empty field is null. A block with regular quotes goes to polars at once; from the first
    block on whose quotes are irregular (``5" pipe``), Python's slower and more tolerant reader takes over.

    Parameters
    ----------
    blocks : iterable of bytes
        UTF-8, after the header.
    names : list of str
    delimiter : str
    source : str
    line : int
        The line on which the first block starts, for messages.

    Raises
    ------
    TableError
        A record has more or fewer fields than ``names``, or a quote is never closed; the line is named.
    """
    blocks = iter(blocks)
    carry = b""
    for block in blocks:
        data = carry + block
        buffer = np.frombuffer(data, np.uint8)
        quotes = np.flatnonzero(buffer == ord('"')) if b'"' in data else np.empty(0, np.int64)
        if not _regular(buffer, quotes, ord(delimiter)):
            yield from _tolerant_frames(data, blocks, names, delimiter, source, line)
            return
        ends = _outside(np.flatnonzero(buffer == ord("\n")), quotes)
        if not len(ends):
            if len(data) > MAX_RECORD_BYTES:
                raise TableError(f"line {line}: a record longer than 32 MiB; is a quote never closed?", source=source)
            carry = data
            continue
        cut = int(ends[-1]) + 1
        whole, carry = data[:cut], data[cut:]
        yield from _frame(whole, quotes[: np.searchsorted(quotes, cut)], ends, names, delimiter, source, line)
        line += whole.count(b"\n")
    if carry.count(b'"') % 2:
        raise TableError(f"line {line}: a quote that is opened here is never closed", source=source)
    if carry.strip():
        buffer = np.frombuffer(carry + b"\n", np.uint8)
        quotes = np.flatnonzero(buffer == ord('"'))
        ends = np.array([len(carry)])
        yield from _frame(carry + b"\n", quotes, ends, names, delimiter, source, line)


def _outside(positions: NDArray[np.int64], quotes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The positions that an even number of quotes precedes: those outside quoted fields."""
    return positions[np.searchsorted(quotes, positions) % 2 == 0] if len(quotes) else positions


def _regular(buffer: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: int) -> bool:
    """Whether quotes open only at the start of a field and close only at its end (``""`` stands for one)."""
    if not len(quotes):
        return True
    edges = (delimiter, ord("\n"), ord("\r"), ord('"'))
    opening, closing = quotes[0::2], quotes[1::2]
    before = buffer[opening[opening > 0] - 1]
    after = buffer[closing[closing < len(buffer) - 1] + 1]
    return bool(np.isin(before, edges).all() and np.isin(after, edges).all())


def _frame(
    data: bytes,
    quotes: NDArray[np.int64],
    ends: NDArray[np.int64],
    names: list[str],
    delimiter: str,
    source: str,
    line: int,
) -> Iterator[pl.DataFrame]:
    """The frame of whole records that end at ``ends``, after counting each one's fields."""
    buffer = np.frombuffer(data, np.uint8)
    starts = np.concatenate([[0], ends[:-1] + 1])
    last = buffer[np.maximum(ends - 1, 0)] == ord("\r")
    filled = ends - last > starts
    delimiters = _outside(np.flatnonzero(buffer == ord(delimiter)), quotes)
    found = np.diff(np.searchsorted(delimiters, np.append(starts, ends[-1]))) + 1
    wrong = np.flatnonzero((found != len(names)) & filled)
    if len(wrong):
        at = line + data.count(b"\n", 0, int(starts[wrong[0]]))
        raise _ragged(at, int(found[wrong[0]]), len(names), source)
    if not filled.all():
        data = buffer[np.repeat(filled, ends + 1 - starts)].tobytes()
    if not data:
        return
    try:
        frame = pl.read_csv(
            data.replace(b"\r\n", b"\n"),
            has_header=False,
            separator=delimiter,
            quote_char='"' if len(quotes) else None,
            schema=dict.fromkeys(names, pl.String),
            glob=False,
        )
    except pl.exceptions.PolarsError as error:
        raise TableError(f"lines {line} and following cannot be read ({error})", source=source) from error
    if frame.height != filled.sum():
        raise TableError(f"lines {line} and following: {filled.sum()} records, {frame.height} read", source=source)
    some_empty = bool(np.any(quotes[1::2] - quotes[0::2] == 1))
    yield frame.with_columns(pl.all().replace("", None)) if some_empty else frame


def _tolerant_frames(
    data: bytes, blocks: Iterator[bytes], names: list[str], delimiter: str, source: str, line: int
) -> Iterator[pl.DataFrame]:
    """The same with Python's reader, for which a quote inside a field is a letter."""
    text = _Lines(data, blocks)
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True)
    rows: list[list[str]] = []
    while True:
        began = reader.line_num
        try:
            row = next(reader, None)
        except csv.Error as error:
            message = f"line {line + began}: {error}; is a quote never closed?"
            raise TableError(message, source=source) from error
        if row is None or len(rows) == _SLOW_ROWS:
            if rows:
                columns = zip(*rows, strict=True)
                frame = pl.DataFrame(
                    {name: pl.Series(cells, dtype=pl.String) for name, cells in zip(names, columns, strict=True)}
                )
                yield frame.with_columns(pl.all().replace("", None))
            rows = []
        if row is None:
            return
        if text.finished:  # the reader asks for a line after the last one only inside quotes
            raise TableError(f"line {line + began}: a quote that is opened here is never closed", source=source)
        if not row or row == [""]:
            continue
        if len(row) != len(names):
            raise _ragged(line + began, len(row), len(names), source)
        rows.append(row)


class _Lines:
    """The lines of blocks of bytes as text, each with its end."""

    def __init__(self, data: bytes, blocks: Iterator[bytes]) -> None:
        self.finished = False
        self._data, self._blocks = data, blocks

    def __iter__(self) -> Iterator[str]:
        rest = b""
        for block in chain([self._data], self._blocks):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                yield line.decode("utf-8").removesuffix("\r") + "\n"
        if rest:
            yield rest.decode("utf-8")
        self.finished = True


def _ragged(line: int, found: int, expected: int, source: str) -> TableError:
    return TableError(
        f"line {line} has {counted(found, 'field')} where the first line names {expected} columns",
        source=source,
    )
