"""The table's functions as callables for literal evaluation, on real and on complex numbers.

Complex arguments carry a derivative in their imaginary part (the complex step: f(z + ih) = f(z) + ih f′(z) without
cancellation; Squire and Trapp, SIAM Review 40, 1998), so every operation here is analytic or chooses by the real part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from chainrule.engines.reference.operations import OPERATIONS
from chainrule.expressions.activations import ACTIVATIONS, Softmax
from chainrule.expressions.evaluation import value_by
from chainrule.expressions.functions import Function
from chainrule.expressions.lookup import activation
from chainrule.expressions.terms import Call, Symbol, Term
from chainrule.notation.meaning import Array

Callables = dict[str, Callable[[Array], Array]]

# Operations whose NumPy form on complex numbers is another function.
_BY_REAL_PART: dict[str, Callable[..., Any]] = {
    "abs": lambda x: np.where(np.real(x) < 0, -x, x),
    "sign": lambda x: np.sign(np.real(x)),
    "min": lambda x, y: np.where(np.real(x) <= np.real(y), x, y),
    "max": lambda x, y: np.where(np.real(x) >= np.real(y), x, y),
    "less": lambda x, y: np.less(np.real(x), np.real(y)) * 1.0,
    "less_equal": lambda x, y: np.less_equal(np.real(x), np.real(y)) * 1.0,
    "select": lambda condition, yes, no: np.where(np.real(condition) != 0, yes, no),
}


def value_of(term: Term, values: Mapping[str, Array]) -> Array:
    """A pointwise term, given arrays for its symbols."""
    return np.asarray(value_by(_apply, term, values))


def _apply(operation: str, arrays: list[Any]) -> Array:
    return np.asarray(_BY_REAL_PART.get(operation, OPERATIONS[operation])(*arrays))


def callable_of(function: Function) -> Callable[[Array], Array]:
    """The function on arrays."""
    return lambda z: value_of(Call(function, _Z), {"z": z})


def derivative_callable(function: Function) -> Callable[[Array], Array]:
    """The function's derivative on arrays."""
    return lambda z: value_of(Call(function, _Z, 1), {"z": z})


_Z = Symbol("z")


@cache
def activation_callables() -> Mapping[str, Callable[[Array], Array]]:
    """Every pointwise activation of the table, and its derivative under the primed name."""
    found: Callables = {}
    for name in ACTIVATIONS:
        row = activation(name)
        if not isinstance(row, Softmax):
            found[name] = callable_of(row)
            found[f"{name}′"] = derivative_callable(row)
    return found
