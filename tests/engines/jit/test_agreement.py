"""The jit computes what the reference engine computes: every network of the zoo, both formats, every optimiser."""

import numpy as np
import pytest

from chainrule import activation, loss
from chainrule.engines.interface import Data
from chainrule.network import SGD, Adam, AdamW, Dense, Network, Penalty
from tests.engines.jit.agreement import TOLERANCE, epoch, gradients, programs, relative, samples_of, trained
from tests.zoo import ZOO, Animal

OPTIMISERS = {
    "sgd": SGD(),
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.8, nesterov=True),
    "adam": Adam(epsilon=1e-3),
    "adamw": AdamW(epsilon=1e-3, weight_decay=0.1),
    "clipped": Adam(epsilon=1e-3, clip_norm=0.05),
    "averaged": SGD(momentum=0.5, average=0.9),
}
SOME = ZOO[::30]
LAYERED = Animal(
    Network(
        [Dense(37, "tanh", 0.3), Dense(19, "gelu", 0.1), Dense(5, "softmax")], 40, "cross-entropy",
        penalty=Penalty(l2=0.1, l1=0.02), sample_weights=True, input_dropout=0.2,
    )
)  # fmt: skip


def assert_gradients(animal, dtype, samples):
    for name, (got, wanted) in gradients(animal, dtype, samples).items():
        assert relative(got, wanted) <= TOLERANCE[dtype], name


def assert_trained(animal, optimiser, dtype, **options):
    (state, costs), (wanted, wanted_costs) = trained(animal, optimiser, dtype, **options)
    assert set(state) == set(wanted)
    for name in wanted:
        assert relative(state[name], wanted[name]) <= 10 * TOLERANCE[dtype], name
    for mine, theirs in zip(costs, wanted_costs, strict=True):
        for part in ("data", "penalty", "divisor"):
            assert relative(getattr(mine, part), getattr(theirs, part)) <= 10 * TOLERANCE[dtype], part


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
@pytest.mark.parametrize("animal", SOME, ids=lambda animal: animal.id)
def test_gradients(animal, dtype):
    assert_gradients(animal, dtype, animal.samples)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("animal", ZOO, ids=lambda animal: animal.id)
def test_gradients_of_the_whole_zoo(animal, dtype):
    assert_gradients(animal, dtype, animal.samples)


# Plain descent and momentum are within the averaged one, Adam without clipping within AdamW.
IN_THE_SLOW_TIER = ("sgd", "momentum", "adam")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in IN_THE_SLOW_TIER else ()) for name in OPTIMISERS]
)
def test_optimisers(name):
    assert_trained(LAYERED, OPTIMISERS[name], "float64")


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers_in_float32(name):
    assert_trained(LAYERED, OPTIMISERS[name], "float32")


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("number", "animal"), list(enumerate(ZOO)), ids=[animal.id for animal in ZOO])
def test_fifty_steps_of_the_whole_zoo(number, animal, dtype):
    optimiser = list(OPTIMISERS.values())[number % len(OPTIMISERS)]
    # An exponential in a hidden layer diverges at the usual rate, and what diverges magnifies rounding.
    # One inside the other, exp(exp(z)), has gradients of 1e25 here, whose squares (Adam's v, the global norm) are
    # beyond float32: there the parameters are smaller.
    hidden = [layer.activation.name for layer in animal.network.layers[:-1]]
    rate = 1e-5 if "exp" in hidden else 1e-2
    moderate = hidden.count("exp") > 1
    assert_trained(animal, optimiser, dtype, samples=42, batch_size=9, epochs=10, rate=rate, moderate=moderate)


@pytest.mark.slow
@pytest.mark.parametrize("isa", ["avx2", "sse4"])
def test_narrower_instruction_sets(isa, runnable, monkeypatch):
    runnable(isa)
    monkeypatch.setenv("CHAINRULE_ISA", isa)
    for dtype in ("float64", "float32"):
        assert_gradients(LAYERED, dtype, 23)
        assert_trained(LAYERED, OPTIMISERS["adam"], dtype)


def test_class_codes_are_one_hot_rows():
    for width in (3, 37):
        net = Network([Dense(9, "relu"), Dense(width, "softmax")], 6, "cross-entropy")
        program, _ = programs(Animal(net), Adam(), "float32", 16)
        params, data, _ = samples_of(Animal(net), "float32", 40)
        codes = np.random.default_rng(0).integers(0, width, 40)
        states = []
        for Y in (codes, np.eye(width, dtype=np.float32)[codes]):
            program.load(params)
            program.train(Data(data.X, Y), epoch(40, 16, 1))
            states.append(program.state())
        for name, value in states[0].items():
            np.testing.assert_array_equal(value, states[1][name])


def test_a_class_code_out_of_range_is_refused():
    net = Network([Dense(3, "softmax")], 2, "cross-entropy")
    program, _ = programs(Animal(net), SGD(), "float64", 4)
    program.load({"W1": np.zeros((2, 3)), "b1": np.zeros(3)})
    for code in (3, -1):
        with pytest.raises(ValueError, match="accepted: 0 to 2"):
            program.train(Data(np.zeros((4, 2)), np.array([0, 1, 2, code])), epoch(4, 4, 0))


def test_sparse_rows_are_gathered_as_dense_ones():
    sparse = pytest.importorskip("scipy.sparse")
    animal = Animal(Network([Dense(9, "relu"), Dense(1, "identity")], 50, "squared-error"))
    program, _ = programs(animal, Adam(), "float64", 16)
    params, data, _ = samples_of(animal, "float64", 40)
    X = np.where(np.random.default_rng(0).random((40, 50)) < 0.1, data.X, 0)
    states = []
    for rows in (X, sparse.csr_array(X)):
        program.load(params)
        program.train(Data(rows, data.Y), epoch(40, 16, 1))
        states.append(program.state() | {"prediction": program.predict(rows)})
    for name, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][name])


def test_a_batch_without_weight_is_skipped():
    animal = Animal(Network([Dense(2, "identity")], 3, "squared-error", sample_weights=True))
    for program in programs(animal, Adam(), "float64", 4):
        params, data, _ = samples_of(animal, "float64", 12)
        weight = np.concatenate([np.ones(4), np.zeros(4), np.ones(4)])
        program.load(params)
        in_order = epoch(12, 4, 0)
        object.__setattr__(in_order, "order", np.arange(12))
        costs = program.train(Data(data.X, data.Y, weight), in_order)
        assert costs.data[1] == costs.divisor[1] == 0
        assert program.state()["t"] == 2


def test_batches_larger_than_planned():
    animal = Animal(Network([Dense(7, "relu"), Dense(2, "identity")], 5, "squared-error"))
    params, data, exact = samples_of(animal, "float64", 50)
    programs_ = programs(animal, Adam(), "float64", 8)
    for program, rows in zip(programs_, (data, exact), strict=True):
        program.load(params)
        program.train(rows, epoch(50, 8, 0))
        program.train(rows, epoch(50, 33, 1))
    got, wanted = (program.state() for program in programs_)
    assert all(relative(got[name], wanted[name]) < 1e-12 for name in wanted)


def test_snapshots_go_back():
    animal = Animal(Network([Dense(7, "relu"), Dense(2, "identity")], 5, "squared-error"))
    params, data, _ = samples_of(animal, "float32", 20)
    program, _ = programs(animal, Adam(), "float32", 8)
    program.load(params)
    program.train(data, epoch(20, 8, 0))
    taken, before = program.snapshot(), program.state()
    first = program.train(data, epoch(20, 8, 1))
    program.restore(taken)
    assert all(np.array_equal(program.state()[name], before[name]) for name in before)
    np.testing.assert_array_equal(program.train(data, epoch(20, 8, 1)).data, first.data)


PENALISED = {"penalty": Penalty(l2=0.3, l1=0.1), "sample_weights": True}


@pytest.mark.parametrize(
    "network",
    [
        Network([Dense(7, "relu"), Dense(2, "identity")], 5, "squared-error", **PENALISED),
        Network([Dense(7, "tanh"), Dense(3, "softmax")], 5, "cross-entropy", penalty=Penalty(l2=0.3, divided=False)),
        Network([Dense(40, "identity")], 5, "mse", reduction="sum", **PENALISED),
        Network([Dense(7, "tanh", 0.5), Dense(1, "sigmoid")], 5, "bce", sample_weights=True),
    ],
    ids=str,
)
@pytest.mark.parametrize("samples", [1, 255, 256, 257, 1000])
def test_gradients_of_many_rows_are_the_sum_of_blocks(network, samples):
    """Penalty and divisor are those of all rows, however many blocks they fill."""
    for name, (found, wanted) in gradients(Animal(network), "float64", samples).items():
        assert relative(found, wanted) < 1e-12, name


def test_one_program_serves_any_number_of_rows(monkeypatch):
    from chainrule.engines.jit import part

    compiled, count = part.compiled, []
    monkeypatch.setattr(part, "compiled", lambda *how: (count.append(1), compiled(*how))[1])
    animal = Animal(Network([Dense(9, "relu"), Dense(1, "identity")], 50, "squared-error"))
    program, _ = programs(animal, None, "float32", 10**6)
    for samples in (3, 300, 1000):
        params, data, _ = samples_of(animal, "float32", samples)
        program.load(params)
        program.gradients(data)
    assert len(count) == 1
    assert program._others["gradients"].memory.nbytes < 2**20


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_gradients_have_the_same_bits_for_any_number_of_threads(n_threads):
    animal = Animal(Network([Dense(70, "relu"), Dense(3, "softmax")], 20, "cross-entropy"))
    params, data, _ = samples_of(animal, "float32", 700)
    results = []
    for threads in (1, n_threads):
        program, _ = programs(animal, None, "float32", 100, threads)
        program.load(params)
        results.append(program.gradients(data))
    assert results[0][0] == results[1][0]
    for name, value in results[0][1].items():
        np.testing.assert_array_equal(value, results[1][1][name])


OWN_ACTIVATIONS = [
    "z * sigmoid(1.7 * z)",
    "where(z > 0, z, abs(z)**1.5)",
    "z * (1 + abs(z))**-0.75",
    "where(z > 0, log1p(z), erfc(-z) - 1)",
    "max(z, min(0.1 * z, 1)) + expm1(-z * z)",
    "sqrt(z * z + 1) - 1 + tanh(z) * sign(z) + log(cosh(z))",
]


@pytest.mark.parametrize("text", OWN_ACTIVATIONS)
def test_a_users_expressions_are_compiled(text):
    own = activation("own", text)
    network = Network([Dense(9, own), Dense(2, "identity")], 5, loss("steep", "abs(yhat - y)**1.25"))
    for name, (found, wanted) in gradients(Animal(network), "float64", 30).items():
        assert relative(found, wanted) < 1e-12, name
