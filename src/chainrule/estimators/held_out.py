"""Data that are held out from training: drawn from the training data or given; their score and loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from chainrule.calculus import Derivation, derive
from chainrule.engines.choosing import compile_with
from chainrule.engines.interface import Data, Program
from chainrule.estimators.reported_loss import reported_cost
from chainrule.network import Network, Penalty

Score = Callable[[NDArray[Any], Data], float]


class HeldOut:
    """Scores a program in training on held-out data.

    Parameters
    ----------
    data : Data
    score : callable
        From predictions of shape (n, n_outputs), and the data, to a number; higher is better.
    averaged : bool
        Whether the moving average of the parameters is judged, which is what will predict.
    """

    def __init__(self, data: Data, score: Score, network: Network, *, averaged: bool, **how: Any) -> None:
        self.data, self._score, self._averaged = data, score, averaged
        # a cost without penalty; its weights are those of the held-out data
        self._network = replace(network, penalty=Penalty(), sample_weights=data.weight is not None)
        self._how = how
        self._judge: Program | None = None

    def score(self, program: Program) -> float:
        """The score; NaN where a prediction is not finite."""
        outputs = (self._judge_of(program) if self._averaged else program).predict(self.data.X)
        return float(self._score(outputs, self.data)) if np.isfinite(outputs).all() else math.nan

    def loss(self, program: Program) -> float:
        """The loss per sample as `loss_curve_` reports it, without penalty and dropout."""
        J, _ = self._judge_of(program).gradients(self.data)
        return reported_cost(self._network, self.data, J)

    def _judge_of(self, program: Program) -> Program:
        """A program of its own for judging, with the parameters that would predict."""
        if self._judge is None:
            derivation: Derivation = derive(self._network)
            # whether the reference engine runs has been said of the training itself
            self._judge = compile_with(derivation=derivation, batch_size=len(self.data), warn=False, **self._how)
        self._judge.load(predicting(program.state(), self._network, averaged=self._averaged))
        return self._judge


def predicting(state: dict[str, NDArray[Any]], network: Network, *, averaged: bool) -> dict[str, NDArray[Any]]:
    """The parameters that predict: their moving average, or those of the last step."""
    return {name: state[f"avg_{name}" if averaged else name] for name in network.parameter_shapes}


@dataclass(frozen=True)
class Parts:
    """Data to train on, and data to judge by, if there are some."""

    training: Data
    held_out: Data | None = None


def rows_of(data: Data, rows: NDArray[np.int64]) -> Data:
    """Some samples of the data."""
    return Data(data.X[rows], data.Y[rows], None if data.weight is None else data.weight[rows])


def split(data: Data, fraction: float, stratify: NDArray[Any] | None, rng: np.random.RandomState) -> Parts:
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
    return Parts(rows_of(data, training), rows_of(data, validation))
