"""The closed loop: what derive writes is exact for the checker, and a slip planted in one line is found and named.

    python benchmarks/check_derivations.py [--pages 100] [--slips 3] [--seed 0] [--seconds 600]

Every page is that of a network of the tests' zoo or of a random one, in a layout, a preset and a form drawn at random.
Exit status 1 unless every unchanged page has nothing but exact and given lines, and 98 % of the slips that change a
value are found in their line and no other, with their kind.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import chainrule as cr
from tests.checking.document.planting import Sheet
from tests.zoo import ZOO

LAYOUTS = ("columns", "rows", "sample", "index")
PRESETS = ("subscript", "bracket", "delta", "d", "previous")
FORMS = ("to_markdown", "to_latex", "to_text")
DEMANDED = 0.98


def page(rng):
    """A page and what it is."""
    network = ZOO[rng.integers(len(ZOO))].network
    layout, preset, form = (str(rng.choice(names)) for names in (LAYOUTS, PRESETS, FORMS))
    detail = str(rng.choice(["steps", "full"]))
    try:
        text = getattr(cr.derive(network, layout=layout, symbols=preset, detail=detail), form)()
    except ValueError:  # two quantities of this network would have one letter of this preset
        return page(rng)
    name = f"{network} {network.loss.name} {layout} {preset} {form[3:]} {detail}"
    extras = [str(network.penalty)] if network.penalty else []
    extras += ["weights"] if network.sample_weights else []
    return text, " ".join([name, *extras, network.reduction]), form == "to_text"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--slips", type=int, default=3, help="planted on each page")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="no page is begun after this")
    options = parser.parse_args()
    start = time.perf_counter()
    verdicts, planted, caught, named = Counter(), Counter(), Counter(), Counter()
    whole = pages = 0
    slowest = (0.0, "")
    for number in range(options.seed, options.seed + options.pages):
        if time.perf_counter() - start > options.seconds:
            break
        rng = np.random.default_rng(number)
        text, name, unicode = page(rng)
        sheet = Sheet(text, unicode=unicode)
        began = time.process_time()
        items = sheet.report.items
        slowest = max(slowest, ((time.process_time() - began) * 200 / max(200, len(text.splitlines())), name))
        pages += 1
        verdicts.update(item.verdict for item in items)
        left = [item for item in items if item.verdict not in {"given", "exact"}]
        whole += not left
        for item in left[:3]:
            why = f"{item.slip} {item.reason[:60]}"
            print(f"{number} NOT EXACT {name}: {item.line} {item.verdict} {item.latex[:90]!r} {why}", flush=True)
        if left:
            continue
        for _ in range(options.slips):
            slip = sheet.plant(rng)
            if slip is None:
                continue
            outcome = sheet.outcome(slip)
            planted[slip.kind] += 1
            caught[slip.kind] += outcome.caught
            named[slip.kind] += outcome.named
            if not outcome.named:
                line = slip.text.splitlines()[slip.line - 1].strip()[:110]
                fault = "MISNAMED" if outcome.caught else "MISSED"
                print(
                    f"{number} {fault} {slip.kind} {name}: {slip.line} {line!r} said {outcome.said[:150]!r}", flush=True
                )
    total = max(planted.total(), 1)
    print(
        f"{pages} pages, {verdicts.total()} equations: {dict(verdicts)}; {whole} pages have only exact and given ones"
    )
    for kind in planted:
        print(f"  {kind:<11} {planted[kind]:>5} planted, {caught[kind]:>5} found, {named[kind]:>5} with their kind")
    shares = (100 * counts.total() / total for counts in (caught, named))
    print("{} slips: {:.1f} % found, {:.1f} % with their kind".format(planted.total(), *shares))
    print(f"slowest: {slowest[0]:.1f} s of processor time for 200 lines ({slowest[1]})")
    return 0 if whole == pages and named.total() >= DEMANDED * total else 1


if __name__ == "__main__":
    sys.exit(main())
