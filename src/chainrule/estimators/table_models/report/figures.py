"""The figures of a report: loss over the epochs, predicted beside true, and whether probabilities hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.estimators.table_models.calibration import ReliabilityBin
from chainrule.estimators.table_models.report.axes import Scale, figure, path, scale_x, scale_y
from chainrule.estimators.table_models.report.markup import Markup, element
from chainrule.training import History

_LOGARITHMIC_FROM = 5.0  # ratio of the largest to the smallest value
_MOST_POINTS = 1500


def loss_figure(history: History) -> Markup | None:
    """Training and validation loss of every epoch, and which epoch is kept; None without two finite values."""
    series = {"one": history.loss, "two": [-value for value in history.validation]}
    finite = [value for values in series.values() for value in values if math.isfinite(value)]
    if len(history.loss) < 2 or not finite:
        return None
    low, high = min(finite), max(finite)
    logarithmic = low > 0 and high / low > _LOGARITHMIC_FROM
    x, y = scale_x(1, history.epochs), scale_y(low, high, logarithmic=logarithmic)
    marks = []
    if history.validation and history.best_epoch:
        at = x(history.best_epoch)
        marks.append(element("line", x1=at, y1=y.start, x2=at, y2=y.end, _class="kept"))
    marks += [path(points, kind) for kind, values in series.items() for points in _runs(values, x, y)]
    label = "loss, logarithmic" if logarithmic else "loss"
    return figure(x, y, *marks, label_x="epoch", label_y=label, title="Loss over the epochs")


def _runs(values: Sequence[float], x: Scale, y: Scale) -> list[list[tuple[float, float]]]:
    """The stretches of finite values."""
    runs: list[list[tuple[float, float]]] = [[]]
    for epoch, value in enumerate(values, 1):
        if math.isfinite(value):
            runs[-1].append((x(epoch), y(value)))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def scatter_figure(truth: NDArray[Any], said: NDArray[np.float64], name: str) -> Markup:
    """Predicted beside true numbers; of many rows, some at even distances."""
    drawn = np.unique(np.linspace(0, len(truth) - 1, min(len(truth), _MOST_POINTS)).astype(np.int64))
    a, b = truth[drawn], said[drawn]
    low, high = float(min(a.min(), b.min())), float(max(a.max(), b.max()))
    x, y = scale_x(low, high), scale_y(low, high)
    dots = [element("circle", cx=x(p), cy=y(q), r=2) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
    marks = [path([(x(low), y(low)), (x(high), y(high))], "even"), element("g", *dots, _class="dots")]
    return figure(x, y, *marks, label_x=f"true {name}", label_y="predicted", title="Predicted beside true values")


def reliability_figure(bins: Sequence[ReliabilityBin], given: str) -> Markup:
    """The share that came true over the probability given; a point's area grows with its number of rows."""
    x, y = scale_x(0, 1), scale_y(0, 1)
    points = [(x(part.predicted), y(part.observed)) for part in bins]
    most = max(part.n_rows for part in bins)
    dots = [
        element("circle", cx=a, cy=b, r=2 + 6 * math.sqrt(part.n_rows / most))
        for (a, b), part in zip(points, bins, strict=True)
    ]
    marks = [path([(x(0), y(0)), (x(1), y(1))], "even"), path(points, "one"), element("g", *dots, _class="dots")]
    return figure(x, y, *marks, label_x=given, label_y="came true", title="Reliability of the probabilities")
