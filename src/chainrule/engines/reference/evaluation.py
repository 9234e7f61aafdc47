"""Evaluating equations with NumPy, and the record of all values of one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule.calculus.derivation import Derivation
from chainrule.calculus.equations import Equations
from chainrule.engines.reference.operations import OPERATIONS, REDUCTIONS, Array
from chainrule.expressions.terms import SAMPLES, Apply, Axes, Number, Reduce, Size, Symbol, Term

if TYPE_CHECKING:
    from chainrule.network import Network


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
        return self._values[name]

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
        If an input is missing or has another shape than its axes say.
    """
    sizes = dict(equations.sizes)
    given = {name: np.asarray(value, np.float64) for name, value in (dict(equations.constants) | dict(values)).items()}
    known: dict[str, Array] = {}
    for symbol in equations.inputs:
        if symbol.name not in given:
            raise ValueError(f"{symbol.name} is missing; it must have the shape {equations.shape(symbol)}")
        array = given[symbol.name]
        if SAMPLES in symbol.axes and SAMPLES not in sizes and array.ndim:
            sizes[SAMPLES] = array.shape[0]
        expected = tuple(sizes.get(axis) for axis in symbol.axes)
        if array.shape != expected:
            raise ValueError(f"{symbol.name} must have the shape {equations.shape(symbol)}, got {array.shape}")
        known[symbol.name] = array
    with np.errstate(all="ignore"):  # infinities and NaN are values here; who trains looks for them
        for left, right in equations.computed:
            value = _aligned(_value(right, known, sizes), right.axes, left.axes)
            known[left.name] = np.array(np.broadcast_to(value, tuple(sizes[axis] for axis in left.axes)))
    return Trace(equations, known)


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
    letters = {axis: chr(ord("a") + number) for number, axis in enumerate(sizes)}
    names = ["".join(letters[axis] for axis in group) for group in (left.axes, right.axes, axes)]
    first, second = _value(left, known, sizes), _value(right, known, sizes)
    result: Any = np.einsum(f"{names[0]},{names[1]}->{names[2]}", first, second, optimize=True)
    return np.asarray(result)


def trace_network(
    network: Network,
    params: Mapping[str, ArrayLike],
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    masks: Mapping[str, ArrayLike] | None = None,
) -> Trace:
    """Forward, cost and backward of one batch; see `Network.trace`."""
    equations = Derivation(network).gradients
    labels = _checked_labels(network, Y)
    values: dict[str, Any] = {**params, "X": X, "Y": labels, **(masks or {})}
    if (sample_weight is not None) != network.sample_weights:
        remedy = "declare the network with sample_weights=True" if sample_weight is not None else "pass sample_weight"
        raise ValueError(f"sample_weight and the network's declaration differ: {remedy}")
    if sample_weight is not None:
        values["w"] = sample_weight
    if unknown := set(params) - set(network.parameter_shapes):
        raise ValueError(
            f"unknown parameters {sorted(unknown)}; this network has {', '.join(network.parameter_shapes)}"
        )
    return evaluate(equations, values)


def _checked_labels(network: Network, Y: ArrayLike) -> Array:
    """Y as float64 of shape (n, n_outputs), inside the loss's domain."""
    labels = np.asarray(Y, np.float64)
    labels = labels[:, None] if labels.ndim == 1 else labels
    accepted = network.loss.labels
    if labels.size and not (labels.min() >= accepted.low and labels.max() <= accepted.high):
        found = f"values from {labels.min():g} to {labels.max():g}"
        raise ValueError(f"Y: the loss {network.loss.name!r} needs labels in {accepted}, got {found}")
    if network.loss.name == "cross-entropy" and not np.allclose(labels.sum(axis=-1), 1.0, rtol=0, atol=1e-9):
        raise ValueError("Y: cross-entropy needs every row of labels to sum to 1 (one-hot classes, or a distribution)")
    return labels
