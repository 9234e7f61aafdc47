"""Evaluation of lists of equations: one equation, one assignment; inputs, constants and sizes."""

import itertools

import numpy as np
import pytest

from chainrule import SGD, Network, Penalty, derive
from chainrule.calculus.equations import Equation, Equations, Reason
from chainrule.calculus.verification import verify
from chainrule.engines.reference import Evaluator, evaluate
from chainrule.engines.reference.operations import logsumexp
from chainrule.expressions.terms import Reduce, Size, Symbol, less, matrix_product, select, symbols, total
from tests.expressions.computing import computed

X, W, w = Symbol("X", ("i", "u0")), Symbol("W1", ("u0", "u1")), Symbol("w", ("i",))
Z, P = Symbol("Z", ("i", "u1")), Symbol("P", ("h", "i", "u0"))
SIZES = {"h": 2, "u0": 4, "u1": 3}
RNG = np.random.default_rng(1)
SHAPES = {"X": (5, 4), "W1": (4, 3), "w": (5,), "Z": (5, 3), "P": (2, 5, 4)}
VALUES = {name: RNG.uniform(size=shape) for name, shape in SHAPES.items()}


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (matrix_product(X, W, "u0"), lambda X, W1, **_: X @ W1),
        (matrix_product(W, X, "u0"), lambda X, W1, **_: X @ W1),
        (matrix_product(Z, W, "u1"), lambda Z, W1, **_: Z @ W1.T),
        (matrix_product(W, Z, "u1"), lambda Z, W1, **_: Z @ W1.T),
        (matrix_product(X, Z, "i"), lambda X, Z, **_: X.T @ Z),
        (matrix_product(Z, X, "i"), lambda X, Z, **_: X.T @ Z),
        (matrix_product(X, X, "i"), lambda X, **_: (X**2).sum(axis=0)),
        (matrix_product(w, X, "i"), lambda X, w, **_: w @ X),
        (matrix_product(X, w, "i"), lambda X, w, **_: w @ X),
        (matrix_product(w, w, "i"), lambda w, **_: w @ w),
        (matrix_product(X, P, "i"), lambda X, P, **_: (X * P).sum(axis=1)),
        (total(X * w, ("i", "u0")), lambda X, w, **_: w @ X.sum(axis=1)),
        (Reduce("max", ("u0",), X), lambda X, **_: X.max(axis=1)),
        (w * X / Size("i") + Size("u0"), lambda X, w, **_: w[:, None] * X / 5 + 4),
        (total(W, ("u0", "u1"), "max"), lambda W1, **_: W1.max()),
        (select(less(X, w), w, 2), lambda X, w, **_: np.where(w[:, None] > X, w[:, None], 2)),
        (select(X - X, w, Size("i")), lambda X, **_: np.full(X.shape, 5)),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)
def test_terms(term, expected):
    used = {symbol.name: VALUES[symbol.name] for symbol in symbols(term)}
    np.testing.assert_allclose(computed(term, SIZES, **used), expected(**VALUES), rtol=1e-14)


def test_a_value_has_all_axes_of_its_left_side():
    c, Q = Symbol("c"), Symbol("Q", ("i", "u0"))
    constant = Equation(Q, c, "forward", Reason("given", "a test"))
    total_ = Equation(Symbol("T"), total(X + Q, X.axes), "forward", Reason("given", "a test"))
    system = Equations((X, c), (constant, total_), ("T",), (("u0", 4),))
    verify(system)
    trace = evaluate(system, {"X": VALUES["X"], "c": 3.0})
    np.testing.assert_array_equal(trace["Q"], np.full((5, 4), 3.0))
    np.testing.assert_allclose(trace["T"], VALUES["X"].sum() + 60)


def test_every_value_is_an_array_of_its_own():
    """Whoever changes one, those of Q = X and R = c among them, changes no other, and nothing of the caller's."""
    c, Q, R, S = Symbol("c"), Symbol("Q", X.axes), Symbol("R"), Symbol("S", ("i",))
    given = Reason("given", "a test")
    equations = [Equation(Q, X, "forward", given), Equation(R, c, "forward", given), Equation(S, -w, "forward", given)]
    system = Equations((X, c, w), tuple(equations), ("Q", "R", "S"), (("u0", 4),))
    values = {"X": VALUES["X"].copy(), "w": VALUES["w"].copy(), "c": np.array(3.0)}
    compute = Evaluator(system)
    first, second = compute(values), compute(values)
    arrays = [*values.values(), *first.values(), *second.values()]
    assert all(isinstance(array, np.ndarray) for array in arrays)
    assert not any(np.shares_memory(one, other) for one, other in itertools.combinations(arrays, 2))


def test_an_evaluator_takes_any_number_of_samples():
    equations = derive(Network.parse("2 -> 3 tanh -> 1", loss="mse")).gradients
    params = {"W1": RNG.normal(size=(2, 3)), "b1": np.ones(3), "W2": RNG.normal(size=(3, 1)), "b2": np.ones(1)}
    compute = Evaluator(equations)
    for samples in (1, 7, 2):
        values = params | {"X": RNG.normal(size=(samples, 2)), "Y": RNG.normal(size=(samples, 1))}
        found, expected = compute(values), evaluate(equations, values)
        assert {name: value.shape for name, value in found.items()} == {n: v.shape for n, v in expected.items()}
        np.testing.assert_array_equal(found["dW1"], expected["dW1"])


def test_constants_are_inputs_that_may_be_given():
    equations = derive(Network.parse("1 -> 1", loss="mse", penalty=Penalty(l2=0.5))).gradients
    given = {"X": [[1.0]], "Y": [[1.0]], "W1": [[2.0]], "b1": [0.0]}
    assert evaluate(equations, given)["R"] == 1.0
    assert evaluate(equations, {**given, "alpha": 1.0})["R"] == 2.0


def test_a_step_of_an_optimiser():
    net = Network.parse("2 -> 3 tanh -> 1", loss="mse")
    params = {name: RNG.normal(size=shape) for name, shape in net.parameter_shapes.items()}
    data = {"X": RNG.normal(size=(6, 2)), "Y": RNG.normal(size=(6, 1))}
    trace = evaluate(derive(net, optimiser=SGD()).equations, {**params, **data, "eta": 0.1})
    for name, value in params.items():
        np.testing.assert_allclose(trace[f"{name}+"], value - 0.1 * trace[f"d{name}"], rtol=1e-15)


def test_what_is_missing_is_named_with_its_shape():
    equations = derive(Network.parse("2 -> 3", loss="mse")).equations
    given = {"X": np.ones((6, 2)), "Y": np.ones((6, 3)), "W1": np.ones((2, 3)), "b1": np.ones(3)}
    with pytest.raises(ValueError, match=r"^eta is missing; it must have the shape \(\)$"):
        evaluate(equations, given)
    with pytest.raises(ValueError, match=r"^X is missing; it must have the shape \(n, 2\)$"):
        evaluate(equations, {})
    with pytest.raises(ValueError, match=r"^eta must have the shape \(\), got \(1,\)$"):
        evaluate(equations, {**given, "eta": [0.1]})


def test_infinities_are_values_and_raise_no_warning():
    net = Network.parse("1 -> 1 exp", loss="poisson")
    trace = net.trace({"W1": [[1e4]], "b1": [0.0]}, [[1.0]], [[1.0]])
    assert np.isinf(trace["J"])


def test_logsumexp_of_infinities():
    rows = np.array([[-np.inf, -np.inf], [-np.inf, 1.0], [np.inf, 1.0], [np.nan, 1.0]])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(logsumexp(rows, axis=(1,)), [-np.inf, 1.0, np.inf, np.nan])
