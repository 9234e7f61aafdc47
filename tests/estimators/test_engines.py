"""The fast engine gives scikit-learn's numbers too."""

import numpy as np
import pytest
import sklearn.neural_network as theirs

import chainrule as ours
from chainrule.engines import choosing
from tests.estimators import test_same_numbers as numbers


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in numbers.CASES[::9]])
def test_the_jit_gives_scikit_learns_numbers(case, monkeypatch):
    monkeypatch.setenv("CHAINRULE_ENGINE", "jit")
    (mine, X), (other, _) = numbers.fitted(ours, case), numbers.fitted(theirs, case)
    for W, expected in zip(mine.coefs_ + mine.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        assert numbers.distance(W, expected) <= numbers.TOLERANCE
    np.testing.assert_allclose(mine.loss_, other.loss_, rtol=numbers.TOLERANCE)
    assert mine.n_iter_ == other.n_iter_
    np.testing.assert_array_equal(np.ravel(mine.predict(X)).shape, np.ravel(other.predict(X)).shape)


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
