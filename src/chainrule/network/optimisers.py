"""Optimisers as declarations: which update rule, with which constants.

The rules themselves are equations (`chainrule.calculus.updates`); the learning rate is not here, because it is an
input of every step (a schedule gives it).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from chainrule.expressions.intervals import Interval
from chainrule.expressions.numbers import is_real
from chainrule.expressions.quoting import shown


@dataclass(frozen=True, kw_only=True)
class _Common:
    """What every optimiser may add.

    Parameters
    ----------
    clip_norm : float, optional
        All gradients are scaled together so that their global norm is at most this (Pascanu et al. 2013).
    average : float, optional
        Decay of an exponential moving average of the parameters, kept beside them (Polyak and Juditsky 1992).
    """

    clip_norm: float | None = None
    average: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _checked(type(self).__name__, field.name, getattr(self, field.name)))

    @property
    def name(self) -> str:
        """The name that JSON uses."""
        return type(self).__name__.lower()

    @property
    def title(self) -> str:
        """What people call it."""
        return type(self).__name__

    def to_json(self) -> dict[str, Any]:
        """The declaration as JSON values."""
        return {"name": self.name} | {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, kw_only=True)
class SGD(_Common):
    """Gradient descent, with momentum and Nesterov's variant as scikit-learn defines them.

    v⁺ = μ v − η g;  W⁺ = W + v⁺, or with `nesterov` W⁺ = W + μ v⁺ − η g  (Sutskever et al. 2013).
    """

    momentum: float = 0.0
    nesterov: bool = False

    @property
    def title(self) -> str:
        """What people call it."""
        return "gradient descent with momentum" if self.momentum else "gradient descent"


@dataclass(frozen=True, kw_only=True)
class Adam(_Common):
    """Adam (Kingma and Ba 2015, the efficient form at the end of their section 2, which scikit-learn uses).

    m⁺ = β₁ m + (1 − β₁) g;  v⁺ = β₂ v + (1 − β₂) g²;  W⁺ = W − η √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m⁺/(√v⁺ + ε).
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with decoupled decay of weights, not biases: W⁺ = W − ηλW − Adam's step (Loshchilov and Hutter 2019)."""

    weight_decay: float = 0.01


Optimiser = SGD | Adam | AdamW

# what a setting accepts; the others take numbers in [0, inf)
_BELOW_ONE = ("beta1", "beta2", "average")
_AT_MOST_ONE = ("momentum",)  # 1, which loses no speed, diverges in the end; scikit-learn accepts it
_POSITIVE = ("epsilon", "clip_norm")
_OPTIONAL = ("average", "clip_norm")
_TRUTHS = ("nesterov",)


def _checked(owner: str, name: str, value: Any) -> float | bool | None:
    """The setting as Python's own float, bool or None, which JSON can hold."""
    if name in _TRUTHS:
        if not isinstance(value, bool):
            raise ValueError(f"{owner}: {name} must be True or False, got {shown(value)}")
        return value
    if value is None and name in _OPTIONAL:
        return None
    high = 1 if name in _BELOW_ONE + _AT_MOST_ONE else math.inf
    interval = Interval(0, high, low_open=name in _POSITIVE, high_open=name not in _AT_MOST_ONE)
    if not (is_real(value) and float(value) in interval):
        or_none = " or None" if name in _OPTIONAL else ""
        raise ValueError(f"{owner}: {name} must be a number in {interval}{or_none}, got {shown(value)}")
    return float(value)
