"""Slips planted in what derive writes: how many are found in their line and no other, and under their name.

    python benchmarks/check_derivations.py [--slips 400] [--each 4] [--seed 0] [--seconds 3600]

Every page is that of a network of the tests' zoo or of a random one, in a layout, a preset, a form and a detail drawn
at random; so are the line, the kind of slip and its place. `tests/checking/document/planting.py` says what counts.
Exit status 1 unless 98 % are found and 98 % named.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import chainrule as cr
from chainrule.calculus.presentation import LAYOUTS
from tests.checking.document.planting import Sheet
from tests.zoo import ZOO

PRESETS = ("subscript", "bracket", "delta", "d", "previous")
FORMS = ("to_markdown", "to_latex", "to_text")
DEMANDED = 0.98
HIDDEN = ("relu", "tanh", "sigmoid", "elu", "softplus", "silu", "leaky_relu(0.1)", "gelu", "selu", "mish")
ENDS = (
    ("sigmoid", "bce"), ("softmax", "cross-entropy"), ("identity", "mse"), ("identity", "squared-error"),
    ("identity", "huber(0.7)"), ("exp", "poisson"), ("tanh", "squared-error"), ("identity", "absolute-error"),
)  # fmt: skip


def random_network(rng):
    """One to four layers with widths, activations, loss, penalty, weights and reduction at random."""
    widths = [int(width) for width in rng.choice(np.arange(2, 9), size=int(rng.integers(2, 6)), replace=False)]
    output, loss = ENDS[rng.integers(len(ENDS))]
    if output != "softmax" and rng.random() < 0.3:
        widths[-1] = 1
    hidden = [f"{width} {rng.choice(HIDDEN)}" for width in widths[1:-1]]
    penalties = (None, cr.Penalty(l2=0.2), cr.Penalty(l2=0.1, l1=0.3))
    return cr.Network.parse(
        " -> ".join([str(widths[0]), *hidden, f"{widths[-1]} {output}"]),
        loss=loss,
        penalty=penalties[rng.choice(3, p=(0.6, 0.2, 0.2))],
        sample_weights=bool(rng.random() < 0.2),
        reduction=str(rng.choice(["mean", "sum"], p=(0.8, 0.2))),
    )


def page(rng):
    """A page, what it is, and whether it is written in plain text."""
    network = random_network(rng) if rng.random() < 0.5 else ZOO[rng.integers(len(ZOO))].network
    layout, preset, form = (str(rng.choice(names)) for names in (LAYOUTS, PRESETS, FORMS))
    detail = str(rng.choice(["steps", "full"]))
    try:
        text = getattr(cr.derive(network, layout=layout, symbols=preset, detail=detail), form)()
    except ValueError:  # two quantities of this network would have one letter of this preset
        return page(rng)
    extras = [str(network.penalty)] if network.penalty else []
    extras += ["weights"] if network.sample_weights else []
    name = f"{network} {network.loss.name} {layout} {preset} {form[3:]} {detail}"
    return text, " ".join([name, *extras, network.reduction]), form == "to_text"


def interval(hits, total, z=1.96):
    """Wilson's interval of a share."""
    share = hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * np.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return 100 * (middle - half), 100 * (middle + half)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slips", type=int, default=400)
    parser.add_argument("--each", type=int, default=4, help="planted on each page")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--progress", action="store_true", help="say after every page how it stands")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="no page is begun after this")
    options = parser.parse_args()
    start = time.perf_counter()
    tallies = {name: Counter() for name in ("planted", "caught", "same_kind", "named", "mended")}
    number = options.seed
    while tallies["planted"].total() < options.slips and time.perf_counter() - start < options.seconds:
        rng = np.random.default_rng(number)
        text, name, unicode = page(rng)
        sheet = Sheet(text, unicode=unicode)
        for item in sheet.report.items:
            if item.verdict not in {"given", "exact"}:
                why = f"{item.slip} {item.reason[:60]}"
                print(f"{number} NOT EXACT {name}: {item.line} {item.verdict} {item.latex[:90]!r} {why}", flush=True)
        for slip in filter(None, (sheet.plant(rng) for _ in range(options.each))):
            outcome = sheet.outcome(slip)
            tallies["planted"][slip.kind] += 1
            for key in ("caught", "same_kind", "named", "mended"):
                tallies[key][slip.kind] += getattr(outcome, key)
            if not outcome.named:
                fault = "MISNAMED" if outcome.caught else "MISSED"
                was = text.splitlines()[slip.line - 1].strip()[:100]
                print(f"{number} {fault} {slip.kind} | {name} | {slip.line} {slip.source[:110]!r}\n"
                      f"      was {was!r}\n      said {outcome.said[:170]!r}", flush=True)  # fmt: skip
        number += 1
        if options.progress:
            print(number, *(f"{tallies[key].total()} {key}" for key in tallies), file=sys.stderr, flush=True)
    total = max(tallies["planted"].total(), 1)
    print(f"{number - options.seed} pages from seed {options.seed}, {time.perf_counter() - start:.0f} s")
    for kind, _planted in sorted(tallies["planted"].items()):
        print(f"  {kind:<16}", *(f"{tallies[key][kind]:>5} {key}" for key in tallies))
    for key in ("caught", "same_kind", "named", "mended"):
        hits = tallies[key].total()
        low, high = interval(hits, total)
        print(f"{key:>9}: {hits} of {total}, {100 * hits / total:.1f} % (95 % interval {low:.1f} to {high:.1f})")
    return 0 if min(tallies["caught"].total(), tallies["named"].total()) >= DEMANDED * total else 1


if __name__ == "__main__":
    sys.exit(main())
