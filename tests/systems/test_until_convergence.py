"""The five systems learn real data by plain gradient descent, "until convergence".

The rule is the same for all: the whole training part in every step, a constant rate, until J per sample has not fallen
by more than 1e-4 below its lowest value for more than 10 epochs in a row; a limit of 1000 epochs would warn, and a
warning fails these tests. A score is of five held-out parts together, so that every sample is predicted once.
"""

import numpy as np
import pytest
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPRegressor

from chainrule.training.initialisers import initial_parameters
from tests.systems.real_data import breast_cancer, descended, diabetes
from tests.systems.s0 import s0
from tests.systems.s1 import s1
from tests.systems.s2 import s2
from tests.systems.s3 import s3
from tests.systems.s4 import s4, s4_relu

slow = pytest.mark.slow


def glorot(net, seed):
    return initial_parameters(net, "glorot_uniform", np.random.default_rng(seed))


def wide_glorot(net, seed):
    """Twice Glorot's interval.

    A sigmoid's slope is at most ¼, so five layers from Glorot's interval pass hardly anything back: J stays near that
    of a constant prediction for hundreds of epochs, and any rule that watches J takes that plateau for convergence.
    """
    return {name: 2 * value for name, value in glorot(net, seed).items()}


def alive(net, seed):
    """The output's bias at ½, amid the labels, so that nearly every sample has Z > 0 in the output's ReLU."""
    start = glorot(net, seed)
    start[f"b{net.depth}"] += 0.5
    return start


def held_out_predictions(net, start, rate, parts):
    """Predictions and truths of all held-out parts, in order."""
    predictions, truths = [], []
    for seed, (X, X_held_out, Y, Y_held_out) in enumerate(parts):
        program, history = descended(net, start(net, seed), X, Y, rate)
        assert history.stopped == "converged"
        predictions.append(program.predict(X_held_out))
        truths.append(Y_held_out)
    return np.concatenate(predictions), np.concatenate(truths)


@pytest.mark.parametrize(
    ("net", "start", "rate"),
    [
        pytest.param(s0(30, (16, 8)), glorot, 0.5, id="S0", marks=slow),
        pytest.param(s1(30, 8), glorot, 0.3, id="S1", marks=slow),
        pytest.param(s3(1, 30), glorot, 0.5, id="S3 one neuron"),
        pytest.param(s3(2, 30, (8,)), glorot, 0.5, id="S3 two layers", marks=slow),
        pytest.param(s3(5, 30, (12, 10, 8, 6)), wide_glorot, 0.5, id="S3 five layers", marks=slow),
        pytest.param(s4(30, 8), glorot, 0.3, id="S4"),
        pytest.param(s4_relu(30, 3), alive, 0.1, id="S4 ReLU, squared error"),
    ],
)
def test_breast_cancer(net, start, rate):
    predicted, true = held_out_predictions(net, start, rate, breast_cancer())
    accuracy = np.mean((predicted > 0.5) == true)
    assert len(true) == 569
    assert accuracy >= 0.95


@slow
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_diabetes_as_well_as_scikit_learn(activation):
    predicted, true = held_out_predictions(s2(10, 4, activation=activation), glorot, 0.1, diabetes())
    peers = {
        "adam": {"max_iter": 5000},  # its own rule is the same: 1e-4 in 10 epochs
        "lbfgs": {"max_iter": 20_000, "max_fun": 10**6},
    }
    for solver, limits in peers.items():
        peer_predicted = []
        for seed, (X, X_held_out, Y, _) in enumerate(diabetes()):
            name = {"sigmoid": "logistic"}.get(activation, activation)
            settings = {"activation": name, "solver": solver, "random_state": seed} | limits
            peer = MLPRegressor(hidden_layer_sizes=(4,), **settings).fit(
                X, Y.ravel()
            )  # one that did not converge would warn
            peer_predicted.append(peer.predict(X_held_out))
        assert r2_score(true, predicted) >= r2_score(true, np.concatenate(peer_predicted)) - 0.02, solver


def test_five_sigmoid_layers_need_a_wider_start():
    net = s3(5, 30, (12, 10, 8, 6))
    X, _, Y, _ = breast_cancer()[0]
    narrow, wide = (np.linalg.norm(net.trace(start(net, 0), X, Y)["dW1"]) for start in (glorot, wide_glorot))
    assert wide > 3 * narrow
    _, history = descended(net, glorot(net, 0), X, Y, rate=0.5)
    constant = -len(Y) * (Y.mean() * np.log(Y.mean()) + (1 - Y.mean()) * np.log(1 - Y.mean()))
    assert history.stopped == "converged"
    assert history.loss[-1] == pytest.approx(constant, rel=0.01)


def test_the_same_start_gives_the_same_bits():
    net = s3(2, 30, (8,))
    X, _, Y, _ = breast_cancer()[0]
    once, again = (descended(net, glorot(net, 0), X, Y, rate=0.5, tol=0.1) for _ in range(2))
    assert once[1] == again[1]
    for name, value in once[0].state().items():
        assert value.tobytes() == again[0].state()[name].tobytes()
