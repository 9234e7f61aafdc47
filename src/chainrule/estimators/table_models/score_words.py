"""How scores are called and written for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.estimators.table_models.scores import Scores


def amount(value: float) -> str:
    """Four digits: 30,260 rather than 3.026e+04.

    Examples
    --------
    >>> amount(30261.9), amount(0.73012), amount(-2e-7)
    ('30,262', '0.7301', '-2e-07')
    """
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:.4g}"


CALIBRATION = "calibration_error"


@dataclass(frozen=True)
class ScoreWords:
    """A score's name, how its values are written, and whether less of it is better."""

    label: str
    written: Callable[[float], str]
    less_is_better: bool = False


SCORE_WORDS: Mapping[str, ScoreWords] = {
    "accuracy": ScoreWords("accuracy", "{:.1%}".format),
    "balanced_accuracy": ScoreWords("balanced accuracy", "{:.1%}".format),
    "auc": ScoreWords("AUC", "{:.3f}".format),
    "log_loss": ScoreWords("log loss", "{:.3f}".format, less_is_better=True),
    CALIBRATION: ScoreWords("calibration error", "{:.1%}".format, less_is_better=True),
    "r2": ScoreWords("R²", "{:.3f}".format),
    "rmse": ScoreWords("RMSE", amount, less_is_better=True),
    "mae": ScoreWords("MAE", amount, less_is_better=True),
}


def spread_over(folds: Sequence[Scores]) -> Scores:
    """The standard deviation over folds of every score that all of them have.

    Examples
    --------
    >>> spread_over([{"r2": 0.9}, {"r2": 0.7}])
    {'r2': 0.1}
    """
    names = [name for name in SCORE_WORDS if all(name in fold for fold in folds)]
    return {name: float(np.std([fold[name] for fold in folds])) for name in names}


def best_values(scores: Iterable[Scores]) -> Scores:
    """The best value of every score that occurs, in the order of `SCORE_WORDS`.

    Examples
    --------
    >>> best_values([{"r2": 0.9, "mae": 3.0}, {"r2": 0.8, "mae": 2.0}])
    {'r2': 0.9, 'mae': 2.0}
    """
    parts = list(scores)
    found = {}
    for name, words in SCORE_WORDS.items():
        values = [part[name] for part in parts if name in part]
        if values:
            found[name] = min(values) if words.less_is_better else max(values)
    return found
