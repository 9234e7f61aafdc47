"""One step of every optimiser, evaluated from its equations, against a few lines of NumPy."""

import numpy as np
import pytest

from chainrule import SGD, Adam, AdamW, Network, Penalty, derive
from chainrule.calculus.updates import optimiser_constants, optimiser_memory
from chainrule.engines.reference import evaluate
from chainrule.expressions.terms import Symbol

NET = Network.parse("4 -> 3 tanh -> 2 sigmoid", loss="bce", penalty=Penalty(l2=0.1))
RNG = np.random.default_rng(7)
PARAMS = {name: RNG.normal(size=shape) for name, shape in NET.parameter_shapes.items()}
DATA = {"X": RNG.normal(size=(5, 4)), "Y": RNG.uniform(size=(5, 2))}
GRADIENTS = {name: NET.trace(PARAMS, **DATA)[f"d{name}"] for name in PARAMS}
ETA, T = 0.05, 3
STATE = {f"{letter}_{name}": RNG.uniform(0.1, 1, p.shape) for letter in ("m", "v", "avg") for name, p in PARAMS.items()}


def step(optimiser):
    """The trace of one step, in which the optimiser remembers STATE."""
    system = derive(NET, optimiser=optimiser).equations
    remembered = {s.name: STATE[s.name] for s in system.inputs if s.name in STATE}
    return evaluate(system, {**PARAMS, **DATA, **remembered, "eta": ETA, "t": T})


def sgd(name, g, _v):
    return {name: PARAMS[name] - ETA * g}


def momentum(name, g, v):
    v = 0.9 * v - ETA * g
    return {f"v_{name}": v, name: PARAMS[name] + v}


def nesterov(name, g, v):
    v = 0.9 * v - ETA * g
    return {f"v_{name}": v, name: PARAMS[name] + 0.9 * v - ETA * g}


def adam(name, g, v, beta1=0.9, beta2=0.999, epsilon=1e-8, decay=0.0):
    m = beta1 * STATE[f"m_{name}"] + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    rate = ETA * np.sqrt(1 - beta2**T) / (1 - beta1**T)
    shrunk = PARAMS[name] * (1 - ETA * decay) if name.startswith("W") else PARAMS[name]
    return {f"m_{name}": m, f"v_{name}": v, name: shrunk - rate * m / (np.sqrt(v) + epsilon)}


def adamw(name, g, v):
    return adam(name, g, v, beta1=0.8, beta2=0.99, epsilon=1e-6, decay=0.3)


RULES = [
    (SGD(), sgd),
    (SGD(momentum=0.9), momentum),
    (SGD(momentum=0.9, nesterov=True), nesterov),
    (SGD(nesterov=True), sgd),
    (Adam(), adam),
    (AdamW(beta1=0.8, beta2=0.99, epsilon=1e-6, weight_decay=0.3), adamw),
    (AdamW(weight_decay=0), adam),
]
every_rule = pytest.mark.parametrize(
    ("optimiser", "rule"), RULES, ids=lambda value: getattr(value, "__name__", None) or repr(value)
)


@every_rule
@pytest.mark.parametrize("clip_norm", [None, 1e-3, 1e3])
def test_one_step(optimiser, rule, clip_norm):
    optimiser = type(optimiser)(**{**vars(optimiser), "clip_norm": clip_norm})
    trace = step(optimiser)
    norm = np.sqrt(sum(np.sum(g**2) for g in GRADIENTS.values()))
    scale = 1.0 if clip_norm is None else min(1.0, clip_norm / norm)
    assert clip_norm != 1e-3 or scale < 1
    for name, gradient in GRADIENTS.items():
        for value, expected in rule(name, scale * gradient, STATE[f"v_{name}"]).items():
            np.testing.assert_allclose(trace[f"{value}+"], expected, rtol=1e-13, err_msg=value)


@every_rule
def test_what_is_remembered_is_declared(optimiser, rule):
    parameters = [Symbol(name) for name in PARAMS]
    declared = {memory.symbol.name for memory in optimiser_memory(optimiser, parameters)}
    assert declared == {name for parameter in PARAMS for name in rule(parameter, 0.0, 0.0)} - set(PARAMS)
    system = derive(NET, optimiser=optimiser).equations
    assert optimiser_constants(optimiser).items() <= dict(system.constants).items()
    assert {s.name for s in system.inputs} - set(dict(system.constants)) - declared <= {*PARAMS, "X", "Y", "eta", "t"}


@pytest.mark.parametrize("optimiser", [SGD(average=0.9), Adam(average=0.9)], ids=repr)
def test_the_moving_average_is_of_the_new_values(optimiser):
    trace = step(optimiser)
    for name in PARAMS:
        np.testing.assert_allclose(
            trace[f"avg_{name}+"], 0.9 * STATE[f"avg_{name}"] + 0.1 * trace[f"{name}+"], rtol=1e-14
        )


def test_a_gradient_of_zero_is_not_divided_by_its_norm():
    flat = Network.parse("2 -> 1", loss="mse")
    values = {"W1": [[0.0], [0.0]], "b1": [0.0], "X": [[1.0, 2.0]], "Y": [[0.0]], "eta": 0.1}
    trace = evaluate(derive(flat, optimiser=SGD(clip_norm=1.0)).equations, values)
    assert trace["clip"] == 1
    assert not trace["W1+"].any()


def test_all_updates_read_the_values_from_before_the_step():
    """Gradients and all right sides are those of the old parameters: the order of the updates does not matter."""
    for optimiser, _ in RULES:
        system = derive(NET, optimiser=optimiser).equations
        old = step(optimiser)
        for equation in system.part("update"):
            assert not equation.left.name.endswith("+") or equation.left.name.rstrip("+") in {
                s.name for s in system.inputs
            }
        np.testing.assert_array_equal(old["dW1"], GRADIENTS["W1"])
        np.testing.assert_array_equal(old["W1"], PARAMS["W1"])


def test_repeated_steps_descend():
    values = {**PARAMS, **DATA, "eta": 0.5}
    costs = []
    for _ in range(20):
        trace = evaluate(derive(NET).equations, values)
        costs.append(float(trace["J"]))
        values |= {name: trace[f"{name}+"] for name in PARAMS}
    assert costs == sorted(costs, reverse=True)
