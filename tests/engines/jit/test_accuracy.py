"""Activations, their derivatives and the losses in machine code: a stated bound each, against mpmath, tails included.

Unless a table below says otherwise, a value v is computed with an error of at most ``BOUND`` · eps · |v|: relative,
however small v is, down to the smallest subnormal number.
"""

import mpmath
import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit import JitProgram
from chainrule.engines.jit.pointwise import Pointwise
from chainrule.expressions.derivatives import derivative_of
from chainrule.expressions.intervals import Interval
from chainrule.expressions.losses import LOSSES
from chainrule.expressions.stable import stable_form
from chainrule.expressions.terms import Call, Symbol
from chainrule.network import SGD, Dense, Network
from tests.engines.jit.emitted import vector_function
from tests.expressions import precise
from tests.zoo import standard_functions

BOUND = 3.0
# f′ made of the output a: a (1 − a), 1 − a², a + α. Where they cancel, a no longer holds the digits that f′ would
# need, and the error is relative to the largest f′; made of z they would take a tiny network a quarter longer a step.
FROM_OUTPUT = {"sigmoid": 1.0, "tanh": 1.0, "elu": 1.0, "selu": 1.8}
DO_NOT_CANCEL = {"sigmoid": (-np.inf, 0), "tanh": (-1, 1), "elu": (-1, np.inf), "selu": (-1, np.inf)}
BOUND_FROM_OUTPUT = 6.0
# Functions of z²: rounding z/√2, and √2, changes e^(−z²/2) by up to z² eps of itself.
OF_SQUARE = {"gelu"}
# Where f′ goes through 0, its error is relative to 1.
SIGN_CHANGES = {"gelu": -0.752, "silu": -1.278, "mish": -1.192}
# f′ as the product of three rounded factors, each with an exponential
BOUND_OF_SLOPE = {"mish": 8.0, "silu": 5.0}


def exact(term, values):
    """By the definitions alone: of a function, and of f′ by the rules."""
    match term:
        case Call(function, argument, order):
            inner = {"z": exact(argument, values)}
            return precise.value(derivative_of(function) if order else function.definition, **inner)
    return precise.value(term, **values)


def compiled(term, names, dtype):
    def emit(v, *inputs):
        return Pointwise(v, lambda _, symbol, __: inputs[names.index(symbol.name)]).value(stable_form(term), {})

    return vector_function(emit, dtype, inputs=len(names))


def points(dtype, count):
    """Numbers near 0, where functions bend, as far as e^z reaches, of every size; subnormal and largest ones."""
    rng, info = np.random.default_rng(5), np.finfo(dtype)
    each, integers = count // 6, f"u{np.dtype(dtype).itemsize}"
    largest = int(np.array(info.max, dtype).view(integers))
    sizes = rng.integers(1, largest, each, dtype=np.uint64, endpoint=True).astype(integers).view(dtype)
    drawn = [rng.uniform(-reach, reach, each) for reach in (1, 4, 20, 1.1 * np.log(float(info.max)))]
    drawn += [rng.choice([-1, 1], each) * 10 ** rng.uniform(-12, 0, each), sizes * rng.choice([-1, 1], each)]
    drawn += [[sign * x for x in (info.max, info.tiny, info.smallest_subnormal) for sign in (-1, 1)]]
    return np.concatenate([np.asarray(part, dtype) for part in drawn])


def digits(dtype):
    """So many that 1 + e^−z keeps the format's digits of its small part."""
    return 90 if dtype == np.float32 else 380


def judge(results, rows, wanted, allowed, dtype):
    """Every result within what is allowed of an exact value, an infinity where that is beyond the format."""
    info = np.finfo(dtype)
    overflow = mpmath.mpf(2) ** info.maxexp * (1 - mpmath.mpf(2) ** (-info.nmant - 2))
    with mpmath.workdps(digits(dtype)):
        for result, row in zip(results.tolist(), rows, strict=True):
            value = wanted(*map(mpmath.mpf, row))
            if abs(value) >= overflow:
                assert result == np.copysign(np.inf, float(mpmath.sign(value))), row
                continue
            assert np.isfinite(result), row
            smallest = float(info.smallest_subnormal) * (1 + max(map(abs, row)))
            error = abs(mpmath.mpf(result) - value)
            assert error <= allowed(abs(value), *row) * mpmath.mpf(float(info.eps)) + smallest, row


def assert_activation(function, dtype, count):
    x, z, name = points(dtype, count), Symbol("z"), function.name
    x = x[~np.isin(x, function.kinks)]

    def allowed(size, at):
        return (BOUND + (min(at * at, 4e6) if name in OF_SQUARE else 0)) * size

    def allowed_of_slope(size, at):
        if name in FROM_OUTPUT:
            low, high = DO_NOT_CANCEL[name]
            return BOUND_FROM_OUTPUT * size if low <= at <= high else 1.5 * FROM_OUTPUT[name]
        if abs(at - SIGN_CHANGES.get(name, np.inf)) < 1:
            return BOUND
        return (BOUND_OF_SLOPE.get(name, BOUND) + (min(at * at, 4e6) if name in OF_SQUARE else 0)) * size

    for order, bound in ((0, allowed), (1, allowed_of_slope)):
        term = Call(function, z, order)
        rows = [(value,) for value in x.tolist()]
        judge(compiled(term, ["z"], dtype)(x), rows, lambda at, term=term: exact(term, {"z": at}), bound, dtype)


@pytest.mark.parametrize("dtype", [np.float32, pytest.param(np.float64, marks=pytest.mark.slow)])
@pytest.mark.parametrize("function", standard_functions(), ids=lambda row: row.name)
def test_activations(function, dtype):
    assert_activation(function, dtype, 120)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", standard_functions(), ids=lambda row: row.name)
def test_activations_at_ten_thousand_points(function, dtype):
    assert_activation(function, dtype, 10_200)


def test_a_lost_tail_is_caught():
    """What gelu was without erfc."""
    [gelu] = [row for row in standard_functions() if row.name == "gelu"]
    cancelling = type(gelu)("gelu", gelu.definition)
    with pytest.raises(AssertionError):
        assert_activation(cancelling, np.float32, 120)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", standard_functions(), ids=lambda row: row.name)
def test_infinity_and_nan(function, dtype):
    z = Symbol("z")
    value, slope = (compiled(Call(function, z, order), ["z"], dtype) for order in (0, 1))
    assert np.isnan(value(np.array([np.nan], dtype))).all()
    if function.name not in {"identity", "relu", "leaky_relu", "elu", "selu"}:  # whose slopes right of 0 are constants
        assert np.isnan(slope(np.array([np.nan], dtype))).all()
    low, high = value(np.array([-np.inf, np.inf], dtype))
    unbounded = {"identity", "relu", "leaky_relu", "exp", "softplus", "elu", "selu", "silu", "gelu", "mish"}
    assert high == (np.inf if function.name in unbounded else 1)
    limits = {"identity": -np.inf, "leaky_relu": -np.inf, "tanh": -1, "elu": -1, "selu": function.range.low}
    if function.name not in {"silu", "gelu", "mish"}:  # −∞ · 0
        np.testing.assert_allclose(low, limits.get(function.name, 0), rtol=1e-6)


# ---------------------------------------------------------------- losses
def loss_named(name):
    row = LOSSES[name]
    return row() if callable(row) else row


OF_REAL_VALUES = sorted(name for name in LOSSES if Interval().inside(loss_named(name).domain))


def assert_loss(name, dtype, count):
    loss = loss_named(name)
    rng = np.random.default_rng(1)
    columns = [np.concatenate([rng.uniform(-9, 9, count), rng.permutation(points(dtype, 60))]) for _ in range(2)]
    yhat, y = (column.astype(dtype) for column in columns)
    names = ("yhat", "y")
    got = compiled(loss.definition, names, dtype)(yhat, y)
    rows = list(zip(yhat.tolist(), y.tolist(), strict=True))

    def allowed(size, yhat, y):  # noqa: ARG001
        return BOUND * size

    judge(got, rows, lambda a, b: exact(loss.definition, {"yhat": a, "y": b}), allowed, dtype)


@pytest.mark.parametrize("dtype", [np.float32, pytest.param(np.float64, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", OF_REAL_VALUES)
def test_losses_of_real_values(name, dtype):
    assert_loss(name, dtype, 200)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OF_REAL_VALUES)
def test_losses_of_real_values_at_ten_thousand_points(name, dtype):
    assert_loss(name, dtype, 10_000)


def with_sigmoid(z, y):
    each = [
        (b * mpmath.log1p(mpmath.exp(-a)), (1 - b) * mpmath.log1p(mpmath.exp(a))) for a, b in zip(z, y, strict=True)
    ]
    return sum(map(sum, each)), [1 / (1 + mpmath.exp(-a)) - b for a, b in zip(z, y, strict=True)]


def with_exp(z, y):
    A = list(map(mpmath.exp, z))
    return sum(a - c * b for a, b, c in zip(A, z, y, strict=True)), [a - b for a, b in zip(A, y, strict=True)]


def with_softplus(z, y):
    A = [mpmath.log1p(mpmath.exp(value)) for value in z]
    L = sum(a - b * mpmath.log(a) for a, b in zip(A, y, strict=True))
    return L, [(1 - c / a) / (1 + mpmath.exp(-b)) for a, b, c in zip(A, z, y, strict=True)]


def logarithms_of_softmax(z):
    total = mpmath.log(mpmath.fsum(mpmath.exp(value - max(z)) for value in z)) + max(z)
    return [value - total for value in z]


def with_softmax(z, y):
    logs = logarithms_of_softmax(z)
    slopes = [mpmath.exp(a) * sum(y) - b for a, b in zip(logs, y, strict=True)]
    return -sum(b * a for a, b in zip(logs, y, strict=True)), slopes


def with_softmax_counted(z, y):
    L, slopes = with_softmax(z, y)
    return L + 1, slopes


def with_softmax_each(z, y):
    """log(1 − a) and a/(1 − a) of an output from the others alone: 1 − a may have no digits left."""
    powers, units = [mpmath.exp(value - max(z)) for value in z], range(len(z))
    total = mpmath.fsum(powers)
    others = [mpmath.fsum(powers[:k] + powers[k + 1 :]) for k in units]
    logs = logarithms_of_softmax(z)
    L = -sum(y[k] * logs[k] + (1 - y[k]) * mpmath.log(others[k] / total) for k in units)
    shares = [sum((1 - y[k]) * powers[j] / others[k] for k in units if k != j) for j in units]
    return L, [len(z) * powers[j] / total - y[j] - shares[j] for j in units]


LINKS = {
    ("sigmoid", "binary-cross-entropy"): with_sigmoid,
    ("exp", "poisson"): with_exp,
    ("softplus", "poisson"): with_softplus,
    ("softmax", "cross-entropy"): with_softmax,
    ("softmax", "poisson"): with_softmax_counted,
    ("softmax", "binary-cross-entropy"): with_softmax_each,
}
LINK_BOUND = 8.0  # sums over three outputs, and over units


def assert_link(output, loss, dtype, count):
    """A layer that hands its inputs on, one row per step; errors relative to the terms that are summed."""
    width, reach, eps = 3, 80.0 if output == "exp" else 1e4, float(np.finfo(dtype).eps)
    program = JitProgram(derive(Network([Dense(width, output)], width, loss), optimiser=SGD()), np.dtype(dtype), 1)
    program.load({"W1": np.eye(width), "b1": np.zeros(width)})
    rng = np.random.default_rng(2)
    Z = (rng.uniform(-1, 1, (count, width)) * np.resize([1, 8, 40, reach], count)[:, None]).astype(dtype)
    Y = rng.uniform(0, 1, (count, width))
    Y = (Y / Y.sum(axis=1, keepdims=True) if loss == "cross-entropy" else Y).astype(dtype)
    L = program.train(Data(Z, Y), Epoch(np.arange(count), 1, np.zeros(count))).data
    with mpmath.workdps(80):
        for row, (z, y, found) in enumerate(zip(Z.tolist(), Y.tolist(), L.tolist(), strict=True)):
            wanted, wanted_slopes = LINKS[output, loss](list(map(mpmath.mpf, z)), list(map(mpmath.mpf, y)))
            largest = max(1, *map(abs, z), abs(float(wanted)))
            assert abs(found - wanted) <= LINK_BOUND * eps * largest, (z, y)
            slopes = program.gradients(Data(Z[row : row + 1], Y[row : row + 1]))[1]["db1"].tolist()
            # far from 0 the rounding of z − logsumexp z is relative to z; a softmax has what exp makes of it
            far = max(map(abs, z)) if output == "softmax" else 0
            for unit, (slope, wanted) in enumerate(zip(slopes, wanted_slopes, strict=True)):
                allowed = LINK_BOUND * eps * max(1, abs(wanted)) + eps * min(far, 40)
                assert abs(slope - wanted) <= allowed, (z, y, unit)


@pytest.mark.parametrize("dtype", [np.float32, pytest.param(np.float64, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("output", "loss"), LINKS)
def test_losses_of_a_link(output, loss, dtype):
    """The loss as a function of Z, and its derivative: finite and right where the output has saturated."""
    assert_link(output, loss, dtype, 40)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("output", "loss"), LINKS)
def test_losses_of_a_link_at_ten_thousand_points(output, loss, dtype):
    assert_link(output, loss, dtype, 10_000)
