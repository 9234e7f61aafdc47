"""Definitions made entry by entry, z_j⁽ⁱ⁾ = Σₖ w_jk a_k⁽ⁱ⁾ + b_j, computed for all entries at once.

Every index of the formula gets an axis of its own, and one more belongs to the samples where no mark chooses them. In a
formula of entries each product is one of numbers, so all operators act along these axes, and Σ sums over one of them.
What isn't a formula of entries only is left to the literal evaluation, entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.checking.document.meaning.letters import BIASES, LABELS, LOSSES, WEIGHTS, Quantity, is_layer
from chainrule.notation.meaning import ELEMENTARY, Array, Function
from chainrule.notation.tree import Applied, Bars, BigSum, Fraction, Letter, Node, Num, Power, Product, Sum

SAMPLES = ""  # the axis of the samples that no mark chooses


class NotOfEntriesError(Exception):
    """A formula isn't one of entries only."""


@dataclass(frozen=True)
class Layout:
    """How the arrays lie.

    Attributes
    ----------
    columns : bool
        Whether samples are columns.
    swapped : bool
        Whether w_jk is the entry (k, j) of W.
    weighs_samples : bool
        Whether w⁽ⁱ⁾ is the weight of a sample.
    of_classes : bool
        Whether the only index of a label, y_i, chooses a class.
    """

    columns: bool
    swapped: bool
    weighs_samples: bool
    of_classes: bool = False


class EntryArrays:
    """Evaluates formulas of entries.

    Parameters
    ----------
    indices : tuple of str
        Every index of the formula.
    whole : callable
        The array that a letter without its marks names.
    functions : mapping of str to callable
    layout : Layout
    """

    def __init__(
        self,
        indices: tuple[str, ...],
        whole: Callable[[Letter], tuple[Quantity, Array]],
        functions: Mapping[str, Function],
        layout: Layout,
    ) -> None:
        self.axes = {name: position for position, name in enumerate((*indices, SAMPLES))}
        self.whole = whole
        self.functions = functions
        self.layout = layout
        self.used: set[str] = set()  # indices that a letter carries

    def table(self, body: Node, unit: str, sample: str) -> Array:
        """The formula's values for every unit and sample: one row a unit.

        Raises
        ------
        NotOfEntriesError
            If it isn't a formula of entries only, or another index is free.
        """
        value = self.value(body)
        kept = [self.axes[name] for name in (unit, sample) if name in self.axes]
        if any(size > 1 for axis, size in enumerate(value.shape) if axis not in kept):
            raise NotOfEntriesError
        moved = np.moveaxis(value, kept, range(len(kept)))
        return moved.reshape((moved.shape[0] if unit in self.axes else 1, -1))

    def value(self, node: Node) -> Array:
        """The values of a formula, one axis for each index."""
        match node:
            case Letter():
                return self._letter(node)
            case Num():
                return np.full((1,) * len(self.axes), float(node.value))
            case Sum(terms=terms, negative=negative):
                signed = zip(terms, negative, strict=True)
                return np.asarray(sum(-self.value(term) if minus else self.value(term) for term, minus in signed))
            case Product(factors=factors):
                product = self.value(factors[0])
                for factor in factors[1:]:
                    product = product * self.value(factor)
                return product
            case Fraction(numerator=numerator, denominator=denominator):
                return np.asarray(self.value(numerator) / self.value(denominator))
            case Power(base=Letter(name="e", lower=(), upper=()), exponent=exponent):
                return np.asarray(np.exp(self.value(exponent)))
            case Power(base=base, exponent=exponent):
                return np.asarray(np.power(self.value(base), self.value(exponent)))
            case Applied(function=function, arguments=(argument,), keywords=()):
                return np.asarray(self._function(function)(self.value(argument)))
            case Bars(of=Letter() as of, double=True):
                return np.full((1,) * len(self.axes), np.sqrt((self.whole(of)[1] ** 2).sum()))
            case Bars(of=of, double=False):
                return np.asarray(ELEMENTARY["abs"](self.value(of)))
            case BigSum(indices=indices, start=None | Num(value=1), body=body):
                return self._sum(indices, self.value(body))
            case _:
                raise NotOfEntriesError

    def _sum(self, indices: tuple[str, ...], value: Array) -> Array:
        axes = tuple(self.axes[name] for name in indices if name in self.axes)
        if len(axes) != len(indices) or not self.used.issuperset(indices):
            raise NotOfEntriesError  # of what doesn't depend on the index
        return np.asarray(value.sum(axis=axes, keepdims=True))

    def _function(self, letter: Letter) -> Function:
        marks = "".join("′" for mark in letter.upper if mark.text == "′")
        known = self.functions.get(letter.name + marks, ELEMENTARY.get(letter.name + marks))
        if known is None or letter.name == "softmax" or any(mark.text != "′" for mark in letter.upper):
            raise NotOfEntriesError
        return known

    def _letter(self, letter: Letter) -> Array:
        if letter.name in self.axes and not letter.lower and not letter.upper:
            raise NotOfEntriesError
        one, array = self.whole(letter)
        if array.ndim == 0:
            return array.reshape((1,) * len(self.axes))
        named = self._named(letter, one, array)
        self.used |= set(named.values())
        shape = [1] * len(self.axes)
        for dimension, name in named.items():
            shape[self.axes[name]] = array.shape[dimension]
        order = sorted(named, key=lambda dimension: self.axes[named[dimension]])
        rest = [dimension for dimension in (0, 1) if dimension not in named]
        return array.transpose([*rest, *order]).reshape(shape)

    def _named(self, letter: Letter, one: Quantity, array: Array) -> dict[int, str]:
        """Which index runs along which dimension of a letter's array."""
        entries = [mark.text for mark in letter.lower if not is_layer(mark)]
        sample = next((mark.text for mark in letter.upper if mark.style == "round"), SAMPLES)
        across = 1 if self.layout.columns else 0
        of_samples = one.name not in WEIGHTS | BIASES or (one == Quantity("w") and self.layout.weighs_samples)
        if one.name in LOSSES and sample == SAMPLES:
            raise NotOfEntriesError
        if of_samples:
            numbered = "i" in entries and one.name in LABELS
            if sample == SAMPLES and numbered and len(entries) > self.layout.of_classes:
                sample, entries = entries[0], entries[1:]
            dimensions = [1 - across][: len(entries)]
            named = {across: sample}
        else:
            long = 1 if array.shape[0] == 1 else 0
            dimensions = [long] if len(entries) == 1 else [1, 0] if self.layout.swapped else [0, 1]
            named = {}
        if len(entries) > len(dimensions):
            raise NotOfEntriesError
        named |= dict(zip(dimensions, entries, strict=False))
        chosen = all(array.shape[dimension] == 1 or dimension in named for dimension in (0, 1))
        if not chosen or not self.axes.keys() >= set(named.values()) or len(set(named.values())) < len(named):
            raise NotOfEntriesError
        return named
