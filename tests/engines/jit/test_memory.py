"""No stray write or read: a mark between all values must survive, and the pages beside all arrays are closed."""

import os
import subprocess
import sys

import numpy as np
import pytest

from chainrule.engines.jit.emit import Function
from chainrule.engines.jit.lanes import lanes_of
from chainrule.engines.jit.layout import Layout
from chainrule.engines.jit.program import JitProgram
from chainrule.expressions.terms import Symbol
from chainrule.network import Adam, Dense, Network, Penalty
from tests.engines.jit.agreement import epoch, programs, samples_of
from tests.zoo import Animal

GAP = 4
MARK = -12345.5
NETWORKS = [
    Network([Dense(37, "tanh", 0.3), Dense(70, "relu"), Dense(11, "softmax")], 40, "cross-entropy"),
    Network([Dense(33, "relu"), Dense(1, "sigmoid")], 5, "bce", penalty=Penalty(l2=0.1), sample_weights=True),
    Network([Dense(3, "softmax")], 64, "cross-entropy"),
    Network([Dense(130, "identity")], 3, "squared-error"),
    Network([Dense(97, "tanh"), Dense(2, "softmax")], 350, "cross-entropy"),
]


def free(part):
    """A mask of the numbers that belong to no value."""
    layout = part.assembly.layout
    used = np.zeros(len(part.memory), bool)
    for place in layout.places.values():
        used[place.offset : place.offset + place.size] = True
    for symbol, distance in part.assembly.second_copies.items():
        place = layout.places[symbol.name]
        copy = used[place.offset + distance : place.offset + distance + place.size]
        assert len(copy) == place.size
        assert not copy.any()
        copy[:] = True
    for offset, units in part.assembly.total_places.values():
        assert not used[offset : offset + units * layout.lanes.panel].any()
        used[offset : offset + units * layout.lanes.panel] = True
    return ~used


def mark(part):
    part.memory[free(part)] = MARK


def untouched(part):
    gaps = free(part)
    assert gaps.sum() >= GAP * part.assembly.layout.lanes.count
    return bool((part.memory[gaps] == MARK).all())


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_gaps_stay_as_they_were(network):
    assert_gaps_stay(network, "float32")


@pytest.mark.slow
@pytest.mark.parametrize("isa", ["avx512", "avx2", "sse4"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_gaps_stay_on_every_instruction_set(network, dtype, isa, runnable, monkeypatch):
    runnable(isa)
    monkeypatch.setenv("CHAINRULE_ISA", isa)
    assert_gaps_stay(network, dtype)


def assert_gaps_stay(network, dtype):
    animal = Animal(network)
    params, data, _ = samples_of(animal, dtype, 39)
    program: JitProgram = programs(animal, Adam(clip_norm=1.0), dtype, 17, n_threads=2, gap=GAP)[0]
    program.load(params)
    mark(program._training)
    program.train(data, epoch(39, 17, 0))
    assert untouched(program._training)
    program.gradients(data)
    program.predict(data.X)
    for part in program._others.values():
        mark(part)
    program.gradients(data)
    program.predict(data.X)
    assert len(program._others) == 2
    assert all(untouched(part) for part in program._others.values())


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_padding_stays_zero(network):
    animal = Animal(network)
    params, data, _ = samples_of(animal, "float32", 39)
    program = programs(animal, Adam(), "float32", 17)[0]
    program.load(params)
    program.train(data, epoch(39, 17, 0))
    part = program._training
    for name in [*params, *(f"m_{name}" for name in params)]:
        before = part.memory.copy()
        part.put(name, part.get(name))  # packs with zeros in the padding
        np.testing.assert_array_equal(part.memory, before)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (7, 40), (33, 3), (64, 32)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_packed_matrix_unpacks_to_itself(a, b, dtype):
    layout = Layout(lanes_of(dtype), {"u0": a, "u1": b}, 9, frozenset(["u1"] if b <= 4 else []))
    weight, value = Symbol("W1", ("u0", "u1")), np.arange(a * b, dtype=dtype).reshape(a, b)
    place, copy = layout.add(weight), layout.add_copy(weight)
    memory = np.zeros(layout.size, dtype)
    for stored in (place, copy):
        stored.pack(memory, value)
        np.testing.assert_array_equal(stored.unpack(memory), value)


def test_an_address_is_a_sum_of_strides():
    layout = Layout(lanes_of("float32"), {"u0": 70, "u1": 40}, 9, frozenset())
    place = layout.add(Symbol("W1", ("u0", "u1")))
    assert place.at(Function([]), 1, 3) == place.offset + 70 * 32 + 3 * 32


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="closes pages by mprotect")
@pytest.mark.parametrize("isa", ["avx512", "avx2", "sse4"])
@pytest.mark.parametrize("side", ["before", "behind"])
def test_no_array_is_read_beside(side, isa, runnable, repository):
    runnable(isa)
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.engines.jit.training_between_guard_pages", side]
    environment = os.environ | {"CHAINRULE_ISA": isa}
    ran = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
