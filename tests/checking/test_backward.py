"""check_backward on code written by hand: what is wrong is named, what merely follows is called inherited."""

import functools
import sys

import numpy as np
import pytest

from chainrule import Network, Penalty, assert_backward_correct, check_backward

BCE = Network.parse("4 -> 3 tanh -> 1 sigmoid", loss="bce")
DEEP = Network.parse("6 -> 5 sigmoid -> 4 tanh -> 3 softmax", loss="cross-entropy")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def plain(change):
    """A backward function for BCE, samples in rows, one of its values changed."""

    def backward(params, X, Y):
        v = dict(params, X=X, Y=Y, m=len(X))
        lines = {
            "A1": lambda: np.tanh(v["X"] @ v["W1"] + v["b1"]),
            "A2": lambda: sigmoid(v["A1"] @ v["W2"] + v["b2"]),
            "dZ2": lambda: (v["A2"] - v["Y"]) / v["m"],
            "dW2": lambda: v["A1"].T @ v["dZ2"],
            "db2": lambda: v["dZ2"].sum(axis=0),
            "dA1": lambda: v["dZ2"] @ v["W2"].T,
            "dZ1": lambda: v["dA1"] * (1 - v["A1"] ** 2),
            "dW1": lambda: v["X"].T @ v["dZ1"],
            "db1": lambda: v["dZ1"].sum(axis=0),
        }
        for name, line in lines.items():
            v[name] = change[name](v) if name in change else line()
        return {name: v[name] for name in ("dW1", "db1", "dW2", "db2")}

    return backward


def found(report):
    return [(slip.line, slip.kind) for slip in report.slips]


def verdicts(report):
    return {item.name: item.verdict for item in report.items}


HAND_PLANTED = {
    ("dZ2", "sign"): {"dZ2": lambda v: (v["Y"] - v["A2"]) / v["m"]},
    ("dZ2", "1/m missing"): {"dZ2": lambda v: v["A2"] - v["Y"]},
    ("dW2", "1/m doubled"): {"dW2": lambda v: v["A1"].T @ v["dZ2"] / v["m"]},
    ("db1", "1/m missing"): {"db1": lambda v: v["dZ1"].sum(axis=0) * v["m"]},
    ("dW1", "factor 2"): {"dW1": lambda v: 2 * v["X"].T @ v["dZ1"]},
    ("dW1", "transpose"): {"dW1": lambda v: v["dZ1"].T @ v["X"]},
    ("dW2", "transpose"): {"dW2": lambda v: v["dZ2"].T @ v["A1"]},
    ("db1", "not summed"): {"db1": lambda v: v["dZ1"]},
    ("db1", "wrong axis"): {"db1": lambda v: v["dZ1"].sum(axis=1)},
    ("db1", "summed over everything"): {"db1": lambda v: np.sum(v["dZ1"])},
    ("dZ1", "f' at a"): {"dZ1": lambda v: v["dA1"] * (1 - np.tanh(v["A1"]) ** 2)},
    ("dZ1", "f' missing"): {"dZ1": lambda v: v["dA1"]},
    ("dZ1", "f' of another layer"): {"dZ1": lambda v: v["dA1"] * sigmoid(np.arctanh(v["A1"]))
                                     * (1 - sigmoid(np.arctanh(v["A1"])))},
    ("dZ1", "f' in a, at z"): {"dZ1": lambda v: v["dA1"] * (1 - np.arctanh(v["A1"]) ** 2)},
    ("dZ2", "output delta with extra f'"): {"dZ2": lambda v: (v["A2"] - v["Y"]) * v["A2"] * (1 - v["A2"]) / v["m"]},
    ("dW2", "a of another layer"): {"dW2": lambda v: v["X"].T @ v["dZ2"]},
    ("dW2", "z for a"): {"dW2": lambda v: (v["X"] @ v["W1"] + v["b1"]).T @ v["dZ2"]},
    ("dA1", "W already updated"): {"dA1": lambda v: v["dZ2"] @ (v["W2"] - 0.3 * v["dW2"]).T},
    ("dW2", "elementwise for matrix product"): {"dW2": lambda v: v["A1"] * v["dZ2"]},
    ("dW2", "constant factor"): {"dW2": lambda v: 3.7 * v["A1"].T @ v["dZ2"]},
    ("dW1", "penalty strength"): {"dW1": lambda v: v["X"].T @ v["dZ1"] + 0.01 * v["W1"]},
    ("db1", "penalty on biases"): {"db1": lambda v: v["dZ1"].sum(axis=0) + 0.01 * v["b1"]},
}  # fmt: skip


@pytest.mark.parametrize("case", HAND_PLANTED, ids=" ".join)
def test_a_slip_is_named_with_its_line(case):
    line, kind = case
    report = check_backward(BCE, plain(HAND_PLANTED[case]))
    [slip] = report.slips
    assert slip.line == line
    assert kind in (slip.kind, *slip.also)
    assert report.items[-1].name == "db2"


def test_what_follows_is_inherited_not_wrong():
    report = check_backward(BCE, plain({"dZ2": lambda v: (v["Y"] - v["A2"]) / v["m"]}))
    assert verdicts(report) == {"dW1": "inherited", "db1": "inherited", "dW2": "wrong", "db2": "wrong"}
    [item, *_] = report.items
    assert item.line == "dZ2"


def test_two_factors_in_one_line():
    report = check_backward(BCE, plain({"dZ2": lambda v: v["Y"] - v["A2"]}))
    assert found(report) == [("dZ2", "sign + 1/m missing")]
    assert "the sign is flipped, and the division by the number of samples is missing" in str(report)


def test_two_slips_in_different_arrays():
    both = {"dW2": lambda v: -v["A1"].T @ v["dZ2"], "dZ1": lambda v: v["dA1"]}
    report = check_backward(BCE, plain(both))
    assert found(report) == [("dW2", "sign"), ("dZ1", "f' missing")]
    both = {"db2": lambda v: v["dZ2"], "dW1": lambda v: v["dZ1"].T @ v["X"]}
    assert found(check_backward(BCE, plain(both))) == [("db2", "not summed"), ("dW1", "transpose")]


def test_a_slip_in_the_delta_and_another_in_an_array_that_inherits():
    both = {"dZ2": lambda v: v["A2"] - v["Y"], "db1": lambda v: v["dZ1"].sum(axis=1)}
    report = check_backward(BCE, plain(both))
    assert found(report) == [("dZ2", "1/m missing"), ("db1", "wrong axis")]
    assert verdicts(report)["dW1"] == "inherited"


def test_two_deltas_of_three():
    def backward(params, X, Y):
        Z1 = X @ params["W1"] + params["b1"]
        A1 = sigmoid(Z1)
        A2 = np.tanh(A1 @ params["W2"] + params["b2"])
        dZ3 = (np.roll(Y, 1, axis=1) * -1 + softmax(A2 @ params["W3"] + params["b3"])) / len(X)
        dZ2 = dZ3 @ params["W3"].T * (1 - A2**2)
        dZ1 = dZ2 @ params["W2"].T * sigmoid(A1) * (1 - sigmoid(A1))
        return {
            "dW1": X.T @ dZ1, "db1": dZ1.sum(0), "dW2": A1.T @ dZ2, "db2": dZ2.sum(0),
            "dW3": A2.T @ dZ3, "db3": dZ3.sum(0),
        }  # fmt: skip

    report = check_backward(DEEP, backward)
    assert found(report) == [("dZ3", "one-hot off by one"), ("dZ1", "f' at a")]
    assert verdicts(report)["dW2"] == "inherited"
    assert report.items[0].line == "dZ1"


def softmax_backward(params, X, Y, delta):
    A1 = np.tanh(X @ params["W1"] + params["b1"])
    dZ2 = delta(softmax(A1 @ params["W2"] + params["b2"]), Y) / len(X)
    dZ1 = dZ2 @ params["W2"].T * (1 - A1**2)
    return {"dW1": X.T @ dZ1, "db1": dZ1.sum(0), "dW2": A1.T @ dZ2, "db2": dZ2.sum(0)}


@pytest.mark.parametrize(
    ("delta", "kind"),
    [
        (lambda P, Y: -Y / P * P * (1 - P), "softmax as diagonal"),
        (lambda P, Y: (P - Y) * P * (1 - P), "softmax as diagonal"),
        (lambda P, Y: -Y / P, "output delta without f'"),
        (lambda P, Y: P - np.roll(Y, -1, axis=1), "one-hot off by one"),
    ],
)
def test_softmax(delta, kind):
    net = Network.parse("4 -> 3 tanh -> 5 softmax", loss="cross-entropy")
    report = check_backward(net, lambda params, X, Y: softmax_backward(params, X, Y, delta))
    assert found(report) == [("dZ2", kind)]
    net = Network.parse("4 -> 3 tanh -> 5 identity", loss="cross-entropy")
    report = check_backward(net, lambda params, X, Y: softmax_backward(params, X, Y, delta))
    assert found(report) == [("dZ2", kind)]


def test_labels_that_broadcast_to_n_by_n():
    net = Network.parse("3 -> 1 identity", loss="squared-error")

    def backward(W1, b1, X, Y):
        dZ1 = (X @ W1 + b1 - Y) / len(X)
        return X.T @ dZ1, dZ1.sum(axis=0)

    rng = np.random.default_rng(0)
    X = rng.normal(size=(7, 3))
    assert check_backward(net, backward, None, X, rng.normal(size=(7, 1)))
    report = check_backward(net, backward, None, X, rng.normal(size=7))
    assert found(report) == [("dZ1", "broadcasting")]
    assert "n × n" in str(report)


def test_keepdims_lost():
    def backward(W1, b1, X, Y):
        m = X.shape[1]
        dZ1 = W1 @ X + b1 - Y
        return dZ1 @ X.T / m, dZ1.sum(axis=1) / m

    report = check_backward(Network.parse("3 -> 2 identity", loss="squared-error"), backward)
    assert found(report) == [("db1", "keepdims lost")]
    assert report.slips[0].correct == "db1 = np.sum(dZ1, axis=1, keepdims=True)"


def penalised(change):
    def backward(W1, b1, X, Y, lam):
        dZ1 = (sigmoid(X @ W1 + b1) - Y) / len(X)
        return X.T @ dZ1 + change(lam, len(X)) * W1, dZ1.sum(0)

    return backward


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda lam, m: 0.0, "penalty missing"),
        (lambda lam, m: 2 * lam / m, "penalty doubled"),
        (lambda lam, m: lam / (2 * m), "penalty halved"),
        (lambda lam, m: -lam / m, "penalty sign"),
        (lambda lam, m: lam, "penalty divisor"),
        (lambda lam, m: 0.77 * lam, "penalty strength"),
    ],
)
def test_penalties(change, kind):
    net = Network.parse("4 -> 2 sigmoid", loss="bce", penalty=Penalty(l2=0.4))
    assert check_backward(net, penalised(lambda lam, m: lam / m))
    assert found(check_backward(net, penalised(change))) == [("dW1", kind)]


def test_single_precision_is_no_error():
    def backward(params, X, Y):
        params = {name: value.astype(np.float32) for name, value in params.items()}
        return plain({})(params, X.astype(np.float32), Y.astype(np.float32))

    report = check_backward(BCE, backward)
    assert report
    assert max(item.error for item in report.items) > 1e-9
    assert any("single precision" in note for note in report.notes)

    def wrong(params, X, Y):
        return {name: np.float32(1.001) * value for name, value in backward(params, X, Y).items()}

    assert not check_backward(BCE, wrong)


def test_an_error_that_no_slip_explains_is_said_to_be_unknown():
    report = check_backward(BCE, plain({"dW1": lambda v: v["X"].T @ v["dZ1"] + 0.01 * np.sin(v["W1"] * 9)}))
    assert verdicts(report) == {"dW1": "unknown", "db1": "right", "dW2": "right", "db2": "right"}
    assert "the catalogue does not have" in str(report)


def test_an_array_that_is_not_finite_or_not_returned():
    report = check_backward(BCE, plain({"dW1": lambda v: v["X"].T @ v["dZ1"] * np.nan}))
    assert "NaN" in report.items[0].note
    assert not report

    def partly(params, X, Y):
        gradients = plain({})(params, X, Y)
        del gradients["db1"]
        return gradients

    assert verdicts(check_backward(BCE, partly)) == {
        "dW1": "right", "db1": "missing", "dW2": "right", "db2": "right"
    }  # fmt: skip


def test_a_wrong_shape_is_told_with_both_shapes():
    report = check_backward(BCE, plain({"dW1": lambda v: np.ones((2, 9))}))
    assert report.items[0].note == "its shape is (2, 9), and must be (4, 3)"


def test_an_exception_is_reported_with_its_line():
    def backward(params, X, Y):
        A1 = np.tanh(X @ params["W1"] + params["b1"])
        dZ2 = A1 @ params["W2"] - Y
        return {"dW2": A1 @ dZ2}

    report = check_backward(BCE, backward)
    assert not report
    assert "the function raised ValueError: matmul" in report.failure
    assert 'return {"dW2": A1 @ dZ2}' in report.failure
    assert f"at its line {backward.__code__.co_firstlineno + 3}" in report.failure
    with pytest.raises(AssertionError, match="the function raised ValueError"):
        assert_backward_correct(BCE, backward, hint="verdict")


def test_an_exception_further_down_names_both_places():
    def inner(X):
        raise KeyError(X.shape)

    def backward(X):
        return inner(X)

    report = check_backward(BCE, backward)
    assert "raised KeyError: (5, 4)" in report.failure
    assert "return inner(X)" in report.failure
    assert f"line {inner.__code__.co_firstlineno + 1} of test_backward.py" in report.failure


def test_stopping_is_not_swallowed():
    def backward(X):
        raise KeyboardInterrupt(X)

    with pytest.raises(KeyboardInterrupt):
        check_backward(BCE, backward)


def test_changed_inputs_are_noticed():
    def backward(params, X, Y):
        X -= X.mean(axis=0)
        gradients = plain({})(params, X, Y)
        params["W2"] -= 0.1 * gradients["dW2"]
        return gradients

    report = check_backward(BCE, backward)
    assert "the function changes its inputs: params['W2'], X" in report.notes


def test_trials_are_silent_and_the_judged_call_is_not(capsys):
    def backward(W1, b1, X, Y):
        assert X.shape[0] == 3
        sys.stdout.write("called")
        return (W1 @ X + b1 - Y) @ X.T / X.shape[1], (W1 @ X + b1 - Y).mean(axis=1, keepdims=True)

    assert check_backward(Network.parse("3 -> 2 identity", loss="squared-error"), backward)
    assert capsys.readouterr().out == "called"


FLIPPED = plain({"dW1": lambda v: -v["X"].T @ v["dZ1"]})


def test_hints_keep_the_answer_back():
    report = check_backward(BCE, FLIPPED)
    verdict, array, kind, answer = (report.hint(level) for level in ("verdict", "array", "kind", "answer"))
    assert verdict == "the gradients are wrong"
    assert "dW1   WRONG" in array
    assert "sign" not in array
    assert "the sign is flipped" in kind
    assert "dW1 = X.T @ dZ1" not in kind
    assert "right: dW1 = X.T @ dZ1" in answer
    assert str(report) == answer
    with pytest.raises(ValueError, match="hint must be one of verdict, array, kind, answer"):
        report.hint("all")


@pytest.mark.parametrize("hint", ["verdict", "array", "kind", "answer"])
def test_the_assertion_says_as_much_as_it_may(hint):
    assert_backward_correct(BCE, plain({}), hint=hint)
    with pytest.raises(AssertionError) as caught:
        assert_backward_correct(BCE, FLIPPED, hint=hint)
    assert str(caught.value) == check_backward(BCE, FLIPPED).hint(hint)
    with pytest.raises(ValueError, match="hint must be one of"):
        assert_backward_correct(BCE, FLIPPED, hint="everything")


def test_the_right_line_is_in_the_readers_layout():
    def backward(W1, b1, X, Y):
        dZ1 = W1 @ X + b1 - Y
        return X @ dZ1.T / X.shape[1], dZ1.mean(axis=1, keepdims=True)

    report = check_backward(Network.parse("3 -> 2 identity", loss="squared-error"), backward)
    assert found(report) == [("dW1", "transpose")]
    assert report.slips[0].correct == "dW1 = dZ1 @ X.T"
    assert report.form.startswith("samples in columns, W (n_out, n_in)")


def test_a_misremembered_slope_is_found_though_what_comes_before_it_is_wrong_too():
    def backward(params, X, Y):
        A1 = np.tanh(X @ params["W1"] + params["b1"])
        A2 = 1 / (1 + np.exp(-(A1 @ params["W2"] + params["b2"])))
        dZ2 = A2 - Y
        dZ1 = dZ2 @ params["W2"].T * (1 - A1)
        return {"dW1": X.T @ dZ1, "db1": dZ1.sum(0), "dW2": A1.T @ dZ2, "db2": dZ2.sum(0)}

    report = check_backward(BCE, backward)
    assert found(report) == [("dZ2", "1/m missing"), ("dZ1", "f' misremembered")]
    assert report.slips[1].words.endswith("(1 - A1, not 1 - A1**2)")


def test_an_array_that_nothing_explains_is_told_apart_from_what_it_inherits():
    def backward(params, X, Y):
        A1 = np.tanh(X @ params["W1"] + params["b1"])
        A2 = 1 / (1 + np.exp(-(A1 @ params["W2"] + params["b2"])))
        dZ2 = A2 - Y
        dZ1 = dZ2 @ params["W2"].T * np.cos(A1)
        return {"dW1": X.T @ dZ1, "db1": dZ1.sum(0), "dW2": A1.T @ dZ2, "db2": dZ2.sum(0)}

    assert "dW1   WRONG, besides what follows from dZ2 (it is wrong in a way" in str(check_backward(BCE, backward))


def test_reports_read_and_travel():
    report = check_backward(BCE, FLIPPED)
    assert str(report).splitlines()[0] == "4 -> 3 tanh -> 1 sigmoid"
    assert repr(report) == str(report)
    page = report._repr_html_()
    assert "&gt;" in page
    assert page.count("<tr>") == 1 + len(report.items)
    assert page.count("font-weight: 600") == 2 * sum(item.verdict != "right" for item in report.items)
    value = report.to_json()
    assert value["right"] is False
    assert value["slips"][0]["kind"] == "sign"
    shape = check_backward(BCE, plain({"dW1": lambda v: v["X"]})).to_json()
    assert shape["items"][0]["error"] is None


def test_labels_that_broadcast_and_then_raise():
    def backward(params, X, Y):
        return plain({})(params, X, Y)

    X, y = np.random.default_rng(0).normal(size=(7, 4)), np.arange(7) % 2
    assert check_backward(BCE, backward, None, X, y[:, None])
    report = check_backward(BCE, backward, None, X, y)
    assert "it runs with Y of shape (7, 1): Y of shape (n,) against (n, 1) broadcasts to n × n" in report.failure


class Layers:
    """A model with a method; its own parameters are handed over by `call`."""

    def __init__(self, fault):
        self.params, self.fault = None, fault

    def backward(self, X, Y):
        if self.fault:
            raise RuntimeError("no forward pass yet")
        return plain({})(self.params, X, Y)

    def __call__(self, params, X, Y):
        self.params = params
        return self.backward(X, Y)


@pytest.mark.parametrize("fault", [False, True])
def test_methods_callables_and_partials(fault):
    model = Layers(fault)

    def call(function, values):
        model.params = values
        return function(values.X, values.Y)

    for report in (
        check_backward(BCE, model.backward, call=call),
        check_backward(BCE, model),
        check_backward(BCE, functools.partial(model)),
    ):
        assert report.right is not fault
        assert not fault or "the function raised RuntimeError: no forward pass yet" in report.failure


class Hostile:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array here")


@pytest.mark.parametrize(
    "array",
    [
        "a gradient", None, object(), Hostile(), [[1.0], [2.0, 3.0]], np.array(["a"]), np.array([None]), 1j, [],
        np.zeros((0, 3)), np.zeros((2, 2, 2, 2)), np.ma.masked_all((4, 3)), {"W": 1}, True, 10**400, np.float64("nan"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_whatever_stands_for_a_gradient_is_judged(array):
    def backward(params, X, Y):
        return {**plain({})(params, X, Y), "dW1": array}

    report = check_backward(BCE, backward)
    assert verdicts(report) == {"dW1": "unknown", "db1": "right", "dW2": "right", "db2": "right"}


def test_a_network_is_needed():
    with pytest.raises(TypeError, match="takes a Network, got str"):
        check_backward("4 -> 3 tanh -> 1 sigmoid", plain({}))
