"""The same numbers as scikit-learn's own estimators, epoch by epoch, from the same seed in float64."""

import itertools
import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest
import scipy.sparse
import sklearn.neural_network as theirs
from sklearn.exceptions import ConvergenceWarning

import chainrule as ours

TOLERANCE = 1e-8
EPOCHS = 20
N, N_FEATURES = 60, 7

SOLVERS = {
    "sgd": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.05},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.01},
    "nesterov-invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1, "power_t": 0.3},
    "nesterov-adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.02,
        "tol": 0.05,
        "n_iter_no_change": 2,
    },
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
    "lbfgs": {"solver": "lbfgs", "alpha": 0.1},
}
ACTIVATIONS = ("identity", "logistic", "tanh", "relu")
TARGETS = ("binary", "multiclass", "multilabel", "one-target", "three-targets", "poisson")

# scikit-learn clips probabilities to [2⁻⁵², 1 − 2⁻⁵²] in its cost, not in its gradient; ours is exact.  The two differ
# where a sample's loss exceeds 36, which L-BFGS tries in its line search when nothing bounds the weights.
# `test_where_a_probability_is_clipped` shows both sides of it.
NOT_WITH_LBFGS = {"partial-fit", "early-stopping", "early-stopping-weights", "no-penalty"}

# How the data come and how fitting is called; dealt out over the grid in turn.
CIRCUMSTANCES = {
    "plain": {},
    "weights": {"weights": True},
    "batches-of-7": {"batch_size": 7},
    "sparse": {"sparse": True, "batch_size": 25},
    "early-stopping": {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 3, "tol": 0.02},
    "early-stopping-weights": {"early_stopping": True, "weights": True, "validation_fraction": 0.25},
    "in-order": {"shuffle": False, "batch_size": 16},
    "partial-fit": {"calls": "partial_fit"},
    "warm-start": {"warm_start": True, "calls": "fit twice", "batch_size": 32},
    "stalls": {"tol": 0.3, "n_iter_no_change": 2},
    "two-hidden-layers": {"hidden_layer_sizes": (6, 5), "alpha": 0.5},
    "no-hidden-layer": {"hidden_layer_sizes": ()},
    "no-penalty": {"alpha": 0.0, "hidden_layer_sizes": (4,), "batch_size": N},
}


@dataclass(frozen=True)
class Case:
    """One way to call both estimators alike."""

    target: str
    solver: str
    activation: str
    circumstance: str
    parameters: dict = field(hash=False)

    @property
    def id(self):
        return f"{self.target}-{self.solver}-{self.activation}-{self.circumstance}"


def _cases():
    turns = itertools.cycle(CIRCUMSTANCES)
    for target, solver, activation in itertools.product(TARGETS, SOLVERS, ACTIVATIONS):
        if solver == "lbfgs" and target == "three-targets":
            continue  # scikit-learn's gradient is not that of its loss: see test_lbfgs_with_several_targets
        circumstance = next(turns)
        while solver == "lbfgs" and circumstance in NOT_WITH_LBFGS:
            circumstance = next(turns)
        parameters = {"hidden_layer_sizes": (5,), **SOLVERS[solver], **CIRCUMSTANCES[circumstance]}
        yield Case(target, solver, activation, circumstance, parameters)


CASES = list(_cases())
QUICK = CASES[::4]


def data_for(target, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, N_FEATURES))
    signal = X @ rng.normal(size=(N_FEATURES, 3)) + 0.3 * rng.normal(size=(N, 3))
    y = {
        "binary": np.where(signal[:, 0] > 0, "yes", "no"),
        "multiclass": np.array([10, 30, 20])[signal.argmax(axis=1)],
        "multilabel": (signal > 0).astype(int),
        "one-target": signal[:, 0],
        "three-targets": signal,
        "poisson": rng.poisson(np.exp(0.4 * signal[:, 0])).astype(float),
    }[target]
    return X, y, rng.uniform(0.2, 3.0, N)


def fitted(module, case):
    parameters = dict(case.parameters)
    calls, weighted = parameters.pop("calls", "fit"), parameters.pop("weights", False)
    X, y, weight = data_for(case.target)
    if parameters.pop("sparse", False):
        X = scipy.sparse.csr_matrix(np.where(np.abs(X) > 0.7, X, 0.0))
    classifies = case.target in {"binary", "multiclass", "multilabel"}
    if case.target == "poisson":
        parameters["loss"] = "poisson"
        parameters["learning_rate_init"] = parameters.get("learning_rate_init", 0.01) / 5  # exp diverges sooner
    estimator = (module.MLPClassifier if classifies else module.MLPRegressor)(
        activation=case.activation, max_iter=EPOCHS, random_state=3, **parameters
    )
    extra = {"sample_weight": weight} if weighted else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if calls == "partial_fit":
            classes = {"classes": np.arange(3) if y.ndim == 2 else np.unique(y)} if classifies else {}
            for _ in range(EPOCHS):
                estimator.partial_fit(X, y, **extra, **classes)
        else:
            estimator.fit(X, y, **extra)
        if calls == "fit twice":
            estimator.fit(X, y, **extra)
    return estimator, X


def distance(mine, other):
    """‖ΔW‖/‖W‖."""
    return np.linalg.norm(np.asarray(mine) - other) / np.linalg.norm(other)


def test_the_grid_is_wide():
    assert len(CASES) >= 60
    assert {case.circumstance for case in CASES} == set(CIRCUMSTANCES)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.id, marks=[] if case in QUICK else pytest.mark.slow) for case in CASES]
)
def test_same_numbers(case):
    (mine, X), (other, _) = fitted(ours, case), fitted(theirs, case)
    assert mine.n_iter_ == other.n_iter_
    assert mine.t_ == other.t_
    assert mine.out_activation_ == other.out_activation_
    assert (mine.n_outputs_, mine.n_layers_) == (other.n_outputs_, other.n_layers_)
    for W, expected in zip(mine.coefs_ + mine.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        assert W.shape == expected.shape
        assert distance(W, expected) <= TOLERANCE
    np.testing.assert_allclose(mine.loss_, other.loss_, rtol=TOLERANCE)
    if case.solver == "lbfgs":
        assert not hasattr(mine, "loss_curve_")
    else:
        for name in ("loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"):
            assert (getattr(mine, name) is None) == (getattr(other, name) is None), name
            if getattr(mine, name) is not None:
                np.testing.assert_allclose(getattr(mine, name), getattr(other, name), rtol=TOLERANCE, err_msg=name)
    if hasattr(mine, "predict_proba"):
        np.testing.assert_array_equal(mine.predict(X), other.predict(X))
        np.testing.assert_allclose(mine.predict_proba(X), other.predict_proba(X), rtol=1e-7)
        with np.errstate(divide="ignore"):  # scikit-learn's warns where a probability is 0
            np.testing.assert_allclose(mine.predict_log_proba(X), other.predict_log_proba(X), rtol=1e-6, atol=1e-12)
    else:
        np.testing.assert_allclose(mine.predict(X), other.predict(X), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("weighted", [False, True])
def test_lbfgs_with_several_targets_minimises_its_loss(weighted):
    """scikit-learn's gradient sums over targets while its cost averages (its issue 8349); ours are of one J."""
    X, y, weight = data_for("three-targets")
    extra = {"sample_weight": weight} if weighted else {}
    parameters = {"hidden_layer_sizes": (6,), "solver": "lbfgs", "alpha": 0.3, "random_state": 0, "max_iter": 3000}
    mine = ours.MLPRegressor(**parameters, activation="tanh", tol=1e-6, max_fun=10**6).fit(X, y, **extra)
    other = theirs.MLPRegressor(**parameters, activation="tanh", tol=1e-6, max_fun=10**6).fit(X, y, **extra)

    def J(estimator):
        """Half the squared error summed over targets, averaged over samples, and the penalty."""
        errors = 0.5 * ((estimator.predict(X) - y) ** 2).sum(axis=1)
        s = weight.sum() if weighted else N
        penalty = 0.5 * 0.3 * sum((W**2).sum() for W in estimator.coefs_) / s
        return np.average(errors, weights=weight if weighted else None) + penalty

    assert mine.loss_ == pytest.approx(J(mine), rel=1e-12)
    assert other.loss_ != pytest.approx(J(other), rel=1e-3)
    assert mine.loss_ <= J(other)


@pytest.mark.parametrize("nesterov", [False, True])
def test_a_momentum_of_one(nesterov):
    """It never slows down; scikit-learn accepts it."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(N, N_FEATURES)), rng.integers(0, 3, N)
    options = {"solver": "sgd", "momentum": 1.0, "nesterovs_momentum": nesterov, "learning_rate_init": 1e-3}
    fits = []
    for module in (ours, theirs):
        with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
            fits.append(module.MLPClassifier((5,), max_iter=EPOCHS, random_state=0, **options).fit(X, y))
    for W, V in zip(fits[0].coefs_, fits[1].coefs_, strict=True):
        np.testing.assert_allclose(W, V, rtol=TOLERANCE)


def cost_where_sure_and_wrong(module, z):
    """The first cost that L-BFGS sees for two samples whose logits are −z and z, and whose labels say the opposite."""
    X, y = np.array([[-1.0], [1.0]]), np.array([0, 1])
    model = module.MLPClassifier((), solver="lbfgs", alpha=0.0, warm_start=True, max_fun=1, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
        model.coefs_, model.intercepts_ = [np.array([[z]])], [np.zeros(1)]
        return model.set_params(tol=1e9).fit(X, 1 - y).loss_


def test_where_a_probability_is_clipped():
    """J is |z|, exactly; scikit-learn's stays at −log 2⁻⁵² = 36.04…, while its gradient does not vanish there.

    Training with batches takes gradients only, which are the same everywhere.
    """
    for z in (1.0, 10.0, 20.0):
        mine, other = (cost_where_sure_and_wrong(module, z) for module in (ours, theirs))
        assert mine == pytest.approx(other, rel=1e-6)
    for z in (40.0, 200.0):
        assert cost_where_sure_and_wrong(ours, z) == pytest.approx(z, rel=1e-12)
        assert cost_where_sure_and_wrong(theirs, z) == pytest.approx(-np.log(np.finfo(np.float64).eps), rel=1e-12)
