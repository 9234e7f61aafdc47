"""Samples that are classified beyond doubt leave no subnormal numbers, which processors are slow with."""

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit.program import JitProgram
from chainrule.engines.jit.small_gradients import SMALLEST
from chainrule.engines.reference import ReferenceEngine
from chainrule.network import SGD, Dense, Network
from tests.engines.jit.agreement import relative

MARGINS = {"float32": 92.0, "float64": 720.0}  # exp(-margin) is subnormal


def certain(output, loss, dtype, doubtful):
    """A network with one input that decides, its parameters, and samples far from the border or `doubtful`."""
    units = 3 if output == "softmax" else 1
    network = Network([Dense(4, "relu"), Dense(units, output)], 2, loss)
    rng = np.random.default_rng(0)
    X = rng.uniform(0.9, 1.0, (40, 2))
    X[:doubtful] *= 0.01
    W2 = np.zeros((4, units))
    W2[0, 0] = MARGINS[dtype] if units == 3 else -MARGINS[dtype]
    params = {"W1": np.eye(2, 4), "b1": np.zeros(4), "W2": W2, "b2": np.zeros(units)}
    Y = np.tile(np.eye(units)[0] if units == 3 else [0.0], (40, 1))
    return (
        network,
        {name: value.astype(dtype) for name, value in params.items()},
        Data(X.astype(dtype), Y.astype(dtype)),
    )


def subnormal(values):
    return ((values != 0) & (np.abs(values) < np.finfo(values.dtype).tiny)).sum()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("output", "loss"), [("softmax", "cross-entropy"), ("sigmoid", "bce")])
def test_no_gradient_is_subnormal(output, loss, dtype):
    network, params, data = certain(output, loss, dtype, doubtful=5)
    program = JitProgram(derive(network, optimiser=SGD()), np.dtype(dtype), 40)
    program.load(params)
    assert subnormal(program.predict(data.X)) > 0
    program.train(data, Epoch(np.arange(40), 40, np.full(1, 1e-3)))
    for name in ("dZ2", "dZ1"):
        assert subnormal(program._training.get(name)) == 0
    assert program._training.get("dZ2")[:5].any()
    assert not program._training.get("dZ2")[5:].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("output", "loss"), [("softmax", "cross-entropy"), ("sigmoid", "bce")])
def test_sums_are_what_they_were(output, loss, dtype):
    network, params, data = certain(output, loss, dtype, doubtful=1)
    derivation = derive(network, optimiser=SGD())
    program = JitProgram(derivation, np.dtype(dtype), 40)
    judge = ReferenceEngine().compile(derivation, dtype=np.dtype("float64"), batch_size=40)
    exact = Data(data.X.astype(float), data.Y.astype(float))
    for each in (program, judge):
        each.load(params)
    gradients, wanted = program.gradients(data)[1], judge.gradients(exact)[1]
    for name, value in wanted.items():
        assert relative(gradients[name], value) < (1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize(("dtype", "bound"), [("float32", SMALLEST[4]), ("float64", SMALLEST[8])])
def test_the_bound_lies_between_roundings_and_subnormal_numbers(dtype, bound):
    limits = np.finfo(dtype)
    assert bound < limits.eps**2 * 1e-3
    assert bound > float(limits.tiny) ** 0.6
