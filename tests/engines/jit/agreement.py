"""One network on the jit and on the reference engine, from the same state, on the same batches."""

import numpy as np

from chainrule.calculus import derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit import JitProgram
from chainrule.engines.reference import ReferenceEngine
from chainrule.network import Adam, Dense, Network
from tests.zoo import Animal, draw, with_samples

SMALL = Animal(Network([Dense(19, "relu"), Dense(3, "softmax")], 7, "cross-entropy"))
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}  # of a gradient, relative to its own array


def relative(got, wanted):
    """The distance of two arrays relative to the size of the wanted one."""
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    size = np.linalg.norm(wanted)
    return float(np.linalg.norm(got - wanted) / size) if size else float(np.linalg.norm(got))


def samples_of(animal, dtype, samples, moderate=False):
    """Parameters and data in a dtype, and the same numbers in float64.

    `moderate` divides weights by the root of the number of inputs: wide layers then stay where f' does not vanish.
    """
    params, X, Y, weight, _ = draw(with_samples(animal, samples))
    if moderate:
        params = {name: value / np.sqrt(len(value)) if value.ndim == 2 else value for name, value in params.items()}
    rounded = {name: value.astype(dtype) for name, value in params.items()}
    arrays = [None if a is None else a.astype(dtype) for a in (X, Y, weight)]
    exact = [None if a is None else a.astype(np.float64) for a in arrays]
    return rounded, Data(*arrays), Data(*exact)


def programs(animal, optimiser, dtype, batch_size, n_threads=1, gap=0):
    """The two engines' programs for an animal."""
    derivation = derive(animal.network, optimiser=optimiser)
    jit = JitProgram(derivation, np.dtype(dtype), batch_size, n_threads, gap)
    return jit, ReferenceEngine().compile(derivation, dtype=np.dtype("float64"), batch_size=batch_size)


def gradients(animal, dtype, samples, gap=0, moderate=False):
    """{name: (jit's, reference's)} of the gradients, J and the predictions."""
    params, data, exact = samples_of(animal, dtype, samples, moderate)
    jit, reference = programs(animal, None, dtype, samples, gap=gap)
    jit.load(params)
    reference.load(params)
    (J, mine), (wanted_J, wanted) = jit.gradients(data), reference.gradients(exact)
    pairs = {name: (mine[name], wanted[name]) for name in wanted}
    return pairs | {"J": (J, wanted_J), "prediction": (jit.predict(data.X), reference.predict(exact.X))}


def epoch(samples, batch_size, seed, rate=1e-2):
    """A shuffled epoch with a learning rate that moves from step to step."""
    steps = -(-samples // batch_size)
    order = np.random.default_rng(seed).permutation(samples).astype(np.int64)
    return Epoch(order, batch_size, rate * np.linspace(1, 0.5, steps), seed=seed)


def trained(
    animal,
    optimiser,
    dtype,
    *,
    samples=45,
    batch_size=17,
    epochs=2,
    n_threads=1,
    reference=True,
    gap=0,
    rate=1e-2,
    moderate=False,
):
    """(jit's state and costs, reference's) after some epochs with a short last batch."""
    params, data, exact = samples_of(animal, dtype, samples, moderate)
    jit, judge = programs(animal, optimiser, dtype, batch_size, n_threads, gap)
    results = []
    for program, rows in [(jit, data), (judge, exact)] if reference else [(jit, data)]:
        program.load(params)
        costs = [program.train(rows, epoch(samples, batch_size, seed, rate)) for seed in range(epochs)]
        results.append((program.state(), costs))
    return results


def trained_weights(seed, n_threads=1):
    """The jit's state after a training of a small network, on as many samples as the seed says."""
    [(state, _)] = trained(SMALL, Adam(), "float32", samples=60 + seed, n_threads=n_threads, reference=False)
    return state
