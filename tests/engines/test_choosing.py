"""Which engine runs a derivation."""

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines import choosing
from chainrule.engines.choosing import ENGINES, ReferenceEngineUsed, compile_with, find_engine
from chainrule.network import Network

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
    "home", [("chainrule.engines.absent", "JitEngine"), ("tests.engines.test_choosing", "Refusing")]
)
def test_auto_falls_back_to_the_reference_engine(monkeypatch, home):
    """Where the jit is not installed, and where it does not compile the equations."""
    monkeypatch.setitem(choosing.ENGINES, "jit", home)
    why = r"(No module named 'chainrule.engines.absent'|equations of this form).* The reference engine runs instead"
    with pytest.warns(ReferenceEngineUsed, match=why) as warned:
        assert type(compile_with("auto", DERIVATION, **HOW)).__name__ == "ReferenceProgram"
    assert len(warned) == 1
    assert warned[0].filename == __file__
    compile_with("auto", DERIVATION, warn=False, **HOW)
    with pytest.raises((ImportError, NotImplementedError), match=r"engine='reference' always is|of this form"):
        compile_with("jit", DERIVATION, **HOW)


def test_ones_own_engine_is_asked():
    with pytest.raises(NotImplementedError):
        compile_with(Refusing(), DERIVATION, **HOW)
