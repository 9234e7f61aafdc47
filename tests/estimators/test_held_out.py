"""Held-out data: drawn or given, what they decide, and the numbers that are published."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score

from chainrule import MLPClassifier, MLPRegressor

rng = np.random.default_rng(3)
X, X_VAL = rng.normal(size=(80, 5)), rng.normal(size=(40, 5))
DIRECTION = rng.normal(size=(5, 3))
SCORES, SCORES_VAL = X @ DIRECTION + rng.normal(size=(80, 3)), X_VAL @ DIRECTION + rng.normal(size=(40, 3))
Y, Y_VAL = np.array(list("abc"))[SCORES.argmax(axis=1)], np.array(list("abc"))[SCORES_VAL.argmax(axis=1)]
WEIGHT, WEIGHT_VAL = rng.uniform(0.5, 2, 80), rng.uniform(0.5, 2, 40)
HELD_OUT = {"X_val": X_VAL, "y_val": Y_VAL}
PARAMETERS = {"hidden_layer_sizes": (30,), "learning_rate_init": 0.02, "random_state": 0, "batch_size": 20}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("weighted", [False, True])
def test_curves_of_a_classifier(weighted):
    weight = {"sample_weight_val": WEIGHT_VAL} if weighted else {}
    clf = MLPClassifier(**PARAMETERS, max_iter=7, n_iter_no_change=50).fit(X, Y, **HELD_OUT, **weight)
    assert len(clf.validation_scores_) == len(clf.validation_loss_curve_) == clf.n_iter_ == 7
    best = int(np.argmax(clf.validation_scores_))
    assert clf.history_.best_epoch == best + 1
    assert clf.best_validation_score_ == clf.validation_scores_[best]
    assert clf.best_loss_ is None
    weights = WEIGHT_VAL if weighted else None
    score = accuracy_score(Y_VAL, clf.predict(X_VAL), sample_weight=weights)
    assert clf.validation_scores_[best] == pytest.approx(score)
    loss = log_loss(Y_VAL, clf.predict_proba(X_VAL), sample_weight=weights)
    assert clf.validation_loss_curve_[best] == pytest.approx(loss, rel=1e-10)  # without the penalty


@pytest.mark.parametrize("weighted", [False, True])
def test_the_training_score_of_every_epoch(weighted):
    """What a fit of so many epochs would score on its own data, weights included; held-out data are no part of it."""
    weight = WEIGHT if weighted else None
    parameters = PARAMETERS | {"training_scores": True, "monitor": "loss"}
    curve = MLPClassifier(**parameters, max_iter=5).fit(X, Y, weight, **HELD_OUT).history_.training
    expected = [
        MLPClassifier(**parameters, max_iter=epochs).fit(X, Y, weight).score(X, Y, weight) for epochs in range(1, 6)
    ]
    assert curve == pytest.approx(expected)
    report = MLPRegressor(**PARAMETERS, max_iter=5, training_scores=True).fit(X, SCORES).explain_training()
    assert "training score" in str(report)


@pytest.mark.parametrize("outputs", [1, 3])
def test_curves_of_a_regressor(outputs):
    y, y_val = SCORES[:, :outputs], SCORES_VAL[:, :outputs]
    reg = MLPRegressor(**PARAMETERS, max_iter=9, alpha=5.0, dropout=0.2, monitor="val_loss")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a column vector
        reg.fit(X, y, sample_weight=WEIGHT, X_val=X_VAL, y_val=y_val)
    best = int(np.argmin(reg.validation_loss_curve_))
    assert reg.validation_scores_[best] == pytest.approx(r2_score(y_val, reg.predict(X_VAL)))
    expected = mean_squared_error(y_val, reg.predict(X_VAL)) / 2  # averaged over outputs, as loss_curve_ is
    assert reg.best_validation_loss_ == reg.validation_loss_curve_[best] == pytest.approx(expected)
    assert reg.best_loss_ is reg.best_validation_score_ is None


def test_poisson_deviance_on_held_out_data():
    counts, counts_val = np.round(np.exp(SCORES[:, 0] / 3)), np.round(np.exp(SCORES_VAL[:, 0] / 3))
    reg = MLPRegressor("poisson", **PARAMETERS, max_iter=3, alpha=0.0).fit(X, counts, X_val=X, y_val=counts)
    again = MLPRegressor("poisson", **PARAMETERS, max_iter=3, alpha=0.0, monitor="loss")
    again.fit(X, counts, X_val=X_VAL, y_val=counts_val)
    from sklearn.metrics import mean_poisson_deviance

    best = int(np.argmax(reg.validation_scores_))
    expected = mean_poisson_deviance(counts, reg.predict(X)) / 2
    assert reg.validation_loss_curve_[best] == pytest.approx(expected)
    expected = mean_poisson_deviance(counts_val, again.predict(X_VAL)) / 2
    assert again.validation_loss_curve_[-1] == pytest.approx(expected)


def test_monitoring_the_loss_keeps_the_last_epoch():
    clf = MLPClassifier(**PARAMETERS, max_iter=12, monitor="loss").fit(X, Y, **HELD_OUT)
    plain = MLPClassifier(**PARAMETERS, max_iter=12).fit(X, Y)
    np.testing.assert_array_equal(clf.coefs_[0], plain.coefs_[0])
    assert clf.best_loss_ == plain.best_loss_
    assert len(clf.validation_scores_) == 12


@pytest.mark.parametrize("monitor", ["val_loss", "val_score"])
def test_patience_counts_epochs_without_improvement(monitor):
    clf = MLPClassifier(**PARAMETERS, max_iter=400, tol=0.0, monitor=monitor, patience=4).fit(X, Y, **HELD_OUT)
    assert clf.history_.stopped == "converged"
    values = np.array(clf.validation_scores_ if monitor == "val_score" else clf.validation_loss_curve_)
    sign = 1 if monitor == "val_score" else -1
    best = int(np.argmax(sign * values))
    assert clf.history_.best_epoch == best + 1 < clf.n_iter_
    kept = clf.score(X_VAL, Y_VAL) if monitor == "val_score" else log_loss(Y_VAL, clf.predict_proba(X_VAL))
    assert kept == pytest.approx(values[best])


def test_early_stopping_may_monitor_the_held_out_loss():
    clf = MLPClassifier(**PARAMETERS, early_stopping=True, monitor="val_loss", max_iter=300).fit(X, Y)
    assert clf.best_validation_loss_ == min(clf.validation_loss_curve_)
    assert clf.history_.best_epoch == int(np.argmin(clf.validation_loss_curve_)) + 1


def test_given_held_out_data_take_the_place_of_early_stoppings_own():
    parameters = PARAMETERS | {"max_iter": 10}
    clf = MLPClassifier(**parameters, early_stopping=True, validation_fraction=0.4).fit(X, Y, **HELD_OUT)
    plain = MLPClassifier(**parameters, monitor="val_score").fit(X, Y, **HELD_OUT)
    assert clf.loss_curve_ == plain.loss_curve_  # trained on all of X


def test_the_average_of_the_weights_is_what_is_judged():
    clf = MLPClassifier(**PARAMETERS, average=0.95, max_iter=15, patience=30).fit(X, Y, **HELD_OUT)
    assert clf.score(X_VAL, Y_VAL) == pytest.approx(max(clf.validation_scores_))
    best = clf.history_.best_epoch - 1
    assert log_loss(Y_VAL, clf.predict_proba(X_VAL)) == pytest.approx(clf.validation_loss_curve_[best])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MLPClassifier(monitor="val_loss").fit(X, Y), "monitor='val_loss' needs held-out data"),
        (lambda: MLPClassifier().fit(X, Y, X_val=X_VAL), "belong together"),
        (lambda: MLPClassifier(solver="lbfgs").fit(X, Y, **HELD_OUT), "stochastic solver"),
        (lambda: MLPClassifier().fit(X, Y, X_val=X_VAL[:, :3], y_val=Y_VAL), "3 features, but MLPClassifier"),
        (lambda: MLPClassifier().fit(X, Y, X_val=X_VAL[:3], y_val=["a", "b", "z"]), "classes not in"),
        (lambda: MLPClassifier().fit(X, Y, X_val=X_VAL, y_val=Y_VAL[:-1]), "inconsistent numbers of samples"),
        (
            lambda: MLPClassifier().fit(X, Y, **HELD_OUT, sample_weight_val=np.zeros(40)),
            "at least one non-zero",
        ),
        (lambda: MLPClassifier(monitor="accuracy").fit(X, Y), "The 'monitor' parameter of MLPClassifier must be"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_unfitted_estimator_stays_unfitted_when_held_out_data_are_refused():
    clf = MLPClassifier()
    with pytest.raises(ValueError, match="belong together"):
        clf.fit(X, Y, X_val=X_VAL)
    assert not [name for name in vars(clf) if name.endswith("_")]


def test_divergence_with_held_out_data_keeps_the_best_epoch_and_warns():
    reg = MLPRegressor(
        solver="sgd", learning_rate_init=0.5, momentum=0.0, activation="identity", random_state=0, max_iter=200
    )
    with pytest.warns(ConvergenceWarning, match="training diverged in epoch"):
        reg.fit(10 * X, SCORES[:, 0], X_val=10 * X_VAL, y_val=SCORES_VAL[:, 0])
    assert np.isnan(reg.validation_scores_[-1])
    assert np.isfinite(reg.predict(X)).all()
