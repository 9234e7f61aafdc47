"""The derivative of a function of one variable, from its definition, in the steps that a person takes.

The first line is the definition, the second its derivative by the rules, the last the form that is computed with the
output a = f(z).  What lies between is written here for each function of the table; the tests evaluate every line.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from chainrule.calculus.algebra import tidy
from chainrule.expressions.activations import ACTIVATIONS, gelu, mish, sigmoid, silu, softplus, tanh_
from chainrule.expressions.derivatives import computed_derivative, derivative_of
from chainrule.expressions.functions import Function
from chainrule.expressions.simplifying import simplified
from chainrule.expressions.terms import (
    Apply,
    Call,
    Symbol,
    Term,
    erf,
    exp,
    mul,
    symbols,
    tanh,
)

z, a = Symbol("z"), Symbol("a")
Line = tuple[Term, str]

_up, _down = exp(z), exp(-z)
_s, _t = Call(sigmoid, z), tanh(Call(softplus, z))


def _sigmoid() -> list[Line]:
    below = 1 + _down
    return [
        (_down / below**2, "the reciprocal rule; the two minus signs cancel"),
        (Apply("mul", (1 / below, _down / below)), "one factor of the denominator each"),
        (Apply("mul", (1 / below, (below - 1) / below)), "add 1 and take it away again"),
        (Apply("mul", (1 / below, 1 - 1 / below)), "divide term by term"),
    ]


def _tanh() -> list[Line]:
    plus, minus = _up + _down, _up - _down
    return [
        ((plus**2 - minus**2) / plus**2, "the quotient rule"),
        (1 - (minus / plus) ** 2, "divide term by term"),
    ]


def _softplus() -> list[Line]:
    return [(_up / (1 + _up), "the chain rule"), (1 / (1 + _down), "divide above and below by exp(z)")]


def _silu() -> list[Line]:
    return [
        (_s + z * Call(sigmoid, z, 1), "silu is z σ(z): the product rule"),
        (_s + z * (_s * (1 - _s)), "the derivative of the sigmoid put in"),
    ]


def _mish() -> list[Line]:
    return [
        (_t + z * ((1 - _t**2) * Call(softplus, z, 1)), "mish is z tanh(softplus(z)): the product and the chain rule"),
    ]


def _gelu() -> list[Line]:
    inside = z / math.sqrt(2)
    return [
        (
            (1 + erf(inside)) / 2 + z / 2 * (2 / math.sqrt(math.pi) * exp(-(z**2) / 2) / math.sqrt(2)),
            "the product and the chain rule; erf′(x) is 2/√π times exp(−x²)",
        ),
    ]


_BETWEEN: dict[Function, Callable[[], list[Line]]] = {
    sigmoid: _sigmoid,
    tanh_: _tanh,
    softplus: _softplus,
    silu: _silu,
    mish: _mish,
    gelu: _gelu,
}


# Why the last line, which is what is computed, equals the one before it.
_LAST: dict[Function, str] = {
    silu: "σ taken out, and 1 − σ(z) = σ(−z), which cancels nothing",
    mish: "1 − tanh(x) = 2 σ(−2x), which cancels nothing; the other factor is 1 + tanh(x)",
    gelu: "1 + erf(x) = erfc(−x), which cancels nothing",
}


def lines_of_derivative(function: Function) -> list[Line]:
    """Every line after f′(z) = d/dz definition: equal terms in ``z``, the last in ``z`` and ``a``.

    Examples
    --------
    >>> for term, why in lines_of_derivative(sigmoid):
    ...     print(term, "|", why)
    exp(-z) / (1 + exp(-z))**2 | the reciprocal rule; the two minus signs cancel
    1 / (1 + exp(-z)) * exp(-z) / (1 + exp(-z)) | one factor of the denominator each
    1 / (1 + exp(-z)) * (1 + exp(-z) - 1) / (1 + exp(-z)) | add 1 and take it away again
    1 / (1 + exp(-z)) * (1 - 1 / (1 + exp(-z))) | divide term by term
    a * (1 - a) | with a = f(z)
    """
    final = computed_derivative(function)
    if function.name not in ACTIVATIONS:
        return _lines_of_own(function)
    lines = _BETWEEN[function]() if function in _BETWEEN else [_by_the_rules(function)]
    why = _LAST.get(function, "with a = f(z)" if a in symbols(final) else "collected")
    if str(lines[-1][0]) != str(final):
        lines.append((final, why))
    return lines


def _by_the_rules(function: Function) -> Line:
    derived = tidy(branches(derivative_of(function)))
    by_cases = isinstance(derived, Apply) and derived.operation == "select"
    return derived, "branch by branch" if by_cases else "by the rules"


def _lines_of_own(function: Function) -> list[Line]:
    """A user's function: the rules applied to its expression, and a shorter form where SymPy finds one."""
    line = _by_the_rules(function)
    shorter = simplified(line[0])
    return [line, *([(shorter, "simplified")] if shorter is not None else [])]


def branches(term: Term) -> Term:
    """c · select(p, x, y) as select(p, c · x, c · y): a derivative branch by branch."""
    match term:
        case Apply("mul", (factor, Apply("select", (condition, yes, no)))) | Apply(
            "mul", (Apply("select", (condition, yes, no)), factor)
        ) if not factor.axes and not symbols(factor):
            return Apply("select", (condition, mul(factor, yes), mul(factor, no)))
    return term
