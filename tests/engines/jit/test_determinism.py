"""The same bits for any number of threads, from run to run, and on every instruction set with fused multiply-add."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from chainrule.calculus import derive
from chainrule.engines.interface import Data
from chainrule.engines.jit.program import JitProgram
from chainrule.network import Adam, Dense, Network, Penalty
from tests.engines.jit.agreement import epoch, samples_of, trained
from tests.zoo import Animal

PENALTY = Penalty(l2=0.1, l1=0.02)
NETWORKS = [
    Network([Dense(37, "tanh", 0.3), Dense(70, "gelu"), Dense(11, "softmax")], 40, "cross-entropy", penalty=PENALTY),
    Network([Dense(33, "relu"), Dense(1, "sigmoid")], 5, "bce", penalty=PENALTY, sample_weights=True),
    Network([Dense(3, "identity")], 90, "huber"),
]


def outcome(network, dtype, optimiser=None, **options):
    [(state, costs)] = trained(
        Animal(network), optimiser or Adam(), dtype, samples=150, batch_size=64, reference=False, **options
    )
    return state | {"L": [c.data for c in costs], "R": [c.penalty for c in costs]}


def assert_same(first, second):
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_threads(network, dtype):
    alone = outcome(network, dtype)
    for threads in (2, 3, 4):
        assert_same(outcome(network, dtype, n_threads=threads), alone)


@pytest.mark.parametrize(("samples", "threads"), [(50, 2), (17, 2), (50, 3), (19, 4)])
def test_threads_that_share_a_first_layer_by_its_columns(samples, threads):
    network = Network([Dense(97, "tanh"), Dense(5, "softmax")], 350, "cross-entropy")
    params, data, _ = samples_of(Animal(network), "float32", samples)
    X = np.where(np.abs(data.X) < 0.5, 0, data.X)
    results = []
    for n_threads, rows in ((1, X), (threads, X), (threads, csr_array(X))):
        program = JitProgram(derive(network, optimiser=Adam()), np.dtype("float32"), 16, n_threads)
        program.load(params)
        for seed in range(2):
            program.train(Data(rows, data.Y), epoch(samples, 16, seed))
        results.append(program.state())
    assert_same(results[1], results[0])
    assert_same(results[2], results[0])


def test_threads_with_clipping():
    optimiser = Adam(clip_norm=0.01, average=0.9)
    alone = outcome(NETWORKS[0], "float32", optimiser)
    assert_same(outcome(NETWORKS[0], "float32", optimiser, n_threads=3), alone)


def test_more_threads_than_samples():
    network = NETWORKS[1]
    [(alone, _)] = trained(Animal(network), Adam(), "float64", samples=3, batch_size=2, reference=False)
    [(many, _)] = trained(Animal(network), Adam(), "float64", samples=3, batch_size=2, reference=False, n_threads=4)
    assert_same(alone, many)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_instruction_sets(network, dtype, runnable, monkeypatch):
    results = []
    for isa in ("avx512", "avx2"):
        runnable(isa)
        monkeypatch.setenv("CHAINRULE_ISA", isa)
        results.append(outcome(network, dtype))
    assert_same(*results)
