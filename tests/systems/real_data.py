"""Scikit-learn's bundled data in five parts; every part is held out once, so that a score rests on all samples."""

from functools import cache

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from chainrule.calculus import derive
from chainrule.engines.interface import Data
from chainrule.engines.reference import ReferenceEngine
from chainrule.training import descend

N_PARTS = 5
TOL, PATIENCE, MAX_EPOCHS = 1e-4, 10, 1000  # on J per sample; the same rule for every system


@cache
def breast_cancer():
    """(X, Y, held-out X, held-out Y) five times; features are standardised by the training part, Y is 0 or 1."""
    X, y = load_breast_cancer(return_X_y=True)
    parts = StratifiedKFold(N_PARTS, shuffle=True, random_state=0).split(X, y)
    return [(*_standardised(X, train, held_out), y[train][:, None] * 1.0, y[held_out][:, None] * 1.0)
            for train, held_out in parts]  # fmt: skip


@cache
def diabetes():
    """The same for a number, which is standardised too."""
    X, y = load_diabetes(return_X_y=True)
    parts = KFold(N_PARTS, shuffle=True, random_state=0).split(X)
    return [(*_standardised(X, *part), *_standardised(y[:, None], *part)) for part in parts]


def _standardised(values, train, held_out):
    scaler = StandardScaler().fit(values[train])
    return scaler.transform(values[train]), scaler.transform(values[held_out])


def descended(net, start, X, Y, rate, **rule):
    """The program and the history of gradient descent on the whole batch; rate and tolerance are of J per sample."""
    program = ReferenceEngine().compile(derive(net), dtype=np.dtype(np.float64), batch_size=len(X))
    program.load(start)
    samples = len(X) if net.reduction == "sum" else 1
    rule = {"tol": TOL * samples, "patience": PATIENCE, "max_epochs": MAX_EPOCHS} | rule
    return program, descend(program, Data(X, Y), rate=rate / samples, **rule)
