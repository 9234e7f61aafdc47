"""The fast engine gives scikit-learn's numbers too."""

import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.base import clone

import chainrule as ours
from chainrule.engines import choosing
from tests.estimators import test_same_numbers as numbers


# Every ninth configuration; every third of these in the fast tier.
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.id, marks=pytest.mark.slow if number % 3 else ())
        for number, case in enumerate(numbers.CASES[::9])
    ],
)
def test_the_jit_gives_scikit_learns_numbers(case, monkeypatch):
    monkeypatch.setenv("CHAINRULE_ENGINE", "jit")
    (mine, X), (other, _) = numbers.fitted(ours, case), numbers.fitted(theirs, case)
    for W, expected in zip(mine.coefs_ + mine.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        assert numbers.distance(W, expected) <= numbers.TOLERANCE
    np.testing.assert_allclose(mine.loss_, other.loss_, rtol=numbers.TOLERANCE)
    assert mine.n_iter_ == other.n_iter_
    np.testing.assert_array_equal(np.ravel(mine.predict(X)).shape, np.ravel(other.predict(X)).shape)


def engine_of(model):
    """By what the program that the model has kept is called."""
    return type(model._program_holder._program).__name__.removesuffix("Program").lower()


def test_small_work_runs_on_the_reference_engine_by_its_sizes_alone(monkeypatch):
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    small = ours.MLPClassifier((4,), max_iter=20, random_state=0, early_stopping=True, n_iter_no_change=50)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        small.fit(X, y)
    assert engine_of(small) == "reference"
    small.predict(X)
    assert engine_of(small) == "reference"
    with pytest.warns(UserWarning, match="Maximum iterations"):
        compiled = clone(small).set_params(engine="jit").fit(X, y)
    assert engine_of(compiled) == "jit"
    np.testing.assert_allclose(small.coefs_[0], compiled.coefs_[0], rtol=1e-9, atol=1e-12)
    for large in ({"max_iter": 2000}, {"dtype": "float32"}, {"callbacks": [lambda history: len(history.loss) > 3]}):
        model = clone(small).set_params(n_iter_no_change=3, tol=1.0, **large).fit(X, y)
        assert engine_of(model) == "jit", large
    model = clone(small).set_params(early_stopping=False).partial_fit(X, y, classes=[0, 1])
    assert engine_of(model) == "jit"


class Refusing:
    """In place of the jit: it compiles nothing."""

    name = "jit"

    def compile(self, *_, **__):
        raise NotImplementedError("equations of this form")


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_fit_warns_once_that_the_reference_engine_runs(monkeypatch, solver):
    """Held-out data have a program of their own, and predicting follows."""
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)
    monkeypatch.setitem(choosing.ENGINES, "jit", (__name__, "Refusing"))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    model = ours.MLPClassifier((4,), solver=solver, early_stopping=solver == "adam", max_iter=500, random_state=0)
    model.set_params(monitor="val_loss" if solver == "adam" else None)
    for _ in range(2):
        with pytest.warns(choosing.ReferenceEngineUsed, match="equations of this form") as warned:
            model.fit(X, y).predict(X)
        assert len(warned) == 1
