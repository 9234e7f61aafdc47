"""By what a training is recognised when it is resumed from a checkpoint."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from chainrule.engines.interface import Data
from chainrule.estimators.declaring import declare_optimiser, declare_schedule
from chainrule.network import Network
from chainrule.training.checkpoint import Checkpoint, random_state_of, set_random_state
from chainrule.training.schedules import OfStep

START = "random_state_at_the_start"
PARAMETERS = (
    "solver",
    "batch_size",
    "shuffle",
    "tol",
    "early_stopping",
    "validation_fraction",
    "n_iter_no_change",
    "monitor",
    "patience",
)


def identity_of(estimator: Any, network: Network, data: Data, rng: np.random.RandomState) -> dict[str, Any]:
    """What two trainings must share so that one can go on with the other's checkpoint; `max_iter` may differ."""
    schedule = declare_schedule(estimator)
    course = (
        f"function {getattr(schedule.function, '__qualname__', schedule.function)}"
        if isinstance(schedule, OfStep)
        else repr(schedule)
    )
    return {
        START: random_state_of(rng),
        "network": network.to_json(),
        "optimiser": declare_optimiser(estimator).to_json(),
        "schedule": course,
        "data": digest(data),
        **{name: _json_value(getattr(estimator, name)) for name in PARAMETERS},
    }


def starting_generator(checkpoint: Checkpoint) -> np.random.RandomState:
    """A generator in the state in which the training that wrote the checkpoint began."""
    if START not in checkpoint.identity:
        raise ValueError("the checkpoint was not written by the fit of an estimator")
    rng = np.random.RandomState()
    set_random_state(rng, checkpoint.identity[START])
    return rng


def same_training(checkpoint: Checkpoint, identity: dict[str, Any]) -> None:
    """Raise ValueError if a checkpoint is of another training, naming what differs."""
    differ = [name for name, value in identity.items() if checkpoint.identity.get(name) != value]
    if differ:
        raise ValueError(
            f"resume: the checkpoint is of another training; these differ: {', '.join(differ)}. Resume with the same "
            "data and parameters (max_iter may differ), or fit anew without resume"
        )


def digest(data: Data) -> str:
    """A fingerprint of X, Y and weights."""
    arrays = [data.X] if isinstance(data.X, np.ndarray) else [data.X.data, data.X.indices, data.X.indptr]
    arrays += [np.asarray(data.Y)] + ([] if data.weight is None else [data.weight])
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _json_value(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
