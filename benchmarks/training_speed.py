"""Microseconds per training step: chainrule beside scikit-learn, PyTorch and JAX, in one sitting.

    python benchmarks/training_speed.py [--cases tiny,mnist] [--peers chainrule,jax] [--rounds 3] [--dtype float64]
                                        [--threads 1,2] [--json FILE]

With BENCHMARK_CLOCK=cpu in the environment it counts the processor's time instead of the wall's (for --threads 1).

Every peer runs in a process of its own for each number of threads, bound to as many processors; the measurements take
turns, and the median of the rounds is printed, the fastest round beside it. All train with Adam on the same shapes,
in one format, each at its best settings: scikit-learn with OPENBLAS_CORETYPE=SkylakeX where the processor has AVX-512
(the OpenBLAS in its wheels may take a new processor for an older one and lose up to 1.9x), PyTorch with the fused Adam
and once more through torch.compile, JAX as one scan over a whole epoch whose permutation is drawn outside the timed
part. The table ends with each peer's settings; one that is not installed, or finds no C++ compiler, is named with the
reason.

The share of the processor's multiply-adds is taken against two loops that chainrule's process runs after every round,
and once more against the first of them while the processor has the frequency of the training: under a product it is
lower than under multiply-adds alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

# On a machine that others use too, the processor's time of one thread says more than the wall's.
CLOCK = time.process_time if os.environ.get("BENCHMARK_CLOCK") == "cpu" else time.perf_counter

SETTINGS = {
    "chainrule": "the jit engine with Adam, an epoch in one call, its permutation drawn outside the timed part",
    "scikit-learn": "Adam, partial_fit of an epoch, OPENBLAS_CORETYPE=SkylakeX where the processor has AVX-512",
    "torch": "eager, fused Adam, an epoch's rows gathered at once, the permutation drawn outside the timed part",
    "torch.compile": "as torch, with the network and its loss compiled by torch.compile (it needs a C++ compiler)",
    "jax": "one compiled scan over an epoch that gathers its rows, the permutation drawn outside the timed part",
}
PEERS = tuple(SETTINGS)

# JAX and PyTorch are given their numbers in this format too; scikit-learn trains in the format of X.
DTYPE = np.dtype(os.environ.get("BENCHMARK_DTYPE", "float32"))
DOUBLE = DTYPE.itemsize == 8


@dataclass(frozen=True)
class Case:
    """A network and its data; ``outputs`` classes, or one number where ``classifies`` is false."""

    name: str
    samples: int
    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    batch: int
    classifies: bool = True

    @property
    def widths(self):
        return (self.inputs, *self.hidden, self.outputs)

    @property
    def steps(self):
        return self.samples // self.batch

    @property
    def flops(self):
        """Of the products of one step: forward, back, and the gradient of the weights."""
        pairs = list(zip(self.widths, self.widths[1:], strict=False))
        return 2 * self.batch * sum(a * b * (2 if k == 0 else 3) for k, (a, b) in enumerate(pairs))

    def data(self):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.samples, self.inputs)).astype(DTYPE)
        scores = X @ rng.standard_normal((self.inputs, self.outputs)).astype(DTYPE)
        return X, scores.argmax(axis=1) if self.classifies else scores[:, 0] / DTYPE.type(self.inputs**0.5)

    def permutation(self, seed):
        return np.random.default_rng(seed).permutation(self.samples)[: self.steps * self.batch].astype(np.int64)


CASES = {
    case.name: case
    for case in (
        Case("tiny", 10_000, 8, (16,), 2, 32),
        Case("skdef", 20_000, 20, (100,), 2, 200),
        Case("tab", 30_000, 50, (256, 256), 2, 256),
        Case("mnist", 30_000, 784, (128, 64), 10, 64),
        Case("wide", 8_192, 256, (1024, 1024), 10, 512),
        Case("regression", 10_000, 10, (32, 32), 1, 32, classifies=False),
        Case("deep", 20_000, 100, (512, 512, 512), 10, 128),
        Case("online", 10_000, 784, (30,), 10, 10),
    )
}


# ---------------------------------------------------------------- peers: prepare(case, threads) -> run(seed) -> seconds
def chainrule(case, threads):
    from chainrule import Network, derive
    from chainrule.engines.interface import Data, Epoch
    from chainrule.engines.jit import JitEngine
    from chainrule.network import Adam

    layers = [str(case.inputs), *(f"{width} relu" for width in case.hidden)]
    layers.append(f"{case.outputs} {'softmax' if case.classifies else 'identity'}")
    loss = "cross-entropy" if case.classifies else "squared-error"
    network = Network.parse(" -> ".join(layers), loss=loss)
    program = JitEngine().compile(
        derive(network, optimiser=Adam()), dtype=DTYPE, batch_size=case.batch, n_threads=threads
    )
    rng = np.random.default_rng(0)
    program.load(
        {
            name: rng.standard_normal(shape) * np.sqrt(2 / shape[0]) if len(shape) == 2 else np.zeros(shape)
            for name, shape in network.parameter_shapes.items()
        }
    )
    X, y = case.data()
    data = Data(X, y.astype(np.int64) if case.classifies else y[:, None])

    def run(seed):
        epoch = Epoch(case.permutation(seed).astype(np.int32), case.batch, np.full(case.steps, 1e-3))
        began = CLOCK()
        program.train(data, epoch)
        return CLOCK() - began

    run.program = program
    return run


def scikit_learn(case, threads):  # noqa: ARG001  its threads are set before NumPy starts
    import warnings

    from sklearn.neural_network import MLPClassifier, MLPRegressor

    warnings.simplefilter("ignore")  # it does not converge in one epoch
    kind = MLPClassifier if case.classifies else MLPRegressor
    X, y = case.data()
    X, y = X[: case.steps * case.batch], y[: case.steps * case.batch]
    model = kind(hidden_layer_sizes=case.hidden, batch_size=case.batch, alpha=0, random_state=0)

    def run(seed):  # noqa: ARG001  it draws its own permutations
        began = CLOCK()
        model.partial_fit(X, y, classes=np.arange(case.outputs)) if case.classifies else model.partial_fit(X, y)
        return CLOCK() - began

    return run


def _torch(case, threads, compiled):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layers = []
    for a, b in zip(case.widths, case.widths[1:], strict=False):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1]).to(torch.float64 if DOUBLE else torch.float32)
    loss = torch.nn.CrossEntropyLoss() if case.classifies else torch.nn.MSELoss()
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    X, y = map(torch.from_numpy, case.data())
    y = y if case.classifies else y[:, None]

    def cost(x, labels):
        return loss(network(x), labels)

    forward = torch.compile(cost) if compiled else cost

    def run(seed):
        order = torch.from_numpy(case.permutation(seed))
        began = CLOCK()
        rows, labels = X[order], y[order]
        for start in range(0, len(order), case.batch):
            optimiser.zero_grad()
            forward(rows[start : start + case.batch], labels[start : start + case.batch]).backward()
            optimiser.step()
        return CLOCK() - began

    return run


def torch_eager(case, threads):
    return _torch(case, threads, compiled=False)


def torch_compiled(case, threads):
    return _torch(case, threads, compiled=True)


def jax(case, threads):  # noqa: ARG001  its threads are as many as the processors it is bound to
    import jax as jx
    import jax.numpy as jnp

    jx.config.update("jax_enable_x64", DOUBLE)
    rng = np.random.default_rng(0)
    parameters = [
        (jnp.asarray(rng.standard_normal((a, b)) * np.sqrt(2 / a), DTYPE), jnp.zeros(b, DTYPE))
        for a, b in zip(case.widths, case.widths[1:], strict=False)
    ]
    X, y = map(jnp.asarray, case.data())

    def cost(parameters, x, labels):
        for number, (W, b) in enumerate(parameters, 1):
            x = x @ W + b
            x = jx.nn.relu(x) if number < len(parameters) else x
        if case.classifies:
            chosen = jnp.take_along_axis(x, labels[:, None], axis=1)[:, 0]
            return (jx.nn.logsumexp(x, axis=1) - chosen).mean()
        return 0.5 * ((x[:, 0] - labels) ** 2).mean()

    def adam(t, value, gradient, m, v):
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        return value - 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (jnp.sqrt(v) + 1e-8), m, v

    @jx.jit
    def epoch(state, X, y, order):
        def step(state, rows):
            parameters, m, v, t = state
            gradient = jx.grad(cost)(parameters, X[rows], y[rows])
            moved = jx.tree.map(lambda *each: adam(t, *each), parameters, gradient, m, v)
            part = [jx.tree.map(lambda leaf, k=k: leaf[k], moved, is_leaf=_is_triple) for k in range(3)]
            return (*part, t + 1), None

        return jx.lax.scan(step, state, order.reshape(-1, case.batch))[0]

    zeros = jx.tree.map(jnp.zeros_like, parameters)
    state = [(parameters, zeros, zeros, jnp.asarray(1, DTYPE))]

    def run(seed):
        order = jnp.asarray(case.permutation(seed).astype(np.int32))
        began = CLOCK()
        state[0] = jx.block_until_ready(epoch(state[0], X, y, order))
        return CLOCK() - began

    return run


def _is_triple(node):
    return isinstance(node, tuple) and len(node) == 3 and not isinstance(node[0], tuple)


PREPARE = {
    "chainrule": chainrule,
    "scikit-learn": scikit_learn,
    "torch": torch_eager,
    "torch.compile": torch_compiled,
    "jax": jax,
}


# ---------------------------------------------------------------- one process per peer and number of threads
REST = 0.3
"""Seconds after which the threads of the peer before no longer spin for more work (OpenMP's do for 0.2 s)."""


def work(peer, threads):
    """Answer each line on standard input, a case's name and a seed, with a line of JSON."""
    _bind(threads)
    prepared = {}
    if peer == "chainrule":
        from multiply_adds import Loop

        registers, product = Loop(DTYPE, loads=False), Loop(DTYPE, loads=True)
    for line in sys.stdin:
        name, seed = line.split()
        try:
            if name not in prepared:
                began = time.perf_counter()
                prepared[name] = PREPARE[peer](CASES[name], threads)
                prepared[name](0)
                answer = {"first": time.perf_counter() - began}
            else:
                answer = {"step": prepared[name](int(seed)) / CASES[name].steps * 1e6}
                if peer == "chainrule":
                    answer |= {"peak": registers.speed(clock=CLOCK), "product": product.speed(clock=CLOCK)}
                    if threads == 1:
                        answer["share"] = share_of_peak(CASES[name], prepared[name], registers)
        except Exception as error:  # noqa: BLE001  not installed, or no C++ compiler: the table says which
            prepared.pop(name, None)
            answer = {"missing": f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}"}
        print(json.dumps(answer), flush=True)


def _bind(threads):
    """Bind this process to as many processors as threads, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


class Worker:
    """A peer's process."""

    def __init__(self, peer, threads):
        self.peer, self.threads = peer, threads
        count = str(threads)
        environment = os.environ | {"OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count, "MKL_NUM_THREADS": count}
        environment["JAX_PLATFORMS"] = "cpu"
        if _has_avx512():
            environment["OPENBLAS_CORETYPE"] = "SkylakeX"
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker", peer, count],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
        )  # fmt: skip

    def ask(self, case, seed):
        if self.process.poll() is not None:
            return {"missing": "the process ended"}
        self.process.stdin.write(f"{case} {seed}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"missing": "the process ended"}

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def _has_avx512():
    from chainrule.engines.jit.target import host_target

    return host_target().isa == "avx512"


def share_of_peak(case, run, registers):
    """The share of a processor's multiply-adds, by cycles: whatever frequency it has while it trains.

    Under products it is lower than under multiply-adds in registers. The median of the calls of compiled code in
    three epochs, some 20 ms each.
    """
    from multiply_adds import Watched

    watched, shares = Watched(), []
    rounds = 20_000
    alone = statistics.median(watched.cycles(registers.function, registers.place, rounds) for _ in range(100))
    least = alone / (rounds * registers.flops)
    execution = run.program._training.execution
    original, function = execution._run, execution._library.addresses["run"]

    def counted(context, start, stop, *threads):
        cycles = watched.cycles(function, context, start, stop, *threads)
        shares.append(case.flops * (stop - start) * least / cycles)

    execution._run = counted
    try:
        for seed in range(3):
            run(seed)
    finally:
        execution._run = original
    return statistics.median(shares)


def measure(cases, peers, threads, rounds):
    """{threads: {case: {peer: {"median": µs, "best": µs, "first": s}}}}, and {peer: why it did not run}.

    Chainrule has "share", and "peak" and "product" in GFLOP/s, too.
    """
    results, missing = {}, {}
    for count in threads:
        workers = [Worker(peer, count) for peer in peers]
        for case in cases:
            answers = {worker.peer: [] for worker in workers}
            first = {worker.peer: worker.ask(case, 0) for worker in workers}
            missing |= {peer: answer["missing"] for peer, answer in first.items() if "missing" in answer}
            for number in range(rounds):
                for worker in workers:
                    answer = first[worker.peer]
                    time.sleep(REST if count > 1 else 0)
                    answer = answer if "missing" in answer else worker.ask(case, number + 1)
                    if "missing" in answer:
                        missing[worker.peer] = answer["missing"]
                    else:
                        answers[worker.peer].append(answer)
            results.setdefault(str(count), {})[case] = {
                peer: _summary(each, first[peer]["first"]) for peer, each in answers.items() if each
            }
            print(_row(CASES[case], count, results[str(count)][case]), flush=True)
        for worker in workers:
            worker.close()
    return results, missing


def _summary(answers, first):
    times = [answer["step"] for answer in answers]
    found = {"median": statistics.median(times), "best": min(times), "first": first}
    for kind, of_all in (("peak", max), ("product", max), ("share", statistics.median)):
        if kind in answers[0]:
            found[kind] = of_all(answer[kind] for answer in answers)
    return found


def _row(case, threads, found):
    cells = [f"{case.name:<11}{threads}T"]
    cells += [f"{found[p]['median']:10.2f} ({found[p]['best']:.2f})" if p in found else f"{'-':>10}" for p in PEERS]
    if "chainrule" in found:
        own = found["chainrule"]["median"]
        cells += [f"{found[peer]['median'] / own:6.2f}x" if peer in found else f"{'-':>7}" for peer in PEERS[1:]]
    return "  ".join(f"{cell:<20}" if "(" in cell else cell for cell in cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", nargs=2, metavar=("PEER", "THREADS"), help=argparse.SUPPRESS)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dtype", choices=("float32", "float64"), default=DTYPE.name)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    if options.worker:
        work(options.worker[0], int(options.worker[1]))
        return
    os.environ["BENCHMARK_DTYPE"] = options.dtype  # the workers read it
    cases, peers = options.cases.split(","), options.peers.split(",")
    print("µs per step, median (fastest) of the rounds, then each peer's time over chainrule's")
    print("  ".join([f"{'case':<13}", *(f"{peer:<20}" for peer in PEERS), *PEERS[1:]]))
    threads = [int(count) for count in options.threads.split(",")]
    results, missing = measure(cases, peers, threads, options.rounds)
    print("\n" + "\n".join(f"  {peer:<14}{SETTINGS[peer]}" for peer in peers))
    for peer, reason in missing.items():
        print(f"  {peer} did not run: {reason}")
    print(
        "\nchainrule, one thread: share of what multiply-adds reach in registers at the frequency of the moment, in "
        "registers alone, and in a product on cached operands"
    )
    shares = {}
    for case in cases:
        own = results.get("1", {}).get(case, {}).get("chainrule")
        if own:
            speed = {kind: CASES[case].flops / own[kind] / 1e3 for kind in ("median", "best")}
            shares[case] = {f"{kind} of {of}": speed[kind] / own[of] for kind in speed for of in ("peak", "product")}
            shares[case]["at the moment's frequency"] = own["share"]
            cells = [f"{100 * own['share']:5.1f} %"]
            cells += [f"{100 * shares[case][f'median of {of}']:5.1f} % of {own[of]:.0f}" for of in ("peak", "product")]
            print(f"  {case:<11} {speed['median']:5.0f} GFLOP/s: {', '.join(cells)}")
    if options.json:
        report = {
            "dtype": options.dtype,
            "cases": {c: asdict(CASES[c]) for c in cases},
            "settings": {peer: SETTINGS[peer] for peer in peers},
            "did not run": missing,
            "times": results,
            "shares": shares,
        }
        temporary = options.json.with_suffix(".part")
        temporary.write_text(json.dumps(report, indent=2), encoding="utf-8")
        temporary.replace(options.json)


if __name__ == "__main__":
    main()
