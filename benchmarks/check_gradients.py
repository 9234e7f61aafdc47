"""How many planted faults check_gradients catches, and how often it cries wolf.

    python benchmarks/check_gradients.py [--draws 10000] [--fault-draws 2000]

Every draw takes a network of the tests' zoo and new values, with one thing scaled: X, one layer's weights and bias, or
the cost.  Exit status 1 unless every fault is caught in at least 99.5 % of the draws at every scale, with no false
alarm.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chainrule import Network, check_gradients
from tests.checking.faults import FAULTS, changes_something
from tests.zoo import ZOO, draw

SCALES = (1.0, 1e-6)
DEMANDED = 0.995


def drawn(number: int, scale: float) -> tuple[Network, tuple[object, ...]]:
    """The values of one draw, one thing in them scaled."""
    rng = np.random.default_rng(number)
    animal = ZOO[number % len(ZOO)]
    params, X, Y, weight, masks = draw(animal, seed=number)
    net = animal.network
    match rng.choice(["X", "weights", "cost"]):
        case "X":
            X = X * scale
        case "weights":
            layer = rng.integers(1, net.depth + 1)
            params = params | {name: params[name] * scale for name in (f"W{layer}", f"b{layer}")}
        case "cost":
            penalty = replace(net.penalty, l2=net.penalty.l2 * scale, l1=net.penalty.l1 * scale)
            net = Network(net.layers, net.n_inputs, net.loss, penalty=penalty, reduction="sum", sample_weights=True,
                          input_dropout=net.input_dropout)  # fmt: skip
            weight = rng.uniform(0.3, 2.0, len(X)) * scale
    return net, (params, X, Y, weight, masks)


def checked(net: Network, values: tuple[object, ...], number: int, gradients: object = None) -> bool:
    params, X, Y, weight, masks = values
    return check_gradients(net, params, X, Y, sample_weight=weight, masks=masks, gradients=gradients, seed=number).right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10_000, help="draws of right gradients, over all scales")
    parser.add_argument("--fault-draws", type=int, default=2_000, help="draws per fault and scale")
    arguments = parser.parse_args()
    good = True
    start = time.perf_counter()
    for scale in SCALES:
        each = arguments.draws // len(SCALES)
        alarms = [number for number in range(each) if not checked(*drawn(number, scale), number)]
        good &= not alarms
        print(f"scale {scale:g}: {len(alarms)} false alarms in {each} draws {alarms[:5] or ''}", flush=True)
        for name, fault in FAULTS.items():
            tried, missed = 0, []
            for number in range(arguments.fault_draws):
                net, values = drawn(number, scale)
                reference = net.trace(*values)
                wrong = fault(net, reference, np.random.default_rng(number))
                if changes_something(wrong, reference):
                    tried += 1
                    missed += [number] if checked(net, values, number, wrong) else []
            caught = 1 - len(missed) / tried
            good &= caught >= DEMANDED
            print(f"scale {scale:g}: {name}: {100 * caught:.2f} % of {tried} caught {missed[:5] or ''}", flush=True)
    print(f"{time.perf_counter() - start:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
