"""Parquet files in batches; plain, or inside a compressed file or a pipe."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import polars as pl

from chainrule.tables.decoding import BinaryStream
from chainrule.tables.errors import TableError
from chainrule.tables.plain_types import with_plain_types

MAGIC = b"PAR1"


def parquet_frames(
    path: str | os.PathLike[str], stream: BinaryStream, source: str, batch_rows: int | None
) -> Iterator[pl.DataFrame]:
    """The frames of a Parquet file in order, with plain types.

    Parameters
    ----------
    path : path
    stream : file of bytes
        The same file, decompressed, read as far as ``MAGIC``. A Parquet file is read from its end, so one that came
        compressed or through a pipe is first copied to a temporary file.
    source : str
        The file's name, for messages.
    batch_rows : int or None
        The rows of a frame; None reads all into one.

    Raises
    ------
    TableError
        The file is cut off or damaged.
    """
    with ExitStack() as stack:
        if not (isinstance(stream, io.BufferedReader) and stream.seekable()):
            folder = stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
            path = Path(folder, "copy.parquet")
            with path.open("wb") as copy:
                copy.write(MAGIC)
                _copy(stream, copy, source)
        try:
            scan = pl.scan_parquet(os.fspath(path), glob=False, hive_partitioning=False)
            n_rows = int(scan.select(pl.len()).collect().item())
            size = batch_rows or max(n_rows, 1)
            for start in range(0, max(n_rows, 1), size):
                yield with_plain_types(scan.slice(start, size).collect())
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            message = f"the Parquet file is cut off or damaged ({reason})"
            raise TableError(message, source=source) from error


def _copy(stream: BinaryStream, target: IO[bytes], source: str) -> None:
    try:
        shutil.copyfileobj(stream, target)
    except (EOFError, OSError, ValueError) as error:
        raise TableError(f"the compressed file is cut off or damaged ({error})", source=source) from error
