"""What `n_threads="auto"` loses to one thread while two other processes keep the machine busy.

    python benchmarks/busy_machine.py [number of busy processes]

For each case: the median of five trainings with one thread and of five with "auto", in turn, and their ratio.
"""

import multiprocessing
import statistics
import sys
import time

import numpy as np

from chainrule import Adam, Network, derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit import JitProgram

CASES = {  # text, batch, steps
    "tiny": ("8 -> 16 relu -> 2 softmax", 32, 100_000),
    "skdef": ("20 -> 100 relu -> 2 softmax", 200, 8_000),
    "tab": ("50 -> 256 relu -> 256 relu -> 2 softmax", 256, 500),
    "mnist": ("784 -> 128 relu -> 64 relu -> 10 softmax", 64, 1_000),
    "wide": ("256 -> 1024 relu -> 1024 relu -> 10 softmax", 512, 12),
}
ROUNDS = 5


def busy():
    while True:
        sum(range(10_000))


def seconds(derivation, data, epoch, n_threads):
    program = JitProgram(derivation, np.dtype("float32"), epoch.batch_size, n_threads)
    rng = np.random.default_rng(0)
    shapes = derivation.network.parameter_shapes
    program.load({name: rng.normal(size=shape) * 0.1 for name, shape in shapes.items()})
    program.train(data, Epoch(epoch.order[: epoch.batch_size], epoch.batch_size, epoch.rates[:1]))  # compiles
    began = time.perf_counter()
    program.train(data, epoch)
    return time.perf_counter() - began


def measured(text, batch, steps):
    """The medians in milliseconds, of one thread and of "auto"."""
    network = Network.parse(text, loss="cross-entropy")
    derivation, rng = derive(network, optimiser=Adam()), np.random.default_rng(1)
    rows = min(batch * steps, 20_000)
    data = Data(rng.normal(size=(rows, network.n_inputs)).astype(np.float32), rng.integers(0, 2, rows))
    epoch = Epoch(rng.integers(0, rows, batch * steps), batch, np.full(steps, 1e-3))
    times = {1: [], "auto": []}
    for _ in range(ROUNDS):
        for n_threads, found in times.items():
            found.append(seconds(derivation, data, epoch, n_threads))
    return [1e3 * statistics.median(found) for found in times.values()]


def main():
    workers = [multiprocessing.Process(target=busy, daemon=True) for _ in range(int((*sys.argv[1:], 2)[0]))]
    for worker in workers:
        worker.start()
    try:
        for name, case in CASES.items():
            one, auto = measured(*case)
            print(f"{name:6} one thread {one:8.1f} ms   auto {auto:8.1f} ms   ratio {auto / one:.2f}", flush=True)
    finally:
        for worker in workers:
            worker.terminate()


if __name__ == "__main__":
    main()
