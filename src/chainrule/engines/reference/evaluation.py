"""Evaluating equations with NumPy, and the record of all values of one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule.calculus.equations import Equations
from chainrule.engines.reference.operations import OPERATIONS, REDUCTIONS, Array
from chainrule.expressions.quoting import suggest
from chainrule.expressions.terms import SAMPLES, Apply, Axes, Number, Reduce, Size, Symbol, Term, union


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
    sizes = dict(equations.sizes)
    given = dict(equations.constants) | dict(values)
    known: dict[str, Array] = {}
    for symbol in equations.inputs:
        if symbol.name not in given:
            raise ValueError(
                f"{symbol.name} is missing; it must have the shape {_shape_text(equations, symbol, sizes)}"
            )
        array = real_array(given[symbol.name], symbol.name)
        if SAMPLES in symbol.axes and SAMPLES not in sizes and array.ndim:
            sizes[SAMPLES] = array.shape[0]
        if array.shape != tuple(sizes.get(axis) for axis in symbol.axes):
            expected = _shape_text(equations, symbol, sizes)
            raise ValueError(f"{symbol.name} must have the shape {expected}, got {array.shape}")
        known[symbol.name] = array
    with np.errstate(all="ignore"):  # infinities and NaN are values here; who trains looks for them
        for left, right in equations.computed:
            value = _aligned(_value(right, known, sizes), right.axes, left.axes)
            known[left.name] = np.array(np.broadcast_to(value, tuple(sizes[axis] for axis in left.axes)))
    return Trace(equations, known)


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
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of real numbers: {error}") from None


def _shape_text(equations: Equations, symbol: Symbol, sizes: Mapping[str, int]) -> str:
    """``(n, 3)``, or ``(17, 3)`` once the number of samples is known."""
    lengths = [str(length) for length in equations.shape(symbol, str(sizes.get(SAMPLES, "n")))]
    return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"


def _value(term: Term, known: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
    """The value of a term, its array axes in the order of `term.axes`."""
    match term:
        case Number(value):
            return np.float64(value)  # type: ignore[return-value]
        case Symbol(name):
            return known[name]
        case Size(axis):
            return np.float64(sizes[axis])  # type: ignore[return-value]
        case Apply(operation, arguments):
            values = [_aligned(_value(argument, known, sizes), argument.axes, term.axes) for argument in arguments]
            return np.asarray(OPERATIONS[operation](*values))
        case Reduce("sum", (over,), Apply("mul", (left, right))) if over in left.axes and over in right.axes:
            return _sum_of_products(left, right, term.axes, known, sizes)
        case Reduce(operation, reduced, operand):
            values_ = _value(operand, known, sizes)
            return np.asarray(REDUCTIONS[operation](values_, axis=tuple(map(operand.axes.index, reduced))))
    raise TypeError(f"not a term that can be computed: {term!r}")


def _aligned(value: Array, have: Axes, want: Axes) -> Array:
    """The array with a length-1 axis wherever `have` lacks an axis of `want`; both are in the canonical order."""
    if have == want or not have:
        return value
    lengths = iter(value.shape)
    return value.reshape([next(lengths) if axis in have else 1 for axis in want])


def _sum_of_products(
    left: Term, right: Term, axes: Axes, known: Mapping[str, Array], sizes: Mapping[str, int]
) -> Array:
    """Σ left · right over a shared axis: einsum, which takes the axes by letters."""
    letters = {axis: chr(ord("a") + number) for number, axis in enumerate(union(left.axes, right.axes))}
    names = ["".join(letters[axis] for axis in group) for group in (left.axes, right.axes, axes)]
    first, second = _value(left, known, sizes), _value(right, known, sizes)
    result: Any = np.einsum(f"{names[0]},{names[1]}->{names[2]}", first, second, optimize=True)
    return np.asarray(result)
