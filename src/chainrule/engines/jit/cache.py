"""Compiled objects on disk.

The folder holds code that this process will run, so it belongs to the user alone (0700, owner checked), and nothing but
this module's own compilations is ever written there. Without such a folder programs are compiled each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

__all__ = ["CACHE_VARIABLE", "ObjectCache", "cache_folder"]

CACHE_VARIABLE = "CHAINRULE_CACHE_DIR"
_LARGEST = 64 * 2**20  # bytes of all entries together
_DIGEST = hashlib.sha256
_SUFFIX = ".object"


def cache_folder() -> Path:
    """Where compiled objects are kept: ``CHAINRULE_CACHE_DIR``, or ``chainrule`` in the user's cache folder."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "chainrule" / "jit"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "chainrule" / "jit"


class ObjectCache:
    """Entries by key; an entry that is missing, damaged or not ours is None.

    Parameters
    ----------
    folder : Path
    largest : int
        Bytes of all entries; the ones used longest ago go first.
    """

    def __init__(self, folder: Path, largest: int = _LARGEST) -> None:
        self.folder = folder
        self.largest = largest

    def _trusted(self) -> bool:
        """Whether the folder exists and only this user can write to it."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.name == "nt":
                return True
            state = self.folder.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid() and not state.st_mode & 0o077

    def _path(self, key: str) -> Path:
        return self.folder / (_DIGEST(key.encode()).hexdigest() + _SUFFIX)

    def load(self, key: str) -> bytes | None:
        """The object of a key."""
        if not self._trusted():
            return None
        path = self._path(key)
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        digest, code = content[: _DIGEST().digest_size], content[_DIGEST().digest_size :]
        # The key is part of the digest: an entry under a wrong name is as bad as a damaged one.
        return code if digest == _DIGEST(key.encode() + code).digest() else None

    def store(self, key: str, code: bytes) -> None:
        """Keep an object; a failure to write is no failure of the program."""
        if not self._trusted():
            return
        with contextlib.suppress(OSError):
            handle, temporary = tempfile.mkstemp(dir=self.folder, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_DIGEST(key.encode() + code).digest() + code)
                Path(temporary).replace(self._path(key))
            except OSError:
                Path(temporary).unlink(missing_ok=True)
                raise
            self._shrink()

    def _shrink(self) -> None:
        entries = [(entry.stat(), entry) for entry in self.folder.glob(f"*{_SUFFIX}")]
        entries.sort(key=lambda pair: pair[0].st_mtime, reverse=True)
        total = 0
        for state, entry in entries:
            total += state.st_size
            if total > self.largest:
                entry.unlink(missing_ok=True)
