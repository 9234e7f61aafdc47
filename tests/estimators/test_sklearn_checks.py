"""scikit-learn's own checks of what an estimator must be, with no failure expected."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import MLPClassifier, MLPRegressor

QUICK = {"max_iter": 30, "learning_rate_init": 0.01}

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:Got `batch_size` less than 1 or larger:UserWarning",
)


@parametrize_with_checks([MLPClassifier(**QUICK), MLPRegressor(**QUICK)])
def test_contract(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_contract_with_the_defaults(estimator, check):
    check(estimator)
