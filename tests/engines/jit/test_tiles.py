"""How batches and blocks are cut into tiles, and that what waits is finished whatever the cut."""

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit.program import JitProgram
from chainrule.engines.jit.row_stages import tiles_of_rows
from chainrule.engines.reference import ReferenceEngine
from chainrule.network import Adam, Network


@pytest.mark.parametrize("most", [13, 6, 2])
def test_tiles_of_a_batch_cover_it_with_few_rows_beyond_and_are_even_in_number(most):
    for batch in range(1, 400):
        tiles, rows = tiles_of_rows(batch, most)
        assert rows <= most
        assert tiles * rows >= batch
        assert tiles * rows < batch + 2 * rows
        assert tiles == 1 or tiles % 2 == 0


def test_tiles_are_high_and_waste_little():
    assert [tiles_of_rows(batch, 13) for batch in (32, 64, 200, 256)] == [(4, 8), (6, 11), (20, 10), (20, 13)]


# Widths that fill no panel, one, or several; batches too short to mix a waiting row's statements with the product.
@pytest.mark.parametrize("widths", [(33, 20, 5), (7, 64, 13), (40, 36, 2)])
@pytest.mark.parametrize("batch", [39, *(pytest.param(batch, marks=pytest.mark.slow) for batch in (1, 38, 70))])
@pytest.mark.parametrize("isa", ["avx512", pytest.param("avx2", marks=pytest.mark.slow)])
def test_every_tile_of_a_weight_gets_its_statements(widths, batch, isa, monkeypatch):
    monkeypatch.setenv("CHAINRULE_ISA", isa)
    inputs, hidden, outputs = widths
    network = Network.parse(f"{inputs} -> {hidden} tanh -> {outputs} softmax", loss="cross-entropy")
    derivation = derive(network, optimiser=Adam())
    try:
        program = JitProgram(derivation, np.dtype("float64"), batch)
    except ValueError as error:
        pytest.skip(str(error))
    reference = ReferenceEngine().compile(derivation, dtype=np.dtype("float64"), batch_size=batch)
    rng = np.random.default_rng(3)
    start = {name: rng.standard_normal(shape) * 0.3 for name, shape in network.parameter_shapes.items()}
    n = 2 * batch + (batch > 1)
    data = Data(rng.standard_normal((n, inputs)), rng.integers(0, outputs, n))
    epoch = Epoch(np.arange(n), batch, np.full(-(-n // batch), 0.01))
    states = []
    for each in (program, reference):
        each.load(start)
        each.train(data, epoch)
        states.append(each.state())
    for name in ("W1", "W2", "m_W1", "v_W2"):
        np.testing.assert_allclose(states[0][name], states[1][name], rtol=1e-9, atol=1e-12, err_msg=name)
