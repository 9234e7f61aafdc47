"""Many small networks: `fit_many` beside fitting one after the other, and scikit-learn's with joblib.

    python benchmarks/many_fits.py [--set digits] [--rows 500] [--fits 24] [--workers 2] [--rounds 3]

Seeds times penalties on one set of shared/datasets (beside the repository), standardised; default widths.  All times
are the best of the rounds, taken in turns, with compiled code in the cache; every one makes the same fits.
"""

# ruff: noqa: E402 - the number of BLAS's threads is settled before NumPy is imported
from __future__ import annotations

import argparse
import os
import time
import warnings

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np
from estimators import prepared
from joblib import Parallel, delayed
from sklearn import neural_network
from sklearn.base import clone

import chainrule


def fit(estimator, params, X, y):
    """One fit, in whatever process."""
    warnings.simplefilter("ignore")
    return clone(estimator).set_params(**params).fit(X, y)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="digits")
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--fits", type=int, default=24)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    X, _, y, _, classifies = prepared(arguments.set, arguments.rows, np.dtype(np.float64))
    kind = "MLPClassifier" if classifies else "MLPRegressor"
    ours, other = getattr(chainrule, kind)(), getattr(neural_network, kind)()
    params = [{"random_state": k // 3, "alpha": (1e-4, 1e-2, 1.0)[k % 3]} for k in range(arguments.fits)]
    workers = arguments.workers

    def by_processes(estimator):
        return Parallel(n_jobs=workers)(delayed(fit)(estimator, each, X, y) for each in params)

    ways = {
        "scikit-learn, one by one": lambda: [fit(other, each, X, y) for each in params],
        f"scikit-learn, {workers} processes": lambda: by_processes(other),
        "chainrule, one by one": lambda: [fit(ours, each, X, y) for each in params],
        f"chainrule, {workers} processes": lambda: by_processes(ours),
        f"chainrule, fit_many of {workers}": lambda: chainrule.fit_many(ours, params, X, y, n_workers=workers),
    }
    best = dict.fromkeys(ways, np.inf)
    fitted = {}
    fit(ours, params[0], X, y)
    for _ in range(arguments.rounds):
        for name, way in ways.items():
            begin = time.perf_counter()
            fitted[name] = way()
            best[name] = min(best[name], time.perf_counter() - begin)
    print(f"{arguments.fits} fits of {kind} on {arguments.set}, {X.shape[0]} x {X.shape[1]}, seconds")
    slowest = max(best.values())
    for name, seconds in best.items():
        print(f"  {name:<32} {seconds:8.2f} {slowest / seconds:7.1f}x")
    one, many = (fitted[name] for name in (*ways,)[2::2])
    pairs = zip(one, many, strict=True)
    same = all(a.tobytes() == b.tobytes() for m, n in pairs for a, b in zip(m.coefs_, n.coefs_, strict=True))
    print(f"  fit_many to the bit as one by one: {same}")


if __name__ == "__main__":
    main()
