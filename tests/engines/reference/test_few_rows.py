"""Few rows are predicted by NumPy straight from the equations: the same numbers as the reference engine's."""

import numpy as np
import pytest

from chainrule import MLPClassifier
from chainrule.calculus import derive
from chainrule.calculus.forward import prediction
from chainrule.engines.reference import evaluate
from chainrule.engines.reference.few_rows import AT_MOST, FewRows
from tests.zoo import ZOO, draw

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
Y = np.repeat([0, 1], 20)


@pytest.mark.parametrize("animal", [pytest.param(animal, id=animal.id) for animal in ZOO[::7]])
def test_the_zoo(animal):
    params, X, *_ = draw(animal)
    derivation = derive(animal.network)
    expected = evaluate(derivation.prediction, params | {"X": X})[prediction(animal.network).name]
    np.testing.assert_allclose(FewRows(derivation)(params, X), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "gelu"])
def test_few_rows_and_many_rows_agree(dtype, activation):
    clf = MLPClassifier((4,), activation=activation, solver="lbfgs", alpha=1.0, random_state=0, max_iter=1000)
    clf.fit(X.astype(dtype), Y)
    rows = X.astype(dtype)[:AT_MOST]
    many = clf.predict_proba(X.astype(dtype))
    few = clf.predict_proba(rows)
    assert few.dtype == many.dtype == dtype
    np.testing.assert_allclose(few, many[:AT_MOST], rtol=1e-5 if dtype == np.float32 else 1e-12)
    np.testing.assert_array_equal(clf.predict(rows[:1]), clf.predict(X.astype(dtype))[:1])


def test_bad_rows_are_still_refused():
    clf = MLPClassifier((4,), solver="lbfgs", alpha=1.0, random_state=0).fit(X, Y)
    for bad, message in (
        ([[np.nan, 0, 0]], "NaN"),
        ([[0.0, 0.0]], "2 features"),
        (np.zeros(3), "2D array"),
        (np.zeros((0, 3)), "0 sample"),
    ):
        with pytest.raises(ValueError, match=message):
            clf.predict(np.array(bad))
