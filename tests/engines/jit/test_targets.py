"""Which instruction set is chosen, and that none of another processor's instructions reach it."""

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.jit.compilation import Request, assemble
from chainrule.engines.jit.machine import compile_object
from chainrule.engines.jit.target import host_target, target_named
from chainrule.network import Adam, Network

NETWORK = Network.parse("9 -> 12 gelu dropout(0.25) -> 3 softmax", loss="cross-entropy")


def text_for(isa, dtype="float32"):
    derivation = derive(NETWORK, optimiser=Adam())
    wanted = tuple(name for name in derivation.equations.outputs if name.endswith("+"))
    target = target_named(isa)
    request = Request(derivation.equations, wanted, frozenset(["M1"]), np.dtype(dtype), 16, target)
    return assemble(request).text, target


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_object_for_aarch64(dtype):
    text, target = text_for("neon", dtype)
    assert "x86" not in text
    code = compile_object(text, target)
    assert code[:4] == b"\x7fELF"
    assert int.from_bytes(code[18:20], "little") == 183  # e_machine: AArch64


def test_no_fused_instruction_without_the_feature():
    assert "llvm.fma" not in text_for("sse4")[0]
    assert "llvm.fma" in text_for("avx2")[0]


def test_the_variable_narrows_the_host(monkeypatch, runnable):
    runnable("sse4")
    monkeypatch.setenv("CHAINRULE_ISA", "sse4")
    assert host_target().isa == "sse4"


@pytest.mark.parametrize("isa", ["mmx", "AVX2"])
def test_an_unknown_instruction_set(monkeypatch, isa):
    monkeypatch.setenv("CHAINRULE_ISA", isa)
    with pytest.raises(ValueError, match=r"CHAINRULE_ISA is .*accepted: 'avx512'"):
        host_target()


def test_an_instruction_set_that_the_machine_lacks(monkeypatch):
    other = "sse4" if host_target().isa == "neon" else "neon"
    monkeypatch.setenv("CHAINRULE_ISA", other)
    with pytest.raises(ValueError, match="this machine runs"):
        host_target()


def test_text_that_llvm_refuses():
    with pytest.raises(RuntimeError, match="expected"):
        compile_object("define void @f() { nonsense }", host_target())
