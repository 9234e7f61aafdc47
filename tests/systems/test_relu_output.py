"""S4 with a ReLU at the output: which losses admit it, and why its start must be alive."""

import numpy as np
import pytest

from chainrule.network import Dense, Network
from chainrule.training import NotConverged
from chainrule.training.initialisers import initial_parameters
from tests.systems.real_data import breast_cancer, descended
from tests.systems.s4 import s4_relu


@pytest.mark.parametrize("loss", ["bce", "binary-cross-entropy", "log-loss", "cross-entropy"])
def test_cross_entropy_is_refused_and_says_why(loss):
    with pytest.raises(ValueError, match="'relu'") as refusal:
        s4_relu(loss=loss, outputs=2)
    assert "sum to 1" in str(refusal.value) if loss == "cross-entropy" else "(0, 1)" in str(refusal.value)
    assert "sigmoid" in str(refusal.value)


def test_the_refusal_names_what_the_loss_needs_and_what_a_relu_reaches():
    with pytest.raises(ValueError, match=r"needs predictions in \(0, 1\).*'relu' reaches \[0, inf\).*accepted here:"):
        Network([Dense(3, "tanh"), Dense(1, "relu")], 5, loss="bce")


@pytest.mark.parametrize("loss", ["squared-error", "mse", "absolute-error", "huber", "quantile(0.2)"])
def test_losses_of_every_number_accept_it(loss):
    assert s4_relu(loss=loss).layers[-1].activation.name == "relu"


def start_of(net, output_bias):
    start = initial_parameters(net, "glorot_uniform", np.random.default_rng(0))
    return start | {"b2": np.full(1, output_bias)}


def test_a_dead_output_has_no_gradient_and_the_training_says_so():
    net = s4_relu(30, 3)
    X, _, Y, _ = breast_cancer()[0]
    start = start_of(net, -100.0)
    trace = net.trace(start, X, Y)
    assert trace["Z2"].max() < 0
    assert all(not trace[f"d{name}"].any() for name in start)
    with pytest.warns(NotConverged, match="all gradients are 0.*dead ReLU"):
        program, history = descended(net, start, X, Y, rate=0.1)
    assert history.loss == [history.loss[0]] * history.epochs
    for name, value in start.items():
        np.testing.assert_array_equal(program.state()[name], value)


def test_a_start_that_is_alive_learns():
    net = s4_relu(30, 3)
    X, _, Y, _ = breast_cancer()[0]
    start = start_of(net, 0.5)
    alive = net.trace(start, X, Y)["Z2"] > 0
    assert alive.mean() > 0.5
    _, history = descended(net, start, X, Y, rate=0.1)
    assert history.loss[-1] < history.loss[0] / 5
