"""Exponentials of units that are left out, as people write them.

Equations leave a unit out of a sum Σ exp(z) by making its z so small that its exponential is 0: exp(z − 10³⁰ (1 − g)).
On a page g, 1 or 0, multiplies the exponential: g exp(z).
"""

from __future__ import annotations

from functools import reduce

from chainrule.expressions.activations import OUTSIDE
from chainrule.expressions.terms import Apply, Number, Reduce, Term, add, div, exp, is_number, log, select


def with_units_left_out(term: Term) -> Term | None:
    """The term with what is left out multiplied by 0, if it is an exponential or logsumexp of such; else None.

    Examples
    --------
    >>> from chainrule.expressions.terms import Symbol
    >>> z, g = Symbol("z", ("u1",)), Symbol("g", ("u1",))
    >>> print(with_units_left_out(Reduce("logsumexp", ("u1",), z - 1e30 * (1 - g))))
    log(sum[u1](g * exp(z)))
    """
    match term:
        case Reduce("logsumexp") if (sum_ := _sum(term)) is not None:
            return log(sum_)
        case Apply("exp", (Apply("sub", (left, Reduce("logsumexp") as below)),)) if (sum_ := _sum(below)) is not None:
            return div(_exponential(left) or exp(left), sum_)
        case Apply("exp", (Apply("sub", (left, below)),)) if (parts := _groups(below)) is not None:
            return div(exp(left), reduce(add, parts))
        case Apply("exp", (argument,)):
            return _exponential(argument)
    return None


def _exponential(argument: Term) -> Term | None:
    """exp(argument) where units are left out of the argument; else None."""
    match argument:
        case Apply("sub", (z, Apply("mul", (Number(value), Apply("sub", (one, g)))))) if is_number(one, 1):
            return g * exp(z) if value == OUTSIDE else None
        case Apply("select", (condition, z, Number(value))) if value == -OUTSIDE:
            return select(condition, exp(z), 0)
    return None


def _sum(logsumexp: Reduce) -> Term | None:
    exponential = _exponential(logsumexp.operand)
    return None if exponential is None else Reduce("sum", logsumexp.over, exponential)


def _groups(term: Term) -> list[Term] | None:
    """g · Σ g exp(z) of every group, of a sum of g · logsumexp."""
    match term:
        case Apply("add", (left, right)):
            first, second = _groups(left), _groups(right)
            return None if first is None or second is None else first + second
        case Apply("mul", (g, Reduce("logsumexp") as below)) if (sum_ := _sum(below)) is not None:
            return [g * sum_]
    return None
