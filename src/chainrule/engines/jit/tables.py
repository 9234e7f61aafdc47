"""Scalars of every step, computed before an epoch runs and after it, in float64 for all its steps at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.reference.operations import OPERATIONS
from chainrule.expressions.printing import plain
from chainrule.expressions.terms import SAMPLES, Apply, Number, Reduce, Size, Symbol, Term

__all__ = ["Formula", "StepScalars", "formulas"]

Array = NDArray[np.float64]
Formula = tuple[str, Callable[["StepScalars"], Any]]


class StepScalars:
    """Values of scalars in a sequence of steps, by name.

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
        self.starts, self.counts, self.sizes = starts, counts, sizes
        self.known: dict[str, Any] = dict(known)
        self.samples = samples

    def add(self, definitions: Iterable[Formula]) -> None:
        """Compute scalars that are not known yet, each from those before it."""
        with np.errstate(all="ignore"):  # an infinity is a value here; whoever trains looks for it
            for name, formula in definitions:
                if name not in self.known:
                    self.known[name] = formula(self)

    def know(self, values: Mapping[str, Any]) -> None:
        """Take scalars that were computed elsewhere."""
        self.known.update(values)

    def __getitem__(self, name: str) -> Any:
        """One number per step, or one for all."""
        return self.known[name]


def formulas(definitions: Iterable[tuple[Symbol, Term]]) -> list[Formula]:
    """Definitions of scalars as functions, made once for all epochs."""
    return [(symbol.name, _formula(term)) for symbol, term in definitions if term != symbol]


def _formula(term: Term) -> Callable[[StepScalars], Any]:
    match term:
        case Number(value):
            return lambda step: value
        case Symbol(name):
            return lambda step: step.known[name]
        case Size(axis) if axis == SAMPLES:
            return lambda step: step.counts.astype(np.float64)
        case Size(axis):
            return lambda step: float(step.sizes[axis])
        case Apply(operation, arguments):
            return _applied(OPERATIONS[operation], [_formula(argument) for argument in arguments])
        case Reduce("sum", _, operand):
            each = _per_sample(operand)
            return lambda step: np.add.reduceat(each(step), step.starts) if len(step.starts) else np.zeros(0)
    raise TypeError(f"not a scalar that is known before a step: {plain(term)}")


def _applied(function: Callable[..., Any], parts: list[Callable[[StepScalars], Any]]) -> Callable[[StepScalars], Any]:
    match parts:
        case [only]:
            return lambda step: function(only(step))
        case [left, right]:  # what most are; on small tables such calls are a good part of an epoch
            return lambda step: function(left(step), right(step))
    return lambda step: function(*[part(step) for part in parts])


def _per_sample(term: Term) -> Callable[[StepScalars], Array]:
    match term:
        case Symbol(name, axes) if axes:
            return lambda step: np.asarray(step.samples[name], np.float64)
        case Apply(operation, arguments):
            return _applied(OPERATIONS[operation], [_per_sample(argument) for argument in arguments])
        case Number(value):
            return lambda step: np.full(int(step.counts.sum()), value)
    raise TypeError(f"not a sum over samples that is known before a step: {plain(term)}")
