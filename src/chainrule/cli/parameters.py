"""Parameters from a file: a JSON object of nested lists, or NumPy's .npz, of which only arrays of numbers are read."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from chainrule.cli.exits import Refused

LARGEST = 10_000_000  # bytes: more numbers than anybody works through by hand


def read_parameters(path: Path) -> dict[str, Any]:
    """The arrays in the file, by name: W1, b1, …

    Raises
    ------
    Refused
        If it is neither of the two formats, or larger than 10 MB.
    OSError
        If it cannot be read.
    """
    if path.stat().st_size > LARGEST:
        raise Refused(f"--params: {path} has {path.stat().st_size:,} bytes; at most {LARGEST:,} are read")
    return _from_npz(path) if path.suffix == ".npz" else _from_json(path)


def _from_npz(path: Path) -> dict[str, Any]:
    import numpy as np

    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > LARGEST:
            raise Refused(f"--params: {path} unpacks to {unpacked:,} bytes; at most {LARGEST:,} are read")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        raise Refused(f"--params: {path} is no .npz file of plain arrays: {error}") from None


def _from_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refused(f"--params: {path} is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise Refused(f'--params: {path} must hold an object such as {{"W1": [[0.1, 0.2]], "b1": [0, 0]}}')
    return values
