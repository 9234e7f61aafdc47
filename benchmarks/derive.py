"""How long a derivation takes: a five-layer network, written in full and in summary, in every form.

    python benchmarks/derive.py [--rounds 5]

Each figure is the median over fresh processes, in seconds: `first` is the first derivation after ``import chainrule``,
with everything that is imported on the way, `again` the same for another network of that size. A user's own function
is timed apart: only there SymPy is imported.
"""

import argparse
import json
import statistics
import subprocess
import sys

NETWORKS = (
    "20 -> 16 tanh -> 12 relu -> 10 sigmoid -> 8 gelu -> 5 softmax",
    "30 -> 24 elu -> 15 tanh -> 11 silu -> 9 relu -> 4 softmax",
)
FORMS = ("to_text", "to_markdown", "to_latex", "to_html", "to_json", "to_python")
MEASURED = """
import json, sys, time
import chainrule as cr
detail, form, own, *networks = json.loads(sys.argv[1])
took = []
for text in networks:
    network = cr.Network.parse(text, loss="cross-entropy")
    if own:
        layers = [cr.Dense(9, cr.activation("own", "z / (1 + exp(-1.5 * z))")), *network.layers[1:]]
        network = cr.Network(layers, network.n_inputs, network.loss)
    start = time.perf_counter()
    getattr(cr.derive(network, detail=detail, layout="columns"), form)()
    took.append(time.perf_counter() - start)
print(json.dumps([*took, "sympy" in sys.modules]))
"""


def measured(detail, form, rounds, *, own=False):
    runs = []
    for _ in range(rounds):
        argument = json.dumps([detail, form, own, *NETWORKS])
        ran = subprocess.run([sys.executable, "-c", MEASURED, argument], check=True, capture_output=True, text=True)
        runs.append(json.loads(ran.stdout))
    first, again = (statistics.median(run[which] for run in runs) for which in (0, 1))
    return first, again, any(run[2] for run in runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{'detail':<9}{'form':<13}{'first':>8}{'again':>8}  sympy imported")
    for detail in ("summary", "steps", "full"):
        for form in FORMS:
            first, again, sympy = measured(detail, form, rounds)
            print(f"{detail:<9}{form:<13}{first:8.3f}{again:8.3f}  {'yes' if sympy else 'no'}")
    first, again, sympy = measured("full", "to_html", rounds, own=True)
    print(f"{'full':<9}{'own function':<13}{first:8.3f}{again:8.3f}  {'yes' if sympy else 'no'}")


if __name__ == "__main__":
    main()
