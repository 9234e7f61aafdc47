"""Activations, their derivatives and the losses: a stated bound each, against mpmath, tails included.

Errors are in units of eps · max(1, |exact value|): what matters where a value is added to others of size 1. Where a
formula cancels in a tail (gelu far left, f' of silu far right), the relative error of a tiny value is larger.
"""

import mpmath
import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.jit.pointwise import Pointwise
from chainrule.expressions.derivatives import derivative_of
from chainrule.expressions.losses import LOSSES
from chainrule.expressions.stable import stable_form
from chainrule.expressions.terms import Call, Number, Symbol, replace, symbols
from chainrule.network import Network
from tests.engines.jit.emitted import vector_function
from tests.zoo import standard_functions

EXACT = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "neg": lambda a: -a, "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b, "pow": lambda a, b: a**b, "exp": mpmath.exp, "expm1": mpmath.expm1, "log": mpmath.log,
    "log1p": mpmath.log1p, "sqrt": mpmath.sqrt, "tanh": mpmath.tanh, "erf": mpmath.erf, "abs": abs,
    "sign": mpmath.sign, "less": lambda a, b: mpmath.mpf(a < b), "less_equal": lambda a, b: mpmath.mpf(a <= b),
}  # fmt: skip
BOUND = 1.5
BOUNDS_OF_DERIVATIVES = {
    "silu": 20.0,
    "mish": 10.0,
}  # z (1 - sigmoid z): the difference is rounded, then multiplied by z
DIGITS = 60  # exp(-90) beside 1 leaves 20


def exact(term, values):
    match term:
        case Number(value):
            return mpmath.mpf(value)
        case Symbol(name):
            return values[name]
        case Call(function, argument, order):
            inner = {"z": exact(argument, values)}
            return exact(derivative_of(function) if order else function.definition, inner)
    if term.operation == "select":
        return exact(term.arguments[1 if exact(term.arguments[0], values) else 2], values)
    return EXACT[term.operation](*(exact(argument, values) for argument in term.arguments))


def compiled(term, names, dtype):
    def emit(v, *inputs):
        return Pointwise(v, lambda _, symbol, __: inputs[names.index(symbol.name)]).value(stable_form(term), {})

    return vector_function(emit, dtype, inputs=len(names))


def worst(term, names, dtype, columns, reference=None):
    got = compiled(term, names, dtype)(*columns)
    assert np.isfinite(got).all()
    with mpmath.workdps(DIGITS):
        errors = []
        for result, *row in zip(got.tolist(), *(column.tolist() for column in columns), strict=True):
            wanted = exact(reference or term, {n: mpmath.mpf(x) for n, x in zip(names, row, strict=True)})
            errors.append(float(abs(mpmath.mpf(result) - wanted) / max(1, abs(wanted))))
    return max(errors) / np.finfo(dtype).eps


def inputs(count, dtype, reach=88.0):
    rng = np.random.default_rng(5)
    parts = [rng.uniform(-size, size, count // 4) for size in (1, 4, 20, reach)]
    return np.concatenate(parts).astype(dtype)


def assert_activation(function, dtype, count):
    z = Symbol("z")
    x = inputs(count, dtype)
    x = x[(x != 0) & ~np.isin(x, function.kinks)]
    assert worst(Call(function, z), ["z"], dtype, [x]) <= BOUND
    assert worst(Call(function, z, 1), ["z"], dtype, [x]) <= BOUNDS_OF_DERIVATIVES.get(function.name, BOUND)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", standard_functions(), ids=lambda row: row.name)
def test_activations(function, dtype):
    assert_activation(function, dtype, 120)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", standard_functions(), ids=lambda row: row.name)
def test_activations_at_ten_thousand_points(function, dtype):
    assert_activation(function, dtype, 10_400)


OF_PROBABILITIES = {"cross-entropy", "binary-cross-entropy", "binary-focal", "focal"}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(set(LOSSES) - OF_PROBABILITIES - {"poisson"}))
def test_losses_of_real_values(name, dtype):
    row = LOSSES[name]
    loss = row() if callable(row) else row
    rng = np.random.default_rng(1)
    columns = [rng.uniform(-9, 9, 400).astype(dtype) for _ in range(2)]
    assert worst(loss.definition, ["yhat", "y"], dtype, columns) <= 3.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [1.5, 0.3, -2.25])
def test_powers_that_are_not_whole(exponent, dtype):
    x = np.random.default_rng(3).uniform(0.01, 4, 400).astype(dtype)
    exponent = float(dtype(exponent))
    magnified = abs(exponent) * np.abs(np.log(x)).max()  # by which exp enlarges the rounding of its argument
    assert worst(Symbol("x") ** exponent, ["x"], dtype, [x]) <= 3.0 + magnified
    ends = compiled(Symbol("x") ** exponent, ["x"], dtype)(np.array([0.0, -1.0, np.nan, 1.0], dtype))
    np.testing.assert_array_equal(ends, [0.0 if exponent > 0 else np.inf, np.nan, np.nan, 1.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("output", "loss"), [("sigmoid", "binary-cross-entropy"), ("exp", "poisson")])
def test_losses_of_a_link(output, loss, dtype):
    """The loss as a function of Z, in the form that the cost equation has, is that of its definition."""
    equations = derive(Network.parse(f"1 -> 1 {output}", loss=loss)).equations
    by_sample = {used: Symbol(used.name) for used in symbols(equations["L"].right)}
    form = replace(equations["L"].right.operand, by_sample)
    form = replace(form, {Symbol("A1"): Call(equations["A1"].right.function, Symbol("Z1"))})
    yhat = Call(equations["A1"].right.function, Symbol("Z1"))
    definition = replace(LOSSES[loss].definition, {Symbol("yhat"): yhat, Symbol("y"): Symbol("Y")})
    z = inputs(400, dtype, reach=30.0)
    y = np.random.default_rng(2).uniform(0, 1, len(z)).astype(dtype)
    assert worst(form, ["Z1", "Y"], dtype, [z, y], definition) <= 3.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sigmoid", "softplus", "tanh", "silu", "mish", "gelu", "elu", "selu"])
def test_far_out(name, dtype):
    """At |z| up to 1e4 values are the limits, and f' is finite."""
    [function] = [row for row in standard_functions() if row.name == name]
    x = np.array([-1e4, -1e3, -200.0, 200.0, 1e3, 1e4], dtype)
    z = Symbol("z")
    value, slope = (compiled(Call(function, z, order), ["z"], dtype)(x) for order in (0, 1))
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()
    right = {"sigmoid": 1.0, "tanh": 1.0}.get(name)
    scale = function.computed.arguments[0].value if name == "selu" else 1.0
    np.testing.assert_allclose(value[3:], right or scale * x[3:], rtol=1e-6)
