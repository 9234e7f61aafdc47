"""Predictions of few rows: the equations as nested functions of NumPy, applied to the caller's own arrays.

A compiled program is faster on many rows, but must be handed the parameters first, in case somebody has changed them;
for a row or two that would take longer than the arithmetic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus import Derivation
from chainrule.calculus.forward import prediction
from chainrule.engines.reference.operations import OPERATIONS, REDUCTIONS
from chainrule.expressions.terms import Apply, Axes, Number, Reduce, Symbol, Term, replace, walk

Values = Mapping[str, Any]
Computed = Callable[[Values], Any]

AT_MOST = 8  # rows


class FewRows:
    """The prediction of a network as a function of its parameters and X.

    Parameters
    ----------
    derivation : Derivation

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> forward = FewRows(derive(Network.parse("2 -> 1 identity", loss="mse")))
    >>> forward({"W1": np.ones((2, 1)), "b1": np.ones(1)}, np.array([[3.0, 4.0]]))
    array([[8.]])
    """

    def __init__(self, derivation: Derivation) -> None:
        computed = [step for left, right in derivation.prediction.computed for step in _once_each(left, right)]
        self._steps = [(left.name, _function_of(right)) for left, right in computed]
        self._constants = {name: np.asarray(value) for name, value in derivation.prediction.constants}
        self._output = prediction(derivation.network).name

    def __call__(self, parameters: Values, X: NDArray[Any]) -> NDArray[Any]:
        values = {**self._constants, **parameters, "X": X}
        with np.errstate(all="ignore"):
            for name, function in self._steps:
                values[name] = function(values)
        result: NDArray[Any] = values[self._output].astype(X.dtype, copy=False)
        return result


def _once_each(left: Symbol, right: Term) -> list[tuple[Symbol, Term]]:
    """An equation, after those that compute once what occurs in it more than once."""
    counts = Counter(node for node in walk(right) if isinstance(node, Apply | Reduce) and node.axes)
    repeated = [node for node, count in counts.items() if count > 1]
    steps: list[tuple[Symbol, Term]] = []
    for number, node in enumerate(sorted(repeated, key=lambda node: sum(1 for _ in walk(node)))):
        known = {term: symbol for symbol, term in steps}
        steps.append((Symbol(f"{left.name} {number}", node.axes), replace(node, known)))
    return [*steps, (left, replace(right, {term: symbol for symbol, term in steps}))]


def _function_of(term: Term) -> Computed:
    """A function from the values of symbols to the term's value, its axes in the order of `term.axes`."""
    match term:
        case Number(value):
            return lambda values: value
        case Symbol(name):
            return lambda values: values[name]
        case Reduce("sum", (over,), Apply("mul", (left, right))) if left.axes[1:] == (over,) == right.axes[:1]:
            first, second = _function_of(left), _function_of(right)
            return lambda values: first(values) @ second(values)
        case Reduce(operation, reduced, operand):
            reduction, inner = REDUCTIONS[operation], _function_of(operand)
            axis = tuple(map(operand.axes.index, reduced))
            return lambda values: reduction(inner(values), axis=axis)
        case Apply("select", (condition, *alternatives)):
            test, branches = _truth(condition, term.axes), [_aligned(branch, term.axes) for branch in alternatives]
            return lambda values: np.where(test(values), *[branch(values) for branch in branches])
        case Apply(operation, arguments):
            function, parts = OPERATIONS[operation], [_aligned(argument, term.axes) for argument in arguments]
            return lambda values: function(*[part(values) for part in parts])
    raise TypeError(f"not a term of a prediction: {term!r}")


def _truth(condition: Term, want: Axes) -> Computed:
    """The condition of a selection, as truth values where it is a comparison, which saves turning them to numbers."""
    match condition:
        case Apply("less" | "less_equal" as name, arguments):
            compare: Callable[..., Any] = getattr(np, name)
            first, second = (_aligned(argument, want) for argument in arguments)
            return lambda values: compare(first(values), second(values))
    return _aligned(condition, want)


def _aligned(term: Term, want: Axes) -> Computed:
    """The term's value with an axis of length 1 wherever it lacks one of `want`."""
    function = _function_of(term)
    if not term.axes or want[-len(term.axes) :] == term.axes:  # NumPy adds leading axes by itself
        return function
    index = tuple(slice(None) if axis in term.axes else None for axis in want)
    return lambda values: function(values)[index]
