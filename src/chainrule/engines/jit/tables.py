"""Scalars of every step, computed before an epoch runs and after it, in float64 for all its steps at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.reference.operations import OPERATIONS
from chainrule.expressions.printing import plain
from chainrule.expressions.terms import SAMPLES, Apply, Number, Reduce, Size, Symbol, Term

__all__ = ["StepScalars"]

Array = NDArray[np.float64]


class StepScalars:
    """Evaluates scalar terms for a sequence of steps.

    Parameters
    ----------
    starts, counts : int64 ndarray of shape (n_steps,)
        Where each step's samples begin among those of the epoch, and how many they are.
    sizes : mapping of str to int
        Lengths of the units axes.
    known : mapping of str to float or ndarray of shape (n_steps,)
        Scalars by name.
    samples : mapping of str to ndarray
        One number per sample in the order of the epoch, by name.
    """

    def __init__(
        self,
        starts: NDArray[np.int64],
        counts: NDArray[np.int64],
        sizes: Mapping[str, int],
        known: Mapping[str, Any],
        samples: Mapping[str, NDArray[Any]],
    ) -> None:
        self._starts, self._counts, self._sizes = starts, counts, sizes
        self._known: dict[str, Any] = dict(known)
        self._samples = samples

    def add(self, definitions: Iterable[tuple[Symbol, Term]]) -> None:
        """Compute scalars, each from those before it."""
        with np.errstate(all="ignore"):  # an infinity is a value here; whoever trains looks for it
            for symbol, term in definitions:
                if term != symbol:
                    self._known[symbol.name] = self._value(term)

    def know(self, values: Mapping[str, Any]) -> None:
        """Take scalars that were computed elsewhere."""
        self._known.update(values)

    def __getitem__(self, name: str) -> Any:
        """One number per step, or one for all."""
        return self._known[name]

    def _value(self, term: Term) -> Any:
        match term:
            case Number(value):
                return np.float64(value)
            case Symbol(name):
                return self._known[name]
            case Size(axis):
                return self._counts.astype(np.float64) if axis == SAMPLES else np.float64(self._sizes[axis])
            case Apply(operation, arguments):
                return OPERATIONS[operation](*(self._value(argument) for argument in arguments))
            case Reduce("sum", _, operand):
                each = self._per_sample(operand)
                return np.add.reduceat(each, self._starts) if len(self._starts) else np.zeros(0)
        raise TypeError(f"not a scalar that is known before a step: {plain(term)}")

    def _per_sample(self, term: Term) -> Array:
        match term:
            case Symbol(name, axes) if axes:
                return np.asarray(self._samples[name], np.float64)
            case Apply(operation, arguments):
                return np.asarray(OPERATIONS[operation](*(self._per_sample(argument) for argument in arguments)))
            case Number(value):
                return np.full(int(self._counts.sum()), value)
        raise TypeError(f"not a sum over samples that is known before a step: {plain(term)}")
