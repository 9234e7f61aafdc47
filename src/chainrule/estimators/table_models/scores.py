"""How good predictions are, and the two baselines that a network has to beat."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scores = dict[str, float]
Floats = NDArray[np.float64]

# The linear model learns from so many numbers at most (rows × inputs × outputs), so that it takes seconds.
_LINEAR_NUMBERS = 2 * 10**8
_LINEAR_ROWS_AT_LEAST = 1000


def class_scores(codes: ArrayLike, probabilities: ArrayLike) -> Scores:
    """Scores of probabilities (shape (n, n_classes)) against codes of classes (shape (n,)).

    A code of −1, a class unknown in training, is a wrong prediction; the log loss passes over it.

    Returns
    -------
    dict
        ``accuracy``; ``balanced_accuracy``, the mean of the classes' recalls; ``auc`` for two classes that both occur;
        ``log_loss`` in nats.

    Examples
    --------
    >>> class_scores([0, 1, 1, 1], [[0.8, 0.2], [0.4, 0.6], [0.1, 0.9], [0.7, 0.3]])
    {'accuracy': 0.75, 'balanced_accuracy': 0.833, 'auc': 1.0, 'log_loss': 0.511}
    """
    y, P = np.asarray(codes), np.asarray(probabilities, np.float64)
    right = P.argmax(axis=1) == y
    scores = {"accuracy": float(right.mean())}
    scores["balanced_accuracy"] = float(np.mean([right[y == code].mean() for code in np.unique(y)]))
    known = y >= 0
    if P.shape[1] == 2 and {0, 1} <= set(y.tolist()):
        from sklearn.metrics import roc_auc_score

        scores["auc"] = float(roc_auc_score(y[known], P[known, 1]))
    if known.any():
        given = P[known, y[known]]
        scores["log_loss"] = float(-np.log(np.maximum(given, np.finfo(np.float64).eps)).mean())
    return scores


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


def majority_probabilities(codes: NDArray[np.int64], n_classes: int, n_rows: int) -> Floats:
    """The training part's shares of the classes, for each of n_rows rows: shape (n_rows, n_classes)."""
    shares = np.bincount(codes, minlength=n_classes) / len(codes)
    return np.tile(shares, (n_rows, 1))


def linear_outputs(
    X: NDArray[Any], y: NDArray[Any], n_classes: int | None, X_new: NDArray[Any], seed: int
) -> tuple[Floats, int]:
    """What scikit-learn's linear model says about X_new, and how many rows it learnt from.

    Parameters
    ----------
    X : array of shape (n, n_inputs)
    y : array of shape (n,)
        Codes of classes, or standardised numbers.
    n_classes : int or None
        None for numbers.
    X_new : array of shape (m, n_inputs)
    seed : int
        Which rows are drawn when there are too many.

    Returns
    -------
    outputs : array
        Probabilities of shape (m, n_classes) from logistic regression, or numbers of shape (m,) from ridge regression.
    n_rows : int
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    most = max(_LINEAR_NUMBERS // (X.shape[1] * (n_classes or 1)), _LINEAR_ROWS_AT_LEAST)
    if len(X) > most:
        drawn = np.random.default_rng(seed).permutation(len(X))[:most]
        X, y = X[drawn], y[drawn]
    X, X_new = X.astype(np.float64), X_new.astype(np.float64)
    if n_classes is None:
        return np.asarray(Ridge().fit(X, y).predict(X_new)), len(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline need not be solved to the last digit
        linear = LogisticRegression(max_iter=200).fit(X, y)
    probabilities = np.zeros((len(X_new), n_classes))
    probabilities[:, linear.classes_] = linear.predict_proba(X_new)  # a class may be missing among the drawn rows
    return probabilities, len(X)
