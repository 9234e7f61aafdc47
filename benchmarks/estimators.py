"""Wall time of `fit` and held-out score: chainrule's estimators beside scikit-learn's, at equal settings.

    python benchmarks/estimators.py [--sets digits,concrete] [--rows 5000] [--dtypes float64,float32] [--rounds 1]

Both are given their defaults (Adam, 100 hidden units, at most 200 epochs), the same prepared data (median imputing,
standard scaling, one-hot; a regression target is scaled too) and one thread; every fit runs in a process of its own,
and no import is timed.
scikit-learn runs with OPENBLAS_CORETYPE=SkylakeX where the processor has AVX-512, because the OpenBLAS in its wheels
may take a new processor for an older one. "empty" is chainrule's first fit of that network on a machine, compilation
included; "warm" is any later one, which finds the compiled code. The ratio of processor times is less disturbed by
other programs than that of wall times. The data sets stand in shared/datasets beside the repository.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

DATASETS = Path(__file__).resolve().parents[2] / "shared" / "datasets"
SETS = (
    "breast_cancer",
    "phoneme",
    "telco_churn",
    "adult",
    "digits",
    "satimage",
    "letter",
    "concrete",
    "wine_quality",
    "california",
)


HEAD = "  ratio of wall and processor time   score (sklearn, ours)"


def prepared(name, rows, dtype):
    """Training and held-out parts as arrays."""
    import polars as pl
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler, scale

    facts = json.loads((DATASETS / f"{name}.json").read_text(encoding="utf-8"))
    numeric, categorical, target = facts["numeric"], facts["categorical"], facts["target"]
    schema = dict.fromkeys(categorical, pl.String)
    table = pl.read_csv(DATASETS / f"{name}.csv", infer_schema_length=None, schema_overrides=schema)
    y = table[target].to_numpy()
    classifies = facts["task"] != "regression"
    X = table.drop(target).with_columns(pl.col(categorical).fill_null("missing")).to_pandas()
    split = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y if classifies else None)
    X_train, X_test, y_train, y_test = split
    if len(X_train) > rows:
        keep, _ = train_test_split(
            np.arange(len(X_train)), train_size=rows, random_state=0, stratify=y_train if classifies else None
        )
        X_train, y_train = X_train.iloc[keep], y_train[keep]
    preparation = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
        (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), categorical),
    )
    parts = [preparation.fit_transform(X_train), preparation.transform(X_test)]
    if not classifies:
        mean, deviation = y_train.mean(), y_train.std()
        y_train, y_test = scale(y_train), (y_test - mean) / deviation
    return *(np.ascontiguousarray(part, dtype) for part in parts), y_train, y_test, classifies


def measure(library, name, rows, dtype):
    """One fit, in this process; prints its facts as JSON."""
    if library == "chainrule":
        import chainrule as module

        importlib.import_module("chainrule.engines.jit")  # which the first fit would import
    else:
        import sklearn.neural_network as module
    X, X_test, y, y_test, classifies = prepared(name, rows, np.dtype(dtype))
    model = (module.MLPClassifier if classifies else module.MLPRegressor)(random_state=0)
    warnings.simplefilter("ignore")
    start, busy = time.perf_counter(), time.process_time()
    model.fit(X, y)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    one, singles = X_test[:1], []
    model.predict(one)
    for _ in range(200):
        begin = time.perf_counter()
        model.predict(one)
        singles.append(time.perf_counter() - begin)
    score = model.score(X_test, y_test)
    error = np.sqrt(score * (1 - score) / len(y_test)) if classifies else r2_error(model.predict(X_test), y_test)
    facts = {"fit": seconds, "busy": busy, "epochs": model.n_iter_, "score": score, "error": error, "shape": X.shape}
    print(json.dumps(facts | {"one_row": statistics.median(singles)}))


def r2_error(predicted, y):
    """The standard error of R², by the jackknife."""
    squares, spread = (y - predicted) ** 2, (y - y.mean()) ** 2
    n = len(y)
    each = 1 - (squares.sum() - squares) / (spread.sum() - spread)
    return float(np.sqrt((n - 1) / n * ((each - each.mean()) ** 2).sum()))


def in_a_process(library, name, arguments, dtype, cache):
    """The facts of one fit."""
    environment = os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment["CHAINRULE_CACHE_DIR"] = cache
    if "avx512f" in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"):
        environment["OPENBLAS_CORETYPE"] = "SkylakeX"
    command = [sys.executable, __file__, "--measure", library, "--sets", name]
    command += ["--rows", str(arguments.rows), "--dtypes", dtype]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{' '.join(command)}\n{ran.stderr}")
    return json.loads(ran.stdout.splitlines()[-1])


def compare(name, dtype, arguments):
    """All measurements of one data set: the fastest of the rounds, taken in turns."""
    found = {"scikit-learn": [], "empty": [], "warm": []}
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as cache:
            found["scikit-learn"].append(in_a_process("scikit-learn", name, arguments, dtype, cache))
            found["empty"].append(in_a_process("chainrule", name, arguments, dtype, cache))
            found["warm"].append(in_a_process("chainrule", name, arguments, dtype, cache))
    return {kind: min(facts, key=lambda one: one["fit"]) for kind, facts in found.items()}


def main():
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--rows", type=int, default=5000, help="of the training part at most")
    parser.add_argument("--dtypes", default="float64,float32")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--measure", choices=["chainrule", "scikit-learn"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.sets, arguments.rows, arguments.dtypes)
        return
    if not DATASETS.is_dir():
        sys.exit("the folder shared/datasets does not stand beside the repository")
    for dtype in arguments.dtypes.split(","):
        print(f"\n{dtype:<14} rows x features  epochs  sklearn s   empty s    warm s  {HEAD}")
        ratios, busy, singles = [], [], []
        for name in arguments.sets.split(","):
            facts = compare(name, dtype, arguments)
            other, empty, warm = facts["scikit-learn"], facts["empty"], facts["warm"]
            ratios.append(other["fit"] / warm["fit"])
            busy.append(other["busy"] / warm["busy"])
            singles.append(warm["one_row"] / other["one_row"])
            apart = abs(warm["score"] - other["score"]) > other["error"]
            shape, slower = "x".join(map(str, warm["shape"])), empty["fit"] > other["fit"]
            times = f"{other['fit']:>9.2f} {empty['fit']:>9.2f}{' !' if slower else '  '}{warm['fit']:>8.2f}"
            scores = f"{other['score']:.4f} {warm['score']:.4f} +-{other['error']:.4f}{' !' if apart else ''}"
            epochs = f"{other['epochs']:>3}/{warm['epochs']:<3}"
            faster = f"{ratios[-1]:>16.1f}x {busy[-1]:>13.1f}x"
            print(f"{name:<14} {shape:>15}  {epochs} {times} {faster}   {scores}", flush=True)
        medians = [statistics.median(values) for values in (ratios, busy, singles)]
        print("warm: {:.1f}x by wall time, {:.1f}x by processor time; one row: {:.2f} of its time".format(*medians))


if __name__ == "__main__":
    main()
