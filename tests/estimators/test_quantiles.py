"""Several quantiles with one network: what they are, whether they cross, and how predict gives them."""

import numpy as np
import pytest
from sklearn.metrics import d2_pinball_score
from sklearn.model_selection import cross_val_score

from chainrule import MLPRegressor
from chainrule.estimators.quantiles import crossing, in_order

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, size=(400, 2))
NOISE = rng.normal(size=400)
y = 2 * X[:, 0] + (0.6 + 0.5 * X[:, 1]) * NOISE
THREE = (0.1, 0.5, 0.9)


def reg(loss="quantile(0.1, 0.5, 0.9)", **options):
    chosen = {"hidden_layer_sizes": 12, "learning_rate_init": 0.02, "max_iter": 80, "tol": 0, "random_state": 0}
    return MLPRegressor(loss, **chosen | options)


@pytest.fixture(scope="module")
def fitted():
    with pytest.warns(match="Maximum iterations"):
        return reg().fit(X, y)


def test_each_output_is_its_quantile(fitted):
    assert str(fitted.network_) == "2 -> 12 relu -> 3 identity"
    predicted = fitted.predict(X)
    assert predicted.shape == (400, 3)
    below = (y[:, None] <= predicted).mean(axis=0)
    np.testing.assert_allclose(below, THREE, atol=0.04)
    true = 2 * X[:, :1] + (0.6 + 0.5 * X[:, 1:]) * np.array([-1.2816, 0, 1.2816])
    assert np.abs(predicted - true).mean() < 0.25


def test_the_loss_is_the_sum_of_the_pinball_losses():
    """With a rate of nearly 0 the reported loss is that of the network as it is in the end."""
    options = {"alpha": 0.0, "learning_rate_init": 1e-13, "max_iter": 1, "batch_size": 400}
    with pytest.warns(match="Maximum iterations"):
        model = reg(**options).fit(X, y)
    far = y[:, None] - model.predict(X)
    expected = np.maximum(np.array(THREE) * far, (np.array(THREE) - 1) * far).sum(axis=1).mean()
    assert model.loss_ == pytest.approx(expected, rel=1e-9)
    assert "(1 − 2 q" in model.derivation_.to_text()


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_network_of_one_quantile_repeated_is_trained_as_that_of_one_quantile():
    """Outputs do not touch each other where there is no hidden layer."""
    alone = reg("quantile(0.9)", hidden_layer_sizes=(), max_iter=5, alpha=0.0).fit(X, y)
    together = reg("quantile(0.9, 0.2)", hidden_layer_sizes=(), max_iter=5, alpha=0.0, warm_start=True).fit(X, y)
    together.coefs_[0][:, 0], together.intercepts_[0][0] = alone.coefs_[0][:, 0], alone.intercepts_[0][0]
    alone.set_params(warm_start=True)
    for model in (alone, together):
        model.set_params(random_state=1).fit(X, y)
    np.testing.assert_allclose(together.coefs_[0][:, :1], alone.coefs_[0], rtol=1e-12)
    np.testing.assert_allclose(together.intercepts_[0][:1], alone.intercepts_[0], rtol=1e-12)


def test_crossings_are_counted_reported_and_sorted_away():
    with pytest.warns(match="Maximum iterations"):
        model = reg("quantile(0.52, 0.48, 0.5)", max_iter=3).fit(X, y)
    raw = model.predict(X)
    crosses = (raw[:, 2] < raw[:, 1]) | (raw[:, 0] < raw[:, 2])
    assert 0 < model.quantile_crossing_ < 1
    assert model.quantile_crossing_ == pytest.approx(crosses.mean())
    said = f"Quantiles cross for {crosses.mean():.1%} of the training samples; sort_quantiles=True sorts them."
    assert said in str(model.explain_training())
    before = model.score(X, y)
    ordered = model.set_params(sort_quantiles=True).predict(X)
    np.testing.assert_array_equal(np.sort(raw, axis=1), ordered[:, [1, 2, 0]])
    assert (np.diff(ordered[:, [1, 2, 0]], axis=1) >= 0).all()
    assert model.score(X, y) >= before
    assert "predict sorts them" in str(model.explain_training())


def test_one_quantile_and_other_losses_cannot_cross():
    with pytest.warns(match="Maximum iterations"):
        assert reg("quantile(0.3)", max_iter=1).fit(X, y).quantile_crossing_ is None


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_several_targets_have_the_quantiles_each():
    both = np.stack([y, -3 * y], axis=1)
    model = reg(max_iter=40).fit(X, both)
    assert model.network_.widths[-1] == model.n_outputs_ == 6
    predicted = model.predict(X)
    assert predicted.shape == (400, 2, 3)
    for target in (0, 1):
        below = (both[:, target, None] <= predicted[:, target]).mean(axis=0)
        np.testing.assert_allclose(below, THREE, atol=0.1)
    expected = np.mean([d2_pinball_score(both, predicted[..., k], alpha=q) for k, q in enumerate(THREE)])
    assert model.score(X, both) == pytest.approx(expected)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_score_and_held_out_data(fitted):
    predicted, weight = fitted.predict(X), rng.uniform(size=400)
    expected = [d2_pinball_score(y, predicted[:, k], sample_weight=weight, alpha=q) for k, q in enumerate(THREE)]
    assert fitted.score(X, y, weight) == pytest.approx(np.mean(expected))
    stopping = reg(max_iter=10).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert max(stopping.validation_scores_) == pytest.approx(stopping.score(X[300:], y[300:]))
    assert cross_val_score(reg(max_iter=30), X, y, cv=2).mean() > 0.1


def test_lbfgs_minimises_it_too():
    with pytest.warns(match="lbfgs"):
        model = reg(solver="lbfgs", max_iter=60).fit(X, y)
    assert model.score(X, y) > 0.3
    assert model.quantile_crossing_ < 0.2


@pytest.mark.parametrize("loss", ["quantile(0.5, 1)", "quantile(0.5, 0)", "quantile(0.5, half)"])
def test_what_is_no_quantile_is_refused(loss):
    with pytest.raises(ValueError, match="quantile"):
        reg(loss).fit(X, y)


def test_sorting_and_counting():
    predicted = np.array([[[3.0, 1.0, 2.0]], [[3.0, 1.0, 1.0]], [[1.0, 3.0, 2.0]]])
    assert crossing(predicted, (0.9, 0.1, 0.5)) == pytest.approx(1 / 3)
    np.testing.assert_array_equal(in_order(predicted, (0.9, 0.1, 0.5))[2], [[3.0, 1.0, 2.0]])
