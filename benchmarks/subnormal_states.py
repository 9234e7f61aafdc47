"""What subnormal numbers cost: µs per step with zeros, usual and subnormal numbers in an optimiser's memory.

    python benchmarks/subnormal_states.py

The momentum of a dead ReLU's weights halves every seven steps, and in IEEE arithmetic it would stay at a few units of
the smallest subnormal number for ever. Flushing to zero stays off, because it is a mode of the whole processor; instead
the program clears such numbers every 32 steps.

Two trainings in which they arise by themselves follow, in pieces of some hundred steps: a table with a column of 400
categories, most of them rare (0.9 of an average is left after each step without the category), and data that a network
separates beyond doubt (gradients such as 1e-40).
"""

import time

import numpy as np

from chainrule import SGD, Adam, Network, derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit import JitProgram

CASES = {"mnist": ("784 -> 128 relu -> 64 relu -> 10 softmax", 64), "skdef": ("20 -> 100 relu -> 2 softmax", 200)}
OPTIMISERS = {"adam": Adam(), "momentum": SGD(momentum=0.9)}
STEPS, ROUNDS = 24, 7  # fewer than the steps after which memory is cleared


def microseconds(program, state, data, epoch):
    """The best of some rounds, each from the same state."""
    best = np.inf
    for _ in range(ROUNDS):
        program.load(state)
        best = min(best, epoch_of(program, data, epoch))
    return best


def epoch_of(program, data, epoch):
    """µs per step of one epoch."""
    began = time.thread_time()
    program.train(data, epoch)
    return 1e6 * (time.thread_time() - began) / STEPS


def dead(network, dtype):
    """Parameters with which no hidden unit is ever alive, so that all gradients but the last bias's are zero."""
    rng = np.random.default_rng(0)
    params = {name: rng.normal(size=shape).astype(dtype) * 0.01 for name, shape in network.parameter_shapes.items()}
    return params | {"b1": np.full(network.widths[1], -1e3, dtype)}


def rare_categories(rng):
    """(network, batch, X, Y): 400 categories as columns, the k-th in 1 of k^1.5 rows, and ten numbers."""
    shares = 1 / np.arange(1, 401) ** 1.5
    categories = rng.choice(400, 200_000, p=shares / shares.sum())
    X = np.concatenate(
        [np.eye(400, dtype="float32")[categories], rng.standard_normal((200_000, 10), "float32")], axis=1
    )
    Y = (X[:, -1:] + 0.5 * rng.standard_normal((200_000, 1)) > 0).astype("float32")
    return Network.parse("410 -> 64 relu -> 1 sigmoid", loss="bce"), 32, X, Y


def separable(rng):
    """(network, batch, X, Y): classes on two sides of a plane."""
    X = rng.standard_normal((30_000, 50), "float32")
    Y = (X @ rng.standard_normal((50, 2), "float32")).argmax(axis=1)
    return Network.parse("50 -> 256 relu -> 256 relu -> 2 softmax", loss="cross-entropy"), 256, X, Y


def over_time(name, network, batch, X, Y, pieces, steps):
    """µs per step of the pieces of a training."""
    program = JitProgram(derive(network, optimiser=Adam()), np.dtype("float32"), batch)
    rng = np.random.default_rng(1)
    scales = {key: np.sqrt(2 / shape[0]) if len(shape) == 2 else 0 for key, shape in network.parameter_shapes.items()}
    program.load({key: rng.standard_normal(network.parameter_shapes[key]) * scale for key, scale in scales.items()})
    times = []
    for _ in range(pieces):
        order = rng.permutation(len(X))[: steps * batch]
        began = time.thread_time()
        program.train(Data(X, Y), Epoch(order, batch, np.full(steps, 1e-3)))
        times.append(1e6 * (time.thread_time() - began) / steps)
    print(f"{name}: {' '.join(f'{each:.0f}' for each in times[1:])}", flush=True)  # the first compiles


def main():
    for (case, (text, batch)), dtype in [(pair, dtype) for pair in CASES.items() for dtype in ("float32", "float64")]:
        network = Network.parse(text, loss="cross-entropy")
        rng = np.random.default_rng(1)
        X = rng.uniform(size=(batch * STEPS, network.n_inputs)).astype(dtype)
        data = Data(X, rng.integers(0, network.widths[-1], len(X)))
        epoch = Epoch(np.arange(len(X)), batch, np.zeros(STEPS))
        for name, optimiser in OPTIMISERS.items():
            program = JitProgram(derive(network, optimiser=optimiser), np.dtype(dtype), batch)
            program.load(dead(network, dtype))
            memory = {key: value for key, value in program.state().items() if "_" in key}
            found = {}
            for title, size in (("zeros", 0.0), ("usual", 1e-3), ("subnormal", float(np.finfo(dtype).tiny) / 64)):
                state = {key: np.full_like(value, size) for key, value in memory.items()}
                found[title] = microseconds(program, dead(network, dtype) | state, data, epoch)
            found["later"] = min([epoch_of(program, data, epoch) for _ in range(3 * ROUNDS)][-ROUNDS:])
            times = "  ".join(f"{title} {value:7.1f}" for title, value in found.items())
            print(f"{case:6} {dtype} {name:9} {times}", flush=True)
    rng = np.random.default_rng(0)
    over_time("rare categories", *rare_categories(rng), pieces=12, steps=2000)
    over_time("separable", *separable(rng), pieces=32, steps=117)


if __name__ == "__main__":
    main()
