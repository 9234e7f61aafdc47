"""check_gradients: right gradients pass, wrong ones are caught, and what cannot be judged is refused."""

import numpy as np
import pytest

from chainrule import Dense, Network, Penalty, check_gradients
from tests.checking.faults import FAULTS, changes_something
from tests.zoo import ZOO, draw

A_DOZEN = ZOO[:: len(ZOO) // 12]


def checked(animal, values, gradients=None, **options):
    params, X, Y, weight, masks = values
    return check_gradients(
        animal.network, params, X, Y, sample_weight=weight, masks=masks, gradients=gradients, **options
    )


def catches_every_fault(animal, seed=0):
    values = draw(animal, seed)
    assert checked(animal, values)
    reference = animal.network.trace(*values)
    for name, fault in FAULTS.items():
        wrong = fault(animal.network, reference, np.random.default_rng(seed))
        if changes_something(wrong, reference):
            assert not checked(animal, values, wrong), name


@pytest.mark.parametrize("animal", A_DOZEN, ids=lambda animal: animal.id)
def test_right_passes_and_every_fault_is_caught(animal):
    catches_every_fault(animal)


@pytest.mark.slow
@pytest.mark.parametrize("animal", ZOO, ids=lambda animal: animal.id)
def test_right_passes_and_every_fault_is_caught_for_the_whole_zoo(animal):
    catches_every_fault(animal, seed=1)
    assert checked(animal, draw(animal, 2), full=True)


@pytest.mark.parametrize("scaled", ["X", "params", "cost"])
def test_a_scale_of_a_millionth_hides_nothing(scaled):
    scale = 1e-6
    net = Network.parse("4 -> 3 tanh -> 2 sigmoid", loss="bce", sample_weights=True, reduction="sum")
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(7, 4)), rng.uniform(0.1, 0.9, (7, 2))
    params = {name: rng.normal(size=shape) for name, shape in net.parameter_shapes.items()}
    weight = np.ones(7)
    if scaled == "X":
        X = X * scale
    elif scaled == "params":
        params = {name: value * scale for name, value in params.items()}
    else:
        weight = weight * scale
    reference = net.trace(params, X, Y, weight)
    for name in ("dW1", "db1", "dW2", "db2"):
        right, wrong = {name: reference[name]}, {name: reference[name] * 1.001}
        assert check_gradients(net, params, X, Y, sample_weight=weight, gradients=right)
        assert not check_gradients(net, params, X, Y, sample_weight=weight, gradients=wrong)


def one_unit(activation, loss="squared-error", **options):
    return Network([Dense(1, activation), Dense(1, "identity")], 1, loss, **options)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu(0.1)", "elu(0.5)", "selu"])
def test_on_a_kink_the_convention_is_right_and_the_other_side_wrong(activation):
    net = one_unit(activation)
    params = {"W1": [[1.0]], "b1": [0.0], "W2": [[2.0]], "b2": [0.5]}
    X, Y = [[0.0]], [[3.0]]
    report = check_gradients(net, params, X, Y)
    assert report
    assert report.items[0].note.startswith("1 values on a kink")
    trace = net.trace(params, X, Y)
    from_the_right = net.trace(params, [[1e-9]], Y)["db1"]
    assert from_the_right != pytest.approx(trace["db1"])
    assert not check_gradients(net, params, X, Y, gradients={"db1": from_the_right})


@pytest.mark.parametrize("loss", ["absolute-error", "quantile(0.2)", "huber(0.5)"])
@pytest.mark.parametrize("residual", [0.0, 0.5, -0.5, 1e-9])
def test_ties_and_joints_of_losses(loss, residual):
    net = Network.parse("1 -> 2 identity", loss=loss)
    params, X = {"W1": [[1.0, -2.0]], "b1": [0.5, 0.25]}, np.array([[1.0], [2.0], [-1.5]])
    Y = net.trace(params, X, np.zeros((3, 2)))["A1"] - residual
    assert check_gradients(net, params, X, Y)
    reference = net.trace(params, X, Y)
    assert not check_gradients(net, params, X, Y, gradients={"db1": reference["db1"] + [0.01, 0]})


def test_l1_at_zero_weights():
    net = Network.parse("2 -> 2 identity", loss="mse", penalty=Penalty(l1=0.5))
    params = {"W1": [[0.0, 1.0], [-1.0, 0.0]], "b1": [0.0, 0.0]}
    assert check_gradients(net, params, [[0.0, 0.0]], [[0.0, 0.0]])


def test_kinks_all_around_are_no_obstacle():
    net = Network.parse("3 -> 400 relu -> 1 identity", loss="absolute-error")
    rng = np.random.default_rng(1)
    X = rng.normal(size=(50, 3))
    params = {name: rng.normal(size=shape) for name, shape in net.parameter_shapes.items()}
    report = check_gradients(net, params, X, X[:, :1])
    assert report
    assert max(item.resolution for item in report.items) < 1e-9


def test_full_sees_a_single_small_entry():
    net = Network.parse("5 -> 4 tanh -> 3 softmax", loss="cross-entropy")
    rng = np.random.default_rng(2)
    params = {name: rng.normal(size=shape) for name, shape in net.parameter_shapes.items()}
    X, Y = rng.normal(size=(6, 5)), np.eye(3)[[0, 1, 2, 0, 1, 2]]
    wrong = net.trace(params, X, Y)["dW1"].copy()
    wrong[3, 1] += 1e-5 * np.linalg.norm(wrong)
    assert check_gradients(net, params, X, Y, full=True)
    [item] = check_gradients(net, params, X, Y, full=True, gradients={"dW1": wrong}).items
    assert not item.right
    assert item.error == pytest.approx(1e-5, rel=1e-3)


def test_only_the_named_arrays_are_checked():
    net = Network.parse("2 -> 2 tanh -> 1 sigmoid", loss="bce")
    X, Y, params = [[1.0, 2.0]], [[1.0]], {"W1": np.eye(2), "b1": [0, 0], "W2": [[1], [2]], "b2": [0]}
    trace = net.trace(params, X, Y)
    report = check_gradients(net, params, X, Y, gradients={"dW2": trace["dW2"], "db1": -trace["db1"]})
    assert [(item.name, item.right) for item in report.items] == [("db1", False), ("dW2", True)]
    assert "wrong: db1" in str(report)
    assert repr(report) == str(report)
    assert report._repr_html_().count("font-weight: 600") == 5  # the cells of one row
    assert report.to_json()["items"][0]["name"] == "db1"


def test_gradients_of_nothing_but_zeros():
    net = Network.parse("2 -> 2 relu -> 1 identity", loss="mse")
    params = {"W1": -np.ones((2, 2)), "b1": [-1, -1], "W2": [[1], [1]], "b2": [0.0]}
    X, Y = [[1.0, 1.0]], [[1.0]]
    report = check_gradients(net, params, X, Y)
    assert report
    assert "all zeros" in report.items[0].note
    [item] = check_gradients(net, params, X, Y, gradients={"dW2": [[0.1], [0.0]]}).items
    assert not item.right


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_is_wrong(poison):
    net = Network.parse("2 -> 1 identity", loss="mse")
    [item] = check_gradients(net, gradients={"dW1": [[poison], [0.0]]}).items
    assert not item.right
    assert item.note == "not finite"


def small():
    net = Network.parse("2 -> 3 tanh -> 1 sigmoid", loss="bce")
    params = {name: np.ones(shape) for name, shape in net.parameter_shapes.items()}
    return net, params, np.ones((4, 2)), np.ones((4, 1))


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["X", "Y", "W2"])
def test_values_that_are_not_finite_are_refused_by_name(where, poison):
    net, params, X, Y = small()
    {"X": X, "Y": Y, "W2": params["W2"]}[where][0, 0] = poison
    with pytest.raises(ValueError, match=where):
        check_gradients(net, params, X, Y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.ones((4, 3))}, r"X must have the shape \(4, 2\), got \(4, 3\)"),
        ({"Y": np.ones((4, 2))}, r"Y must have the shape \(n, 1\)"),
        ({"Y": None}, "X and Y are given together"),
        ({"gradients": {"dW9": 1}}, "dW9"),
        ({"gradients": {"dW1": [1.0]}}, r"dW1 must have the shape \(2, 3\), got \(1,\)"),
        ({"gradients": {"dW1": "one"}}, "dW1 must be an array of real numbers"),
        ({"gradients": {}}, "gradients is empty"),
        ({"directions": 0}, "directions must be at least 1"),
        ({"sample_weight": np.ones(4)}, "sample_weight"),
    ],
)
def test_what_cannot_be_judged_is_refused(change, message):
    net, params, X, Y = small()
    with pytest.raises(ValueError, match=message):
        check_gradients(net, **({"params": params, "X": X, "Y": Y} | change))


def test_a_cost_that_overflows_is_refused():
    net = Network.parse("1 -> 1 exp", loss="poisson")
    with pytest.raises(ValueError, match="cost J is inf"):
        check_gradients(net, {"W1": [[1e3]], "b1": [0.0]}, [[1.0]], [[1.0]])


def test_large_arrays_are_taken_in_pieces(monkeypatch):
    net, params, X, Y = small()
    rng = np.random.default_rng(0)
    params = {name: rng.normal(size=np.shape(value)) for name, value in params.items()}
    whole = check_gradients(net, params, X, Y)
    monkeypatch.setattr("chainrule.checking.branches.LARGEST_BATCH", 30)
    assert check_gradients(net, params, X, Y).items == whole.items


def test_a_network_is_needed():
    with pytest.raises(TypeError, match="takes a Network, got str"):
        check_gradients("2 -> 1 sigmoid")
