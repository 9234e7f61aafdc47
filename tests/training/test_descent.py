"""Gradient descent until convergence: when it says that it has converged, and when it warns."""

import warnings

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.interface import Data
from chainrule.engines.reference import ReferenceEngine
from chainrule.network import SGD, Network
from chainrule.training import NotConverged, descend

LINE = Network.parse("1 -> 1 identity", loss="squared-error")
X = np.array([[-1.5], [-0.5], [0.5], [1.5]])
LABELLED = Data(X, 3 * X - 1)


def program(optimiser=None, **start):
    compiled = ReferenceEngine().compile(derive(LINE, optimiser=optimiser), dtype=np.dtype(np.float64), batch_size=4)
    compiled.load({"W1": np.zeros((1, 1)), "b1": np.zeros(1)} | start)
    return compiled


def test_it_ends_when_j_has_not_improved_for_more_than_patience_epochs():
    line = program()
    history = descend(line, LABELLED, rate=0.3, tol=1e-6, patience=3)
    assert history.stopped == "converged"
    assert "did not improve by more than 1e-06 in 3 epochs" in history.message
    falls = -np.diff(history.loss)
    assert (falls[:-4] > 1e-6).all()
    assert (falls[-4:] < 1e-6).all()
    np.testing.assert_allclose([line.state()["W1"].item(), line.state()["b1"].item()], [3, -1], atol=1e-2)


def test_the_first_cost_is_that_of_the_start():
    history = descend(program(), LABELLED, rate=0.3)
    assert history.loss[0] == pytest.approx(np.mean((3 * X - 1) ** 2) / 2, rel=1e-12)


def test_every_step_is_the_update_equation():
    line = program()
    with pytest.warns(NotConverged):
        descend(line, LABELLED, rate=0.3, max_epochs=2)
    W, b = 0.0, 0.0
    for _ in range(2):
        error = W * X + b - LABELLED.Y
        W, b = W - 0.3 * np.mean(error * X), b - 0.3 * np.mean(error)
    np.testing.assert_allclose([line.state()["W1"].item(), line.state()["b1"].item()], [W, b], rtol=1e-14)


def test_reaching_the_limit_warns_with_the_remedy():
    with pytest.warns(NotConverged, match=r"limit of 5 epochs.*Raise max_epochs"):
        history = descend(program(), LABELLED, rate=0.01, max_epochs=5)
    assert (history.stopped, history.epochs) == ("epochs", 5)


def test_divergence_warns_and_keeps_the_last_finite_parameters():
    line = program()
    with pytest.warns(NotConverged, match="diverged.*Lower the learning rate"):
        history = descend(line, LABELLED, rate=1e200)
    assert history.stopped == "diverged"
    assert line.finite()


def test_a_rising_cost_is_no_convergence():
    with pytest.warns(NotConverged, match=r"J rose to .*lower the rate"):
        history = descend(program(), LABELLED, rate=2.05, patience=3)
    assert history.loss[-1] > history.loss[0]


def test_a_start_at_the_minimum_says_that_nothing_moved():
    with pytest.warns(NotConverged, match="J stayed 0 in every epoch"):
        descend(program(W1=np.full((1, 1), 3.0), b1=np.full(1, -1.0)), LABELLED, rate=0.1)


def test_batches_and_shuffling():
    in_order, shuffled, again = program(), program(), program()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotConverged)
        steps = descend(in_order, LABELLED, rate=0.1, batch_size=3, max_epochs=4).steps
        for line in (shuffled, again):
            descend(line, LABELLED, rate=0.1, batch_size=3, max_epochs=4, rng=np.random.default_rng(3))
    assert steps == 8
    assert shuffled.state()["W1"] != in_order.state()["W1"]
    assert shuffled.state()["W1"].tobytes() == again.state()["W1"].tobytes()


def test_the_optimiser_is_the_derivations():
    slow, fast = program(), program(SGD(momentum=0.9))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotConverged)
        for line in (slow, fast):
            descend(line, LABELLED, rate=0.01, max_epochs=20)
    assert fast.state()["W1"] > 2 * slow.state()["W1"]


@pytest.mark.parametrize(
    ("argument", "value", "accepted"),
    [
        ("rate", 0, r"\(0, inf\)"),
        ("rate", np.inf, r"\(0, inf\)"),
        ("rate", np.nan, r"\(0, inf\)"),
        ("tol", -1e-4, r"\[0, inf\)"),
        ("tol", np.nan, r"\[0, inf\)"),
        ("patience", -1, "at least 0"),
        ("max_epochs", 0, "at least 1"),
        ("batch_size", 0, "at least 1"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(argument, value, accepted):
    with pytest.raises(ValueError, match=f"{argument} must be .*{accepted}, got {value}"):
        descend(program(), LABELLED, **({"rate": 0.1} | {argument: value}))
