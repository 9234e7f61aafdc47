"""Whether another value of one setting of `train_table` would be a better default, judged without any test part.

    python benchmarks/table_defaults.py FOLDER [--sets iris,ames] [--repeats 3] [--json FILE]

The training parts are those of benchmarks/tables.py; their test parts are never read.  Of each, 20 % are held out as
`train_table` does it, anew for every repeat (once for more than 10,000 rows), and every variant, the defaults with one
setting changed, is trained on the same rest.  Two errors are compared: of the score (1 − AUC or 1 − accuracy, to which
one row in error is added because it may be 0; RMSE) and of the probabilities (log loss; RMSE), means over the repeats.
Each is divided by that of the defaults.  Below 1, a variant is better on that table; the last column is the geometric
mean over the tables, ± its standard error over them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tables import EARLIER, metric, parts

from chainrule.estimators.table_models import TableTraining, TrainingSettings
from chainrule.estimators.table_models.scores import class_scores, number_scores

MANY_ROWS = 10_000


def scaled(widths, factor):
    """Hidden layers as wide as this."""
    return tuple(max(1, int(width * factor)) for width in widths)


def variants(n_rows):
    """The defaults with one setting changed, by what is changed."""
    usual = TrainingSettings()
    widths, batch = usual.layers(n_rows), usual.rows_per_batch(n_rows)
    changes = [{"learning_rate": rate} for rate in (1e-3, 4e-3)]
    changes += [{"weight_decay": decay} for decay in (0.03, 0.1, 1.0)]
    changes += [{"hidden": scaled(widths, 0.5)}, {"hidden": scaled(widths, 2)}, {"hidden": widths[:1]}]
    changes += [{"activation": "silu"}, {"patience": 10}]
    changes += [{"batch_size": batch // 2}, {"batch_size": batch * 2}]
    names = [
        *("learning_rate 0.001", "learning_rate 0.004", "weight_decay 0.03", "weight_decay 0.1", "weight_decay 1"),
        *("hidden / 2", "hidden * 2", "one hidden layer", "activation silu", "patience 10"),
        *("batch / 2", "batch * 2"),
    ]
    return dict(zip(names, changes, strict=True))


def errors(table, target, settings):
    """Of one training, on the rows that it holds out: of the score, and of the probabilities."""
    training = TableTraining.prepare(table, target, settings=settings)
    model, plan, rows = training.fit(), training.plan, training.held_out
    output, truth = model.outputs(plan.transform(rows, np.float32)), plan.transform_target(rows)
    name, less_is_better = metric(len(model.classes))
    if less_is_better:
        return np.full(2, number_scores(plan.inverse_target(truth), plan.inverse_target(output))[name])
    scores = class_scores(truth, output)
    return np.array([1 - scores[name] + 1 / len(rows), scores["log_loss"]])


def compared(folder, name, repeats):
    """The errors of the defaults, and those of every variant over them."""
    table, _, target = parts(folder, name)
    seeds = range(1 if len(table) > MANY_ROWS else repeats)
    changes = {"defaults": {}} | variants(int(len(table) * 0.8 * 0.85))
    means = {
        variant: np.mean([errors(table, target, TrainingSettings(seed=seed, **change)) for seed in seeds], axis=0)
        for variant, change in changes.items()
    }
    usual = means.pop("defaults")
    return {"errors": usual.tolist(), "ratios": {variant: (mean / usual).tolist() for variant, mean in means.items()}}


def print_table(results, column, title):
    """Variants by tables."""
    print(f"\n{title}\n\n| variant | {' | '.join(results)} | mean |\n|---|{'--:|' * (len(results) + 1)}")
    for variant in next(iter(results.values()))["ratios"]:
        logs = np.log([result["ratios"][variant][column] for result in results.values()])
        spread = logs.std(ddof=1) / np.sqrt(len(logs)) if len(logs) > 1 else 0.0
        cells = " | ".join(f"{value:.3f}" for value in np.exp(logs))
        print(f"| {variant} | {cells} | {np.exp(logs.mean()):.3f} ± {spread:.3f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", default=",".join(EARLIER))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    results = {}
    for name in given.sets.split(","):
        began = time.perf_counter()
        results[name] = compared(given.folder, name, given.repeats)
        found = ", ".join(f"{value:.4g}" for value in results[name]["errors"])
        print(f"{name} ({time.perf_counter() - began:.0f} s): errors of the defaults {found}", flush=True)
        if given.json:
            given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print_table(results, 0, "Error of the score, over that of the defaults")
    print_table(results, 1, "Log loss or RMSE, over that of the defaults")


if __name__ == "__main__":
    main()
