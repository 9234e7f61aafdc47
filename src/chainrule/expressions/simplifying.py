"""A shorter form of a pointwise term, found by SymPy, for showing only.

SymPy is built node by node and read node by node: no text reaches it.  What it gives is shown only if it is shorter
and has the same values at many points; it is never computed with, since simplified forms overflow where the given
ones do not.
"""

from __future__ import annotations

import math
from typing import Any

from chainrule.expressions.evaluation import value_at
from chainrule.expressions.stable import stable_form
from chainrule.expressions.terms import (
    Apply,
    Number,
    Symbol,
    Term,
    exp,
    log,
    symbols,
    tanh,
    walk,
)

POINTS = tuple(k / 4 + 0.013 for k in range(-16, 17))
_ELEMENTARY = ("exp", "log", "tanh", "erf", "erfc", "sqrt")
LARGEST = 120  # nodes: simplifying more takes longer than a reader waits


class _Foreign(Exception):
    """A node that one of the two languages lacks."""


def simplified(term: Term) -> Term | None:
    """A shorter term in the same symbols, with the same values, or None.

    Examples
    --------
    >>> z = Symbol("z")
    >>> print(simplified((1 + z) / (1 + z) ** 3))
    1 / (1 + z)**2
    """
    opened = stable_form(term)
    if sum(1 for _ in walk(opened)) > LARGEST:
        return None
    import sympy

    try:
        found = _from_sympy(sympy.factor_terms(sympy.simplify(_to_sympy(opened, sympy))), sympy)
    except (_Foreign, TypeError, ValueError, RecursionError):
        return None
    shorter = sum(1 for _ in walk(found)) < sum(1 for _ in walk(term))
    return found if shorter and _agree(term, found) else None


def _agree(term: Term, other: Term) -> bool:
    """Whether two terms are equal wherever the first is defined, and it is at many points."""
    names = sorted({symbol.name for symbol in symbols(term)})
    defined = 0
    for point in POINTS:
        values = {name: point * (1 - 0.4 * number) + 0.3 * number for number, name in enumerate(names)}
        one, two = (value_at(stable_form(form), values) for form in (term, other))
        if math.isfinite(one):
            defined += 1
            if not abs(one - two) <= 1e-9 * max(1.0, abs(one)):
                return False
    return defined > len(POINTS) // 3


def _to_sympy(term: Term, sympy: Any) -> Any:
    match term:
        case Number(value):
            return sympy.Integer(int(value)) if value.is_integer() else sympy.Float(value)
        case Symbol(name):
            return sympy.Symbol(name, real=True)
        case Apply(operation, arguments):
            inner = [_to_sympy(argument, sympy) for argument in arguments]
            match operation, inner:
                case "add", (left, right):
                    return left + right
                case "sub", (left, right):
                    return left - right
                case "neg", (value,):
                    return -value
                case "mul", (left, right):
                    return left * right
                case "div", (left, right):
                    return left / right
                case "pow", (left, right):
                    return left**right
                case _ if operation in _ELEMENTARY:
                    return getattr(sympy, operation)(*inner)
    raise _Foreign


def _from_sympy(value: Any, sympy: Any) -> Term:
    if value.is_Number:
        return Number(float(value))
    if value.is_Symbol:
        return Symbol(value.name)
    if value.is_Add:
        terms = sorted(value.args, key=lambda term: not term.is_Number)
        result = _from_sympy(terms[0], sympy)
        for term in terms[1:]:
            result = _plus(result, term, sympy)
        return result
    if value.is_Mul:
        above, below = value.as_numer_denom()
        if below != 1:
            return _from_sympy(above, sympy) / _from_sympy(below, sympy)
        first, *rest = (_from_sympy(factor, sympy) for factor in value.args)
        for factor in rest:
            first = -factor if first == Number(-1) else first * factor
        return first
    if value.is_Pow and value.base != sympy.E:
        if value.exp.is_negative:
            return 1 / _from_sympy(value.base ** (-value.exp), sympy)
        return _from_sympy(value.base, sympy) ** _from_sympy(value.exp, sympy)
    if value.is_Pow or value.func is sympy.exp:
        return exp(_from_sympy(value.exp, sympy))
    known = {sympy.log: log, sympy.tanh: tanh}
    if value.func in known:
        return known[value.func](_from_sympy(value.args[0], sympy))
    raise _Foreign


def _plus(result: Term, term: Any, sympy: Any) -> Term:
    if term.could_extract_minus_sign():
        return result - _from_sympy(-term, sympy)
    return result + _from_sympy(term, sympy)
