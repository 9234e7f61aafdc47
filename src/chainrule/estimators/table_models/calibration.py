"""Whether probabilities can be taken at their word: of what is given 70 %, do 70 % come true?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

N_BINS = 10


@dataclass(frozen=True)
class ReliabilityBin:
    """Predictions of about the same probability.

    Attributes
    ----------
    n_rows : int
    predicted : float
        Their mean probability.
    observed : float
        The share of them that came true.
    """

    n_rows: int
    predicted: float
    observed: float


def reliability(codes: ArrayLike, probabilities: ArrayLike, n_bins: int = N_BINS) -> tuple[ReliabilityBin, ...]:
    """The points of a reliability curve, over bins of equal width that are not empty.

    For two classes, the probability of the second one is compared with its share; for more, the largest probability
    with the share of right predictions (Guo et al. 2017, "On calibration of modern neural networks").

    Parameters
    ----------
    codes : array of int, shape (n,)
        −1, a class unknown in training, comes true for no probability.
    probabilities : array of float, shape (n, n_classes)
    n_bins : int

    Examples
    --------
    >>> reliability([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.2, 0.8]], n_bins=2)
    (ReliabilityBin(n_rows=1, predicted=0.1, observed=0.0), ReliabilityBin(n_rows=2, predicted=0.8, observed=1.0))
    """
    y, P = np.asarray(codes), np.asarray(probabilities, np.float64)
    given, true = (P[:, 1], y == 1) if P.shape[1] == 2 else (P.max(axis=1), P.argmax(axis=1) == y)
    number = np.minimum((given * n_bins).astype(np.int64), n_bins - 1)
    return tuple(
        ReliabilityBin(int(inside.sum()), float(given[inside].mean()), float(true[inside].mean()))
        for inside in (number == k for k in np.unique(number))
    )


def calibration_error(codes: ArrayLike, probabilities: ArrayLike, n_bins: int = N_BINS) -> float:
    """The expected calibration error: mean over rows of |predicted − observed| of their bin (Naeini et al. 2015).

    Examples
    --------
    >>> calibration_error([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.2, 0.8]], n_bins=2)
    0.167
    """
    bins = reliability(codes, probabilities, n_bins)
    off = sum(part.n_rows * abs(part.predicted - part.observed) for part in bins)
    return off / sum(part.n_rows for part in bins)
