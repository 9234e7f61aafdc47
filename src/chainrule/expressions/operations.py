"""The elementary operations, each with its derivative beside it.

`OPERATIONS[name]` is the number of arguments and the partial derivative with respect to each of them, as terms.
Every reading of terms (an engine, a printer) has its own table with the same keys; a test holds them together.

Conventions at kinks and ties: sign(0) = 0, so |x|′(0) = 0; a comparison has the derivative 0; at a tie ``min`` and
``max`` take the derivative of their first argument.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from chainrule.expressions.terms import (
    ONE,
    ZERO,
    Term,
    exp,
    less_equal,
    log,
    select,
    sign,
    sqrt,
    tanh,
)


@dataclass(frozen=True)
class Operation:
    """An elementary operation: how many arguments, and its partial derivatives."""

    arity: int
    partials: Callable[..., tuple[Term, ...]]


OPERATIONS: dict[str, Operation] = {
    "add": Operation(2, lambda x, y: (ONE, ONE)),
    "sub": Operation(2, lambda x, y: (ONE, -ONE)),
    "neg": Operation(1, lambda x: (-ONE,)),
    "mul": Operation(2, lambda x, y: (y, x)),
    "div": Operation(2, lambda x, y: (1 / y, -x / y**2)),
    "pow": Operation(2, lambda x, n: (n * x ** (n - 1), x**n * log(x))),
    "exp": Operation(1, lambda x: (exp(x),)),
    "expm1": Operation(1, lambda x: (exp(x),)),
    "log": Operation(1, lambda x: (1 / x,)),
    "log1p": Operation(1, lambda x: (1 / (1 + x),)),
    "sqrt": Operation(1, lambda x: (1 / (2 * sqrt(x)),)),
    "tanh": Operation(1, lambda x: (1 - tanh(x) ** 2,)),
    "erf": Operation(1, lambda x: (2 / math.sqrt(math.pi) * exp(-(x**2)),)),
    "erfc": Operation(1, lambda x: (-2 / math.sqrt(math.pi) * exp(-(x**2)),)),
    "abs": Operation(1, lambda x: (sign(x),)),
    "sign": Operation(1, lambda x: (ZERO,)),
    "min": Operation(2, lambda x, y: (less_equal(x, y), 1 - less_equal(x, y))),
    "max": Operation(2, lambda x, y: (less_equal(y, x), 1 - less_equal(y, x))),
    "less": Operation(2, lambda x, y: (ZERO, ZERO)),
    "less_equal": Operation(2, lambda x, y: (ZERO, ZERO)),
    "select": Operation(3, lambda c, x, y: (ZERO, select(c, 1, 0), select(c, 0, 1))),
}

REDUCTIONS = ("sum", "max", "logsumexp")
