"""Predictions of few rows: the equations as nested functions of NumPy, applied to the caller's own arrays.

A compiled program is faster on many rows, but must be handed the parameters first, in case somebody has changed them;
for a row or two that would take longer than the arithmetic.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus import Derivation
from chainrule.calculus.forward import prediction
from chainrule.engines.reference.functions import Values, function_of
from chainrule.expressions.terms import Apply, Reduce, Symbol, Term, replace, walk

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
        self._steps = [(left.name, function_of(right)) for left, right in computed]
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
