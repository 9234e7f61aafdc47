"""What every elementary operation and reduction means in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np


def _special(name: str) -> Callable[..., Any]:
    """A function of SciPy's, which takes long to import and which few networks need."""

    def function(x: Any) -> Any:
        return getattr(import_module("scipy.special"), name)(x)

    return function


Array = np.ndarray[Any, np.dtype[np.float64]]

OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "neg": np.negative,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "erf": _special("erf"),
    "erfc": _special("erfc"),
    "abs": np.abs,
    "sign": np.sign,
    "min": np.minimum,
    "max": np.maximum,
    "less": lambda x, y: np.less(x, y).astype(np.float64),
    "less_equal": lambda x, y: np.less_equal(x, y).astype(np.float64),
    "select": lambda condition, yes, no: np.where(condition != 0, yes, no),
}


def logsumexp(values: Array, axis: tuple[int, ...]) -> Array:
    """log Σ exp, shifted by the maximum; −∞ of nothing but −∞."""
    shift = np.max(values, axis=axis, keepdims=True)
    shift = np.where(np.isfinite(shift), shift, 0.0) + np.where(np.isnan(shift), np.nan, 0.0)
    return np.asarray(np.log(np.sum(np.exp(values - shift), axis=axis)) + np.squeeze(shift, axis=axis))


REDUCTIONS: dict[str, Callable[..., Any]] = {"sum": np.sum, "max": np.max, "logsumexp": logsumexp}
