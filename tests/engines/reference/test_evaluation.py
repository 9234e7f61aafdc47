"""Evaluation of lists of equations: one equation, one assignment; inputs, constants and sizes."""

import numpy as np
import pytest

from chainrule import SGD, Network, Penalty, derive
from chainrule.calculus.equations import Equation, Equations, Reason
from chainrule.calculus.verification import verify
from chainrule.engines.reference import evaluate
from chainrule.engines.reference.operations import logsumexp
from chainrule.expressions.terms import Reduce, Size, Symbol, matrix_product, total
from tests.expressions.computing import computed

X, W, w = Symbol("X", ("i", "u0")), Symbol("W1", ("u0", "u1")), Symbol("w", ("i",))
SIZES = {"u0": 4, "u1": 3}
RNG = np.random.default_rng(1)
VALUES = {"X": RNG.normal(size=(5, 4)), "W1": RNG.normal(size=(4, 3)), "w": RNG.uniform(size=5)}


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (matrix_product(X, W, "u0"), lambda X, W1, w: X @ W1),
        (matrix_product(X, X, "i"), lambda X, W1, w: (X**2).sum(axis=0)),
        (matrix_product(w, X, "i"), lambda X, W1, w: w @ X),
        (total(X * w, ("i", "u0")), lambda X, W1, w: w @ X.sum(axis=1)),
        (Reduce("max", ("u0",), X), lambda X, W1, w: X.max(axis=1)),
        (w * X / Size("i") + Size("u0"), lambda X, W1, w: w[:, None] * X / 5 + 4),
        (total(W, ("u0", "u1"), "max"), lambda X, W1, w: W1.max()),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)
def test_terms(term, expected):
    used = {name: value for name, value in VALUES.items() if name in str(term)}
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
