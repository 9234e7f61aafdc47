"""Differentiation of a pointwise term, by the table of operations."""

from __future__ import annotations

from chainrule.expressions.functions import Function
from chainrule.expressions.operations import OPERATIONS
from chainrule.expressions.terms import (
    ONE,
    ZERO,
    Apply,
    Call,
    Reduce,
    Symbol,
    Term,
    is_number,
    mul,
    replace,
    select,
)


def pointwise_leaves(root: Term) -> tuple[Term, ...]:
    """The distinct symbols and reductions that a term is a pointwise function of."""
    found: dict[Term, None] = {}

    def visit(node: Term) -> None:
        if isinstance(node, Symbol | Reduce):
            found[node] = None
        else:
            for child in node.children:
                visit(child)

    visit(root)
    return tuple(found)


def differentiate(root: Term, leaf: Term) -> Term:
    """∂ root / ∂ leaf, where `leaf` is a symbol or reduction that `root` is a pointwise function of.

    Examples
    --------
    >>> from chainrule.expressions.terms import Symbol, log
    >>> a = Symbol("a")
    >>> print(differentiate(a - 2 * log(a), a))
    1 - 2 * 1 / a
    """
    if root == leaf:
        return ONE
    if isinstance(root, Symbol | Reduce) or not root.children:
        return ZERO
    if isinstance(root, Call):
        inner = differentiate(root.argument, leaf)
        if is_number(inner, 0):
            return ZERO
        outer = Call(root.function, root.argument, 1) if root.order == 0 else second_derivative(root)
        return mul(outer, inner)
    if not isinstance(root, Apply):
        raise TypeError(f"no rule to differentiate {root!r}")
    inner_of = [differentiate(argument, leaf) for argument in root.arguments]
    if all(is_number(inner, 0) for inner in inner_of):
        return ZERO
    match root.operation, root.arguments, inner_of:
        case "add", _, (left, right):
            return left + right
        case "sub", _, (left, right):
            return left - right
        case "neg", _, (value,):
            return -value
        case "select", (condition, _, _), (_, yes, no):
            return select(condition, yes, no)
        case "div", (_, below), (above, inner) if is_number(inner, 0):
            return above / below
    result: Term = ZERO
    for partial, inner in zip(OPERATIONS[root.operation].partials(*root.arguments), inner_of, strict=True):
        result = result + mul(partial, inner)
    return result


def derivative_of(function: Function) -> Term:
    """f′ in ``z``, derived from the definition by the rules alone."""
    return differentiate(function.definition, Symbol("z"))


def second_derivative(call: Call) -> Term:
    """f″ at the argument of a call of f′."""
    z = Symbol("z")
    # a is the function's value, so its derivative is the function's own row: the stable form may have a kink of its
    # own where the function has none (|z| in softplus, at 0)
    first = replace(computed_derivative(call.function), {Symbol("a"): Call(call.function, z)})
    return replace(differentiate(first, z), {z: call.argument})


def computed_derivative(function: Function) -> Term:
    """The form of f′ to evaluate, in ``z`` and the function's output ``a``."""
    return function.derivative if function.derivative is not None else derivative_of(function)
