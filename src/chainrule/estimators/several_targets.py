"""Several targets with several classes each: their classes, one-hot rows side by side, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import type_of_target

from chainrule.estimators.targets import smoothed


def has_several_targets(y: Any, announced: Any = None) -> bool:
    """Whether y has several columns of classes, not of labels that are there or not.

    Columns of zeros and ones are labels, unless `announced`, what `partial_fit` is told, has the classes of each.
    """
    if y.ndim != 2 or y.shape[1] < 2:
        return False
    of_each = isinstance(announced, Sequence) and len(announced) > 0 and np.ndim(announced[0]) == 1
    return of_each or bool(type_of_target(y) == "multiclass-multioutput")


@dataclass(frozen=True)
class SeveralTargets:
    """The classes of every target, in sorted order.

    Parameters
    ----------
    classes : tuple of ndarray
    """

    classes: tuple[NDArray[Any], ...]

    @classmethod
    def of(cls, y: NDArray[Any]) -> SeveralTargets:
        """What the columns of y have."""
        return cls(tuple(np.unique(column) for column in y.T))

    @classmethod
    def announced(cls, classes: Any, y: NDArray[Any]) -> SeveralTargets:
        """What `partial_fit` was told.

        Raises
        ------
        ValueError
            If that is not a sequence of classes for every column of y.
        """
        if not isinstance(classes, Sequence) or len(classes) != y.shape[1]:
            raise ValueError(
                f"classes must be a list of {y.shape[1]} arrays, the classes of every column of y, in the first call "
                f"of partial_fit; got {classes!r}"
            )
        return cls(tuple(np.unique(each) for each in classes))

    @property
    def groups(self) -> tuple[int, ...]:
        """The number of classes of every target."""
        return tuple(map(len, self.classes))

    def codes(self, y: NDArray[Any]) -> NDArray[np.int64]:
        """The place of every label among its target's classes.

        Raises
        ------
        ValueError
            If y has another number of columns, or a class that is not known.
        """
        if y.ndim != 2 or y.shape[1] != len(self.classes):
            raise ValueError(f"y must have {len(self.classes)} columns, one for every target, got the shape {y.shape}")
        columns = []
        for number, (column, classes) in enumerate(zip(y.T, self.classes, strict=True)):
            if len(unknown := np.setdiff1d(column, classes)):
                raise ValueError(
                    f"`y` has classes not in `self.classes_`: column {number} has {unknown}, known are {classes}"
                )
            columns.append(np.searchsorted(classes, column))
        return np.stack(columns, axis=1).astype(np.int64)

    def one_hot(self, y: NDArray[Any], dtype: np.dtype[Any], smoothing: float) -> NDArray[Any]:
        """A row of ones and zeros for every target, side by side; smoothed within each target."""
        codes = self.codes(y)
        parts = [np.eye(size, dtype=dtype)[column] for size, column in zip(self.groups, codes.T, strict=True)]
        return np.hstack([smoothed(part, smoothing, part.shape[1]) for part in parts])

    def parts(self, outputs: NDArray[Any]) -> list[NDArray[Any]]:
        """The columns of every target."""
        return [outputs[:, low:high] for low, high in pairwise(accumulate(self.groups, initial=0))]

    def best(self, outputs: NDArray[Any]) -> NDArray[np.int64]:
        """The place of the most probable class of every target, of shape (n, n_targets)."""
        return np.stack([part.argmax(axis=1) for part in self.parts(outputs)], axis=1).astype(np.int64)

    def decoded(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """The most probable class of every target, of shape (n, n_targets)."""
        best = self.best(outputs)
        return np.stack([classes[column] for classes, column in zip(self.classes, best.T, strict=True)], axis=1)

    def same_as(self, other: SeveralTargets) -> bool:
        """Whether another y has the same classes."""
        return self.groups == other.groups and all(map(np.array_equal, self.classes, other.classes))


def share_all_right(true: NDArray[Any], predicted: NDArray[Any], weight: NDArray[Any] | None) -> float:
    """The (weighted) share of samples with every target right, as scikit-learn's `MultiOutputClassifier` scores."""
    return float(np.average(np.all(true == predicted, axis=1), weights=weight))
