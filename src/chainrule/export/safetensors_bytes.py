"""Named arrays and texts as the bytes of a safetensors file, with a digest over all of them.

A safetensors file is the length of a JSON header (8 bytes, little-endian), the header, and the arrays' bytes; nothing
in it can be executed (https://github.com/huggingface/safetensors).  The digest tells a damaged file from a whole one;
it is no signature, so what is read is checked as if a stranger had written it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import IO, Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
Entries = list[tuple[str, dict[str, Any]]]

LENGTH_BYTES = 8
LONGEST_HEADER = 100_000_000  # the format's own limit
_DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}
_DIGEST = "sha256"


def pack(metadata: Mapping[str, str], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The file's bytes, the same for the same content."""
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    data = safetensors.numpy.save(plain, {**metadata, _DIGEST: _digest(metadata, plain)})
    end = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "little")
    header = json.loads(data[LENGTH_BYTES:end])  # its entries come in an order of chance
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(dict(sorted(header.items())), ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % LENGTH_BYTES)  # the arrays' bytes stay aligned
    return len(text).to_bytes(LENGTH_BYTES, "little") + text + data[end:]


def read_header(file: IO[bytes], size: int) -> dict[str, Any]:
    """The metadata in the header of a file of ``size`` bytes: texts by name, where nobody has meddled with them.

    Raises
    ------
    ValueError
        If there is no safetensors header.
    """
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if size < LENGTH_BYTES or not 2 <= length <= min(LONGEST_HEADER, size - LENGTH_BYTES):
        raise ValueError("no header of that length")
    header = json.loads(file.read(length).decode("utf-8"))
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(metadata, dict):
        raise ValueError("no metadata")
    return metadata


def unpack(data: bytes, metadata: Mapping[str, str]) -> Arrays:
    """The arrays in the bytes of a whole file with those texts in its header.

    Raises
    ------
    ValueError
        If the bytes are cut off, damaged, or hold arrays other than float32 and float64.
    """
    try:
        entries: Entries = safetensors.deserialize(data)  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        raise ValueError("it is cut off or damaged") from error
    arrays: Arrays = {}
    for name, entry in entries:
        if entry["dtype"] not in _DTYPES:
            raise ValueError(f"{name} is of type {entry['dtype']}; accepted are {', '.join(_DTYPES)}")
        values: NDArray[Any] = np.frombuffer(entry["data"], _DTYPES[entry["dtype"]])
        arrays[name] = values.reshape(entry["shape"]).astype(values.dtype.newbyteorder("="))
    texts = {name: text for name, text in metadata.items() if name != _DIGEST}
    if metadata.get(_DIGEST) != _digest(texts, arrays):
        raise ValueError("it is not as it was written (its checksum differs)")
    return arrays


def _digest(metadata: Mapping[str, str], arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over names, texts, types, shapes and numbers, each with its length before it."""
    total = sha256()
    parts: list[bytes] = []
    for name in sorted(metadata):
        parts += [name.encode("utf-8", "surrogatepass"), metadata[name].encode("utf-8", "surrogatepass")]
    for name in sorted(arrays):
        little = arrays[name].astype(arrays[name].dtype.newbyteorder("<"), copy=False)
        parts += [name.encode("utf-8", "surrogatepass"), f"{little.dtype.str}{little.shape}".encode(), little.tobytes()]
    for part in parts:
        total.update(len(part).to_bytes(LENGTH_BYTES, "little"))
        total.update(part)
    return total.hexdigest()
