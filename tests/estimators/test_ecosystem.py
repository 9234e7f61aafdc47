"""The estimators among scikit-learn's tools, data frames, processes and threads."""

import copy
import io
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import MLPClassifier, MLPRegressor, Network, derive

X, CODES = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])
Y = NAMES[CODES]
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 40, "learning_rate_init": 0.05, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**parameters):
    return MLPClassifier(**(QUICK | parameters))


def test_pipeline_and_grid_search():
    pipeline = make_pipeline(StandardScaler(), classifier())
    grid = {"mlpclassifier__hidden_layer_sizes": [(4,), (8, 4)], "mlpclassifier__alpha": [1e-4, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, Y)
    assert search.best_score_ > 0.9
    assert set(search.predict(X)) <= set(NAMES)


@pytest.mark.slow
def test_grid_search_between_processes():
    search = GridSearchCV(classifier(), {"alpha": [1e-4, 1.0]}, cv=2, n_jobs=2).fit(X, Y)
    alone = GridSearchCV(classifier(), {"alpha": [1e-4, 1.0]}, cv=2).fit(X, Y)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


def test_cross_validation_calibration_voting_bagging_and_selection():
    scaled = StandardScaler().fit_transform(X)
    probabilities = cross_val_predict(classifier(), scaled, Y, cv=3, method="predict_proba")
    assert probabilities.shape == (150, 3)
    assert (NAMES[probabilities.argmax(axis=1)] == Y).mean() > 0.9
    calibrated = CalibratedClassifierCV(classifier(), cv=2).fit(scaled, Y)
    assert calibrated.score(scaled, Y) > 0.9
    voting = VotingClassifier([("net", classifier()), ("linear", LogisticRegression())], voting="soft")
    assert voting.fit(scaled, Y).score(scaled, Y) > 0.9
    assert BaggingClassifier(classifier(), n_estimators=2, random_state=0).fit(scaled, Y).score(scaled, Y) > 0.9
    importance = permutation_importance(classifier().fit(scaled, Y), scaled, Y, n_repeats=2, random_state=0)
    assert importance.importances_mean.max() > 0.1
    chosen = SequentialFeatureSelector(classifier(max_iter=5), n_features_to_select=1, cv=2).fit(scaled, Y)
    assert chosen.get_support().sum() == 1


def test_a_target_that_is_transformed():
    model = TransformedTargetRegressor(MLPRegressor(**QUICK), transformer=StandardScaler())
    assert model.fit(X[:, :3], X[:, 3] * 1000).score(X[:, :3], X[:, 3] * 1000) > 0.8


def test_several_classified_targets_through_multi_output():
    y = np.column_stack([CODES, CODES > 0])
    assert MultiOutputClassifier(classifier()).fit(X, y).score(X, y) > 0.8


def test_clone_and_parameters():
    clf = classifier(dropout=[0.1], schedule="cosine", class_weight={0: 2.0})
    again = clone(clf)
    assert again.get_params() == clf.get_params()
    assert repr(again) == repr(clf)
    assert not hasattr(again, "coefs_")
    assert clone(clf.fit(X, CODES)).fit(X, CODES).loss_curve_ == clf.loss_curve_


def test_set_output_in_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), classifier()).set_output(transform="pandas")
    pipeline.fit(pd.DataFrame(X, columns=list("abcd")), Y)
    assert pipeline[-1].feature_names_in_.tolist() == list("abcd")


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_feature_names_of_data_frames(frame):
    table = frame({name: X[:, number] for number, name in enumerate("abcd")})
    clf = classifier(early_stopping=True).fit(table, Y)
    assert clf.feature_names_in_.tolist() == list("abcd")
    np.testing.assert_array_equal(clf.predict(table), classifier(early_stopping=True).fit(X, Y).predict(X))
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame(dict.fromkeys("abce", X[:, 0])))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        clf.predict(X)


def test_metadata_routing():
    weight = np.linspace(0.1, 2, 150)
    with sklearn.config_context(enable_metadata_routing=True):
        clf = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, clf).fit(X, Y, sample_weight=weight)
        scores = cross_val_score(clf, X, Y, cv=2, params={"sample_weight": weight})
        partial = classifier().set_partial_fit_request(classes=True, sample_weight=True)
        partial.partial_fit(X, Y, classes=NAMES, sample_weight=weight)
    direct = classifier().fit(StandardScaler().fit_transform(X), Y, sample_weight=weight)
    np.testing.assert_array_equal(pipeline[-1].coefs_[0], direct.coefs_[0])
    assert scores.shape == (2,)


def test_held_out_data_are_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        clf = classifier().set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), clf)
        pipeline.fit(X, Y, X_val=X, y_val=Y)
    assert len(pipeline[-1].validation_scores_) == pipeline[-1].n_iter_


def test_sample_weights_in_score():
    weight = np.where(CODES == 0, 1.0, 0.0)
    clf = classifier().fit(X, CODES)
    assert clf.score(X, CODES, sample_weight=weight) == (clf.predict(X[CODES == 0]) == 0).mean()


@pytest.mark.parametrize("how", ["pickle", "deepcopy", "joblib"])
def test_copies_predict_and_train_on(how, tmp_path):
    import pickle

    clf = classifier().fit(X, Y)
    clf.predict(X)  # now a program is held
    if how == "pickle":
        other = pickle.loads(pickle.dumps(clf))  # noqa: S301  our own
    elif how == "deepcopy":
        other = copy.deepcopy(clf)
    else:
        joblib.dump(clf, tmp_path / "model")
        other = joblib.load(tmp_path / "model")
    np.testing.assert_array_equal(other.predict_proba(X), clf.predict_proba(X))
    assert other.network_ == clf.network_
    np.testing.assert_array_equal(other.partial_fit(X, Y).coefs_[0], clf.partial_fit(X, Y).coefs_[0])


@pytest.mark.slow
def test_predictions_in_other_processes():
    clf = classifier().fit(X, Y)
    parts = joblib.Parallel(n_jobs=2)(joblib.delayed(clf.predict)(part) for part in np.array_split(X, 3))
    np.testing.assert_array_equal(np.concatenate(parts), clf.predict(X))


def test_one_estimator_predicts_in_many_threads():
    clf = classifier().fit(X, Y)
    expected = clf.predict_proba(X)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: clf.predict_proba(X), range(40)):
            np.testing.assert_array_equal(found, expected)


def test_weights_that_a_user_changes_are_those_that_predict():
    reg = MLPRegressor(**QUICK).fit(X, CODES)
    before = reg.predict(X)
    reg.intercepts_[-1] += 1.0
    np.testing.assert_allclose(reg.predict(X), before + 1.0)
    reg.coefs_ = [0 * W for W in reg.coefs_]
    np.testing.assert_allclose(np.ptp(reg.predict(X)), 0.0)


def test_network_and_derivation():
    clf = classifier(activation="tanh", alpha=0.5).fit(X, Y)
    assert str(clf.network_) == "4 -> 8 tanh -> 3 softmax"
    assert isinstance(clf.network_, Network)
    assert str(clf.derivation_["dZ2"]) == str(derive(clf.network_)["dZ2"])
    assert "m_W1+" in {equation.left.name for equation in clf.derivation_.updates}
    trace = clf.network_.trace(
        {"W1": clf.coefs_[0], "b1": clf.intercepts_[0], "W2": clf.coefs_[1], "b2": clf.intercepts_[1]},
        X,
        np.eye(3)[CODES],
    )
    np.testing.assert_allclose(trace["A2"], clf.predict_proba(X))
    assert not hasattr(MLPClassifier(), "derivation_")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype(dtype):
    kept = MLPRegressor(**QUICK).fit(X.astype(dtype), CODES)
    asked = MLPRegressor(**QUICK, dtype=dtype).fit(X.astype("float32"), CODES)
    for reg in (kept, asked):
        assert {value.dtype for value in reg.coefs_ + reg.intercepts_} == {np.dtype(dtype)}
        assert reg.predict(X.astype(dtype)).dtype == dtype


def test_float32_and_float64_data_may_meet():
    clf = MLPRegressor(**QUICK).fit(X.astype("float32"), CODES)
    np.testing.assert_allclose(clf.predict(X), clf.predict(X.astype("float32")), rtol=1e-5)
    clf.partial_fit(X, CODES)
    assert clf.coefs_[0].dtype == np.float32


def test_verbose_prints_to_standard_output(capsys):
    classifier(verbose=True, max_iter=2, early_stopping=True).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Iteration 1, loss = ")
    assert lines[1].startswith("Validation score: ")


def test_callbacks_are_heard_in_a_pipeline():
    from chainrule.training.callbacks import ProgressBar

    out = io.StringIO()
    make_pipeline(StandardScaler(), classifier(max_iter=3, callbacks=[ProgressBar(every=0, file=out)])).fit(X, Y)
    assert out.getvalue().startswith("epoch 1/3: loss ")


def test_an_interrupt_keeps_what_was_learnt():
    def interrupt(history):
        if history.epochs == 3:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="Training interrupted by user"):
        clf = classifier(callbacks=[interrupt]).fit(X, Y)
    assert clf.n_iter_ == 3
    np.testing.assert_array_equal(clf.coefs_[0], classifier(max_iter=3).fit(X, Y).coefs_[0])


def test_the_engine_is_a_parameter():
    from chainrule.engines.reference import ReferenceEngine

    ours = classifier(engine=ReferenceEngine()).fit(X, Y)
    named = classifier(engine="reference").fit(X, Y)
    np.testing.assert_array_equal(ours.coefs_[0], named.coefs_[0])
    with pytest.raises(ValueError, match="The 'engine' parameter of MLPClassifier must be"):
        classifier(engine="abacus").fit(X, Y)


def test_warm_start_goes_on():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf = classifier(warm_start=True, max_iter=5, solver="sgd", momentum=0.0, shuffle=False)
        clf.fit(X, Y).fit(X, Y)
        once = classifier(max_iter=10, solver="sgd", momentum=0.0, shuffle=False).fit(X, Y)
    np.testing.assert_allclose(clf.coefs_[0], once.coefs_[0], rtol=1e-12)
    assert len(clf.loss_curve_) == 10
    assert clf.n_iter_ == 5
    with pytest.raises(ValueError, match="does not continue the fitted one"):
        clf.set_params(hidden_layer_sizes=(9,)).fit(X, Y)


@pytest.mark.parametrize(("solver", "batch_size", "number"), [("adam", 10_000, 2), ("lbfgs", "auto", 1)])
def test_warnings_point_at_the_line_that_calls_fit(solver, batch_size, number):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        classifier(solver=solver, max_iter=1, batch_size=batch_size).fit(X, Y)
    assert [warning.filename for warning in caught] == [__file__] * number
