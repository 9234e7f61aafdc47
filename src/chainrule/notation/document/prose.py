"""Sentences: words of ours with formulas between them, and the functions written as a page shows them."""

from __future__ import annotations

import math

from chainrule.expressions.terms import Apply, Term
from chainrule.notation.document.values import Paragraph, Prose
from chainrule.notation.entries import EntryWriter
from chainrule.notation.naming import Symbols
from chainrule.notation.tree import (
    Applied,
    Cases,
    Fraction,
    Letter,
    Node,
    Num,
    Power,
    Product,
    Relation,
    RelationSign,
    rewritten,
    walk,
)

_LARGEST_EXPONENT = 4  # nodes


def sentence(*parts: str | Node) -> Paragraph:
    """A paragraph of words and formulas."""
    return Paragraph(parts)


def listed(nodes: list[Node]) -> Prose:
    """a, b and c."""
    parts: list[str | Node] = []
    for position, node in enumerate(nodes):
        if position:
            parts.append(" and " if position == len(nodes) - 1 else ", ")
        parts.append(node)
    return tuple(parts)


def function_form(term: Term, symbols: Symbols) -> Node:
    """A term in z as in a book: choices in cases, e^{−z} for exp(−z)."""
    writer = EntryWriter(symbols, one_sample=True)
    if isinstance(term, Apply) and term.operation == "select":
        condition, yes, no = term.arguments
        if isinstance(condition, Apply) and condition.operation in _SIGNS:
            left, right = (function_form(side, symbols) for side in condition.arguments)
            holds = Relation((left, right), (_SIGNS[condition.operation],))
            return Cases(((function_form(yes, symbols), holds), (function_form(no, symbols), None)))
    argument: dict[Node, Node] = {Letter("z"): symbols.argument}
    return rewritten(as_powers(writer.write(term, {})), argument.get)


_SIGNS: dict[str, RelationSign] = {"less_equal": "≤", "less": "<"}


_ROOTS: dict[str, Node] = {
    repr(math.sqrt(2)): Applied(Letter("sqrt"), (Num("2"),)),
    repr(math.sqrt(math.pi)): Applied(Letter("sqrt"), (Letter("π"),)),
    repr(2 / math.sqrt(math.pi)): Fraction(Num("2"), Applied(Letter("sqrt"), (Letter("π"),))),
    repr(math.sqrt(2 * math.pi)): Applied(Letter("sqrt"), (Product((Num("2"), Letter("π")), ("",)),)),
}


def as_powers(node: Node) -> Node:
    """exp(z) as eᶻ, where what stands above is short, and √2 for its digits."""
    return rewritten(node, _as_power)


def _as_power(node: Node) -> Node | None:
    if isinstance(node, Num):
        return _ROOTS.get(node.text)
    if isinstance(node, Applied) and node.function == Letter("exp") and _short(node.arguments[0]):
        return Power(Letter("e"), as_powers(node.arguments[0]))
    return None


def _short(node: Node) -> bool:
    return sum(1 for _ in walk(node)) <= _LARGEST_EXPONENT
