"""Reading a table from a file, at once or in batches of constant memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import polars as pl

from chainrule.tables.decoding import BLOCK_BYTES, BinaryStream, Utf8Blocks, open_decompressed, read_bytes
from chainrule.tables.dialect import column_names, find_delimiter
from chainrule.tables.errors import TableError
from chainrule.tables.parquet import MAGIC, parquet_frames
from chainrule.tables.records import MAX_RECORD_BYTES, fields, record_frames, split_first_record
from chainrule.tables.table import Table


def read_table(path: str | os.PathLike[str], *, delimiter: str | None = None, encoding: str | None = None) -> Table:
    r"""Read a whole table.

    CSV, TSV and the like, or Parquet; each may be compressed with gzip, xz or bzip2. What it is, is found from its
    first bytes, not from its name. Delimited text is kept as text (see :class:`~chainrule.tables.table.Table`).

    Parameters
    ----------
    path : path
        A file; a pipe will do.
    delimiter : str, optional
        One character; by default found from the first lines: comma, semicolon, tab or bar.
    encoding : str, optional
        By default UTF-8, UTF-16 or UTF-32 by their marks, Windows-1252 for what is not UTF-8.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        The file is missing, unreadable, empty, ragged, cut off or of another kind; file and line are named.

    Examples
    --------
    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "shop.csv")
    ...     _ = path.write_text("name;price\nbread;2,50\nmilk;\n")
    ...     read_table(path).frame.rows()
    [('bread', '2,50'), ('milk', None)]
    """
    tables = list(stream_table(path, delimiter=delimiter, encoding=encoding, batch_rows=None))
    frame = pl.concat([table.frame for table in tables], rechunk=True)
    return Table(frame, tables[0].source, delimiter=tables[0].delimiter, notes=tables[-1].notes)


def stream_table(
    path: str | os.PathLike[str],
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    batch_rows: int | None = 65_536,
) -> Iterator[Table]:
    """Read a table of any length in batches, in constant memory.

    Parameters
    ----------
    path, delimiter, encoding
        As for :func:`read_table`.
    batch_rows : int or None
        The most rows in a batch; None leaves the batches as they come.

    Yields
    ------
    Table
        Its ``first_row`` continues from batch to batch.

    Raises
    ------
    TableError
        As for :func:`read_table`; what stands later in the file is noticed when it is reached.
    """
    source = os.fspath(path)
    with open_decompressed(path) as stream:
        head = read_bytes(stream, len(MAGIC), source)
        tables: Iterator[Table]
        if head == MAGIC:
            tables = (Table(frame, source) for frame in parquet_frames(path, stream, source, batch_rows))
        else:
            tables = _delimited_tables(_Rejoined(head, stream), source, delimiter, encoding)
        row = 1
        for table in tables:
            size = batch_rows or max(len(table), 1)
            for start in range(0, len(table), size):
                frame = table.frame.slice(start, size)
                yield replace(table, frame=frame, first_row=row)
                row += frame.height
        if row == 1:
            raise TableError("there are column names but no rows", source=source)


class _Rejoined:
    """A stream with the bytes that were read from its start put back."""

    def __init__(self, head: bytes, stream: BinaryStream) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int) -> bytes:
        if self._head:
            head, self._head = self._head[:size], self._head[size:]
            return head
        return self._stream.read(size)


def _delimited_tables(stream: _Rejoined, source: str, delimiter: str | None, encoding: str | None) -> Iterator[Table]:
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n'):
        raise TableError(f"delimiter={delimiter!r} is not one ASCII character that may separate columns", source=source)
    text = Utf8Blocks(stream, source, encoding, BLOCK_BYTES)
    blocks = iter(text)
    data = b""
    header = rest = b""
    for block in blocks:
        data += block
        if b"\n" not in data and b"\r" in data[:-1]:
            raise TableError("the lines end in CR alone, as on old Macs; save them with LF or CR LF", source=source)
        header, rest = split_first_record(data)
        if rest:
            break
        if len(data) > MAX_RECORD_BYTES:
            raise TableError("the first line is longer than 32 MiB: not a table as text", source=source)
    if not data.strip():
        raise TableError("the file is empty", source=source)
    if header.count(b'"') % 2 and not rest:
        raise TableError("line 1: a quote that is opened here is never closed", source=source)
    delimiter = delimiter or find_delimiter(data)
    names, notes = column_names(fields(header.removesuffix(b"\r"), delimiter), source)
    line = 1 + data[: len(data) - len(rest)].count(b"\n")
    for frame in record_frames(chain([rest], blocks) if rest else blocks, names, delimiter, source, line):
        yield Table(frame, source, delimiter=delimiter, notes=(*text.notes, *notes))
