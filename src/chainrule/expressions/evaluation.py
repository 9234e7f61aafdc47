"""The value of a pointwise term at one point, in Python's floats; infinities and NaN are values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from chainrule.expressions.derivatives import computed_derivative
from chainrule.expressions.terms import Apply, Call, Number, Symbol, Term


def value_at(term: Term, values: Mapping[str, float]) -> float:
    """The value of a term of elementary operations and calls.

    Parameters
    ----------
    term : Term
        Without reductions and sizes.
    values : mapping of str to float
        A number for every symbol.

    Examples
    --------
    >>> from chainrule.expressions.terms import Symbol, exp
    >>> value_at(1 / (1 + exp(-Symbol("z"))), {"z": 0.0})
    0.5
    """
    return float(value_by(_apply, term, values))


def value_by(apply: Callable[[str, list[Any]], Any], term: Term, values: Mapping[str, Any]) -> Any:
    """The value of a pointwise term, given what applying an elementary operation to values is.

    A call is opened into the form that is computed, f′(z) with the value of f(z) for its ``a``.
    """
    match term:
        case Number(value):
            return value
        case Symbol(name):
            return values[name]
        case Call(function, argument, order):
            inner = {"z": value_by(apply, argument, values)}
            output = value_by(apply, function.computed, inner)
            return value_by(apply, computed_derivative(function), inner | {"a": output}) if order else output
        case Apply(operation, arguments):
            return apply(operation, [value_by(apply, argument, values) for argument in arguments])
    raise TypeError(f"not a pointwise term: {term}")


def _apply(operation: str, numbers: list[float]) -> float:
    if any(map(math.isnan, numbers)) and operation not in _SEES_NAN:
        return math.nan
    return _OPERATIONS[operation](*numbers)


_SEES_NAN = ("select", "less", "less_equal")


def _divide(x: float, y: float) -> float:
    if y:
        return x / y
    return math.nan if x == 0 else math.copysign(math.inf, x) * math.copysign(1, y)


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        return math.inf if x == 0 else math.nan


def _exp(x: float) -> float:
    return math.exp(x) if x < _LARGEST_EXPONENT else math.inf


def _expm1(x: float) -> float:
    return math.expm1(x) if x < _LARGEST_EXPONENT else math.inf


_LARGEST_EXPONENT = 709.78


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def _sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0 else math.nan


_OPERATIONS: dict[str, Callable[..., float]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "neg": lambda x: -x,
    "mul": lambda x, y: x * y,
    "div": _divide,
    "pow": _power,
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": lambda x: math.log1p(x) if x > -1 else _log(1 + x),
    "sqrt": _sqrt,
    "tanh": math.tanh,
    "erf": math.erf,
    "erfc": math.erfc,
    "abs": abs,
    "sign": lambda x: float((x > 0) - (x < 0)),
    "min": min,
    "max": max,
    "less": lambda x, y: float(x < y),
    "less_equal": lambda x, y: float(x <= y),
    "select": lambda condition, yes, no: yes if condition else no,
}
