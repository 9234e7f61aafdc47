"""How good predictions are, as numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.estimators.table_models.calibration import calibration_error

Scores = dict[str, float]


def class_scores(codes: ArrayLike, probabilities: ArrayLike) -> Scores:
    """Scores of probabilities (shape (n, n_classes)) against codes of classes (shape (n,)).

    A code of −1, a class unknown in training, is a wrong prediction; the log loss passes over it.

    Returns
    -------
    dict
        ``accuracy``; ``balanced_accuracy``, the mean of the classes' recalls; ``auc``, the area under the ROC curve
        where all classes occur, for more than two the mean over each against the rest; ``log_loss`` in nats;
        ``calibration_error``, see :func:`~chainrule.estimators.table_models.calibration.calibration_error`.

    Examples
    --------
    >>> class_scores([0, 1, 1, 1], [[0.8, 0.2], [0.4, 0.6], [0.1, 0.9], [0.7, 0.3]])
    {'accuracy': 0.75, 'balanced_accuracy': 0.833, 'auc': 1.0, 'log_loss': 0.511, 'calibration_error': 0.35}
    """
    y, P = np.asarray(codes), np.asarray(probabilities, np.float64)
    right = P.argmax(axis=1) == y
    scores = {"accuracy": float(right.mean())}
    scores["balanced_accuracy"] = float(np.mean([right[y == code].mean() for code in np.unique(y)]))
    known = y >= 0
    if set(range(P.shape[1])) <= set(y.tolist()):
        scores["auc"] = _area_under_curve(y[known], P[known])
    if known.any():
        given = P[known, y[known]]
        scores["log_loss"] = float(-np.log(np.maximum(given, np.finfo(np.float64).eps)).mean())
    return scores | {"calibration_error": calibration_error(y, P)}


def number_scores(values: ArrayLike, predicted: ArrayLike) -> Scores:
    """Scores of predicted numbers, both of shape (n,), in the target's own unit.

    Returns
    -------
    dict
        ``r2`` = 1 − Σ(y − ŷ)²/Σ(y − ȳ)² (where y varies); ``rmse`` and ``mae`` in the target's unit.

    Examples
    --------
    >>> number_scores([1.0, 2.0, 3.0], [1.0, 2.0, 5.0])
    {'r2': -1.0, 'rmse': 1.155, 'mae': 0.667}
    """
    y, error = np.asarray(values, np.float64), np.asarray(predicted, np.float64) - np.asarray(values, np.float64)
    total = float(np.sum((y - y.mean()) ** 2))
    scores = {"r2": 1 - float(error @ error) / total} if total > 0 else {}
    return scores | {"rmse": float(np.sqrt(np.mean(error**2))), "mae": float(np.mean(np.abs(error)))}


def _area_under_curve(y: NDArray[np.int64], P: NDArray[np.float64]) -> float:
    """How often a row of a class is given more of it than a row of another; ties count half (Mann and Whitney 1947)."""
    areas = []
    for code in range(P.shape[1]) if P.shape[1] > 2 else (1,):
        _, place, ties = np.unique(P[:, code], return_inverse=True, return_counts=True)
        ranks = (np.cumsum(ties) - (ties - 1) / 2)[place]  # from 1; equal values share their mean rank
        inside = y == code
        n_in, n_out = int(inside.sum()), int((~inside).sum())
        areas.append((float(ranks[inside].sum()) - n_in * (n_in + 1) / 2) / (n_in * n_out))
    return float(np.mean(areas))
