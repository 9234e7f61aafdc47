"""A file is written whole or not at all: a temporary file beside it, renamed when it is complete."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from chainrule.tables.errors import TableError


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing bytes that takes the place of ``path`` when the block ends without an error.

    A symbolic link is followed: the file it points to is replaced, and the link stays. An existing file's permissions
    are kept. What is no regular file (a pipe, a terminal) is written to directly.

    Raises
    ------
    TableError
        The folder is missing, writing is not permitted, the disk is full; then nothing is left behind.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_file(Path(folder, "a.txt")) as file:
    ...         _ = file.write(b"whole")
    ...     os.listdir(folder)
    ['a.txt']
    """
    source = os.fspath(path)
    try:
        target = Path(path).resolve()  # a loop of links fails below
        if target.is_dir():
            raise TableError("this is a folder; name a file in it", source=source)
        if target.exists() and not target.is_file():
            with target.open("wb") as file:
                yield file
            return
        with _replacement(target) as file:
            yield file
    except OSError as error:
        reason = error.strerror or str(error)
        raise TableError(f"cannot be written ({reason}); nothing was", source=source) from error
    except RuntimeError as error:
        if "Symlink loop" not in str(error):
            raise
        raise TableError("cannot be written (a loop of symbolic links)", source=source) from error


@contextmanager
def _replacement(target: Path) -> Iterator[IO[bytes]]:
    """A temporary file in the target's folder that is renamed to it."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    """The process's file mode mask; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
