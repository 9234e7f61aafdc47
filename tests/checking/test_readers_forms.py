"""Backward functions as people write them: every form is understood, and right code is called right."""

import types
from collections import namedtuple

import numpy as np
import pytest

from chainrule import Network, Penalty, check_backward

NET = Network.parse("4 -> 3 tanh -> 2 softmax", loss="cross-entropy")


def softmax(Z, axis):
    E = np.exp(Z - Z.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


def rows(W1, b1, W2, b2, X, Y):
    A1 = np.tanh(X @ W1 + b1)
    dZ2 = (softmax(A1 @ W2 + b2, 1) - Y) / len(X)
    dZ1 = dZ2 @ W2.T * (1 - A1**2)
    return X.T @ dZ1, dZ1.sum(axis=0), A1.T @ dZ2, dZ2.sum(axis=0)


def columns(W1, b1, W2, b2, X, Y):
    m = X.shape[1]
    A1 = np.tanh(W1 @ X + b1)
    dZ2 = softmax(W2 @ A1 + b2, 0) - Y
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    return (
        dZ1 @ X.T / m,
        dZ1.sum(axis=1, keepdims=True) / m,
        dZ2 @ A1.T / m,
        dZ2.sum(axis=1, keepdims=True) / m,
    )


def dict_in_columns(parameters, X, Y):
    assert len(parameters) // 2 == 2
    dW1, db1, dW2, db2 = columns(*(parameters[name] for name in ("W1", "b1", "W2", "b2")), X, Y)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


def other_names(params, x, labels):
    dw1, db1, dw2, db2 = columns(params["w1"], params["b1"], params["w2"], params["b2"], x, labels)
    return {"grad_w1": dw1, "grad_b1": db1, "grad_w2": dw2, "grad_b2": db2}


def thetas(theta1, bias1, theta2, bias2, X, y):
    g = rows(theta1, bias1, theta2, bias2, X, y)
    return {"Theta1": g[0], "bias1": g[1], "Theta2": g[2], "bias2": g[3]}


def tuple_of_parameters(params, X, Y):
    W1, b1, W2, b2 = params
    return rows(W1, b1, W2, b2, X, Y)


def backwards_order(params, X, Y):
    dW1, db1, dW2, db2 = rows(*params, X, Y)
    return dW2, db2, dW1, db1


def list_of_pairs(weights_and_biases, X, Y):
    (W1, b1), (W2, b2) = weights_and_biases
    dW1, db1, dW2, db2 = rows(W1, b1, W2, b2, X, Y)
    return [(dW1, db1), (dW2, db2)]


def lists(weights, biases, X, Y):
    dW1, db1, dW2, db2 = rows(weights[0], biases[0], weights[1], biases[1], X, Y)
    return [dW1, dW2], [db1, db2]


def nablas(weights, biases, x, y):
    dW1, db1, dW2, db2 = columns(weights[0], biases[0], weights[1], biases[1], x, y)
    nabla_b, nabla_w = [db1, db2], [dW1, dW2]
    return nabla_b, nabla_w


def list_of_dicts(layers, X, Y):
    dW1, db1, dW2, db2 = rows(layers[0]["W"], layers[0]["b"], layers[1]["W"], layers[1]["b"], X, Y)
    return [{"dW": dW1, "db": db1}, {"dW": dW2, "db": db2}]


def attributes(model, X, Y):
    dW1, db1, dW2, db2 = rows(model.W1, model.b1, model.W2, model.b2, X, Y)
    return types.SimpleNamespace(dW1=dW1, db1=db1, dW2=dW2, db2=db2)


def stored_on_the_model(model, X, Y):
    model.dW1, model.db1, model.dW2, model.db2 = rows(model.W1, model.b1, model.W2, model.b2, X, Y)


def indexed(params, X, Y):
    weights, biases = params["weights"], params["biases"]
    dW1, db1, dW2, db2 = rows(weights[0], biases[0], weights[1], biases[1], X, Y)
    return {"weights": [dW1, dW2], "biases": [db1, db2]}


def from_zero(params, X, Y):
    dW1, db1, dW2, db2 = rows(params["W0"], params["b0"], params["W1"], params["b1"], X, Y)
    return {"dW0": dW1, "db0": db1, "dW1": dW2, "db1": db2}


def with_cost(W1, b1, W2, b2, X, Y):
    return 0.7, rows(W1, b1, W2, b2, X, Y)


def cost_then_dict(params, X, Y):
    return 0.7, dict_in_columns(params, X, Y)


def cache_dict(parameters, cache, X, Y):
    m = X.shape[1]
    dZ2 = cache["A2"] - Y
    dZ1 = np.dot(parameters["W2"].T, dZ2) * (1 - np.power(cache["A1"], 2))
    return {
        "dW1": dZ1 @ X.T / m,
        "db1": np.sum(dZ1, axis=1, keepdims=True) / m,
        "dW2": dZ2 @ cache["A1"].T / m,
        "db2": np.sum(dZ2, axis=1, keepdims=True) / m,
    }


def cache_tuple(X, Y, cache):
    m = X.shape[1]
    (_Z1, A1, _W1, _b1, _Z2, A2, W2, _b2) = cache
    dZ2 = (A2 - Y) / m
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    return {
        "dZ2": dZ2, "dW2": dZ2 @ A1.T, "db2": dZ2.sum(1, keepdims=True),
        "dZ1": dZ1, "dW1": dZ1 @ X.T, "db1": dZ1.sum(1, keepdims=True),
    }  # fmt: skip


def caches_of_layers(AL, Y, caches):
    m = Y.shape[1]
    grads, dZ = {}, AL - Y
    for layer in (2, 1):
        (A_prev, W, _b), _Z = caches[layer - 1]
        grads[f"dW{layer}"], grads[f"db{layer}"] = dZ @ A_prev.T / m, dZ.sum(axis=1, keepdims=True) / m
        dZ = W.T @ dZ * (1 - A_prev**2)
    return grads


def bias_rows(W1, b1, W2, b2, X, Y):
    assert b1.shape == (1, 3)
    dW1, db1, dW2, db2 = rows(W1, b1, W2, b2, X, Y)
    return {"dW1": dW1, "db1": db1[None], "dW2": dW2, "db2": db2[None]}


def as_torch_keeps_them(W1, b1, W2, b2, X, Y):
    A1 = np.tanh(X @ W1.T + b1)
    dZ2 = (softmax(A1 @ W2.T + b2, 1) - Y) / len(X)
    dZ1 = dZ2 @ W2 * (1 - A1**2)
    return dZ1.T @ X, dZ1.sum(0), dZ2.T @ A1, dZ2.sum(0)


def class_numbers(W1, b1, W2, b2, X, y):
    onehot = np.zeros((len(y), 2))
    onehot[np.arange(len(y)), y] = 1
    return rows(W1, b1, W2, b2, X, onehot)


def one_sample(weights, biases, x, y):
    nabla_b, nabla_w = [None, None], [None, None]
    a = np.tanh(weights[0] @ x + biases[0])
    delta = softmax(weights[1] @ a + biases[1], 0) - y
    nabla_b[1], nabla_w[1] = delta, delta @ a.T
    delta = weights[1].T @ delta * (1 - a**2)
    nabla_b[0], nabla_w[0] = delta, delta @ x.T
    return nabla_b, nabla_w


def one_vector(W1, b1, W2, b2, x, y):
    a = np.tanh(W1 @ x + b1)
    delta = softmax(W2 @ a + b2, 0) - y
    before = W2.T @ delta * (1 - a**2)
    return np.outer(before, x), before, np.outer(delta, a), delta


def keyword_only(*, X, Y, W1, b1, W2, b2, verbose=False):
    assert not verbose
    return rows(W1, b1, W2, b2, X, Y)


def hidden_and_output(W_hidden, b_hidden, W_output, b_output, X, Y):
    g = rows(W_hidden, b_hidden, W_output, b_output, X, Y)
    return {"dW_hidden": g[0], "db_hidden": g[1], "dW_output": g[2], "db_output": g[3]}


Gradients = namedtuple("Gradients", "dW1 db1 dW2 db2")  # noqa: PYI024  as readers write them


def named_tuple(W1, b1, W2, b2, X, Y):
    return Gradients(*rows(W1, b1, W2, b2, X, Y))


FUNCTIONS = [
    rows, columns, dict_in_columns, other_names, thetas, tuple_of_parameters, backwards_order, list_of_pairs, lists,
    nablas, attributes, stored_on_the_model, indexed, from_zero, with_cost, cost_then_dict, cache_dict, cache_tuple,
    caches_of_layers, bias_rows, as_torch_keeps_them, class_numbers, one_sample, one_vector, keyword_only,
    hidden_and_output, named_tuple,
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_right_code_is_right_in_every_form(function):
    report = check_backward(NET, function)
    assert report, str(report)
    assert len(report.items) == 4


def test_a_list_of_dicts_is_understood_once_it_is_named():
    with pytest.raises(ValueError, match="cannot tell what layers"):
        check_backward(NET, list_of_dicts)
    assert check_backward(NET, list_of_dicts, names={"layers": "params"})


def test_names_and_call_say_what_inspection_cannot():
    def cryptic(p, q, r, s, inp, out):
        g = rows(p, q, r, s, inp, out)
        return {"first": g[0], "second": g[1], "third": g[2], "fourth": g[3]}

    with pytest.raises(ValueError, match="cannot tell what q, r, s, inp, out of"):
        check_backward(NET, cryptic)
    arguments = {"p": "W1", "q": "b1", "r": "W2", "s": "b2", "inp": "X", "out": "Y"}
    with pytest.raises(ValueError, match="a dict with the keys 'first', 'second', 'third', 'fourth'; name them"):
        check_backward(NET, cryptic, names=arguments)
    keys = {"first": "dW1", "second": "db1", "third": "dW2", "fourth": "db2"}
    assert check_backward(NET, cryptic, names=arguments | keys)
    assert check_backward(
        NET, cryptic, names=keys, call=lambda f, v: f(v["W1"], v["b1"], v["W2"], v["b2"], v["X"], v["Y"])
    )


def test_a_call_may_hand_over_the_forward_pass():
    def backward(A0, A1, A2, W2, Y):
        dZ2 = (A2 - Y) / len(Y)
        dZ1 = dZ2 @ W2.T * (1 - A1**2)
        return A0.T @ dZ1, dZ1.sum(0), A1.T @ dZ2, dZ2.sum(0)

    assert check_backward(NET, backward)
    assert check_backward(NET, backward, layout="rows", call=lambda f, v: f(v.X, v.A1, v.yhat, v.W2, v.Y))


def test_the_readers_own_data_is_passed_as_it_is():
    rng = np.random.default_rng(0)
    seen = {}

    def backward(params, X, Y):
        seen.update(X=X, Y=Y, params=params)
        return columns(*params, X, Y)

    params = [rng.normal(size=(3, 4)), rng.normal(size=(3, 1)), rng.normal(size=(2, 3)), rng.normal(size=(2, 1))]
    X, Y = rng.normal(size=(4, 6)), np.eye(2)[:, [0, 1, 1, 0, 1, 0]]
    assert check_backward(NET, backward, params, X, Y)
    assert np.array_equal(seen["X"], X)
    assert isinstance(seen["params"], list)
    with pytest.raises(ValueError, match=r"X \(5, 6\), Y \(2, 6\): no layout fits a network of 4 inputs"):
        check_backward(NET, backward, None, np.ones((5, 6)), Y)


def test_logistic_regression_with_a_number_for_a_bias():
    def propagate(w, b, X, Y):
        m = X.shape[1]
        A = 1 / (1 + np.exp(-(w.T @ X + b)))
        return {"dw": X @ (A - Y).T / m, "db": np.sum(A - Y) / m}, 0.3

    assert check_backward(Network.parse("3 -> 1 sigmoid", loss="bce"), propagate)


def test_labels_as_a_vector():
    def backward(w, b, X, y):
        r = X @ w[:, 0] + b - y
        return (X.T @ r)[:, None] / len(y), r.mean()

    report = check_backward(Network.parse("3 -> 1 identity", loss="squared-error"), backward)
    assert report, str(report)


def test_sample_weights_masks_penalty_and_sizes_are_supplied():
    net = Network.parse(
        "4 -> 3 relu dropout(0.4) -> 1 sigmoid", loss="bce", sample_weights=True, penalty=Penalty(l2=0.3)
    )

    def backward(params, X, Y, sample_weight, masks, alpha, m):
        assert m == len(X)
        s = sample_weight.sum()
        Z1 = X @ params["W1"] + params["b1"]
        D1 = np.maximum(Z1, 0) * masks["M1"] / 0.6
        A2 = 1 / (1 + np.exp(-(D1 @ params["W2"] + params["b2"])))
        dZ2 = sample_weight[:, None] * (A2 - Y) / s
        dZ1 = dZ2 @ params["W2"].T * masks["M1"] / 0.6 * (Z1 > 0)
        return {
            "dW1": X.T @ dZ1 + alpha * params["W1"] / s, "db1": dZ1.sum(0),
            "dW2": D1.T @ dZ2 + alpha * params["W2"] / s, "db2": dZ2.sum(0),
        }  # fmt: skip

    report = check_backward(net, backward)
    assert report, str(report)


@pytest.mark.parametrize("returned", [None, 3.0, "gradients", {}, {"loss": 1.0}, [1, 2, 3]])
def test_what_cannot_be_read_is_said(returned):
    with pytest.raises(ValueError, match="the function returned"):
        check_backward(NET, lambda X, Y: returned)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "diagonal"}, "layout must be one of rows, columns, sample"),
        ({"X": np.ones((5, 4))}, "X and Y are given together"),
        ({"names": {"X": "inputs"}}, "'inputs' is no value of"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        check_backward(NET, rows, **options)


def test_a_function_is_needed():
    with pytest.raises(ValueError, match="function must be callable, got dict"):
        check_backward(NET, {})


def test_own_labels_as_class_numbers_and_one_own_sample():
    rng = np.random.default_rng(1)
    assert check_backward(NET, class_numbers, None, rng.normal(size=(6, 4)), np.array([0, 1, 1, 0, 1, 0]))
    x, y = rng.normal(size=4), np.array([0.0, 1.0])
    assert check_backward(NET, one_vector, None, x, y, layout="sample")
    assert check_backward(NET, one_sample, None, x[:, None], y[:, None], layout="sample")


@pytest.mark.parametrize(
    ("params", "X", "Y", "message"),
    [
        (None, np.ones((6, 4)), np.full((6, 2), np.nan), "Y"),
        (None, np.full((6, 4), np.inf), np.eye(2)[[0, 1] * 3], "X must be finite"),
        (None, np.ones((6, 4)), np.ones((6, 2)), "sum to 1"),
        (None, np.ones((6, 4)), np.full(6, 2), "no layout fits"),
        (None, np.ones(4), np.ones(2), "no layout fits"),
        (None, "X", "Y", "no layout fits"),
        ({"W1": np.ones((4, 3))}, None, None, "no layout fits"),
        ("params", None, None, "the function returned|params"),
    ],
)
def test_own_data_that_does_not_fit_is_refused(params, X, Y, message):
    with pytest.raises(ValueError, match=message):
        check_backward(NET, tuple_of_parameters, params, X, Y)


def test_a_forward_pass_of_another_network_is_suspected():
    def relu_backward(W1, b1, W2, b2, X, Y):
        A1 = np.maximum(X @ W1 + b1, 0)
        dZ2 = (softmax(A1 @ W2 + b2, 1) - Y) / len(X)
        dZ1 = dZ2 @ W2.T * (A1 > 0)
        return X.T @ dZ1, dZ1.sum(axis=0), A1.T @ dZ2, dZ2.sum(axis=0)

    report = check_backward(NET, relu_backward)
    assert not report
    assert "is its forward pass that of 4 -> 3 tanh -> 2 softmax, and its loss cross-entropy?" in str(report)
