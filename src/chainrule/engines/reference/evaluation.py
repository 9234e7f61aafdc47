"""Evaluating equations with NumPy, and the record of all values of one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule.calculus.equations import Equations
from chainrule.engines.reference.functions import aligned, length
from chainrule.engines.reference.operations import Array
from chainrule.expressions.quoting import suggest
from chainrule.expressions.terms import SAMPLES, Apply, Reduce, Symbol, Term


class Trace(Mapping[str, Array]):
    """Every value of one step by its name: inputs, then one entry per equation.

    Parameters
    ----------
    equations : Equations
    values : mapping of str to ndarray
        float64; shapes as the equations' axes say, samples first.
    """

    def __init__(self, equations: Equations, values: Mapping[str, Array]) -> None:
        self.equations = equations
        self._values = dict(values)

    def __getitem__(self, name: str) -> Array:
        try:
            return self._values[name]
        except KeyError:
            raise KeyError(f"no value {name!r}{suggest(str(name), self)}; there are {', '.join(self)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in self._values.items())
        return f"Trace({shapes})"


def evaluate(equations: Equations, values: Mapping[str, ArrayLike]) -> Trace:
    """Compute every equation in order.

    Parameters
    ----------
    equations : Equations
    values : mapping of str to array
        The inputs, but for those that `equations.constants` gives.

    Returns
    -------
    Trace

    Raises
    ------
    ValueError
        If an input is missing, holds no real numbers, or has another shape than its axes say.

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> net = Network.parse("1 -> 1 identity", loss="squared-error")
    >>> step = {"X": [[2.0]], "Y": [[3.0]], "W1": [[1.0]], "b1": [0.0], "eta": 0.1}
    >>> evaluate(derive(net).equations, step)["W1+"]
    array([[1.2]])
    """
    return Evaluator(equations)(values)


class Evaluator:
    """Equations made ready to be computed more than once: what each means is looked up only here.

    Parameters
    ----------
    equations : Equations
    """

    def __init__(self, equations: Equations) -> None:
        self._equations = equations
        self._sizes = dict(equations.sizes)
        self._constants = {name: np.asarray(value, np.float64) for name, value in equations.constants}
        self._steps = [(left, aligned(right, left.axes), _is_new(left, right)) for left, right in equations.computed]

    def __call__(self, values: Mapping[str, ArrayLike]) -> Trace:
        """Compute every equation in order; see `evaluate`."""
        known, sizes = self._given(values)
        results: dict[str, Any] = known | {length(axis): np.float64(size) for axis, size in sizes.items()}
        with np.errstate(all="ignore"):  # infinities and NaN are values here; who trains looks for them
            for left, function, is_new in self._steps:
                value = np.asarray(function(results), np.float64)
                shape = tuple(sizes[axis] for axis in left.axes)
                if not is_new or value.shape != shape:
                    value = np.array(np.broadcast_to(value, shape))
                known[left.name] = results[left.name] = value
        return Trace(self._equations, known)

    def _given(self, values: Mapping[str, ArrayLike]) -> tuple[dict[str, Array], dict[str, int]]:
        """Copies of the inputs, and the length of every axis."""
        sizes, known = dict(self._sizes), dict[str, Array]()
        given: dict[str, ArrayLike] = {**self._constants, **values}
        for symbol in self._equations.inputs:
            if symbol.name not in given:
                expected = _shape_text(self._equations, symbol, sizes)
                raise ValueError(f"{symbol.name} is missing; it must have the shape {expected}")
            array = real_array(given[symbol.name], symbol.name)
            if SAMPLES in symbol.axes and SAMPLES not in sizes and array.ndim:
                sizes[SAMPLES] = array.shape[0]
            if array.shape != tuple(sizes.get(axis) for axis in symbol.axes):
                expected = _shape_text(self._equations, symbol, sizes)
                raise ValueError(f"{symbol.name} must have the shape {expected}, got {array.shape}")
            known[symbol.name] = array
        return known, sizes


def _is_new(left: Symbol, right: Term) -> bool:
    """Whether the value of the right side is an array of its own: neither a view of another nor to be repeated."""
    return isinstance(right, Apply | Reduce) and left.axes == right.axes


def real_array(value: ArrayLike, name: str) -> Array:
    """A copy as float64, so that a trace stays as it was.

    Raises
    ------
    ValueError
        If there are values that are not real numbers, or rows of different lengths.
    """
    try:
        array = np.array(value)
        if array.dtype.kind not in "biufO":
            raise TypeError(f"its dtype is {array.dtype}")
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of real numbers: {error}") from None


def _shape_text(equations: Equations, symbol: Symbol, sizes: Mapping[str, int]) -> str:
    """``(n, 3)``, or ``(17, 3)`` once the number of samples is known."""
    lengths = [str(length) for length in equations.shape(symbol, str(sizes.get(SAMPLES, "n")))]
    return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"
