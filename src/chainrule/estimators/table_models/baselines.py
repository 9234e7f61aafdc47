"""What a network has to beat: the most frequent class or the mean, and a linear model."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The linear model learns from so many numbers at most (rows × inputs × outputs), so that it takes seconds.
_LINEAR_NUMBERS = 2 * 10**8
_LINEAR_ROWS_AT_LEAST = 1000


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
