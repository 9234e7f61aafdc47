"""Sixteen real tables, trained by chainrule with its defaults, beside scikit-learn's MLP, RealMLP and LightGBM.

    python benchmarks/tables.py FOLDER [--sets iris,ames] [--peers] [--seed 0] [--engine auto] [--json FILE]

FOLDER holds NAME.csv or NAME.parquet beside NAME.json (task, target). Every table is split by scikit-learn's
``train_test_split(test_size=0.2, random_state=0)``, stratified for classes; of the training part, 20,000 rows at most
are drawn in the same way. ``cr.train_table`` gets it as ``data`` and the other part as ``test``; nothing is chosen per
table. The command does the same with ``chainrule train DATA --target COLUMN --test FILE``.

Scores: AUC for two classes, accuracy for more, RMSE for numbers. "±" is the score's standard error over the test rows,
by 500 bootstrap samples. With ``--peers``, scikit-learn's MLP (defaults, one thread; median, standard scaling, one-hot;
regression with a standardised target, and without) runs here; otherwise its figures, and those of RealMLP-TD-S
(pytabkit 1.7.3) and LightGBM (4.7.0), both at their defaults, are of an earlier run on the same split (`EARLIER`).
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from chainrule.estimators.table_models import TableTraining, TrainingSettings
from chainrule.estimators.table_models.assessment import NETWORK
from chainrule.estimators.table_models.scores import class_scores, number_scores
from chainrule.tables import read_table
from chainrule.tables.targets import ClassTarget, fit_target

MOST_TRAINING_ROWS = 20_000
BOOTSTRAPS = 500

# name → scikit-learn's MLP (the better of both targets for regression), RealMLP-TD-S, LightGBM: AUC, accuracy or RMSE.
# One run, one seed, one thread; scikit-learn 1.9.1, pytabkit 1.7.3, LightGBM 4.7.0; defaults throughout.
EARLIER = {
    "breast_cancer": (0.9940, 0.9947, 0.9778),
    "titanic": (0.8070, 0.8241, 0.8203),
    "phoneme": (0.9216, 0.9221, 0.9562),
    "telco_churn": (0.8245, 0.8455, 0.8361),
    "adult": (0.8838, 0.9081, 0.9256),
    "penguins": (0.9855, 1.0, 0.9710),
    "digits": (0.9750, 0.9806, 0.9611),
    "satimage": (0.9075, 0.9285, 0.9215),
    "letter": (0.9530, 0.9815, 0.9683),
    "mnist": (0.9618, 0.9736, 0.9689),
    "diabetes": (63.17, 58.52, 65.60),
    "concrete": (5.660, 4.646, 4.164),
    "ames": (41070, 32010, 25230),
    "wine_quality": (0.7404, 0.7102, 0.7072),
    "hotel_rates": (16.16, 15.24, 13.58),
    "california": (0.5368, 0.5009, 0.4587),
}


def parts(folder, name):
    """The training part, the test part, and the target's name."""
    told = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    table, target = read_table(folder / told["file"]), told["target"]
    found, _ = fit_target(table, target, None)
    codes = found.transform(table) if isinstance(found, ClassTarget) else None
    train, test = train_test_split(np.arange(len(table)), test_size=0.2, random_state=0, stratify=codes)
    if len(train) > MOST_TRAINING_ROWS:
        left = None if codes is None else codes[train]
        train, _ = train_test_split(train, train_size=MOST_TRAINING_ROWS, random_state=0, stratify=left)
    return table.rows(train), table.rows(test), target


def metric(n_classes):
    """The name of the score, and whether less of it is better."""
    return ("rmse", True) if not n_classes else ("auc", False) if n_classes == 2 else ("accuracy", False)


def standard_error(name, truth, output, classes):
    """Of a score, over the test rows."""
    rng, scores = np.random.default_rng(0), []
    for _ in range(BOOTSTRAPS):
        drawn = rng.integers(0, len(truth), len(truth))
        if classes and name == "accuracy":
            scores.append(float((output[drawn].argmax(axis=1) == truth[drawn]).mean()))
        else:
            scores.append((class_scores if classes else number_scores)(truth[drawn], output[drawn]).get(name, np.nan))
    return float(np.nanstd(scores))


def chainrule(train, test, target, settings):
    """What the command does: prepare, train, assess; seconds (wall, processor) of preparing and training."""
    began, used = time.perf_counter(), time.process_time()
    training = TableTraining.prepare(train, target, test=test, settings=settings)
    model = training.fit()
    seconds = time.perf_counter() - began, time.process_time() - used
    return training, model, training.assess(model), seconds


def scikit_learns_mlp(train, test, target, told):
    """The scores of scikit-learn's MLP at its defaults, and the seconds of its fit; two of each for numbers."""
    import polars as pl
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    warnings.simplefilter("ignore")  # it does not converge in 200 iterations
    numeric, words = told["numeric"], told["categorical"]

    def cells(table):
        frame = table.frame.select(
            *(pl.col(name).cast(pl.Float64, strict=False) for name in numeric),
            *(pl.col(name).cast(pl.String).fill_null("missing") for name in words),
        )
        return frame.to_pandas()

    prepare = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
            ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
        ]
    )
    found, _ = fit_target(train, target, None)
    X, X_test = prepare.fit_transform(cells(train)), prepare.transform(cells(test))
    if isinstance(found, ClassTarget):
        codes = found.transform(train), found.transform(test)
        began = time.perf_counter()
        fitted = MLPClassifier(random_state=0).fit(X, codes[0])
        return [(class_scores(codes[1], fitted.predict_proba(X_test)), time.perf_counter() - began)]
    values = found.inverse(found.transform(train)), found.inverse(found.transform(test))
    results = []
    for model in (
        MLPRegressor(random_state=0),
        TransformedTargetRegressor(MLPRegressor(random_state=0), transformer=StandardScaler()),
    ):
        began = time.perf_counter()
        fitted = model.fit(X, values[0])
        results.append((number_scores(values[1], fitted.predict(X_test)), time.perf_counter() - began))
    return results


def measured(folder, name, settings, peers):
    """One table: scores, standard error, seconds."""
    told = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    train, test, target = parts(folder, name)
    training, model, assessment, seconds = chainrule(train, test, target, settings)
    score, less_is_better = metric(len(model.classes))
    scores = assessment.scores
    result = {
        "name": name,
        "metric": score,
        "rows": training.rows,
        "chainrule": scores[NETWORK],
        "linear": next(part for kind, part in scores.items() if kind.startswith("linear")),
        "standard_error": standard_error(score, assessment.truth, assessment.outputs[NETWORK], model.classes),
        "seconds": seconds[0],
        "processor_seconds": seconds[1],
        "epochs": model.training.history.epochs,
        "network": str(model.network),
        "earlier": dict(zip(("scikit-learn", "RealMLP-TD-S", "LightGBM"), EARLIER[name], strict=True)),
    }
    peer = EARLIER[name][0]
    if peers:
        runs = scikit_learns_mlp(train, test, target, told)
        result["scikit-learn here"] = [part for part, _ in runs]
        result["scikit-learn seconds"] = [spent for _, spent in runs]
        values = [part[score] for part, _ in runs]
        peer = min(values) if less_is_better else max(values)
    behind = scores[NETWORK][score] - peer if less_is_better else peer - scores[NETWORK][score]
    result |= {"peer": peer, "standard_errors_behind": behind / result["standard_error"]}
    return result


def shown(value):
    """Four digits."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4f}" if value < 10 else f"{value:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", default=",".join(EARLIER))
    parser.add_argument("--peers", action="store_true", help="run scikit-learn's MLP here")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    settings, results = TrainingSettings(seed=given.seed, engine=given.engine), []
    print(
        "| table | metric | chainrule | ± | sklearn MLP | RealMLP-TD-S | LightGBM | linear | behind | wall s | CPU s |"
    )
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name in given.sets.split(","):
        result = measured(given.folder, name, settings, given.peers)
        results.append(result)
        score, earlier = result["metric"], result["earlier"]
        figures = (result["chainrule"][score], result["standard_error"], result["peer"])
        figures += (earlier["RealMLP-TD-S"], earlier["LightGBM"], result["linear"][score])
        row = [
            name,
            score,
            *map(shown, figures),
            f"{result['standard_errors_behind']:+.1f}",
            f"{result['seconds']:.1f}",
        ]
        row.append(f"{result['processor_seconds']:.1f}")
        print(f"| {' | '.join(row)} |", flush=True)
    worst = max(results, key=lambda result: result["standard_errors_behind"])
    print(
        f"\nfurthest behind scikit-learn's MLP: {worst['name']}, {worst['standard_errors_behind']:+.2f} standard errors"
    )
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
