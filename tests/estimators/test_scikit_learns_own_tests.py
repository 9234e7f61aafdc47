"""scikit-learn's own tests of its multilayer perceptron, run with chainrule's two classes in place of its own."""

import importlib.util
import inspect
from types import ModuleType
from unittest.mock import patch

import pytest
import sklearn.neural_network
from sklearn.neural_network.tests import test_mlp

from chainrule import MLPClassifier, MLPRegressor

# Tests of attributes that begin with an underscore, which are nobody's to rely on.
PRIVATE = {
    "test_gradient": "calls _loss_grad_lbfgs; our gradients are judged against JAX",
    "test_learning_rate_warmstart": "reads _optimizer.learning_rate",
    "test_adaptive_learning_rate": "reads _optimizer.learning_rate",
}

pytestmark = [
    pytest.mark.slow,
    # scikit-learn runs these tests with warnings that are only shown
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::UserWarning"),
]


def with_our_classes() -> ModuleType:
    """A second copy of scikit-learn's test module, which found our classes where it imports its own."""
    assert test_mlp.__file__
    spec = importlib.util.spec_from_file_location("their_tests_of_our_classes", test_mlp.__file__)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    ours = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}
    with patch.multiple(sklearn.neural_network, **ours):
        spec.loader.exec_module(module)
    return module


THEIRS = with_our_classes()
NAMES = [name for name in vars(THEIRS) if name.startswith("test_")]
globals().update({name: getattr(THEIRS, name) for name in NAMES if name not in PRIVATE})


@pytest.fixture
def global_random_seed():
    """The fixture of this name in scikit-learn's conftest.py, at its default."""
    return 42


def test_the_private_ones_are_there_and_do_read_private_attributes():
    assert set(NAMES) >= set(PRIVATE)
    for name, reason in PRIVATE.items():
        attribute = next(word for word in reason.replace(";", " ").split() if word.startswith("_"))
        assert f".{attribute}" in inspect.getsource(getattr(THEIRS, name))


def test_they_run_with_our_classes():
    assert THEIRS.MLPClassifier is MLPClassifier
    assert THEIRS.MLPRegressor is MLPRegressor
    assert len(NAMES) >= 40
