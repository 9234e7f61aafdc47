"""Single edits of a right side that change how it is built: brackets, squares, indices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from chainrule.checking.document.explaining.kinds import Kind, instead
from chainrule.checking.document.meaning.letters import INDICES, WEIGHTS, is_layer, quantity, rebuilt
from chainrule.notation.text import to_text
from chainrule.notation.tree import (
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
    walk,
)

MISSING_BRACKET = "missing bracket"


@dataclass(frozen=True)
class Repair:
    """A slip, in words, the right side without it, and its kind (two for two slips in one line)."""

    slip: str
    right: Node
    kinds: tuple[Kind, ...]
    fits: bool = False  # as arrays too


def everywhere(node: Node, edit: Callable[[Node], Iterator[Repair]]) -> Iterator[Repair]:
    """Every tree in which one place has been edited."""
    yield from edit(node)
    for child in children(node):
        if isinstance(node, Applied) and child == node.function:
            continue
        for inner in everywhere(child, edit):
            yield replace(inner, right=rebuilt(node, {id(child): inner.right}))


def brackets(node: Node) -> Iterator[Repair]:
    """A bracket around terms of which only the nearest has what stands before or behind it."""

    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Sum) and len(part.terms) > 1:
            yield from (Repair(MISSING_BRACKET, whole, ("bracket",)) for whole in _bracketed(part))

    yield from everywhere(node, edit)


def _bracketed(part: Sum) -> Iterator[Node]:
    first, last = part.terms[0], part.terms[-1]
    if part.negative[0]:
        yield Sum((Sum(part.terms, (False, *part.negative[1:])),), (True,))
    if isinstance(first, Product):
        for at in range(1, len(first.factors)):
            inner = Sum((_product(first, at, None), *part.terms[1:]), (False, *part.negative[1:]))
            whole = Product((*first.factors[:at], inner), first.signs[:at])
            yield Sum((whole,), (True,)) if part.negative[0] else whole
    if isinstance(last, Product):
        for at in range(1, len(last.factors)):
            inner = Sum((*part.terms[:-1], _product(last, 0, at)), part.negative)
            yield Product((inner, *last.factors[at:]), last.signs[at - 1 :])
    if isinstance(last, Fraction):
        yield Fraction(Sum((*part.terms[:-1], last.numerator), part.negative), last.denominator)
    if isinstance(first, BigSum):
        yield replace(first, body=Sum((first.body, *part.terms[1:]), part.negative))


def _product(node: Product, begin: int, end: int | None) -> Node:
    factors = node.factors[begin:end]
    return factors[0] if len(factors) == 1 else Product(factors, node.signs[begin : begin + len(factors) - 1])


def transposes(node: Node) -> Iterator[Repair]:
    """A transposition that is one too many."""

    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Transpose):
            yield Repair(f"{to_text(part)} instead of {to_text(part.of)}", part.of, ("transpose",))

    yield from everywhere(node, edit)


def powers(node: Node) -> Iterator[Repair]:
    """A square that has been left out."""

    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Letter | Applied | Sum):
            yield Repair("missing square", Power(part, Num("2")), ("power",))

    for repair in everywhere(node, edit):
        if not any(isinstance(part, Partial) and isinstance(part.by, Power) for part in walk(repair.right)):
            yield repair


def indices(node: Node, others: Iterable[str]) -> Iterator[Repair]:
    """Another index at one letter, or the two indices of a weight in the other order."""
    known = sorted(others)

    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Letter):
            for other in _with_other_index(part, known):
                yield Repair(instead(to_text(part), to_text(other), "index"), other, ("index",))
        if isinstance(part, Partial):
            for other in _with_other_index(part.by, known):
                slip = instead(to_text(part.by), to_text(other), "variable")
                yield Repair(slip, replace(part, by=other), ("variable",))

    yield from everywhere(node, edit)


def _with_other_index(letter: Letter, known: Iterable[str]) -> Iterator[Letter]:
    at = [place for place, mark in enumerate(letter.lower) if mark.text in INDICES and not is_layer(mark)]
    if len(at) == 2 and quantity(letter).name in WEIGHTS:
        marks = list(letter.lower)
        marks[at[0]], marks[at[1]] = marks[at[1]], marks[at[0]]
        yield replace(letter, lower=tuple(marks))
    for place in at:
        for index in known:
            if index != letter.lower[place].text:
                yield replace(letter, lower=(*letter.lower[:place], Mark(index), *letter.lower[place + 1 :]))


__all__ = ["Repair", "brackets", "everywhere", "indices", "powers", "transposes"]
