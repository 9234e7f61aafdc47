"""L-BFGS: it reaches a gradient below its tolerance, and a minimum that is known in closed form."""

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.interface import Data
from chainrule.engines.reference import ReferenceEngine
from chainrule.network import Network, Penalty
from chainrule.training.initialisers import initial_parameters
from chainrule.training.lbfgs import minimise


def problem(net, n=40, weight=False):
    rng = np.random.default_rng(2)
    X, noise = rng.normal(size=(n, net.n_inputs)), 0.3 * rng.normal(size=(n, net.widths[-1]))
    Y = 1 / (1 + np.exp(-(X @ rng.normal(size=(net.n_inputs, net.widths[-1])) + noise)))
    return Data(X, Y, rng.uniform(0.5, 2, n) if weight else None)


def minimised(net, data, tol=1e-4, **limits):
    program = ReferenceEngine().compile(derive(net), dtype=np.dtype(np.float64), batch_size=len(data))
    program.load(initial_parameters(net, "glorot_uniform", np.random.default_rng(0)))
    limits = {"max_iter": 5000, "max_fun": 20_000} | limits
    return program, minimise(program, data, list(net.parameter_shapes), tol=tol, **limits)


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize(
    ("text", "loss"),
    [("3 -> 5 tanh -> 2 sigmoid", "bce"), ("3 -> 5 sigmoid -> 2 identity", "squared-error")],
)
def test_the_gradient_falls_below_tol(text, loss, weights):
    net = Network.parse(text, loss=loss, penalty=Penalty(l2=0.1), sample_weights=weights)
    data = problem(net, weight=weights)
    program, result = minimised(net, data, tol=1e-4)
    J, gradients = program.gradients(data)
    assert result.success
    assert max(np.abs(gradient).max() for gradient in gradients.values()) <= 1e-4
    assert result.fun == J
    trace = net.trace({name: program.state()[name] for name in net.parameter_shapes}, data.X, data.Y, data.weight)
    assert pytest.approx(J, rel=1e-14) == float(trace["J"])


def test_linear_regression_ends_at_the_normal_equations():
    net = Network.parse("3 -> 2 identity", loss="squared-error")
    data = problem(net)
    program, _ = minimised(net, data, tol=1e-9)
    design = np.column_stack([data.X, np.ones(len(data))])
    expected, *_ = np.linalg.lstsq(design, data.Y, rcond=None)
    np.testing.assert_allclose(np.vstack([program.state()["W1"], program.state()["b1"]]), expected, atol=1e-5)


def test_the_limit_of_iterations():
    net = Network.parse("3 -> 5 tanh -> 2 sigmoid", loss="bce")
    _, result = minimised(net, problem(net), max_iter=3)
    assert (result.nit, result.success) == (3, False)


def test_dropout_has_no_part_in_the_cost():
    plain = Network.parse("3 -> 5 tanh -> 2 sigmoid", loss="bce", penalty=Penalty(l2=0.1))
    dropping = Network.parse("3 dropout(0.2) -> 5 tanh dropout(0.5) -> 2 sigmoid", loss="bce", penalty=Penalty(l2=0.1))
    data = problem(plain)
    first, second = (minimised(net, data, max_iter=20)[1] for net in (plain, dropping))
    assert first.fun == second.fun


def test_the_same_start_gives_the_same_bits():
    net = Network.parse("3 -> 5 tanh -> 2 sigmoid", loss="bce")
    first, second = (minimised(net, problem(net), max_iter=30)[0].state() for _ in range(2))
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)
