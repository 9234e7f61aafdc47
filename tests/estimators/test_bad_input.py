"""What must not be learnt from is refused as scikit-learn refuses it, and nothing is left half fitted."""

import warnings

import numpy as np
import pytest
import scipy.sparse
import sklearn.neural_network as theirs
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

import chainrule as ours
from chainrule import MLPClassifier, MLPRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(30, 3))
Y = np.repeat(["a", "b", "c"], 10)
T = X @ np.array([1.0, -2.0, 0.5])
QUICK = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def with_value(value):
    bad = X.copy()
    bad[3, 1] = value
    return bad


def clf(**parameters):
    return lambda module: module.MLPClassifier(**(QUICK | parameters))


def reg(**parameters):
    return lambda module: module.MLPRegressor(**(QUICK | parameters))


# Both are called alike; scikit-learn's exception type is expected, and its words where they are given.
ALIKE = {
    "NaN": (clf(), lambda e: e.fit(with_value(np.nan), Y), "contains NaN"),
    "infinity": (clf(), lambda e: e.fit(with_value(np.inf), Y), "infinity"),
    "NaN in a target": (reg(), lambda e: e.fit(X, np.where(T > 1, np.nan, T)), "NaN"),
    "one row too few": (clf(), lambda e: e.fit(X, Y[:-1]), "inconsistent numbers of samples"),
    "no rows": (clf(), lambda e: e.fit(X[:0], Y[:0]), "0 sample"),
    "no columns": (clf(), lambda e: e.fit(X[:, :0], Y), "0 feature"),
    "one dimension": (clf(), lambda e: e.fit(T, Y), "2D array"),
    "three dimensions": (clf(), lambda e: e.fit(X[None], Y[:1]), "dim 3"),
    "words in X": (clf(), lambda e: e.fit(np.full((30, 3), "word"), Y), "could not convert"),
    "objects in X": (clf(), lambda e: e.fit(np.full((30, 3), object()), Y), ""),
    "complex X": (clf(), lambda e: e.fit(X + 1j, Y), "Complex data"),
    "no y": (clf(), lambda e: e.fit(X, None), "requires y to be passed"),
    "real classes": (clf(), lambda e: e.fit(X, T), "Unknown label type"),
    "mixed classes": (clf(), lambda e: e.fit(X, np.array(["a", 1] * 15, dtype=object)), ""),
    "weights too few": (clf(), lambda e: e.fit(X, Y, sample_weight=np.ones(3)), "sample_weight"),
    "weights with NaN": (clf(), lambda e: e.fit(X, Y, sample_weight=np.full(30, np.nan)), "NaN"),
    "all weights zero": (clf(), lambda e: e.fit(X, Y, sample_weight=np.zeros(30)), "at least one non-zero"),
    "weights in two dimensions": (clf(), lambda e: e.fit(X, Y, sample_weight=np.ones((30, 2))), "1D array"),
    "other columns in predict": (clf(), lambda e: e.fit(X, Y).predict(X[:, :2]), "2 features"),
    "predict before fit": (clf(), lambda e: e.predict(X), "not fitted yet"),
    "NaN in predict": (clf(), lambda e: e.fit(X, Y).predict(with_value(np.nan)), "NaN"),
    "first partial_fit without classes": (clf(), lambda e: e.partial_fit(X, Y), "classes must be passed"),
    "other classes": (
        clf(),
        lambda e: e.partial_fit(X, Y, classes=["a", "b", "c"]).partial_fit(X, Y, classes=["a", "b"]),
        "is not the same as on last call",
    ),
    "a class that was not announced": (
        clf(),
        lambda e: e.partial_fit(X, Y, classes=["a", "b", "c"]).partial_fit(X[:1], ["z"]),
        "classes not in",
    ),
    "early stopping in partial_fit": (
        clf(early_stopping=True),
        lambda e: e.partial_fit(X, Y, classes=["a", "b", "c"]),
        "does not support early_stopping",
    ),
    "partial_fit with lbfgs": (clf(solver="lbfgs"), lambda e: e.partial_fit(X, Y, classes=["a"]), "partial_fit"),
    "held-out part too small": (
        reg(early_stopping=True, validation_fraction=0.02),
        lambda e: e.fit(X, T),
        "The validation set is too small",
    ),
    "a class of one, stratified": (
        clf(early_stopping=True),
        lambda e: e.fit(X, np.arange(30) == 0),
        "The least populated classes in y have only 1 member",
    ),
    "width zero": (clf(hidden_layer_sizes=(5, 0)), lambda e: e.fit(X, Y), "hidden_layer_sizes must be > 0"),
    "width negative": (clf(hidden_layer_sizes=-1), lambda e: e.fit(X, Y), "'hidden_layer_sizes' parameter"),
    **{
        f"{name}={value!r}": (clf(**{name: value}), lambda e: e.fit(X, Y), f"The '{name}' parameter of MLPClassifier")
        for name, value in {
            "activation": "rely",
            "solver": "newton",
            "alpha": -1.0,
            "batch_size": 0,
            "learning_rate": "fast",
            "learning_rate_init": 0.0,
            "power_t": -1,
            "max_iter": 0,
            "shuffle": "yes",
            "random_state": -1.5,
            "tol": -1.0,
            "momentum": 1.5,
            "early_stopping": "no",
            "validation_fraction": 1.0,
            "beta_1": 1.0,
            "epsilon": 0.0,
            "n_iter_no_change": 0,
            "max_fun": 0,
        }.items()
    },
}


def outcome(module, make, call):
    """The estimator and what it raised."""
    estimator = make(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call(estimator)
        except Exception as error:  # noqa: BLE001  whatever scikit-learn raises
            return estimator, error
    pytest.fail("it was accepted")


@pytest.mark.parametrize("case", ALIKE)
def test_scikit_learns_exception_and_nothing_half_fitted(case):
    make, call, words = ALIKE[case]
    _, expected = outcome(theirs, make, call)
    estimator, found = outcome(ours, make, call)
    assert type(found) is type(expected)
    assert words in str(found)
    assert words in str(expected)
    fitted = [name for name in vars(estimator) if name.endswith("_") and not name.startswith("_")]
    assert bool(fitted) == hasattr(estimator, "coefs_")


BEYOND = {
    "words as target": (lambda: MLPRegressor().fit(X, Y), "could not convert string to float"),
    "negative weights": (lambda: MLPRegressor().fit(X, T, sample_weight=np.r_[-1.0, np.ones(29)]), "Negative values"),
    "class weights of zero": (lambda: MLPClassifier(class_weight=dict.fromkeys("abc", 0)).fit(X, Y), "zero for every"),
    "balanced in partial_fit": (
        lambda: MLPClassifier(class_weight="balanced").partial_fit(X, Y, classes=["a", "b", "c"]),
        "is not supported for partial_fit",
    ),
    "counts below zero": (
        lambda: MLPRegressor("poisson").fit(X, T),
        r"y must lie in \[0, inf\) for the loss 'poisson'",
    ),
    "unknown loss": (lambda: MLPRegressor("hubber").fit(X, T), "did you mean 'huber'"),
    "a loss of classes": (lambda: MLPRegressor("cross-entropy").fit(X, T), "one of classes"),
    "a loss of numbers": (lambda: MLPClassifier(loss="huber").fit(X, Y), "'loss' parameter of MLPClassifier must be"),
    "activations too few": (
        lambda: MLPClassifier((3, 4), activation=["relu"]).fit(X, Y),
        r"must have one entry per hidden layer \(2\). Got 1",
    ),
    "an activation for every layer, one unknown": (
        lambda: MLPClassifier((3, 4), activation=["relu", "rely"]).fit(X, Y),
        "did you mean 'relu'",
    ),
    "softmax in the middle": (lambda: MLPClassifier(activation="softmax").fit(X, Y), "softmax"),
    "dropout of one": (lambda: MLPClassifier(dropout=1.0).fit(X, Y), r"range \[0.0, 1.0\). Got 1.0"),
    "dropout of a word": (lambda: MLPClassifier(dropout="much").fit(X, Y), "'dropout' parameter"),
    "dropouts too many": (lambda: MLPClassifier(dropout=[0.1, 0.2]).fit(X, Y), "one entry per hidden layer"),
    "dropout with lbfgs": (lambda: MLPClassifier(solver="lbfgs", dropout=0.2).fit(X, Y), "needs a stochastic solver"),
    "clipping with lbfgs": (lambda: MLPClassifier(solver="lbfgs", max_grad_norm=1).fit(X, Y), "max_grad_norm=1 needs"),
    "unknown schedule": (lambda: MLPClassifier(schedule="sinus").fit(X, Y), "'schedule' parameter of MLPClassifier"),
    "a schedule of NaN": (lambda: MLPClassifier(schedule=lambda step: np.nan).fit(X, Y), "numbers in"),
    "a callback that is none": (lambda: MLPClassifier(callbacks=["loud"]).fit(X, Y), "a callback is a Callback"),
    "half floats": (lambda: MLPClassifier(dtype="float16").fit(X, Y), "'dtype' parameter"),
    "labels smoothed away": (lambda: MLPClassifier(label_smoothing=1.0).fit(X, Y), "'label_smoothing' parameter"),
}


@pytest.mark.parametrize("case", BEYOND)
def test_what_is_refused_beyond_scikit_learn(case):
    call, message = BEYOND[case]
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_huge_values_diverge_with_a_remedy_and_the_last_finite_weights():
    model = MLPRegressor(solver="sgd", learning_rate_init=1.0, random_state=0, activation="identity")
    with pytest.raises(
        ValueError, match=r"non-finite parameter weights.*diverged in epoch \d+, step \d+.*Lower the"
    ) as error:
        model.fit(1e3 * X, T)
    assert "unit variance" in str(error.value)
    assert all(np.isfinite(W).all() for W in model.coefs_ + model.intercepts_)
    assert model.history_.stopped == "diverged"
    assert model.n_iter_ == len(model.loss_curve_)


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam", "adamw"])
@pytest.mark.parametrize("scale", [1e300, 1e307])
def test_overflow_never_passes_silently(solver, scale):
    model = MLPRegressor(solver=solver, random_state=0, max_iter=3)
    try:
        model.fit(scale * (X / np.abs(X).max()), T)
    except ValueError as error:
        assert "non-finite" in str(error)  # noqa: PT017  some solvers come through
    assert all(np.isfinite(W).all() for W in model.coefs_)


@pytest.mark.parametrize("y", [np.zeros(30), np.full(30, 7.5)])
def test_constant_targets_are_learnt(y):
    model = MLPRegressor(**(QUICK | {"max_iter": 3000, "solver": "lbfgs"})).fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=0.3)


def test_a_single_class_is_always_predicted():
    model = MLPClassifier(**QUICK).fit(X, ["only"] * 30)
    assert set(model.predict(X)) == {"only"}


@pytest.mark.parametrize("labels", [[3, 1, 2], ["z", "a", "m"], [True, False, True], [10**18, -5, 0], [2.0, 1.0, 5.0]])
def test_labels_of_every_kind_and_order(labels):
    y = np.array(labels)[np.arange(30) % 3]
    mine, other = MLPClassifier(**QUICK).fit(X, y), theirs.MLPClassifier(**QUICK).fit(X, y)
    np.testing.assert_array_equal(mine.classes_, other.classes_)
    np.testing.assert_array_equal(mine.predict(X), other.predict(X))
    assert mine.predict(X).dtype == other.predict(X).dtype


def test_layouts_of_memory(tmp_path):
    wide = np.asfortranarray(X)
    strided = np.repeat(X, 2, axis=1)[:, ::2]
    frozen = X.copy()
    frozen.setflags(write=False)
    mapped = np.memmap(tmp_path / "X", dtype=np.float64, mode="w+", shape=X.shape)
    mapped[:] = X
    expected = MLPClassifier(**QUICK).fit(X, Y)
    for same in (wide, strided, frozen, mapped, X[::-1][::-1], X.tolist(), X.astype(">f8"), X.astype(np.longdouble)):
        model = MLPClassifier(**QUICK).fit(same, Y)
        np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])
        np.testing.assert_array_equal(model.predict(same), expected.predict(X))


@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.csc_array, scipy.sparse.coo_matrix])
def test_sparse_layouts(make):
    expected = MLPClassifier(**QUICK).fit(X, Y)
    model = MLPClassifier(**QUICK).fit(make(X), Y)
    np.testing.assert_allclose(model.predict_proba(make(X)), expected.predict_proba(X), rtol=1e-12)


def test_one_row():
    model = MLPRegressor(**QUICK).fit(X[:1], T[:1])
    assert model.predict(X[:1]).shape == (1,)
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(X[:0])


def test_integers_that_overflow_float32_are_refused_or_kept():
    huge = np.array([[2**62, 1], [2**61, 2], [0, 3]] * 5)
    model = MLPRegressor(**QUICK, dtype="float32").fit(huge / 2**62, np.arange(15.0))
    assert np.isfinite(model.predict(huge / 2**62)).all()
    with pytest.raises(ValueError, match="infinity or a value too large"), np.errstate(over="ignore"):
        MLPRegressor(**QUICK, dtype="float32").fit(huge * 1e30, np.arange(15.0))


# Any sequence of calls, valid or not

BAD_X = [with_value(np.nan), X[:, :2], X[:0], T, None, np.full((30, 3), "word"), 1e307 * X]
CALLS = st.sampled_from(
    [
        ("fit", X, Y),
        ("fit", X, Y == "a"),
        ("fit", X[:5], Y[:5]),
        ("partial_fit", X, Y),
        ("predict", X),
        ("predict_proba", X[:1]),
        *[(method, bad, Y) for method in ("fit", "partial_fit") for bad in BAD_X],
        *[("predict", bad) for bad in BAD_X],
        ("fit", X, T),
        ("fit", X, Y, np.zeros(30)),
        ("fit", X, Y, -np.ones(30)),
        ("partial_fit", X, np.full(30, "z")),
        ("set_params", {"hidden_layer_sizes": (6,)}),
        ("set_params", {"warm_start": True}),
        ("set_params", {"solver": "sgd"}),
        ("set_params", {"solver": "lbfgs"}),
        ("set_params", {"activation": "rely"}),
        ("set_params", {"activation": "tanh"}),
        ("set_params", {"early_stopping": True}),
        ("set_params", {"learning_rate_init": 1e12}),
        ("set_params", {"learning_rate_init": 1e-3}),
        ("set_params", {"dropout": 0.5}),
        ("set_params", {"max_iter": -1}),
        ("set_params", {"max_iter": 3}),
    ]
)


@settings(max_examples=80)
@given(st.lists(CALLS, min_size=1, max_size=8))
def test_no_sequence_of_calls_leaves_an_estimator_half_fitted(calls):
    model = MLPClassifier(**QUICK)
    for method, *arguments in calls:
        before = dict(vars(model))
        diverged = False
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                if method == "set_params":
                    model.set_params(**arguments[0])
                    continue
                getattr(model, method)(*arguments)
            except (ValueError, TypeError, AttributeError, NotFittedError) as error:
                diverged = "non-finite parameter weights" in str(error)
                unchanged = vars(model).keys() == before.keys() and all(vars(model)[k] is before[k] for k in before)
                assert diverged or unchanged
            if diverged:  # weights are finite, but may be so large that a prediction is not
                break
        if hasattr(model, "coefs_"):
            probabilities = model.predict_proba(X[:, : model.n_features_in_])
            assert np.isfinite(probabilities).all()
            assert probabilities.shape == (30, max(2, len(model.classes_)))
            assert len(model.coefs_) == len(model.intercepts_) == model.n_layers_ - 1
            assert [W.shape for W in model.coefs_] == [
                model.network_.parameter_shapes[f"W{k}"] for k in range(1, model.n_layers_)
            ]
        else:
            assert not [name for name in vars(model) if name.endswith("_")]
