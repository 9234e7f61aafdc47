"""Random networks and shapes: the jit's gradients and steps are the reference engine's."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.expressions.activations import ACTIVATIONS
from chainrule.network import SGD, Adam, Dense, Network, Penalty
from tests.engines.jit.agreement import TOLERANCE, gradients, relative, trained
from tests.zoo import Animal

HIDDEN = sorted(set(ACTIVATIONS) - {"softmax", "exp"})
OUTPUTS = [
    ("identity", "squared-error"), ("identity", "huber"), ("sigmoid", "bce"), ("exp", "poisson"),
    ("softmax", "cross-entropy"), ("identity", "cross-entropy"), ("tanh", "mse"),
]  # fmt: skip


@st.composite
def animals(draw, widest, longest):
    """A network of up to three layers and a batch."""
    widths = st.integers(1, widest) | st.sampled_from([1, 4, 5, 8, 15, 16, 17, 31, 32, 33, 64, 65])
    output, loss = draw(st.sampled_from(OUTPUTS))
    rates = st.sampled_from([0.0, 0.0, 0.25])
    layers = [Dense(draw(widths), draw(st.sampled_from(HIDDEN)), draw(rates)) for _ in range(draw(st.integers(0, 2)))]
    layers.append(Dense(draw(widths) + (loss == "cross-entropy"), output))
    network = Network(
        layers, draw(widths), loss,
        penalty=Penalty(l2=draw(st.sampled_from([0.0, 0.1]))), sample_weights=draw(st.booleans()),
        input_dropout=draw(rates),
    )  # fmt: skip
    return Animal(network, draw(st.integers(1, longest)))


def scaled(animal):
    """Whether outputs stay moderate: the exponential of a wide layer's sum leaves every range."""
    return animal.network.layers[-1].activation.name != "exp" or max(animal.network.widths) <= 40


def check(animal, dtype, threads):
    if not scaled(animal):
        return
    for name, (got, wanted) in gradients(animal, dtype, animal.samples, moderate=True).items():
        assert relative(got, wanted) <= 4 * TOLERANCE[dtype], name
    optimiser = Adam(epsilon=1e-2) if animal.samples % 2 else SGD(momentum=0.5)
    samples, rate = animal.samples + animal.samples // 2, 1e-2 / max(animal.network.widths) ** 2
    (state, _), (wanted_state, _) = trained(
        animal,
        optimiser,
        dtype,
        samples=samples,
        batch_size=animal.samples,
        n_threads=threads,
        rate=rate,
        moderate=True,
    )  # fmt: skip
    for name, value in wanted_state.items():
        assert np.isfinite(state[name]).all()
        assert relative(state[name], value) <= 40 * TOLERANCE[dtype], name


@settings(max_examples=3)
@given(animals(widest=40, longest=40), st.sampled_from(["float32", "float64"]), st.sampled_from([1, 2]))
def test_small_networks(animal, dtype, threads):
    check(animal, dtype, threads)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(animals(widest=300, longest=300), st.sampled_from(["float32", "float64"]), st.sampled_from([1, 2, 3]))
def test_networks_up_to_three_hundred_wide(animal, dtype, threads):
    check(animal, dtype, threads)
