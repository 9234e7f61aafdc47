"""How much memory a training takes, and that sparse data are never made dense."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_array

from chainrule.calculus import derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit import JitProgram
from chainrule.network import SGD, Adam, Dense, Network, Penalty
from chainrule.training.loop import Plan, shuffled_by, train
from chainrule.training.schedules import Constant

PANEL_BYTES = 128  # columns of a panel: two logical vectors
MEBIBYTE = 2**20


def padded(width, itemsize):
    """The width of a layer as it is stored."""
    columns = PANEL_BYTES // itemsize
    return -(-width // columns) * columns


def allowed(network, batch, dtype):
    """9 × the padded parameters + 4 × the activations of one batch + 1 MiB, in bytes."""
    size = np.dtype(dtype).itemsize
    widths = [padded(width, size) for width in network.widths]
    parameters = sum((a + 1) * b for a, b in pairwise(widths))
    return size * (9 * parameters + 4 * batch * sum(widths)) + MEBIBYTE


def peak(work):
    """The most that was allocated at once while a function ran, in bytes."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


CASES = [
    (Network([Dense(256, "relu"), Dense(256, "tanh"), Dense(2, "softmax")], 50, "cross-entropy"), 256),
    (Network([Dense(1024, "relu"), Dense(10, "softmax")], 256, "cross-entropy", penalty=Penalty(l2=0.1)), 512),
    (Network([Dense(128, "gelu", 0.2), Dense(64, "relu"), Dense(10, "identity")], 784, "mse"), 64),
]


def test_training_takes_no_more_than_its_parameters_and_one_batch():
    assert_bounded(*CASES[2], "float32", Adam())


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimiser", [Adam(), Adam(clip_norm=1.0), SGD(momentum=0.9)], ids=["adam", "clipped", "sgd"])
@pytest.mark.parametrize(("network", "batch"), CASES, ids=str)
def test_training_in_every_form_takes_no_more(network, batch, dtype, optimiser):
    assert_bounded(network, batch, dtype, optimiser)


def assert_bounded(network, batch, dtype, optimiser):
    """The data are given in their dtype and not copied."""
    derivation, n = derive(network, optimiser=optimiser), 3 * batch + 5
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, network.n_inputs)).astype(dtype)
    codes = network.loss.labels_sum_to_one
    data = Data(X, rng.integers(0, 2, n) if codes else rng.normal(size=(n, network.widths[-1])).astype(dtype))
    values = {name: np.zeros(shape, dtype) for name, shape in network.parameter_shapes.items()}

    def work():
        program = JitProgram(derivation, np.dtype(dtype), batch)
        program.load(values)
        best = None
        for seed in range(2):
            program.train(data, Epoch(rng.permutation(n), batch, np.full(4, 1e-3), seed=seed))
            best = program.snapshot()
        assert best is not None

    work()  # compiles, which is not training
    assert peak(work) <= allowed(network, batch, dtype)


def test_gradients_of_all_rows_take_no_more_than_one_block():
    network, n = Network([Dense(64, "relu"), Dense(3, "softmax")], 20, "cross-entropy"), 100_000
    program = JitProgram(derive(network), np.dtype("float32"), n)
    program.load({name: np.zeros(shape) for name, shape in network.parameter_shapes.items()})
    data = Data(np.zeros((n, 20), np.float32), np.zeros(n, np.int64))
    assert peak(lambda: program.gradients(data)) <= allowed(network, 256, "float32") + 4 * n


@pytest.mark.slow
def test_a_sparse_matrix_is_gathered_row_by_row():
    """Dense, it would take 80 GB."""
    n, width = 100_000, 100_000
    rng = np.random.default_rng(0)
    columns = rng.integers(0, width, 3 * n)
    X = csr_array((rng.normal(size=3 * n).astype(np.float32), (np.repeat(np.arange(n), 3), columns)), (n, width))
    X.sum_duplicates()
    network = Network([Dense(2, "identity")], width, "squared-error")
    data = Data(X, rng.normal(size=(n, 2)).astype(np.float32))
    program = JitProgram(derive(network), np.dtype("float32"), 16)
    program.load({name: np.zeros(shape) for name, shape in network.parameter_shapes.items()})

    def work():
        program.train(data, Epoch(order, 16, np.full(100, 1e-3)))
        program.predict(X[:1000])

    order = rng.permutation(n)[:1600]
    work()
    starts_of_rows = 8 * n
    assert peak(work) <= allowed(network, 256, "float32") + starts_of_rows


@pytest.mark.slow
@pytest.mark.parametrize("batch", [200, 1])
def test_many_narrow_rows_take_four_bytes_each_for_their_order(batch):
    """The order of an epoch is a permutation drawn as scikit-learn draws it: no function of a few numbers."""
    network, n = (
        Network([Dense(16, "relu"), Dense(1, "identity")], 4, "squared-error"),
        1_200_000 if batch > 1 else 200_000,
    )
    rng = np.random.default_rng(0)
    data = Data(rng.normal(size=(n, 4)).astype(np.float32), rng.normal(size=(n, 1)).astype(np.float32))
    program = JitProgram(derive(network, optimiser=Adam()), np.dtype("float32"), batch)
    program.load({name: np.full(shape, 0.1) for name, shape in network.parameter_shapes.items()})
    plan = Plan(epochs=2, batch_size=batch, schedule=Constant(1e-3), reorder=shuffled_by(np.random.RandomState(0)))
    train(program, data, plan)
    steps = -(-n // batch)
    assert peak(lambda: train(program, data, plan)) <= allowed(network, batch, "float32") + 4 * n + 150 * steps
