"""Which engine runs an estimator, and that the fast one gives scikit-learn's numbers too."""

import numpy as np
import pytest
import sklearn.neural_network as theirs

import chainrule as ours
from chainrule.calculus import derive
from chainrule.engines import choosing
from chainrule.engines.choosing import ENGINES, compile_with, find_engine
from chainrule.network import Network
from tests.estimators import test_same_numbers as numbers

DERIVATION = derive(Network.parse("2 -> 3 tanh -> 1 sigmoid", loss="bce"))
HOW = {"dtype": np.dtype(np.float64), "batch_size": 4}


class Refusing:
    """An engine that compiles nothing."""

    name = "refusing"

    def compile(self, *_, **__):
        raise NotImplementedError("equations of this form")


@pytest.fixture(autouse=True)
def no_engine_is_named(monkeypatch):
    monkeypatch.delenv("CHAINRULE_ENGINE", raising=False)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in numbers.CASES[::9]])
def test_the_jit_gives_scikit_learns_numbers(case, monkeypatch):
    monkeypatch.setenv("CHAINRULE_ENGINE", "jit")
    (mine, X), (other, _) = numbers.fitted(ours, case), numbers.fitted(theirs, case)
    for W, expected in zip(mine.coefs_ + mine.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        assert numbers.distance(W, expected) <= numbers.TOLERANCE
    np.testing.assert_allclose(mine.loss_, other.loss_, rtol=numbers.TOLERANCE)
    assert mine.n_iter_ == other.n_iter_
    np.testing.assert_array_equal(np.ravel(mine.predict(X)).shape, np.ravel(other.predict(X)).shape)


def test_every_engine_by_name():
    for name in ENGINES:
        assert find_engine(name).name == name
        assert type(compile_with(name, DERIVATION, **HOW)) is type(find_engine(name).compile(DERIVATION, **HOW))
    with pytest.raises(ValueError, match="engine must be one of 'auto', 'jit', 'reference', got 'abacus'"):
        find_engine("abacus")


def test_auto_is_the_jit():
    assert type(compile_with("auto", DERIVATION, **HOW)).__name__ == "JitProgram"


def test_auto_is_what_the_environment_names(monkeypatch):
    monkeypatch.setenv("CHAINRULE_ENGINE", "reference")
    assert type(compile_with("auto", DERIVATION, **HOW)).__name__ == "ReferenceProgram"
    assert type(compile_with("jit", DERIVATION, **HOW)).__name__ == "JitProgram"  # an explicit name stands
    monkeypatch.setenv("CHAINRULE_ENGINE", "abacus")
    with pytest.raises(ValueError, match="got 'abacus'"):
        compile_with("auto", DERIVATION, **HOW)


@pytest.mark.parametrize(
    "home", [("chainrule.engines.absent", "JitEngine"), ("tests.estimators.test_engines", "Refusing")]
)
def test_auto_falls_back_to_the_reference_engine(monkeypatch, home):
    """Where the jit is not installed, and where it does not compile the equations."""
    monkeypatch.setitem(choosing.ENGINES, "jit", home)
    assert type(compile_with("auto", DERIVATION, **HOW)).__name__ == "ReferenceProgram"
    with pytest.raises((ImportError, NotImplementedError), match=r"engine='reference' always is|of this form"):
        compile_with("jit", DERIVATION, **HOW)


def test_ones_own_engine_is_asked():
    with pytest.raises(NotImplementedError):
        compile_with(Refusing(), DERIVATION, **HOW)
