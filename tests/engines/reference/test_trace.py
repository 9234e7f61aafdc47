"""`Network.trace`: every value of one step, by name; and what is refused."""

# ruff: noqa: E501 - a call and its message stay on one line

import re

import numpy as np
import pytest

from chainrule import Dense, Network, Penalty
from chainrule.expressions.functions import Function
from chainrule.expressions.lookup import activation
from chainrule.expressions.terms import Call, Symbol

LINE = "4 -> 3 tanh -> 2 softmax"
NET = Network.parse(LINE, loss="cross-entropy", penalty=Penalty(l2=0.1))
RNG = np.random.default_rng(0)
PARAMS = {name: RNG.normal(size=shape) for name, shape in NET.parameter_shapes.items()}
X, Y = RNG.normal(size=(5, 4)), np.eye(2)[[0, 1, 1, 0, 1]]


def test_every_value_has_its_name_and_shape():
    trace = NET.trace(PARAMS, X, Y)
    shapes = {name: value.shape for name, value in trace.items()}
    assert shapes == {
        "X": (5, 4), "W1": (4, 3), "b1": (3,), "W2": (3, 2), "b2": (2,), "Y": (5, 2), "alpha": (),
        "Z1": (5, 3), "A1": (5, 3), "Z2": (5, 2), "A2": (5, 2), "L": (), "R": (), "J": (),
        "dZ2": (5, 2), "dW2": (3, 2), "db2": (2,), "dA1": (5, 3), "dZ1": (5, 3), "dW1": (4, 3), "db1": (3,),
    }  # fmt: skip
    assert {value.dtype for value in trace.values()} == {np.dtype(np.float64)}
    assert len(trace) == len(list(trace)) == len(shapes)
    assert "dW1 (4, 3)" in repr(trace)


def test_the_values_are_those_of_a_textbook():
    trace = NET.trace(PARAMS, X, Y)
    A1 = np.tanh(X @ PARAMS["W1"] + PARAMS["b1"])
    P = np.exp(A1 @ PARAMS["W2"] + PARAMS["b2"])
    P /= P.sum(axis=1, keepdims=True)
    squares = sum((PARAMS[name] ** 2).sum() for name in ("W1", "W2"))
    np.testing.assert_allclose(trace["J"], (-(Y * np.log(P)).sum() + 0.05 * squares) / 5, rtol=1e-14)
    np.testing.assert_allclose(trace["dW2"], (A1.T @ (P - Y) + 0.1 * PARAMS["W2"]) / 5, rtol=1e-13)
    dZ1 = (P - Y) / 5 @ PARAMS["W2"].T * (1 - A1**2)
    np.testing.assert_allclose(trace["dW1"], X.T @ dZ1 + 0.02 * PARAMS["W1"], rtol=1e-12)


def test_a_batch_of_one():
    trace = NET.trace(PARAMS, X[:1], Y[:1])
    assert trace["Z1"].shape == (1, 3)
    np.testing.assert_array_equal(trace["db2"], trace["dZ2"][0])


def test_a_batch_is_the_sum_of_its_samples():
    net = Network.parse(LINE, loss="cross-entropy", reduction="sum")
    whole = net.trace(PARAMS, X, Y)["dW1"]
    parts = [net.trace(PARAMS, X[i : i + 1], Y[i : i + 1])["dW1"] for i in range(5)]
    np.testing.assert_allclose(np.sum(parts, axis=0), whole, rtol=1e-13)


def test_a_weight_of_two_is_a_sample_twice():
    weighted = Network.parse(LINE, loss="cross-entropy", sample_weights=True)
    plain = Network.parse(LINE, loss="cross-entropy")
    twice = [0, 1, 1, 2, 3, 4]
    one = weighted.trace(PARAMS, X, Y, sample_weight=[1, 2, 1, 1, 1])
    other = plain.trace(PARAMS, X[twice], Y[twice])
    for name in ("J", "dW1", "db1", "dW2", "db2"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-13)


def test_one_output_may_be_a_plain_list_of_labels():
    net = Network.parse("2 -> 1", loss="mse")
    params = {"W1": [[1.0], [2.0]], "b1": [0.0]}
    flat, column = (net.trace(params, [[1, 2], [3, 4]], labels) for labels in ([1, 2], [[1], [2]]))
    np.testing.assert_array_equal(flat["dW1"], column["dW1"])


def test_masks_are_applied_and_the_rest_is_scaled():
    net = Network.parse("4 dropout(0.5) -> 3 tanh dropout(0.2) -> 2 softmax", loss="cross-entropy")
    masks = {"M0": np.array([[1, 0, 1, 1]] * 5), "M1": np.array([[True, False, True]] * 5)}
    trace = net.trace(PARAMS, X, Y, masks=masks)
    np.testing.assert_allclose(trace["D0"], X * masks["M0"] * 2)
    np.testing.assert_allclose(trace["D1"], trace["A1"] * masks["M1"] / 0.8)
    assert not trace["dW1"][1].any(), "no gradient reaches the weights of a dropped input"
    assert not trace["dW2"][1].any()
    assert not trace["dA1"][:, 1].any()


def test_a_trace_stays_as_it_was():
    W1, x = PARAMS["W1"].copy(), X.copy()
    trace = NET.trace({**PARAMS, "W1": W1}, x, Y)
    W1 += 1
    x += 1
    np.testing.assert_array_equal(trace["W1"], PARAMS["W1"])
    np.testing.assert_array_equal(trace["X"], X)


def test_an_unknown_value_is_answered_with_the_known_ones():
    with pytest.raises(KeyError, match="no value 'dW_1'; did you mean 'dW1'; there are X, W1"):
        NET.trace(PARAMS, X, Y)["dW_1"]
    assert "dW_1" not in NET.trace(PARAMS, X, Y)


def without(name):
    return {key: value for key, value in PARAMS.items() if key != name}


WEIGHTED = Network.parse(LINE, loss="cross-entropy", sample_weights=True)
DROPPED = Network.parse("4 -> 3 tanh dropout(0.5) -> 2 softmax", loss="cross-entropy")
POISSON = Network.parse("4 -> 3 tanh -> 2 exp", loss="poisson")
PLAIN = Network.parse("4 -> 3 tanh -> 2", loss="mse")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NET.trace(without("b2"), X, Y), "b2 is missing; it must have the shape (2,)"),
        (lambda: NET.trace({}, X, Y), "W1 is missing; it must have the shape (4, 3)"),
        (lambda: NET.trace({**PARAMS, "W3": 1}, X, Y), "params: 'W3' is unknown; this network has W1, b1, W2, b2"),
        (lambda: NET.trace({**PARAMS, "W1": PARAMS["W1"].T}, X, Y), "W1 must have the shape (4, 3), got (3, 4)"),
        (lambda: NET.trace({**PARAMS, "b1": [[0.0] * 3]}, X, Y), "b1 must have the shape (3,), got (1, 3)"),
        (lambda: NET.trace({**PARAMS, "W1": {}}, X, Y), "W1 must be an array of real numbers: "),
        (lambda: NET.trace({**PARAMS, "W1": "abc"}, X, Y), "W1 must be an array of real numbers: its dtype is <U3"),
        (lambda: NET.trace({**PARAMS, "W1": PARAMS["W1"] * 1j}, X, Y), "W1 must be an array of real numbers: its dtype is complex128"),
        (lambda: NET.trace(PARAMS, X[:, :3], Y), "X must have the shape (5, 4), got (5, 3)"),
        (lambda: NET.trace(PARAMS, X[0], Y), "X must have the shape"),
        (lambda: NET.trace(PARAMS, 3.0, Y), "X must have the shape (n, 4), got ()"),
        (lambda: NET.trace(PARAMS, [[1, 2], [3]], Y), "X must be an array of real numbers: "),
        (lambda: NET.trace(PARAMS, X[:0], Y[:0]), "X must have at least one row, got none"),
        (lambda: NET.trace(PARAMS, X, Y[:4]), "Y must have the shape (5, 2), got (4, 2)"),
        (lambda: NET.trace(PARAMS, X, [0, 1, 1, 0, 1]), "Y must have the shape (n, 2); one-hot for classes, got (5,)"),
        (lambda: NET.trace(PARAMS, X, Y * 2), "Y: the loss 'cross-entropy' needs labels in [0, 1], got values from 0 to 2"),
        (lambda: NET.trace(PARAMS, X, Y / 2), "Y: cross-entropy needs every row of labels to sum to 1 (one-hot classes, or a"),
        (lambda: NET.trace(PARAMS, X, Y * np.nan), "Y: the loss 'cross-entropy' needs labels in [0, 1], got values from nan to nan"),
        (lambda: PLAIN.trace(PARAMS, X, Y + np.inf), "Y: the loss 'mse' needs labels in (-inf, inf), got values from inf to inf"),
        (lambda: POISSON.trace(PARAMS, X, Y - 1), "Y: the loss 'poisson' needs labels in [0, inf), got values from -1 to 0"),
        (lambda: NET.trace(PARAMS, X, Y, [1] * 5), "sample_weight and the network's declaration differ: declare the network with"),
        (lambda: WEIGHTED.trace(PARAMS, X, Y), "sample_weight and the network's declaration differ: pass sample_weight"),
        (lambda: WEIGHTED.trace(PARAMS, X, Y, [1] * 4), "w must have the shape (5,), got (4,)"),
        (lambda: WEIGHTED.trace(PARAMS, X, Y, [0] * 5), "sample_weight sums to 0, which the cost is divided by"),
        (lambda: DROPPED.trace(PARAMS, X, Y), "M1 is missing; it must have the shape (5, 3)"),
        (lambda: DROPPED.trace(PARAMS, X, Y, masks={"M1": np.ones((5, 3)) / 2}), "M1 must hold zeros and ones only: 1 where a value is kept"),
        (lambda: DROPPED.trace(PARAMS, X, Y, masks={"M2": 1}), "masks: 'M2' is unknown; this network has M1"),
        (lambda: NET.trace(PARAMS, X, Y, masks={"M1": np.ones((5, 3))}), "masks: 'M1' is unknown; this network has none"),
    ],
)  # fmt: skip
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        call()


@pytest.mark.parametrize(
    ("output", "loss"),
    [("sigmoid", "bce"), ("softmax", "cross-entropy"), ("identity", "cross-entropy"), ("identity", "squared-error")],
)
@pytest.mark.parametrize("size", [1e2, 1e4])
def test_confident_networks_have_finite_costs_and_gradients(output, loss, size):
    """σ(±10⁴) is 0 or 1 in any float: the cost is linear there, and the gradient A − Y."""
    net = Network.parse(f"1 -> 2 {output}", loss=loss)
    trace = net.trace({"W1": [[size, -size]], "b1": [0, 0]}, [[1.0], [-1.0]], [[0.0, 1.0], [0.0, 1.0]])
    assert all(np.isfinite(value).all() for value in trace.values())
    assert trace["J"] > size / 4


@pytest.mark.parametrize("loss", ["mse", "absolute-error", "huber", "quantile(0.3)", "cross-entropy"])
@pytest.mark.parametrize("hidden", ["relu", "leaky_relu", "elu", "tanh", "softplus"])
def test_a_nan_reaches_the_cost_and_every_gradient(loss, hidden):
    net = Network.parse(f"4 -> 3 {hidden} -> 2", loss=loss)
    trace = net.trace({**PARAMS, "W1": PARAMS["W1"] * np.nan}, X, Y)
    for name in ("J", "dW2", "db2", "dW1", "db1"):
        assert np.isnan(trace[name]).all(), name


def test_many_layers_are_traced():
    net = Network.parse("2" + " -> 2 tanh" * 40 + " -> 1", loss="mse")
    params = {name: np.full(shape, 0.5) for name, shape in net.parameter_shapes.items()}
    assert np.isfinite(net.trace(params, [[1.0, 2.0]], [1.0])["dW1"]).all()


def test_a_function_of_ones_own_is_traced():
    z = Symbol("z")
    net = Network([Dense(2, Function("squared", z**2))], 1, "mse")
    trace = net.trace({"W1": [[1.0, 3.0]], "b1": [0.0, 0.0]}, [[2.0]], [[0.0, 0.0]])
    np.testing.assert_array_equal(trace["A1"], [[4.0, 36.0]])
    np.testing.assert_array_equal(trace["dZ1"], [[2 * 4 * 2 * 2, 2 * 36 * 2 * 6]])


def test_functions_made_of_others_are_those_functions():
    z = Symbol("z")
    own = Function("own-silu", z * Call(activation("sigmoid"), z))
    traces = []
    for row in (own, activation("silu")):
        net = Network([Dense(3, row), Dense(2, "softmax")], 4, "cross-entropy")
        traces.append(net.trace(PARAMS, X * 100, Y))
    for name in ("A1", "J", "dW1"):
        np.testing.assert_allclose(traces[0][name], traces[1][name], rtol=1e-13)
