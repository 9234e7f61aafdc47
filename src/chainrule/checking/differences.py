"""Derivatives along lines by central differences, with an estimate of their own error.

Ridders' method (1982): differences at steps h, h/2, h/4, … are extrapolated to h → 0 in a tableau, and the entry with
the smallest estimated error is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HALVINGS = 12
COLUMNS = 7  # of the tableau: an error of order h¹⁴ is far below rounding


@dataclass(frozen=True)
class Slopes:
    """Derivatives along lines.

    Attributes
    ----------
    values : ndarray of shape (lines,)
    errors : ndarray of shape (lines,)
        Estimated, rounding included; infinite where no difference was finite.
    """

    values: Array
    errors: Array


def slopes(function: Callable[[Array], Array], largest: Array, noise: float) -> Slopes:
    """The derivatives at 0 of a function of the distances along several lines.

    Parameters
    ----------
    function : callable
        From distances of shape (lines, k) to values of that shape.
    largest : ndarray of shape (lines,)
        The largest distance along each line.  Beyond what changes the function's character, differences may seem to
        converge to a mean of slopes far away.
    noise : float
        How far rounding may move a value of the function.
    """
    steps = largest[:, None] * 0.5 ** np.arange(HALVINGS)
    found = function(np.concatenate([np.zeros((len(largest), 1)), steps, -steps], axis=1))
    here, ahead, behind = found[:, :1], found[:, 1 : HALVINGS + 1], found[:, HALVINGS + 1 :]
    with np.errstate(all="ignore"):  # far points may overflow; near ones then decide
        rounding = (noise + 4 * np.finfo(float).eps * np.abs(ahead - here)) / steps
        column = (ahead - behind) / (2 * steps)
        values, errors = np.full(len(largest), np.nan), np.full(len(largest), np.inf)
        for order in range(1, COLUMNS):
            finer, coarser = column[:, 1:], column[:, :-1]
            column = finer + (finer - coarser) / (4.0**order - 1)
            error = np.maximum(np.abs(column - finer), np.abs(column - coarser)) + rounding[:, order:]
            error = np.where(np.isfinite(error), error, np.inf)
            best = np.argmin(error, axis=1)[:, None]
            least = np.take_along_axis(error, best, 1)[:, 0]
            values = np.where(least < errors, np.take_along_axis(column, best, 1)[:, 0], values)
            errors = np.minimum(least, errors)
    return Slopes(values, errors)
