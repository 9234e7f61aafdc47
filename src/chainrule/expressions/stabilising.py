"""Forms that overflow, replaced by equal ones that don't: log(cosh u) = |u| + log1p(e^−2|u|) − log 2."""

from __future__ import annotations

import math

from chainrule.expressions.activations import sigmoid, softplus
from chainrule.expressions.terms import (
    Apply,
    Call,
    Term,
    absolute,
    exp,
    is_number,
    log1p,
    rebuild,
    tanh,
)


def stabilised(term: Term) -> Term:
    """The term with σ, softplus, tanh and log cosh recognised and written in forms that never overflow.

    Examples
    --------
    >>> from chainrule.expressions.terms import Symbol, log
    >>> print(stabilised(log((exp(Symbol("z")) + exp(-Symbol("z"))) / 2)))
    abs(z) + log1p(exp((-2) * abs(z))) - 0.6931471805599453
    """
    children = tuple(stabilised(child) for child in term.children)
    node = term if children == term.children else rebuild(term, children)
    match node:
        case Apply("div", (above, below)):
            if (u := _one_plus_exp(below)) is not None:
                inner = -u
                return Call(sigmoid, inner) if is_number(above, 1) else _times_sigmoid(above, u)
            if (plus := _exp_and_opposite(below, "add")) is not None and plus == _exp_and_opposite(above, "sub"):
                return tanh(plus)
        case Apply("log", (argument,)):
            if (u := _one_plus_exp(argument)) is not None:
                return Call(softplus, u)
            if (u := _cosh(argument)) is not None:
                return absolute(u) + log1p(exp(-2 * absolute(u))) - math.log(2)
    return node


def _times_sigmoid(above: Term, u: Term) -> Term:
    """x / (1 + e^u) as x σ(−u); e^u / (1 + e^u) as σ(u)."""
    if above == exp(u):
        return Call(sigmoid, u)
    return above * Call(sigmoid, -u)


def _one_plus_exp(term: Term) -> Term | None:
    """The u of 1 + e^u."""
    match term:
        case Apply("add", (one, Apply("exp", (u,)))) | Apply("add", (Apply("exp", (u,)), one)) if is_number(one, 1):
            return u
    return None


def _exp_and_opposite(term: Term, operation: str) -> Term | None:
    """The u of e^u + e^−u, or of e^u − e^−u; both may be halved."""
    match term:
        case Apply("div", (above, two)) if is_number(two, 2):
            return _exp_and_opposite(above, operation)
        case Apply(found, (Apply("exp", (u,)), Apply("exp", (v,)))) if found == operation and v == -u:
            return u
    return None


def _cosh(term: Term) -> Term | None:
    match term:
        case Apply("div", (above, two)) if is_number(two, 2):
            return _exp_and_opposite(above, "add")
    return None
