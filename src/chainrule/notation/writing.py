"""Equations as matrices on a page, in the reader's layout.

The equations know no transposes, no ⊙ and no 𝟏: these appear when an order is chosen for the axes.

- rows: samples go down, so a matrix of values is (i, u) and W is (units before, units after): Z = XW + 𝟏bᵀ.
- columns: the reverse of both: Z = WX + b𝟏ᵀ.
- sample: the columns layout for one sample: z = Wx + b, ∂ℓ/∂W = ∂ℓ/∂z aᵀ.
- index: entries instead of matrices (`chainrule.notation.entries`).

A named vector is a column.  Every written form is literal: read with matrix products for juxtaposition, it has the
value of the equation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chainrule.calculus import Derivation
from chainrule.calculus.equations import Equation
from chainrule.expressions.terms import SAMPLES, Apply, Axes, Call, Number, Reduce, Size, Symbol, Term, is_number, walk
from chainrule.network import Network
from chainrule.notation.arithmetic import elementwise, factors, juxtaposed, number, signed_sum
from chainrule.notation.conditions import indicator
from chainrule.notation.entries import EntryWriter
from chainrule.notation.layouts import LAYOUTS, Layout
from chainrule.notation.left_out import with_units_left_out
from chainrule.notation.naming import Symbols
from chainrule.notation.tree import (
    ONES,
    Applied,
    Bars,
    Fraction,
    Letter,
    Node,
    Num,
    Power,
    Relation,
    Transpose,
    negated,
)
from chainrule.notation.tree import equation as tree_equation

Shape = tuple[str | None, str | None]


@dataclass(frozen=True)
class Writer:
    """Writes terms and equations in one layout.

    Parameters
    ----------
    layout : {"columns", "rows", "sample", "index"}
    symbols : Symbols

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> from chainrule.notation.text import to_text
    >>> d = derive(Network.parse("4 -> 3 tanh -> 1 sigmoid", loss="bce"))
    >>> print(to_text(Writer("columns").equation(d["dW1"])))
    ∂J/∂W₁ = ∂J/∂Z₁ Xᵀ
    >>> print(to_text(Writer("rows").equation(d["dW1"])))
    ∂J/∂W₁ = Xᵀ ∂J/∂Z₁
    """

    layout: str = "columns"
    symbols: Symbols = field(default_factory=Symbols)

    def equation(self, equation: Equation, right: Term | None = None) -> Relation:
        """An equation, or the same left side with another right side (a step of its algebra)."""
        if right is None:
            right = equation.first if equation.part == "cost" else equation.right
        left = equation.left
        if self._arranged.entries or _sums_over_a_table(right):
            entries = EntryWriter(self.symbols, one_sample=self._arranged.one_sample)
            letters = entries.indices(left.axes)
            return tree_equation(entries.write(left, letters), entries.write(right, letters))
        shape = self._shape(left.axes)
        return tree_equation(self._matrix(left, shape), self._broadcast(right, shape))

    @property
    def _arranged(self) -> Layout:
        return LAYOUTS[self.layout]

    # ---------------------------------------------------------------- shapes
    def _axes(self, axes: Axes) -> Axes:
        return tuple(axis for axis in axes if axis != SAMPLES) if self._arranged.one_sample else axes

    def _shape(self, axes: Axes) -> Shape:
        ordered = self._arranged.ordered(axes)
        return (ordered[0] if ordered else None, ordered[1] if len(ordered) > 1 else None)

    # ---------------------------------------------------------------- terms
    def _broadcast(self, term: Term, shape: Shape) -> Node:
        """A term as an array of this shape: a vector that lacks one of its axes is repeated, by 𝟏 beside it."""
        axes = self._axes(term.axes)
        if len(axes) == 1 and None not in shape:
            if axes[0] == shape[0]:
                return juxtaposed([self._matrix(term, (axes[0], None)), Transpose(ONES)])
            return juxtaposed([ONES, self._matrix(term, (None, axes[0]))])
        return self._matrix(term, shape)

    def _matrix(self, term: Term, shape: Shape) -> Node:
        """A term whose own axes fill the shape, or that is a scalar."""

        def broadcast(part: Term) -> Node:
            return self._broadcast(part, shape)

        plainer = with_units_left_out(term)
        if plainer is not None:
            return self._matrix(plainer, shape)
        match term:
            case Number(value):
                return number(value)
            case Size():
                return Letter(self.symbols.samples)
            case Symbol(name, axes):
                letter = self.symbols.letter(name, small=self._arranged.is_small(axes))
                return letter if self._lies(axes, shape) else Transpose(letter)
            case Reduce():
                return self._reduced(term, shape)
            case Apply("exp", (Apply("sub", (logits, Reduce("logsumexp", _, same))),)) if logits == same:
                return Applied(Letter("softmax"), (broadcast(logits),))
            case Apply("sub", (Symbol() as logits, Reduce("logsumexp", _, same))) if logits == same:
                return self._log_softmax(logits, shape)
            case Apply("sub", (Reduce("logsumexp", _, same), Symbol() as logits)) if logits == same:
                return negated(self._log_softmax(logits, shape))
            case Call(function, argument, order):
                return Applied(self.symbols.function(function.name, order), (broadcast(argument),))
            case Apply("add" | "sub" | "neg", _):
                return signed_sum(term, broadcast)
            case Apply("div", (above, under)) if not above.axes or under.axes or not isinstance(under, Symbol | Size):
                return Fraction(broadcast(above), broadcast(under))
            case Apply("mul" | "div", _):
                return self._product(term, shape)
            case Apply("pow", (base, exponent)):
                if self._axes(base.axes) and is_number(exponent, 2):
                    return elementwise([broadcast(base)] * 2)
                return Power(broadcast(base), broadcast(exponent))
            case Apply("abs", (argument,)):
                return Bars(broadcast(argument))
            case Apply("select" | "less" | "less_equal", _):
                return indicator(term, broadcast, matrices=True)
            case Apply(operation, arguments):
                return Applied(Letter(operation), tuple(broadcast(argument) for argument in arguments))
        raise TypeError(f"cannot write the term {term!r}")

    def _log_softmax(self, logits: Symbol, shape: Shape) -> Node:
        """z − logsumexp z; softmax runs over the units as the layout has them, whatever is transposed then."""
        softmax = Applied(Letter("softmax"), (self._matrix(logits, self._shape(logits.axes)),))
        return Applied(Letter("log"), (softmax if self._lies(logits.axes, shape) else Transpose(softmax),))

    def _lies(self, axes: Axes, shape: Shape) -> bool:
        """Whether a named array stands as it is named, not transposed."""
        natural = self._shape(axes)
        return natural in (shape, (None, None)) or (natural[1] is None and natural[0] == shape[0])

    def _product(self, term: Term, shape: Shape) -> Node:
        """Scalars in front, vectors as diagonal matrices at their side, and ⊙ between what has all axes."""
        scalars: list[Node] = []
        before: list[Term] = []
        whole: list[Node] = []
        behind: list[Term] = []
        inner: list[Node] = []
        full = {axis for axis in shape if axis is not None}
        for factor in _split(term):
            axes = set(self._axes(factor.axes))
            if not axes:
                # 𝟏ᵀ v of one sample is 1×1: as a product it fits behind a column, not before it.
                place = inner if full and shape[0] in full and _is_inner_product(factor) else scalars
                place.append(self._matrix(factor, (None, None)))
            elif axes == full or len(full) < 2:
                whole.append(self._broadcast(factor, shape))
            else:
                (before if axes == {shape[0]} else behind).append(factor)
        if not whole and len(before) == len(behind) == 1:  # column times row
            column, row = self._matrix(before[0], (shape[0], None)), self._matrix(behind[0], (None, shape[1]))
            return juxtaposed([*_without_ones(scalars), column, row])
        if not whole:
            middle = [] if not (before or behind) else [juxtaposed([ONES, Transpose(ONES)])]
        else:
            middle = [elementwise(whole)]
        parts = [*_without_ones(scalars), *map(self._diagonal, before), *middle, *map(self._diagonal, behind), *inner]
        return juxtaposed(parts) if parts else Num("1")

    def _diagonal(self, vector: Term) -> Node:
        return Applied(Letter("diag"), (self._matrix(vector, (self._axes(vector.axes)[0], None)),))

    def _reduced(self, term: Reduce, shape: Shape) -> Node:
        over = self._axes(term.over)
        if not self._axes(term.axes):  # a number, whatever it is repeated beside
            shape = (None, None)
        match term.operand:
            case Apply("pow", (Symbol() as array, exponent)) if not term.axes and is_number(exponent, 2):
                return Power(Bars(self._matrix(array, self._shape(array.axes)), double=True), Num("2"))
            case Apply("mul", (left, right)) if _is_matrix_product(term, left, right):
                return self._matrix_product(term, left, right, shape)
        if not over and term.operation == "sum":  # the sum over samples, of one sample
            return self._broadcast(term.operand, shape)
        if term.operation != "sum" or len(over) != 1:
            entries = EntryWriter(self.symbols, one_sample=self._arranged.one_sample)
            return entries.write(term, entries.indices(term.axes))
        if shape[0] is not None:
            return juxtaposed([self._broadcast(term.operand, (shape[0], over[0])), ONES])
        return juxtaposed([Transpose(ONES), self._broadcast(term.operand, (over[0], shape[1]))])

    def _matrix_product(self, term: Reduce, left: Term, right: Term, shape: Shape) -> Node:
        over = self._axes(term.over)
        inner = over[0] if over else None
        if shape[0] is not None and shape[0] not in left.axes:
            left, right = right, left
        if shape[0] is None and shape[1] in left.axes:
            left, right = right, left
        return juxtaposed([self._matrix(left, (shape[0], inner)), self._matrix(right, (inner, shape[1]))])


def _is_matrix_product(term: Reduce, left: Term, right: Term) -> bool:
    """Whether the factors share the summed axis and nothing else."""
    return term.operation == "sum" and len(term.over) == 1 and set(left.axes) & set(right.axes) == set(term.over)


def _is_inner_product(term: Term) -> bool:
    """Whether a number for each sample comes from a sum over units."""
    return SAMPLES in term.axes and any(isinstance(node, Reduce) for node in walk(term))


def _split(term: Term) -> list[Term]:
    """Factors, with a division by a scalar taken as the factor 1/scalar in front of what it divides."""
    result: list[Term] = []
    for factor in factors(term):
        match factor:
            case Apply("div", (above, (Symbol() | Size()) as under)) if not under.axes and above.axes:
                result += [Apply("div", (Number(1), under)), *_split(above)]
            case _:
                result.append(factor)
    return result


def _without_ones(scalars: list[Node]) -> list[Node]:
    return [scalar for scalar in scalars if scalar != Num("1")]


def _sums_over_a_table(term: Term) -> bool:
    """Whether this is a cost Σᵢ Σⱼ over samples and outputs, which people write entry by entry."""
    return any(isinstance(node, Reduce) and len(node.over) > 1 and SAMPLES in node.over for node in walk(term))


def as_written(derivation: Derivation) -> Derivation:
    """The derivation that a layout writes: for one sample, that of the sample's own loss."""
    network = derivation.network
    if not LAYOUTS[derivation.layout].one_sample:
        return derivation
    dropout = network.input_dropout
    single = Network(network.layers, network.n_inputs, network.loss, reduction="sum", input_dropout=dropout)
    return Derivation(single, derivation.optimiser, derivation.layout, derivation.presentation)


__all__ = ["Writer", "as_written"]
