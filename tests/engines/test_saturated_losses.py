"""Losses of probabilities, computed from logits: finite, and right, where a probability is 0 or 1 to the last digit."""

import numpy as np
import pytest

from chainrule import Network, derive
from chainrule.engines.choosing import compile_with
from chainrule.engines.interface import Data

ENGINES = ("reference", "jit")
FAR = 5000.0


def gradient(engine, dtype, network, logits, labels):
    """∂J/∂b of one sample whose logits are the biases."""
    program = compile_with(engine, derive(network), dtype=np.dtype(dtype), batch_size=1)
    program.load({"W1": np.zeros((1, len(logits))), "b1": np.array(logits)})
    J, gradients = program.gradients(Data(np.zeros((1, 1), dtype), np.array([labels], dtype)))
    return J, gradients["db1"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("gamma", [1, 1.5, 2])
def test_binary_focal(engine, dtype, gamma):
    network = Network.parse("1 -> 4 sigmoid", loss=f"binary-focal({gamma})")
    J, slopes = gradient(engine, dtype, network, [FAR, -FAR, FAR, -FAR], [1, 0, 0, 1])
    np.testing.assert_array_equal(slopes, [0, 0, 1, -1])
    assert J == 2 * FAR


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("gamma", [1, 1.5, 2])
def test_focal(engine, dtype, gamma):
    network = Network.parse("1 -> 3 softmax", loss=f"focal({gamma})")
    J, slopes = gradient(engine, dtype, network, [FAR, 0, -FAR], [1, 0, 0])
    np.testing.assert_array_equal(slopes, [0, 0, 0])
    assert J == 0
    J, slopes = gradient(engine, dtype, network, [FAR, 0, -FAR], [0, 0, 1])
    np.testing.assert_array_equal(slopes, [1, 0, -1])
    assert J == 2 * FAR


@pytest.mark.parametrize("engine", ENGINES)
def test_poisson_of_a_softmax(engine):
    """Its gradient, A − Y + A Σ(Y − A), divides by no probability."""
    _, slopes = gradient(engine, np.float64, Network.parse("1 -> 3 softmax", loss="poisson"), [FAR, 0, -FAR], [1, 0, 2])
    np.testing.assert_array_equal(slopes, [2, 0, -2])
