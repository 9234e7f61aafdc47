"""The catalogue of slips: what a hand does to one place of a right side, each under the checker's name for it.

An edit takes a place of the tree and what is known of the page, and yields the places that it may become.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chainrule.checking.document.meaning.letters import INDICES, WEIGHTS, Quantity, quantity, rebuilt
from chainrule.notation.tree import (
    ONES,
    Applied,
    BigSum,
    Fraction,
    Letter,
    Mark,
    Node,
    Num,
    Partial,
    Power,
    Product,
    Sum,
    Transpose,
    children,
)


@dataclass(frozen=True)
class Writing:
    """How a page writes: its letters, what each names, the number of samples (None without any), slopes f′(z)."""

    letters: tuple[Letter, ...]
    names: dict[Letter, Quantity]
    size: Letter | None
    slopes: tuple[Applied, ...]
    indices: tuple[str, ...] = ()

    def of(self, letter: Letter) -> Quantity:
        """The quantity that a letter names on this page."""
        return self.names.get(letter, quantity(letter))


def edited(kind: str, tree: Node, writing: Writing) -> Iterator[Node]:
    """Every tree in which one place has been edited."""
    yield from AROUND.get(kind, _nothing)(tree, writing)
    yield from _everywhere(tree, EDITS[kind], writing)


def _everywhere(node: Node, edit, writing: Writing) -> Iterator[Node]:
    yield from edit(node, writing)
    if isinstance(node, Partial):
        return
    for child in children(node):
        if isinstance(node, Applied) and child == node.function:
            continue
        for inner in _everywhere(child, edit, writing):
            yield rebuilt(node, {id(child): inner})


def _nothing(_node: Node, _writing: Writing) -> Iterator[Node]:
    return iter(())


# ---------------------------------------------------------------- signs and numbers
def _sign(node: Node, _writing: Writing) -> Iterator[Node]:
    if isinstance(node, Sum):
        for turned in range(len(node.terms)):
            yield Sum(node.terms, tuple(flag != (at == turned) for at, flag in enumerate(node.negative)))


def _negated(node: Node, _writing: Writing) -> Iterator[Node]:
    yield Sum((node,), (True,))


def _constant(node: Node, _writing: Writing) -> Iterator[Node]:
    if isinstance(node, Product) and not isinstance(node.factors[0], Num):
        yield Product((Num("2"), *node.factors), ("", *node.signs))
    if isinstance(node, Sum):
        yield Fraction(node, Num("2"))
    if isinstance(node, Product) and any(isinstance(factor, Num) for factor in node.factors):
        yield from (_without(node, at) for at, factor in enumerate(node.factors) if isinstance(factor, Num))


def _count(node: Node, writing: Writing) -> Iterator[Node]:
    """1/m lost or doubled where it stands."""
    size = writing.size
    if size is None:
        return
    if isinstance(node, Fraction) and node.denominator == size:
        yield node.numerator
        yield Product((node, Fraction(Num("1"), size)), ("",))
    if isinstance(node, Product) and Fraction(Num("1"), size) in node.factors:
        yield _without(node, node.factors.index(Fraction(Num("1"), size)))


def _divided(node: Node, writing: Writing) -> Iterator[Node]:
    """1/m put in where it has been inherited already."""
    if writing.size is not None:
        yield Product((Fraction(Num("1"), writing.size), node), ("",))


# ---------------------------------------------------------------- factors
def _without(node: Product, at: int) -> Node:
    rest = node.factors[:at] + node.factors[at + 1 :]
    signs = node.signs[: max(at - 1, 0)] + node.signs[max(at, 1) :]
    return rest[0] if len(rest) == 1 else Product(rest, signs)


def _missing(node: Node, _writing: Writing) -> Iterator[Node]:
    if isinstance(node, Product):
        yield from (_without(node, at) for at in range(len(node.factors)))
    if isinstance(node, Fraction) and not isinstance(node.denominator, Num):
        yield node.numerator


def _stray(node: Node, _writing: Writing) -> Iterator[Node]:
    if isinstance(node, Product):
        for at, factor in enumerate(node.factors):
            if isinstance(factor, Letter | Sum | Fraction | Applied) and factor != ONES:
                sign = "⊙" if "⊙" in node.signs else ""
                yield Product((*node.factors[: at + 1], factor, *node.factors[at + 1 :]),
                              (*node.signs[:at], sign, *node.signs[at:]))  # fmt: skip


def _slope(node: Node, writing: Writing) -> Iterator[Node]:
    """f′(z) once more than there is reason for: the extra σ′ of an output delta."""
    for slope in () if writing.indices else writing.slopes:
        yield Product((node, slope), ("⊙",))


def _bracket(node: Node, _writing: Writing) -> Iterator[Node]:
    """A bracket dropped: what stands beside it, or the sign before it, then is of its nearest term only."""
    if isinstance(node, Product):
        for at, factor in enumerate(node.factors):
            if isinstance(factor, Sum) and len(factor.terms) > 1:
                before, behind = node.factors[:at], node.factors[at + 1 :]
                first, last = factor.terms[0], factor.terms[-1]
                if before:
                    first = Product((*before, first), node.signs[:at])
                if behind:
                    last = Product((last, *behind), node.signs[at:])
                yield Sum((first, *factor.terms[1:-1], last), factor.negative)
    if isinstance(node, Sum):
        for at, (term, flag) in enumerate(zip(node.terms, node.negative, strict=True)):
            if flag and isinstance(term, Sum) and len(term.terms) > 1:
                inner = (not term.negative[0], *term.negative[1:])
                yield Sum((*node.terms[:at], *term.terms, *node.terms[at + 1 :]),
                          (*node.negative[:at], *inner, *node.negative[at + 1 :]))  # fmt: skip
    if isinstance(node, Fraction) and isinstance(node.numerator, Sum) and len(node.numerator.terms) > 1:
        top = node.numerator
        yield Sum((*top.terms[:-1], Fraction(top.terms[-1], node.denominator)), top.negative)
    if isinstance(node, BigSum) and isinstance(node.body, Sum) and len(node.body.terms) > 1:
        body = node.body
        yield Sum((replace(node, body=body.terms[0]), *body.terms[1:]), body.negative)


def _power(node: Node, _writing: Writing) -> Iterator[Node]:
    if isinstance(node, Power) and isinstance(node.exponent, Num):
        yield node.base


# ---------------------------------------------------------------- letters
def _letter(node: Node, writing: Writing) -> Iterator[Node]:
    """z for a, y for a, x for a: another letter of the same layer, or one without layers, with the same marks."""
    if not isinstance(node, Letter):
        return
    own = writing.of(node)
    if own.name not in {"a", "z", "x", "y"}:
        return
    for other in writing.letters:
        that = writing.of(other)
        if that.name not in {"a", "z", "x", "y"} - {own.name} or other.name.islower() != node.name.islower():
            continue
        if own.layer and that.layer and own.layer != that.layer:
            continue
        if that.accent == own.accent and (found := _with_entries_of(other, node)) is not None:
            yield found


def _layer(node: Node, writing: Writing) -> Iterator[Node]:
    """The same letter of another layer."""
    if not isinstance(node, Letter):
        return
    own = writing.of(node)
    for other in writing.letters:
        that = writing.of(other)
        same = (other.name, that.name, that.accent) == (node.name, own.name, own.accent)
        if same and that.layer != own.layer and _is_of_any(other) == _is_of_any(node):
            found = _with_entries_of(other, node)
            if found is not None:
                yield found


def _is_of_any(letter: Letter) -> bool:
    """Whether a letter is of layer l, l + 1 or L: no number takes its place by a slip of the pen."""
    return any(mark.text[:1] in {"l", "L"} for mark in (*letter.lower, *letter.upper))


def _with_entries_of(other: Letter, node: Letter) -> Letter | None:
    """A letter with the entries and the sample of the one that it takes the place of; None if it has others marks."""
    lower = [mark for mark in other.lower if not _is_entry(mark)] + [mark for mark in node.lower if _is_entry(mark)]
    upper = [mark for mark in other.upper if mark.style != "round"] + [m for m in node.upper if m.style == "round"]
    entries = [sum(map(_is_entry, one.lower)) for one in (other, node)]
    samples = [sum(mark.style == "round" for mark in one.upper) for one in (other, node)]
    primes = [[mark for mark in one.upper if mark.text in {"+", "′"}] for one in (other, node)]
    if entries[0] != entries[1] or samples[0] != samples[1] or primes[0] != primes[1]:
        return None
    return replace(other, lower=tuple(lower), upper=tuple(upper))


def _is_entry(mark: Mark) -> bool:
    return mark.style == "plain" and mark.text in INDICES - {"l"}


def _index(node: Node, writing: Writing) -> Iterator[Node]:
    """k for j; jk for kj."""
    if isinstance(node, Letter):
        at = [number for number, mark in enumerate(node.lower) if _is_entry(mark)]
        if len(at) == 2 and writing.of(node).name in WEIGHTS:
            swapped = list(node.lower)
            swapped[at[0]], swapped[at[1]] = swapped[at[1]], swapped[at[0]]
            yield replace(node, lower=tuple(swapped))
        if len(at) == 1:
            for index in writing.indices:
                if index != node.lower[at[0]].text:
                    yield replace(node, lower=(*node.lower[: at[0]], Mark(index), *node.lower[at[0] + 1 :]))


def _argument(node: Node, writing: Writing) -> Iterator[Node]:
    if isinstance(node, Applied) and len(node.arguments) == 1 and isinstance(node.arguments[0], Letter):
        for edit in (_letter, _layer):
            yield from (replace(node, arguments=(other,)) for other in edit(node.arguments[0], writing))


def _variable(node: Node, writing: Writing) -> Iterator[Node]:
    """∂J/∂A for ∂J/∂Z, ∂ℓ/∂z₁ for ∂ℓ/∂z₂, ∂ℓ/∂z_j for ∂ℓ/∂z_k."""
    if isinstance(node, Partial) and node.form != "operator":
        for edit in (_letter, _layer, _index):
            yield from (replace(node, by=other) for other in edit(node.by, writing) if isinstance(other, Letter))
        for other in writing.letters:
            found = _with_entries_of(other, node.by)
            if found is not None and writing.of(other).layer == writing.of(node.by).layer and found != node.by:
                yield replace(node, by=found)


# ---------------------------------------------------------------- arrays
def _transposed(node: Node, _writing: Writing) -> Iterator[Node]:
    if isinstance(node, Transpose):
        yield node.of
    if isinstance(node, Product):
        for at, factor in enumerate(node.factors):
            whole = isinstance(factor, Letter) and not any(map(_is_entry, factor.lower))
            if whole or (isinstance(factor, Partial) and not any(map(_is_entry, factor.by.lower))):
                yield Product((*node.factors[:at], Transpose(factor), *node.factors[at + 1 :]), node.signs)


def _matrix_product(node: Node, _writing: Writing) -> Iterator[Node]:
    """A matrix product for ⊙, and the other way round."""
    if isinstance(node, Product):
        for at, sign in enumerate(node.signs):
            yield Product(node.factors, (*node.signs[:at], "" if sign == "⊙" else "⊙", *node.signs[at + 1 :]))


def _order(node: Node, _writing: Writing) -> Iterator[Node]:
    if isinstance(node, Product):
        for at in range(len(node.factors) - 1):
            first, second = node.factors[at : at + 2]
            yield Product((*node.factors[:at], second, first, *node.factors[at + 2 :]), node.signs)


def _unsummed(node: Node, _writing: Writing) -> Iterator[Node]:
    if isinstance(node, BigSum):
        yield node.body
    if isinstance(node, Product):
        yield from (_without(node, at) for at, one in enumerate(node.factors) if one in (ONES, Transpose(ONES)))


EDITS = {
    "sign": _sign, "constant factor": _constant, "1/m": _count, "missing factor": _missing, "stray factor": _stray,
    "bracket": _bracket, "power": _power, "letter": _letter, "layer": _layer, "index": _index, "argument": _argument,
    "variable": _variable, "transpose": _transposed, "product": _matrix_product, "order": _order, "sum": _unsummed,
}  # fmt: skip
AROUND = {"sign": _negated, "1/m": _divided, "stray factor": _slope}
KINDS = tuple(EDITS)
