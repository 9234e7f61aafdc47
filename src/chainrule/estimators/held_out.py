"""The part of the data that is held out to decide when to stop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from chainrule.engines.interface import Data, Program


@dataclass(frozen=True)
class HeldOut:
    """Scores a program on held-out data: NaN once it predicts something that is not finite.

    Parameters
    ----------
    data : Data
    score : callable
        From predictions of shape (n, n_outputs), and the data, to a number; higher is better.
    """

    data: Data
    score: Callable[[NDArray[Any], Data], float]

    def __call__(self, program: Program) -> float:
        outputs = program.predict(self.data.X)
        return float(self.score(outputs, self.data)) if np.isfinite(outputs).all() else math.nan


def rows_of(data: Data, rows: NDArray[np.int64]) -> Data:
    """Some samples of the data."""
    return Data(data.X[rows], data.Y[rows], None if data.weight is None else data.weight[rows])


def split(data: Data, fraction: float, stratify: NDArray[Any] | None, rng: np.random.RandomState) -> tuple[Data, Data]:
    """Training and validation part, drawn as scikit-learn draws them.

    Raises
    ------
    ValueError
        If fewer than two samples would be held out, or a class has only one sample.
    """
    training, validation = train_test_split(
        np.arange(len(data)), test_size=fraction, stratify=stratify, random_state=rng
    )
    if len(validation) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return rows_of(data, training), rows_of(data, validation)
