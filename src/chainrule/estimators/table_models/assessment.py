"""What a network and its baselines say about rows that they have not seen, beside what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.estimators.table_models.calibration import N_BINS, ReliabilityBin, reliability
from chainrule.estimators.table_models.scores import Scores, class_scores, number_scores
from chainrule.tables.targets import Label

NETWORK = "network"
_ROWS_FOR_ALL_BINS = 500


@dataclass(frozen=True, eq=False)
class Assessment:
    """Held-out rows: what is true, and what each model says.

    Attributes
    ----------
    rows : int64 array of shape (n,)
        Positions in the table that was trained on, or in the test table.
    truth : array of shape (n,)
        Codes of classes (−1 for one that is unknown in training), or numbers in the target's own unit.
    outputs : dict of str to array
        By model, the network first: probabilities of shape (n, n_classes), or numbers in the target's own unit.
    classes : tuple
        None of them for regression.
    """

    rows: NDArray[np.int64]
    truth: NDArray[Any]
    outputs: dict[str, NDArray[np.float64]]
    classes: tuple[Label, ...] = ()

    @property
    def scores(self) -> dict[str, Scores]:
        """The scores of each model."""
        score = class_scores if self.classes else number_scores
        return {name: score(self.truth, output) for name, output in self.outputs.items()}

    @property
    def confusion(self) -> NDArray[np.int64]:
        """How many rows of class k the network takes for class j: shape (n_classes, n_classes).

        Rows of classes that are unknown in training are in no cell.
        """
        n, known = len(self.classes), self.truth >= 0
        taken_for = self.outputs[NETWORK].argmax(axis=1)
        counts = np.bincount(self.truth[known] * n + taken_for[known], minlength=n * n)
        return counts.reshape(n, n).astype(np.int64)

    @property
    def reliability(self) -> tuple[ReliabilityBin, ...]:
        """The points of the network's reliability curve; fewer for few rows, whose shares would say little."""
        n_bins = N_BINS if len(self.truth) >= _ROWS_FOR_ALL_BINS else N_BINS // 2
        return reliability(self.truth, self.outputs[NETWORK], n_bins)

    def worst(self, most: int = 10) -> NDArray[np.int64]:
        """Where the network is most wrong: positions in ``truth``, the worst first.

        For classes, where the true one has the smallest probability; else, where the error is largest.
        """
        said = self.outputs[NETWORK]
        if self.classes:
            given = np.where(self.truth >= 0, said[np.arange(len(said)), self.truth], 0.0)
            return np.argsort(given, kind="stable")[:most]
        return np.argsort(-np.abs(said - self.truth), kind="stable")[:most]


def pooled(parts: Sequence[Assessment], truth: NDArray[Any], classes: tuple[Label, ...]) -> Assessment:
    """The rows of all folds, as one; the models of each are matched by their place.

    Parameters
    ----------
    parts : sequence of Assessment
    truth : array of shape (n,)
        Of the rows of all parts, by ``classes``.
    classes : tuple
        Of the whole table; a part whose training rows lack some gives these a probability of 0.
    """
    outputs = {
        name: np.concatenate([_over(part, place, classes) for part in parts])
        for place, name in enumerate(parts[0].outputs)
    }
    return Assessment(np.concatenate([part.rows for part in parts]), truth, outputs, classes)


def _over(part: Assessment, place: int, classes: tuple[Label, ...]) -> NDArray[np.float64]:
    """What one of a part's models says, with a column for each of ``classes``."""
    output = list(part.outputs.values())[place]
    if part.classes == classes:
        return output
    wide = np.zeros((len(output), len(classes)))
    wide[:, [classes.index(label) for label in part.classes]] = output
    return wide
