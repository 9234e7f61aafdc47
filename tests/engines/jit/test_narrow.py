"""Output layers on both sides of every width at which their storage or their tiles change."""

import numpy as np
import pytest

from chainrule.engines.jit.lanes import lanes_of
from chainrule.engines.jit.layout import NARROW
from chainrule.engines.jit.narrow_products import rows_of_dot_tile, units_of_dot_tiles
from chainrule.engines.jit.target import target_named
from chainrule.network import Adam, Dense, Network
from tests.engines.jit.agreement import TOLERANCE, gradients, relative, trained
from tests.zoo import Animal

WIDTHS = (4, 5, 9, 17, NARROW, NARROW + 1)


def animal(width):
    return Animal(Network([Dense(33, "tanh"), Dense(width, "softmax")], 6, "cross-entropy"))


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
@pytest.mark.parametrize("width", WIDTHS)
def test_gradients_agree(width, dtype):
    for name, (got, wanted) in gradients(animal(width), dtype, 37).items():
        assert relative(got, wanted) <= TOLERANCE[dtype], name


def test_narrower_registers_give_the_same_bits(runnable, monkeypatch):
    states = []
    for isa in ("avx512", "avx2"):
        runnable(isa)
        monkeypatch.setenv("CHAINRULE_ISA", isa)
        states.append([trained(animal(10), Adam(), dtype, reference=False)[0][0] for dtype in TOLERANCE])
    for wide, narrow in zip(*states, strict=True):
        for name, value in wide.items():
            np.testing.assert_array_equal(value, narrow[name], err_msg=name)


@pytest.mark.parametrize("isa", ["avx512", "avx2", "sse4", "neon"])
def test_groups_of_units_are_a_whole_layer(isa):
    target = target_named(isa)
    for width in range(1, NARROW + 1):
        groups = units_of_dot_tiles(target, width)
        assert [unit for begin, count in groups for unit in range(begin, begin + count)] == list(range(width))
        for lanes in map(lanes_of, TOLERANCE):
            assert all(1 <= rows_of_dot_tile(lanes, target, count) <= lanes.count for _, count in groups)
