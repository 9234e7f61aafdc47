"""Many fits at once are to the bit those that come one after the other."""

import threading

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import KFold, ParameterGrid
from sklearn.model_selection import cross_validate as cross_validate_one_by_one
from sklearn.utils.validation import check_is_fitted

from chainrule import MLPClassifier, MLPRegressor, cross_validate, fit_many
from chainrule.training.callbacks import Callback

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0)
WEIGHT = rng.uniform(0.5, 1.5, 90)
GRID = list(ParameterGrid({"random_state": [0, 1], "alpha": [1e-4, 1.0], "hidden_layer_sizes": [(4,), (5, 3)]}))
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


def clf(**options):
    return MLPClassifier((4,), **{"max_iter": 8, "random_state": 0, "learning_rate_init": 0.01} | options)


def assert_same_fit(one, other):
    assert one.get_params() == other.get_params()
    assert one.loss_curve_ == other.loss_curve_
    for a, b in zip([*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_workers", [3, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, None))])
def test_the_same_bits(dtype, n_workers):
    data = X.astype(dtype)
    together = fit_many(clf(), GRID, data, Y, WEIGHT, n_workers=n_workers)
    assert len(together) == len(GRID)
    for params, model in zip(GRID, together, strict=True):
        alone = clf().set_params(**params).fit(data, Y, WEIGHT)
        assert_same_fit(model, alone)
        np.testing.assert_array_equal(model.predict_proba(data), alone.predict_proba(data))


@pytest.mark.parametrize("options", [{"solver": "lbfgs", "max_iter": 4}, {"dropout": 0.3}, {"early_stopping": True},
                                     {"engine": "reference"}, {"average": 0.9, "callbacks": [Callback()]}])  # fmt: skip
@pytest.mark.filterwarnings("ignore:lbfgs failed")
def test_every_way_of_training(options):
    seeds = [{"random_state": seed} for seed in range(4)]
    estimator = MLPRegressor(hidden_layer_sizes=4, max_iter=5).set_params(**options)
    for params, model in zip(seeds, fit_many(estimator, seeds, X, X[:, 0], n_workers=2), strict=True):
        alone = clone(estimator).set_params(**params).fit(X, X[:, 0])
        for a, b in zip(model.coefs_, alone.coefs_, strict=True):
            assert a.tobytes() == b.tobytes()


def test_several_are_under_way_at_once():
    """Two fits wait for each other: one after the other, they would wait for ever."""
    barrier = threading.Barrier(2, timeout=300)

    class Meets(Callback):
        def __deepcopy__(self, memo):
            return self

        def on_fit_begin(self, training):  # noqa: ARG002
            barrier.wait()

    fitted = fit_many(clf(callbacks=[Meets()]), [{}, {}], X, Y, n_workers=2)
    assert_same_fit(*fitted)


def test_names_of_features_stay():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    for model in fit_many(clf(), [{}, {"alpha": 1.0}], frame, Y, n_workers=2):
        assert list(model.feature_names_in_) == ["a", "b", "c"]
        model.predict(frame)
    assert_same_fit(fit_many(clf(), [{}], frame, Y)[0], clf().fit(X, Y))


def test_the_first_error_ends_it_and_the_estimator_stays_as_it_was():
    estimator = clf()
    with pytest.raises(ValueError, match="hidden_layer_sizes must be > 0"):
        fit_many(estimator, [{}, {"hidden_layer_sizes": (-1,)}, {}], X, Y, n_workers=2)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        check_is_fitted(estimator)
    with pytest.raises(ValueError, match="n_workers must be at least 1, got 0"):
        fit_many(estimator, [{}], X, Y, n_workers=0)
    with pytest.raises(ValueError, match="Invalid parameter 'width'"):
        fit_many(estimator, [{"width": 3}], X, Y)
    assert fit_many(estimator, [], X, Y) == []


def test_settings_of_scikit_learn_reach_every_thread():
    """Checks of finite values are switched off for this thread: in another they would refuse the NaN."""
    holes = np.where(X > 2, np.nan, X)
    with sklearn.config_context(assume_finite=True), pytest.raises(ValueError, match="non-finite"):
        fit_many(clf(), [{}, {}], holes, Y, n_workers=2)


def test_cross_validation_has_scikit_learns_numbers():
    folds = KFold(3)
    found = cross_validate(clf(), X, Y, cv=folds, return_train_score=True, return_estimator=True)
    expected = cross_validate_one_by_one(clf(), X, Y, cv=folds, return_train_score=True, return_estimator=True)
    np.testing.assert_array_equal(found["test_score"], expected["test_score"])
    np.testing.assert_array_equal(found["train_score"], expected["train_score"])
    for one, other in zip(found["estimator"], expected["estimator"], strict=True):
        assert_same_fit(one, other)


def test_cross_validation_of_a_grid():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    found = cross_validate(clf(), frame, Y, WEIGHT, params_list=GRID, cv=3, scoring="neg_log_loss",
                           return_estimator=True)  # fmt: skip
    assert found["test_score"].shape == found["estimator"].shape == (len(GRID), 3)
    assert found["params"] == GRID
    last = clone(clf()).set_params(**GRID[-1])
    train, test = list(sklearn.model_selection.StratifiedKFold(3).split(X, Y))[2]
    last.fit(X[train], Y[train], WEIGHT[train])
    assert_same_fit(found["estimator"][-1, 2], last)
    loss = sklearn.metrics.log_loss(Y[test], last.predict_proba(X[test]))
    assert found["test_score"][-1, 2] == pytest.approx(-loss, rel=1e-12)
