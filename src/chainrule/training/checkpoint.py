"""A training's whole state in one file: safetensors, with JSON in its metadata; reading it executes nothing."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save

from chainrule.engines.interface import RowNumbers
from chainrule.training.history import History

SCHEMA = 1
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stands after an epoch.

    Parameters
    ----------
    state : mapping of str to ndarray
        Parameters, the optimiser's memory, and t.
    best : mapping of str to ndarray, optional
        The same of the best epoch, if held-out data say which it is.
    order : ndarray of int of shape (n,)
        The order of rows in the last epoch.
    history : History
    begun : int
        The number of epochs in the history when this training began.
    best_value, stalled : float, int
        Of the number that is monitored.
    random_state : mapping, optional
        Of the generator that reorders rows.
    identity : mapping
        What the training that resumes must have in common.
    """

    state: Arrays = field(repr=False)
    best: Arrays | None = field(repr=False)
    order: RowNumbers = field(repr=False)
    history: History = field(repr=False)
    begun: int
    best_value: float
    stalled: int
    random_state: Mapping[str, Any] | None = field(repr=False)
    identity: Mapping[str, Any] = field(repr=False)


def write_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a checkpoint; an existing file is replaced only by a complete one."""
    arrays = {f"state {name}": value for name, value in checkpoint.state.items()}
    arrays |= {f"best {name}": value for name, value in (checkpoint.best or {}).items()}
    arrays["order"] = checkpoint.order
    facts = {
        "schema": SCHEMA,
        "history": asdict(checkpoint.history),
        "begun": checkpoint.begun,
        "best_value": checkpoint.best_value,
        "stalled": checkpoint.stalled,
        "random_state": checkpoint.random_state,
        "identity": dict(checkpoint.identity),
    }
    content = save(
        {name: np.asarray(value, order="C") for name, value in arrays.items()}, {"training": json.dumps(facts)}
    )
    target = Path(path)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """The checkpoint that `write_checkpoint` wrote.

    Raises
    ------
    ValueError
        If the file is not one, or damaged.
    OSError
        If it cannot be read.
    """
    refused = f"{os.fspath(path)!r} is not a checkpoint of a training, or damaged"
    content = Path(path).read_bytes()
    try:
        arrays, metadata = _parts(content)
        facts = json.loads(metadata["training"])
        if facts["schema"] != SCHEMA:
            raise ValueError(f"{refused}: schema {facts['schema']!r}, expected {SCHEMA}")
        split = {
            kind: {name.removeprefix(kind): value for name, value in arrays.items() if name.startswith(kind)}
            for kind in ("state ", "best ")
        }
        return Checkpoint(
            state=split["state "],
            best=split["best "] or None,
            order=arrays["order"],
            history=History(**facts["history"]),
            begun=int(facts["begun"]),
            best_value=float(facts["best_value"]),
            stalled=int(facts["stalled"]),
            random_state=facts["random_state"],
            identity=facts["identity"],
        )
    except (SafetensorError, KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{refused} ({error})") from error


def _parts(content: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Tensors and metadata: a header of JSON behind its length in 8 bytes, then the tensors."""
    from safetensors.numpy import load

    arrays = load(content)
    length = int.from_bytes(content[:8], "little")
    return arrays, json.loads(content[8 : 8 + length])["__metadata__"]


def random_state_of(rng: np.random.RandomState | np.random.Generator) -> dict[str, Any]:
    """The state of a generator as JSON values."""
    state = rng.get_state(legacy=False) if isinstance(rng, np.random.RandomState) else rng.bit_generator.state
    plain: dict[str, Any] = _plain(state)
    return plain


def set_random_state(rng: np.random.RandomState | np.random.Generator, state: Mapping[str, Any]) -> None:
    """Put a generator of the same kind into a state that `random_state_of` gave."""
    if isinstance(rng, np.random.RandomState):
        rng.set_state(dict(state))
    else:
        rng.bit_generator.state = dict(state)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
