"""How a network is trained on a table: what the caller may choose, and what follows from the table's size."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, fields
from typing import Any

from chainrule.engines.choosing import ENGINES
from chainrule.expressions.activations import Softmax
from chainrule.expressions.lookup import activation
from chainrule.expressions.quoting import suggest
from chainrule.network import AdamW, Dense, Network, Optimiser
from chainrule.tables.targets import ClassTarget, Target

ENGINE_NAMES = ("auto", *ENGINES)


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """What a training on a table may be told; None is decided from the number of rows.

    Attributes
    ----------
    hidden : tuple of int, optional
        The widths of the hidden layers; an empty tuple is a linear model.
    activation : str
        Of the hidden layers.
    epochs : int
        At most so many.
    batch_size : int, optional
    learning_rate : float
        Of the optimiser.
    weight_decay : float
        How strongly the optimiser, AdamW, pulls weights towards 0.
    patience : int
        Training stops when the validation part has not become better for so many epochs in a row.
    test_size : float
        The share of rows that is held out for the scores.
    seed : int
        Of the split, the starting values and the order of rows.
    engine : {"auto", "jit", "reference"}
        What runs the equations; "auto" takes the fastest that can.

    Raises
    ------
    ValueError
        If a value is not accepted; the message names it and what would be.

    Examples
    --------
    >>> TrainingSettings(hidden=(8,)).layers(1000), TrainingSettings().layers(1000)
    ((8,), (128, 64))
    """

    hidden: tuple[int, ...] | None = None
    activation: str = "relu"
    epochs: int = 200
    batch_size: int | None = None
    learning_rate: float = 2e-3
    weight_decay: float = 0.3
    patience: int = 20
    test_size: float = 0.2
    seed: int = 0
    engine: str = "auto"

    def __post_init__(self) -> None:
        if self.hidden is not None:
            widths: object = self.hidden
            if not isinstance(widths, list | tuple):
                raise ValueError(f"hidden must be the widths of the hidden layers, such as (64, 32), got {widths!r}")
            object.__setattr__(self, "hidden", tuple(_whole(width, "hidden", 1) for width in widths))
        for name, least in (("epochs", 1), ("batch_size", 1), ("patience", 1), ("seed", 0)):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, _whole(value, name, least))
        if self.seed >= 2**32:
            raise ValueError(f"seed must be below 2**32, got {self.seed}")
        if not _is_number(self.learning_rate) or not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be a number above 0, got {self.learning_rate!r}")
        if not _is_number(self.weight_decay) or not 0 <= self.weight_decay < math.inf:
            raise ValueError(f"weight_decay must be a number of at least 0, got {self.weight_decay!r}")
        if not _is_number(self.test_size) or not 0 < self.test_size < 1:
            raise ValueError(f"test_size must be a share between 0 and 1, got {self.test_size!r}")
        if isinstance(activation(self.activation), Softmax):
            raise ValueError("activation 'softmax' is for the output layer, not for hidden layers")
        if self.engine not in ENGINE_NAMES:
            hint = suggest(str(self.engine), ENGINE_NAMES)
            raise ValueError(f"engine must be one of {', '.join(ENGINE_NAMES)}, got {self.engine!r}{hint}")

    @property
    def optimiser(self) -> Optimiser:
        """The update rule."""
        return AdamW(weight_decay=self.weight_decay)

    def layers(self, n_rows: int) -> tuple[int, ...]:
        """The widths of the hidden layers for so many rows to learn from."""
        if self.hidden is not None:
            return self.hidden
        return (32,) if n_rows < 500 else (128, 64) if n_rows < 10_000 else (256, 128)

    def rows_per_batch(self, n_rows: int) -> int:
        """The batch size: a power of 2 that makes about 50 steps an epoch, from 16 to 256."""
        if self.batch_size is not None:
            return min(self.batch_size, n_rows)
        return min(1 << min(max(round(math.log2(n_rows / 50)), 4), 8), n_rows)

    def network(self, n_inputs: int, target: Target, n_rows: int) -> Network:
        """The network for a target: sigmoid for two classes, softmax for more, identity for a standardised number."""
        hidden = [Dense(width, self.activation) for width in self.layers(n_rows)]
        if not isinstance(target, ClassTarget):
            return Network([*hidden, Dense(1, "identity")], n_inputs, loss="squared-error")
        if len(target.classes) == 2:
            return Network([*hidden, Dense(1, "sigmoid")], n_inputs, loss="binary-cross-entropy")
        return Network([*hidden, Dense(len(target.classes), "softmax")], n_inputs, loss="cross-entropy")

    def to_json(self) -> dict[str, Any]:
        """What was chosen, as JSON values."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"hidden": None if self.hidden is None else list(self.hidden)}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any, name: str, least: int) -> int:
    try:
        number = int(operator.index(value))
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or number < least:
        what = "whole numbers" if name == "hidden" else "a whole number"
        raise ValueError(f"{name} must be {what} of at least {least}, got {value!r}")
    return number
