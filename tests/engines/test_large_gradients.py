"""Gradients whose squares overflow: clipping takes them, and where an optimiser cannot, divergence is noticed."""

import numpy as np
import pytest

from chainrule import SGD, Adam, AdamW, Dense, Network, derive
from chainrule.engines.choosing import find_engine
from chainrule.engines.interface import Data, Epoch

NETWORK = Network([Dense(3, "identity")], 40, "absolute-error")
GENERATOR = np.random.default_rng(0)
DIRECTIONS = GENERATOR.normal(size=(8, 40))
LABELS = GENERATOR.normal(size=(8, 3))


def trained(engine, optimiser, dtype, size, steps=1):
    """A program after some steps with gradients of about this size, and the costs."""
    program = find_engine(engine).compile(derive(NETWORK, optimiser=optimiser), dtype=np.dtype(dtype), batch_size=8)
    program.load({"W1": np.zeros((40, 3)), "b1": np.zeros(3)})
    data = Data((DIRECTIONS * size).astype(dtype), LABELS.astype(dtype))
    costs = [program.train(data, Epoch(np.arange(8), 8, np.array([0.5]))) for _ in range(steps)]
    return program, costs


@pytest.mark.parametrize("engine", ["jit", "reference"])
@pytest.mark.parametrize("size", [1.0, 1e18, 1e25, 1e36])
def test_clipping_takes_gradients_of_any_size_that_float32_holds(engine, size):
    program, [costs] = trained(engine, SGD(clip_norm=1.0), "float32", size)
    assert costs.finite
    assert program.finite()
    state = program.state()
    norm = np.sqrt(sum(np.sum(state[name].astype(float) ** 2) for name in ("W1", "b1")))
    assert norm == pytest.approx(0.5 * min(1.0, costs.norm[0]), rel=1e-5)
    wanted = trained("reference", SGD(clip_norm=1.0), "float64", size)[0].state()["W1"]
    np.testing.assert_allclose(state["W1"], wanted, rtol=1e-4, atol=1e-7)


def test_the_norm_of_mixed_gradients_is_that_of_all():
    """Some columns' squares overflow, others' do not."""
    sizes = np.geomspace(1e-3, 1e30, 40)
    norms = [trained(engine, SGD(clip_norm=1.0), "float32", sizes)[1][0].norm[0] for engine in ("jit", "reference")]
    assert norms[0] == pytest.approx(norms[1], rel=1e-6)
    assert np.isfinite(norms[0])


@pytest.mark.parametrize("engine", ["jit", "reference"])
def test_a_norm_beyond_float64_is_divergence(engine):
    _, [costs] = trained(engine, SGD(clip_norm=1.0), "float64", 1e200)
    assert np.isinf(costs.norm).all()
    assert not costs.finite
    assert costs.finite_steps.tolist() == [False]


@pytest.mark.parametrize(("engine", "dtype", "size"), [("jit", "float32", 1e25), ("jit", "float64", 1e200),
                                                       ("reference", "float32", 1e25),
                                                       ("reference", "float64", 1e200)])  # fmt: skip
@pytest.mark.parametrize("optimiser", [Adam(), AdamW(weight_decay=0.1)], ids=["adam", "adamw"])
def test_adams_memory_beyond_the_format_is_divergence(engine, dtype, size, optimiser):
    """v would be infinite, and every later step of that weight silently zero."""
    program, [costs] = trained(engine, optimiser, dtype, size)
    assert costs.finite
    assert all(np.isfinite(program.state()[name]).all() for name in ("W1", "b1"))
    assert not program.finite()


@pytest.mark.parametrize("engine", ["jit", "reference"])
def test_a_nan_among_the_gradients_is_in_the_norm(engine):
    directions = np.where(np.arange(40) == 7, np.inf, 1e25)
    _, [costs] = trained(engine, SGD(clip_norm=1.0), "float32", directions)
    assert not np.isfinite(costs.norm).any()
