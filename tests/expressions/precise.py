"""Scalar terms in high precision: what their symbols mean, by mpmath, for tests that judge float64."""

import mpmath

from chainrule.expressions.derivatives import computed_derivative
from chainrule.expressions.terms import Apply, Call, Number, Symbol

OPERATIONS = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "neg": lambda x: -x,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: x**y,
    "exp": mpmath.exp,
    "expm1": lambda x: mpmath.exp(x) - 1,
    "log": mpmath.log,
    "log1p": lambda x: mpmath.log(1 + x),
    "sqrt": mpmath.sqrt,
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "abs": abs,
    "sign": mpmath.sign,
    "min": min,
    "max": max,
    "less": lambda x, y: mpmath.mpf(x < y),
    "less_equal": lambda x, y: mpmath.mpf(x <= y),
    "select": lambda condition, yes, no: yes if condition else no,
}


def value(term, **symbols):
    """The value of a scalar term; choose the precision with `mpmath.workdps`."""
    match term:
        case Number(number):
            return mpmath.mpf(number)
        case Symbol(name):
            return mpmath.mpf(symbols[name])
        case Apply(operation, arguments):
            return OPERATIONS[operation](*(value(argument, **symbols) for argument in arguments))
        case Call(function, argument, 0):
            return value(function.definition, z=value(argument, **symbols))
        case Call(function, argument, 1):
            z = value(argument, **symbols)
            return value(computed_derivative(function), z=z, a=value(function.definition, z=z))
    raise TypeError(f"no scalar: {term!r}")


def central_difference(term, name, at, **symbols):
    """∂ term/∂ name at a point, from values alone; good to about half of the working digits."""
    h = mpmath.mpf(10) ** (-mpmath.mp.dps // 3) * max(1, abs(at))
    at = mpmath.mpf(at)
    above, below = (value(term, **{**symbols, name: at + step}) for step in (h, -h))
    return (above - below) / (2 * h)


def one_sided(term, name, at, side, **symbols):
    """The slope from the right (side=1) or the left (side=−1), from values alone."""
    h = mpmath.mpf(10) ** (-mpmath.mp.dps // 3) * side
    at = mpmath.mpf(at)
    return (value(term, **{**symbols, name: at + h}) - value(term, **{**symbols, name: at})) / h
