"""Losses of probabilities, computed from logits: finite, and right, where a probability is 0 or 1 to the last digit."""

import mpmath
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


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_with_binary_cross_entropy(engine, dtype):
    network = Network.parse("1 -> 3 softmax", loss="bce")
    J, slopes = gradient(engine, dtype, network, [FAR, -FAR, 0], [0, 1, 1])
    assert J == 4 * FAR
    np.testing.assert_array_equal(slopes, [3, -1, -2])
    J, slopes = gradient(engine, dtype, network, [FAR, -FAR, 0], [1, 0, 0])
    assert J == 0
    np.testing.assert_array_equal(slopes, [0, 0, 0])
    J, slopes = gradient(engine, dtype, network, [FAR, FAR, 0], [1, 0, 0])
    np.testing.assert_allclose(J, 2 * np.log(2), rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(slopes, [-1, 1, 0])


def binary_cross_entropy_of_softmax(logits, labels):
    """J and ∂J/∂z to 60 digits; ∂J/∂z_j = n a_j − y_j − Σ over k ≠ j of (1 − y_k) a_j/(1 − a_k)."""
    with mpmath.workdps(60):
        y, top = [mpmath.mpf(float(v)) for v in labels], max(logits)
        powers = [mpmath.exp(mpmath.mpf(float(z)) - mpmath.mpf(float(top))) for z in logits]
        whole, n = mpmath.fsum(powers), len(powers)
        a = [power / whole for power in powers]
        left = [mpmath.fsum(powers[:k] + powers[k + 1 :]) / whole for k in range(n)]
        J = -mpmath.fsum(y[k] * mpmath.log(a[k]) + (1 - y[k]) * mpmath.log(left[k]) for k in range(n))
        shares = [mpmath.fsum((1 - y[k]) * a[j] / left[k] for k in range(n) if k != j) for j in range(n)]
        return J, [n * a[j] - y[j] - shares[j] for j in range(n)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "width", [2, pytest.param(7, marks=pytest.mark.slow), pytest.param(40, marks=pytest.mark.slow)]
)
def test_softmax_with_binary_cross_entropy_is_accurate(engine, dtype, width):
    """|z| up to 1e4: every slope within 2 ulp of the number of outputs, the loss within 4 ulp of 1 + J."""
    rng, eps = np.random.default_rng(width), float(np.finfo(dtype).eps)
    program = compile_with(
        engine, derive(Network.parse(f"1 -> {width} softmax", loss="bce")), dtype=np.dtype(dtype), batch_size=1
    )
    for trial in range(40):
        logits = np.clip(rng.normal(size=width) * 10 ** rng.uniform(-3, 4), -1e4, 1e4).astype(dtype)
        if trial % 5 == 0:
            logits = rng.choice(np.array([-1e4, 0, 1e4, 9999.5], dtype), width)
        labels = (rng.integers(0, 2, width) if trial % 2 else rng.uniform(size=width)).astype(dtype)
        program.load({"W1": np.zeros((1, width)), "b1": logits})
        J, slopes = program.gradients(Data(np.zeros((1, 1), dtype), labels[None]))
        exact, exact_slopes = binary_cross_entropy_of_softmax(logits, labels)
        assert abs(J - exact) <= 4 * eps * (1 + exact), logits
        for slope, right in zip(slopes["db1"], exact_slopes, strict=True):
            assert abs(float(slope) - right) <= 2 * eps * width, logits


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_with_binary_focal(engine, dtype):
    network = Network.parse("1 -> 3 softmax", loss="binary-focal(2)")
    J, slopes = gradient(engine, dtype, network, [FAR, 0, -FAR], [0, 1, 0])
    assert J == 2 * FAR
    np.testing.assert_array_equal(slopes, [2, -2, 0])
    J, slopes = gradient(engine, dtype, network, [FAR, 0, -FAR], [1, 0, 0])
    assert J == 0
    np.testing.assert_array_equal(slopes, [0, 0, 0])


def test_the_step_is_in_the_derivation():
    steps = derive(Network.parse("1 -> 3 softmax", loss="bce"))["dZ1"].steps
    assert steps[-2].rewrite == "an output above ¾ apart, where 1 − A may be 0"
    assert "1 / (1 - A1), 1)" in str(steps[-2].term)
