"""What subnormal numbers in an optimiser's memory cost: µs per step with zeros, usual and subnormal numbers.

    python benchmarks/subnormal_states.py

The momentum of a dead ReLU's weights halves every seven steps, and in IEEE arithmetic it would stay at a few units of
the smallest subnormal number for ever. Flushing to zero stays off, because it is a mode of the whole processor; instead
the program clears such numbers at the end of an epoch, so that only the epochs before that are slow.
"""

import time

import numpy as np

from chainrule import SGD, Adam, Network, derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit import JitProgram

CASES = {"mnist": ("784 -> 128 relu -> 64 relu -> 10 softmax", 64), "skdef": ("20 -> 100 relu -> 2 softmax", 200)}
OPTIMISERS = {"adam": Adam(), "momentum": SGD(momentum=0.9)}
STEPS, ROUNDS = 40, 7


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
            later = [epoch_of(program, data, epoch) for _ in range(2 * 512 // STEPS)]
            found["512 steps later"] = min(later[-ROUNDS:])
            times = "  ".join(f"{title} {value:7.1f}" for title, value in found.items())
            print(f"{case:6} {dtype} {name:9} {times}", flush=True)


if __name__ == "__main__":
    main()
