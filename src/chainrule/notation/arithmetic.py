"""Sums, products and numbers as a pen writes them: as long as they are, without brackets that say nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

from chainrule.expressions.terms import Apply, Number, Reduce, Term, is_number
from chainrule.notation.tree import Applied, Fraction, Letter, Node, Num, Product, ProductSign, Sum, negated

Write = Callable[[Term], Node]


def number(value: float) -> Node:
    """A constant; a half as ½."""
    if value == 0.5:
        return Fraction(Num("1"), Num("2"))
    if value == math.log(2):
        return Applied(Letter("log"), (Num("2"),))
    text = repr(abs(value)).removesuffix(".0")
    return Sum((Num(text),), (True,)) if value < 0 else Num(text)


def signed_terms(term: Term, negative: bool = False) -> list[tuple[Term, bool]]:
    """The terms of a sum with their signs, nested sums opened."""
    match term:
        case Apply("add", (left, right)):
            return signed_terms(left, negative) + signed_terms(right, negative)
        case Apply("sub", (left, right)):
            return signed_terms(left, negative) + _subtracted(right, negative)
        case Apply("neg", (value,)):
            return _subtracted(value, negative)
    inner, minus = unsigned(term)
    return [(inner, negative != minus)]


def _subtracted(term: Term, negative: bool) -> list[tuple[Term, bool]]:
    """What follows a minus: a sum stays in brackets, as it was written."""
    if isinstance(term, Apply) and term.operation in ("add", "sub"):
        return [(term, not negative)]
    return signed_terms(term, not negative)


def signed_sum(term: Term, write: Write) -> Node:
    """A sum, difference or negative."""
    terms = signed_terms(term)
    if len(terms) == 1 and not terms[0][1]:
        return write(terms[0][0])
    return Sum(tuple(write(part) for part, _ in terms), tuple(negative for _, negative in terms))


def unsigned(term: Term) -> tuple[Term, bool]:
    """A term without its minus sign, and whether it had one: w · −(y log a) is −(w y log a)."""
    match term:
        case Apply("neg", (value,)):
            inner, minus = unsigned(value)
            return inner, not minus
        case Number(value) if value < 0:
            return Number(-value), True
        case Apply("mul", (left, right)):
            (first, minus_first), (second, minus_second) = unsigned(left), unsigned(right)
            return (second if is_number(first, 1) else Apply("mul", (first, second))), minus_first != minus_second
        case Apply("div", (above, below)):
            inner, minus = unsigned(above)
            return Apply("div", (inner, below)), minus
        case Reduce("sum", over, operand):
            inner, minus = unsigned(operand)
            return Reduce("sum", over, inner), minus
    return term, False


def factors(term: Term) -> list[Term]:
    """The factors of a product, nested products opened."""
    match term:
        case Apply("mul", (left, right)):
            return factors(left) + factors(right)
    return [term]


def product(term: Term, write: Write) -> Node:
    """Numbers side by side, with their sign in front."""
    inner, minus = unsigned(term)
    node = juxtaposed([write(factor) for factor in factors(inner)])
    return negated(node) if minus else node


def juxtaposed(nodes: list[Node]) -> Node:
    """The product of nodes side by side; products among them are opened where that changes nothing."""
    flat: list[Node] = []
    for node in nodes:
        opened = isinstance(node, Product) and not any(node.signs)
        flat += node.factors if isinstance(node, Product) and opened else [node]
    return flat[0] if len(flat) == 1 else _joined(flat, "")


def elementwise(nodes: list[Node]) -> Node:
    """A ⊙ B ⊙ C."""
    return nodes[0] if len(nodes) == 1 else _joined(nodes, "⊙")


def _joined(nodes: list[Node], sign: ProductSign) -> Product:
    """The nodes with one sign between all of them."""
    signs: list[ProductSign] = [sign] * (len(nodes) - 1)
    return Product(tuple(nodes), tuple(signs))
