"""Every parameter and fitted attribute is in the docstring, and no other."""

import inspect
import re

import pytest
import sklearn.neural_network as theirs

from chainrule import MLPClassifier, MLPRegressor
from chainrule.estimators.fitting_state import OF_EARLIER_FITS

BOTH = [MLPClassifier, MLPRegressor]


def section(Estimator, title):
    text = inspect.getdoc(Estimator)
    body = text.split(f"{title}\n{'-' * len(title)}\n")[1].split("\n\n")[0]
    return [name for line in body.splitlines() if line[:1].strip() for name in line.split(" : ")[0].split(", ")]


@pytest.mark.parametrize("Estimator", BOTH)
def test_parameters(Estimator):
    assert section(Estimator, "Parameters") == list(inspect.signature(Estimator).parameters)
    assert not re.findall(r"\{[a-z_]+\}", inspect.getdoc(Estimator))  # nothing is left to put in


@pytest.mark.parametrize("Estimator", BOTH)
def test_scikit_learns_parameters_come_first_in_its_order_with_its_defaults(Estimator):
    mine = inspect.signature(Estimator).parameters
    other = inspect.signature(getattr(theirs, Estimator.__name__)).parameters
    assert list(mine)[: len(other)] == list(other)
    for name, parameter in other.items():
        assert (mine[name].default, mine[name].kind) == (parameter.default, parameter.kind)
    assert all(mine[name].kind is inspect.Parameter.KEYWORD_ONLY for name in list(mine)[len(other) :])


@pytest.mark.parametrize("Estimator", BOTH)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_attributes(Estimator):
    fitted = Estimator(max_iter=1, early_stopping=True).fit([[0.0, k] for k in range(40)], [0, 1] * 20)
    public = {name for name in vars(fitted) if name.endswith("_") and not name.startswith("_")}
    assert set(section(Estimator, "Attributes")) == public | {"derivation_", "feature_names_in_"}
    assert {name for name in OF_EARLIER_FITS if not name.startswith("_")} <= public


@pytest.mark.parametrize("Estimator", BOTH)
def test_scikit_learns_attributes_are_all_there(Estimator):
    theirs_fitted = getattr(theirs, Estimator.__name__)(max_iter=500, tol=1.0).fit([[0.0], [1.0]], [0, 1])
    mine = Estimator(max_iter=500, tol=1.0).fit([[0.0], [1.0]], [0, 1])
    for name in vars(theirs_fitted):
        if name.endswith("_") and not name.startswith("_"):
            assert hasattr(mine, name), name
            assert isinstance(getattr(theirs_fitted, name), type(getattr(mine, name))), name
