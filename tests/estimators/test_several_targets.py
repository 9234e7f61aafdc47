"""Several targets with several classes each: a softmax for every target."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.utils import compute_sample_weight

from chainrule import MLPClassifier

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 4))
COLOUR = np.array(["blue", "green", "red"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0.3)]
SIZE = np.array(["L", "M", "S", "XL"])[np.clip(np.round(X[:, 2] * 1.2) + 1, 0, 3).astype(int)]
Y = np.stack([COLOUR, SIZE], axis=1)
CODES = np.stack([np.unique(column, return_inverse=True)[1] for column in Y.T], axis=1) * 10


def clf(**options):
    return MLPClassifier(
        (6,), solver="lbfgs", **{"alpha": 0.3, "tol": 1e-2, "max_iter": 2000, "random_state": 0} | options
    )


def test_what_it_learns_and_gives():
    model = clf().fit(X, Y)
    assert [list(classes) for classes in model.classes_] == [["blue", "green", "red"], ["L", "M", "S", "XL"]]
    assert str(model.network_) == "4 -> 6 relu -> 7 softmax(3, 4)"
    assert (model.n_outputs_, model.out_activation_) == (7, "softmax")
    predicted, probabilities = model.predict(X), model.predict_proba(X)
    assert predicted.shape == Y.shape
    assert (predicted == Y).mean() > 0.85
    assert [part.shape for part in probabilities] == [(120, 3), (120, 4)]
    for column, (classes, part) in enumerate(zip(model.classes_, probabilities, strict=True)):
        np.testing.assert_allclose(part.sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_array_equal(classes[part.argmax(axis=1)], predicted[:, column])
    for part, logarithm in zip(probabilities, model.predict_log_proba(X), strict=True):
        np.testing.assert_allclose(np.exp(logarithm), part)
    assert model.score(X, Y) == (predicted == Y).all(axis=1).mean()
    weight = rng.uniform(size=120)
    assert model.score(X, Y, weight) == pytest.approx((predicted == Y).all(axis=1) @ weight / weight.sum())
    assert "softmax(3, 4)" in str(model.explain_training(X, Y))
    numbers = clf().fit(X, CODES).predict(X)
    for column, classes in enumerate(model.classes_):
        np.testing.assert_array_equal(classes[numbers[:, column] // 10], predicted[:, column])


def test_without_a_hidden_layer_the_targets_are_learned_apart():
    """The cost is then a sum over the targets, each with weights of its own."""
    options = {"hidden_layer_sizes": (), "tol": 1e-7, "alpha": 1.0}
    together = clf().set_params(**options).fit(X, Y).predict_proba(X)
    for column, part in enumerate(together):
        alone = clf().set_params(**options).fit(X, Y[:, column])
        np.testing.assert_allclose(part, alone.predict_proba(X), atol=1e-4)


def test_the_loss_is_the_sum_of_the_targets_log_losses():
    model = clf(alpha=0.0).fit(X[:5], Y[:5])
    parts = zip(Y[:5].T, model.predict_proba(X[:5]), strict=True)
    labels = [np.unique(column) for column in Y[:5].T]
    expected = sum(log_loss(column, part, labels=c) for (column, part), c in zip(parts, labels, strict=True))
    assert model.loss_ == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
def test_options_of_training():
    """Smoothing is of each target; class weights are multiplied; held-out data are judged by rows that are right."""
    smooth = clf(label_smoothing=0.3).fit(X, Y)
    most, plain = (max(part.max() for part in m.predict_proba(X)) for m in (smooth, clf().fit(X, Y)))
    assert most < plain
    weights = [{"blue": 1.0, "green": 1.0, "red": 20.0}, {"L": 1.0, "M": 0.5, "S": 1.0, "XL": 2.0}]
    weighted = clf(class_weight=weights).fit(X, Y)
    by_hand = clf().fit(X, Y, sample_weight=compute_sample_weight(weights, Y))
    for one, other in zip(weighted.coefs_, by_hand.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
    stopping = MLPClassifier((6,), early_stopping=True, random_state=0, learning_rate_init=0.05).fit(X, Y)
    assert 0 < stopping.best_validation_score_ <= 1
    assert clf(loss="focal").fit(X, Y).score(X, Y) > 0.8


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_partial_fit_and_warm_start():
    batches = [slice(0, 50), slice(50, 120)]
    classes = [np.unique(column) for column in Y.T]
    model = MLPClassifier((6,), random_state=0, learning_rate_init=0.05)
    with pytest.raises(ValueError, match="classes must be a list of 2 arrays"):
        clone(model).partial_fit(X, Y)
    for _ in range(40):
        for rows in batches:
            model.partial_fit(X[rows], Y[rows], classes=classes)
    assert model.score(X, Y) > 0.4
    binary = MLPClassifier((6,), random_state=0)
    binary.partial_fit(X[:4], np.array([[0, 1], [1, 1], [0, 0], [1, 0]]), classes=[[0, 1, 2], [0, 1]])
    assert str(binary.network_) == "4 -> 6 relu -> 5 softmax(3, 2)"
    with pytest.raises(ValueError, match="y must have 2 columns"):
        binary.partial_fit(X[:4], [0, 1, 0, 1])
    warm = MLPClassifier((6,), random_state=0, warm_start=True, max_iter=3).fit(X, Y).fit(X, Y)
    assert warm.n_iter_ == 3
    assert len(warm.loss_curve_) == 6
    with pytest.raises(ValueError, match="same classes"):
        warm.fit(X, np.stack([COLOUR, COLOUR], axis=1))


@pytest.mark.slow
def test_cross_validation():
    assert cross_val_score(clf(), X, Y, cv=3).mean() > 0.5
    assert cross_val_predict(clf(), X, Y, cv=3).shape == Y.shape


def test_it_is_pickled():
    fitted = clf(max_iter=5000, tol=0.1).fit(X, Y)
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - of our own making
    np.testing.assert_array_equal(copy.predict(X), fitted.predict(X))


def test_what_is_refused():
    model = clf().fit(X, Y)
    with pytest.raises(ValueError, match=r"column 1 has \['XXL'\], known are"):
        MLPClassifier((6,), random_state=0).fit(X, Y, X_val=X[:2], y_val=[["red", "XXL"], ["blue", "S"]])
    with pytest.raises(ValueError, match=r"y must have the shape \(120, 2\), got \(120,\)"):
        model.score(X, COLOUR)
