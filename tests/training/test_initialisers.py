"""Starting values: their bounds and variances, and scikit-learn's own numbers."""

import math

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from chainrule.network import Network
from chainrule.training.initialisers import INITIALISERS, initial_parameters

WIDE = Network.parse("300 -> 200 tanh -> 100 sigmoid", loss="bce")
VARIANCE = {
    "glorot_uniform": lambda n_in, n_out: 2 / (n_in + n_out),
    "glorot_normal": lambda n_in, n_out: 2 / (n_in + n_out),
    "he_uniform": lambda n_in, n_out: 2 / n_in,
    "he_normal": lambda n_in, n_out: 2 / n_in,
}


def test_every_initialiser_has_a_stated_variance():
    assert set(VARIANCE) == set(INITIALISERS)


@pytest.mark.parametrize("name", VARIANCE)
def test_variance_and_bounds(name):
    start = initial_parameters(WIDE, name, np.random.default_rng(1))
    for layer, (n_in, n_out) in {1: (300, 200), 2: (200, 100)}.items():
        W, variance = start[f"W{layer}"], VARIANCE[name](n_in, n_out)
        assert W.shape == (n_in, n_out)
        # the standard error of a variance of 20,000 draws or more is at most 1 %, that of their mean σ/141
        assert W.var() == pytest.approx(variance, rel=0.04)
        assert abs(W.mean()) < 4 * math.sqrt(variance / W.size)
        bound = math.sqrt(3 * variance)
        if name.endswith("uniform"):
            assert 0.99 * bound < np.abs(W).max() <= bound
        else:
            assert np.abs(W).max() > 1.5 * bound
        assert not start[f"b{layer}"].any()


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("peer", [MLPClassifier, MLPRegressor])
def test_scikit_learns_numbers(activation, peer):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 5)), rng.integers(0, 2, 20)
    fitted = peer(hidden_layer_sizes=(4, 3), activation=activation, solver="sgd", random_state=7, shuffle=False,
                  learning_rate_init=1e-300, max_iter=1, alpha=0)  # fmt: skip
    classes = {"classes": [0, 1]} if peer is MLPClassifier else {}
    fitted.partial_fit(X, y, **classes)  # one step of 1e-300, which changes nothing
    net = Network.parse(f"5 -> 4 {activation.replace('logistic', 'sigmoid')} -> 3 {activation} -> 1 sigmoid", "bce")
    start = initial_parameters(net, "sklearn", np.random.RandomState(7))
    for layer in (1, 2, 3):
        np.testing.assert_array_equal(start[f"W{layer}"], fitted.coefs_[layer - 1])
        np.testing.assert_array_equal(start[f"b{layer}"], fitted.intercepts_[layer - 1])


@pytest.mark.parametrize("name", [*VARIANCE, "sklearn"])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(name):
    draw = lambda seed: initial_parameters(WIDE, name, np.random.default_rng(seed))  # noqa: E731
    first, again, other = draw(5), draw(5), draw(6)
    assert all(first[key].tobytes() == again[key].tobytes() for key in first)
    assert not np.array_equal(first["W1"], other["W1"])


def test_float32_is_the_rounded_float64():
    wide, narrow = (initial_parameters(WIDE, "he_normal", np.random.default_rng(0), dtype)
                    for dtype in (np.float64, np.float32))  # fmt: skip
    for key, value in narrow.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, wide[key].astype(np.float32))


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(
        ValueError, match=r"initialiser must be one of glorot_uniform, .*sklearn, got 'he_nromal'.*he_no"
    ):
        initial_parameters(WIDE, "he_nromal", np.random.default_rng(0))


@pytest.mark.parametrize(("logistic", "factor"), [(False, 6.0), (True, 2.0)])
def test_without_hidden_layers_scikit_learns_factor_is_that_of_its_parameter(logistic, factor):
    net = Network.parse("40 -> 30 sigmoid", loss="bce")
    start = initial_parameters(net, "sklearn", np.random.RandomState(0), logistic=logistic)
    bound = math.sqrt(factor / 70)
    assert 0.99 * bound < np.abs(start["W1"]).max() <= bound


def test_every_layer_has_its_own_factor_and_the_output_goes_with_the_last_hidden_layer():
    net = Network.parse("40 -> 40 sigmoid -> 40 relu -> 40 sigmoid", loss="bce")
    start = initial_parameters(net, "sklearn", np.random.RandomState(0))
    for layer, factor in ((1, 2.0), (2, 6.0), (3, 6.0)):
        bound = math.sqrt(factor / 80)
        assert 0.99 * bound < np.abs(start[f"W{layer}"]).max() <= bound
