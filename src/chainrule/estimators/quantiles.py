"""Several quantiles at once: one output for each quantile of each target, whether they cross, and their score.

Nothing in the cost keeps a lower quantile below a higher one.  Sorting predicted quantiles never makes their pinball
loss greater (Chernozhukov, Fernández-Val and Galichon 2010, "Quantile and probability curves without crossing").
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import d2_pinball_score

from chainrule.expressions.losses import Loss, quantile


def several_quantiles(loss: Loss) -> tuple[float, ...]:
    """The quantiles of a loss that has several; else none."""
    return dict(loss.per_output).get("q", ()) if loss.name == "quantile" else ()


def for_targets(loss: Loss, targets: int) -> Loss:
    """The loss with its quantiles for every target, one target after the other."""
    quantiles = several_quantiles(loss)
    return quantile(*quantiles * targets) if quantiles else loss


def by_target(outputs: NDArray[Any], quantiles: tuple[float, ...]) -> NDArray[Any]:
    """Outputs of shape (n, n_targets · n_quantiles) as (n, n_targets, n_quantiles)."""
    return outputs.reshape(len(outputs), -1, len(quantiles))


def in_order(predicted: NDArray[Any], quantiles: tuple[float, ...]) -> NDArray[Any]:
    """Every row's values sorted, the smallest for the lowest quantile; the last axis is that of quantiles."""
    result = np.empty_like(predicted)
    result[..., np.argsort(quantiles, kind="stable")] = np.sort(predicted, axis=-1)
    return result


def crossing(predicted: NDArray[Any], quantiles: tuple[float, ...]) -> float:
    """The share of samples for which, in some target, a quantile lies below a lower one."""
    rising = np.diff(predicted[..., np.argsort(quantiles, kind="stable")], axis=-1) >= 0
    return float(1 - rising.all(axis=(1, 2)).mean())


def pinball_score(y: NDArray[Any], predicted: NDArray[Any], quantiles: tuple[float, ...], weight: Any) -> float:
    """The mean over quantiles and targets of D², the share by which the pinball loss of the constant quantile falls."""
    scores = [
        d2_pinball_score(y, predicted[..., place], sample_weight=weight, alpha=q) for place, q in enumerate(quantiles)
    ]
    return float(np.mean(scores))
