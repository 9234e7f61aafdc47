"""What every part of the document writes with: the derivation, that of one sample, and their writers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from chainrule.calculus import Derivation
from chainrule.calculus.equations import Equation
from chainrule.expressions.terms import SAMPLES, Symbol, Term, symbols, units
from chainrule.notation.document.values import Chain, Detail, Link, Prose
from chainrule.notation.entries import SAMPLE_LETTER, EntryWriter
from chainrule.notation.layouts import LAYOUTS, Layout
from chainrule.notation.listing import shape_text
from chainrule.notation.naming import Symbols
from chainrule.notation.presets import symbols_of
from chainrule.notation.tree import BigSum, Letter, Node, Partial
from chainrule.notation.writing import Writer, as_written

ONE_LOSS = Symbol("ell", (SAMPLES,))
"""ℓ, the loss of one sample: the sum over the outputs, not divided by anything."""


@dataclass(frozen=True)
class Pen:
    """A derivation and the ways to write parts of it.

    Attributes
    ----------
    derivation : Derivation
        As its layout writes it: for one sample, that of the sample's own loss.
    """

    derivation: Derivation

    @property
    def detail(self) -> Detail:
        """How much is written."""
        detail = self.derivation.presentation.detail
        return "summary" if detail == "summary" else "full" if detail == "full" else "steps"

    @property
    def layout(self) -> Layout:
        """Rows, columns, one sample or indices."""
        return LAYOUTS[self.derivation.layout]

    @property
    def batch(self) -> bool:
        """Whether there are several samples."""
        return not self.layout.one_sample

    @cached_property
    def symbols(self) -> Symbols:
        """The letters of the batch; of one sample where the layout is that."""
        symbols = symbols_of(self.derivation)
        named = symbols.letters | {"ell": symbols.letters.get("L", "ℓ")}
        return replace(symbols, letters=named if self.batch else named | {"J": named["ell"]})

    @cached_property
    def writer(self) -> Writer:
        """Writes the batch."""
        return Writer(self.layout.name, self.symbols)

    @cached_property
    def sample(self) -> Derivation:
        """The derivation of one sample's loss: no weights, no penalty, no division."""
        return as_written(replace(self.derivation, layout="sample"))

    @cached_property
    def sample_symbols(self) -> Symbols:
        """The letters of one sample, whose cost is its loss; derivatives are fractions."""
        letters = self.symbols.letters | {"J": self.symbols.letters["ell"]}
        return replace(self.symbols, gradients="partial", letters=letters, sample=self.mark)

    @property
    def mark(self) -> str:
        """What marks the quantities of one sample among many: the i of a^{[1](i)}."""
        return SAMPLE_LETTER if self.batch and self.symbols.layers == "bracket" else ""

    @cached_property
    def entries(self) -> EntryWriter:
        """Writes entries of one sample's quantities."""
        return EntryWriter(self.sample_symbols, one_sample=True, single=self.single, sample=self.mark)

    @cached_property
    def batch_entries(self) -> EntryWriter:
        """Writes entries of the batch's quantities."""
        return EntryWriter(self.symbols, single=self.single)

    @property
    def single(self) -> frozenset[str]:
        """The axes of layers with one unit, whose entries go without an index; where all is entries, all have one."""
        if self.layout.entries:
            return frozenset()
        return frozenset(axis for axis, size in self.derivation.equations.sizes if size == 1)

    # ---------------------------------------------------------------- letters
    def letter(self, symbol: Symbol) -> Node:
        """A quantity of the batch, or of the one sample where the layout is that."""
        return self.symbols.letter(symbol.name, small=self.layout.is_small(symbol.axes))

    def of_sample(self, symbol: Symbol) -> Letter:
        """A quantity of one sample as a vector, without indices."""
        sampled = SAMPLES in symbol.axes
        letter = self.sample_symbols.letter(symbol.name, (), self.mark if sampled else "", small=sampled)
        if not isinstance(letter, Letter):
            raise TypeError(f"{symbol.name} is a derivative, not a quantity")
        return letter

    def partial(self, of: Symbol | None, by: Symbol) -> Partial:
        """∂z/∂w between quantities of one sample; ∂ℓ/∂w without `of`."""
        return Partial(self.sample_symbols.cost if of is None else self.of_sample(of), self.of_sample(by))

    def entry(self, term: Term, letters: dict[str, str]) -> Node:
        """One entry of a term of one sample."""
        return self.entries.write(term, letters)

    def sum_over(self, axis: str, index: str, body: Node) -> Node:
        """Σ over the units of a layer, or the one term where there is one unit."""
        return body if axis in self.single else BigSum((index,), None, None, body)

    def indices(self, symbol: Symbol) -> dict[str, str]:
        """The letters j, k for a symbol's units."""
        return self.entries.indices(symbol.axes)

    # ---------------------------------------------------------------- chains
    def chain(self, equation: Equation, *, why: Prose = (), boxed: bool = False) -> Chain:
        """An equation of the batch in the layout."""
        left, right = self.writer.equation(equation).sides
        shape = "" if self.layout.entries else self.shape(equation.left)
        return Chain(left, (Link(right, why),), shape=shape, boxed=boxed, name=equation.left.name)

    def shape(self, symbol: Symbol) -> str:
        """The shape of a quantity in the layout."""
        return shape_text(self.derivation, symbol, self.writer)

    # ---------------------------------------------------------------- the network
    @property
    def depth(self) -> int:
        """The number of layers, L."""
        return self.derivation.network.depth

    def affine(self, layer: int) -> Equation:
        """The equation of Z in a layer."""
        return self.derivation.equations[f"Z{layer}"]

    def input_of(self, layer: int) -> Symbol:
        """What the layer multiplies with its weights: X, A or D."""
        return next(s for s in symbols(self.affine(layer).right) if s.axes == (SAMPLES, units(layer - 1)))
