"""The fast engine gives scikit-learn's numbers too."""

import numpy as np
import pytest
import sklearn.neural_network as theirs

import chainrule as ours
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
