"""A derivative misremembered: 1 − a for 1 − a², a for a (1 − a), 1 + a² for 1 − a²."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.expressions.terms import Apply, Term, walk


def misremembered(form: Term) -> Iterator[Term]:
    """A derivative's form with one power, one factor or one divisor lost, or one sign between two terms turned.

    Examples
    --------
    >>> from chainrule.expressions.terms import Symbol
    >>> [str(other) for other in misremembered(1 - Symbol("a") ** 2)]
    ['1 + a**2', '1 - a']
    """
    seen = {form}
    for other in _edited(form):
        if other not in seen:
            seen.add(other)
            yield other


def _edited(node: Term) -> Iterator[Term]:
    if any(isinstance(part, Apply) and part.operation == "select" for part in walk(node)):
        return  # of a function by cases it is the case that is taken for another
    match node:
        case Apply("pow" | "div", (first, _)):
            yield first
        case Apply("mul", (first, second)):
            yield from (first, second)
        case Apply("sub", (first, second)):
            yield first + second
        case Apply("add", (first, second)):
            yield first - second
    if isinstance(node, Apply):
        for position, argument in enumerate(node.arguments):
            for other in _edited(argument):
                yield Apply(node.operation, (*node.arguments[:position], other, *node.arguments[position + 1 :]))
