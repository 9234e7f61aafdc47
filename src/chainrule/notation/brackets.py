"""Where brackets must stand so that what is printed is read back as the same tree. Shared by all printers."""

from __future__ import annotations

from chainrule.notation.tree import (
    BigSum,
    Differential,
    Fraction,
    Gradient,
    Letter,
    Node,
    Num,
    Partial,
    Power,
    Product,
    Relation,
    Sum,
    Transpose,
    mentions,
)

# How tightly a node holds together: a relation falls apart first, an atom never.
RELATION, SUM, PRODUCT, OPEN, FACTOR, ATOM = range(6)


def level(node: Node, *, stacked: bool) -> int:
    """How tightly a node holds together when printed; ``stacked`` says that fractions are drawn with a bar."""
    match node:
        case Relation():
            return RELATION
        case Sum():
            return SUM
        case Product():
            return PRODUCT
        case Fraction():
            return FACTOR if stacked or is_half(node) else PRODUCT
        case BigSum() | Partial(form="operator"):
            return OPEN
        case Partial() | Differential() | Power() | Transpose() | Gradient():
            return FACTOR
        case Letter(upper=upper) if upper:
            return FACTOR
        case _:
            return ATOM


def is_half(node: Node) -> bool:
    """Whether the node is ½, which has a character of its own."""
    return node == Fraction(Num("1"), Num("2"))


def open_indices(node: Node) -> tuple[str, ...]:
    """Indices of the sums whose body would swallow what is printed to the right of the node."""
    match node:
        case BigSum():
            return (*node.indices, *open_indices(node.body))
        case Product():
            return open_indices(node.factors[-1])
        case _:
            return ()


def term_needs_brackets(parent: Sum, position: int) -> bool:
    """Whether a term of a sum must be bracketed: a sum itself, or a Σ that would swallow a later term."""
    term = parent.terms[position]
    if isinstance(term, Sum | Relation):
        return True
    later = parent.terms[position + 1 :]
    return any(mentions(other, index) for index in open_indices(term) for other in later)


def factor_needs_brackets(parent: Product, position: int, *, stacked: bool) -> bool:
    """Whether a factor must be bracketed: whatever binds looser, and a Σ or ∂/∂w that is not the last factor."""
    factor = parent.factors[position]
    tight = level(factor, stacked=stacked)
    if tight == OPEN:
        return position < len(parent.factors) - 1
    return tight < OPEN
