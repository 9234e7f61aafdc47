"""What to try next after a training: one rule a function, the most pressing first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.engines.interface import Data
from chainrule.estimators.layer_states import LayerState, dense
from chainrule.network import Network
from chainrule.training.history import History

Rule = Callable[[Network, History, Sequence[LayerState], Data | None], str | None]


def advise(network: Network, history: History, layers: Sequence[LayerState], data: Data | None) -> list[str]:
    """What to try next, the most pressing first."""
    found = [line for rule in RULES if (line := rule(network, history, layers, data))]
    return found or ["Nothing stands out: compare a wider or deeper network, and other seeds, on held-out data."]


def _diverged(network: Network, history: History, layers: Any, data: Any) -> str | None:  # noqa: ARG001
    if history.stopped != "diverged":
        return None
    return "It diverged: divide learning_rate_init by 10, standardise X (and y), or set max_grad_norm=1."


def _unscaled(network: Network, history: History, layers: Any, data: Data | None) -> str | None:  # noqa: ARG001
    if data is None:
        return None
    X = dense(data.X)
    far = (np.abs(X.mean(axis=0)) > 5 * X.std(axis=0) + 1e-12) | (X.std(axis=0) > 10)
    if not far.any():
        return None
    return f"{int(far.sum())} of {X.shape[1]} features are far from mean 0 and deviation 1: use StandardScaler."


def _dead(network: Network, history: History, layers: Sequence[LayerState], data: Any) -> str | None:  # noqa: ARG001
    worst = max((layer.dead or 0.0 for layer in layers), default=0.0)
    if worst <= 0.25:
        return None
    return f"{worst:.0%} of the ReLUs of a layer are dead: lower the learning rate, or try leaky_relu or gelu."


def _saturated(network: Network, history: History, layers: Sequence[LayerState], data: Any) -> str | None:  # noqa: ARG001
    worst = max((layer.saturated or 0.0 for layer in layers), default=0.0)
    if worst <= 0.5:
        return None
    return f"{worst:.0%} of a layer's outputs are saturated: standardise X, raise alpha, or try relu."


def _overfits(network: Network, history: History, layers: Any, data: Any) -> str | None:  # noqa: ARG001
    losses = [value for value in history.validation_loss if math.isfinite(value)]
    if len(losses) < 5 or losses[-1] <= 1.05 * min(losses):
        return None
    return "The held-out loss rises while the training loss falls: raise alpha, set dropout, or stop earlier."


def _unfinished(network: Network, history: History, layers: Any, data: Any) -> str | None:  # noqa: ARG001
    losses = history.loss
    if history.stopped != "epochs" or len(losses) < 5:
        return None
    last = max(len(losses) // 10, 1)
    if losses[-1 - last] - losses[-1] < 0.01 * abs(losses[0] - losses[-1]):
        return None
    return "The loss was still falling at the end: raise max_iter or learning_rate_init, or try schedule='one-cycle'."


def _noisy(network: Network, history: History, layers: Any, data: Any) -> str | None:  # noqa: ARG001
    steps = np.diff(history.loss[len(history.loss) // 2 :])
    if len(steps) < 8 or (steps > 0).mean() < 0.4:
        return None
    return "The loss goes up as often as down: lower learning_rate_init, raise batch_size, or set average=0.99."


def _unwatched(network: Network, history: History, layers: Any, data: Any) -> str | None:  # noqa: ARG001
    if history.validation or history.validation_loss or not history.loss:
        return None
    return "No data were held out: set early_stopping=True, or pass X_val and y_val, to see when it overfits."


RULES: tuple[Rule, ...] = (_diverged, _unscaled, _dead, _saturated, _overfits, _unfinished, _noisy, _unwatched)
