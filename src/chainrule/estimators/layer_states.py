"""What the layers of a network look like after training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus import derive
from chainrule.engines.interface import Data
from chainrule.engines.reference import ReferenceEngine, evaluate
from chainrule.expressions.lookup import text_of
from chainrule.network import Network


@dataclass(frozen=True)
class LayerState:
    """One layer after training.

    Parameters
    ----------
    number, width, parameters : int
    activation : str
    weight_norm : float
        ‖W‖.
    gradient_norm : float, optional
        ‖∂J/∂W‖ on the data that were given.
    dead : float, optional
        The share of units that put out 0 for every row, where the activation is 0 for all z ≤ 0.
    saturated : float, optional
        The share of outputs within 1 % of an end of the activation's range, where both ends are finite.
    """

    number: int
    width: int
    activation: str
    parameters: int
    weight_norm: float
    gradient_norm: float | None = None
    dead: float | None = None
    saturated: float | None = None


def layer_states(network: Network, parameters: dict[str, NDArray[Any]], data: Data | None) -> Iterator[LayerState]:
    """Every layer, from the first; without data, only what the parameters say."""
    gradients: dict[str, Any] = {}
    outputs: Any = {}
    if data is not None:
        derivation = derive(network)
        program = ReferenceEngine().compile(derivation, dtype=np.dtype(np.float64), batch_size=len(data))
        program.load(parameters)
        _, gradients = program.gradients(data)
        outputs = evaluate(derivation.prediction, {**parameters, "X": dense(data.X)})
    for number, layer in enumerate(network.layers, 1):
        W, b, A = parameters[f"W{number}"], parameters[f"b{number}"], outputs.get(f"A{number}")
        hidden = A is not None and number < network.depth
        reach = layer.activation.range
        dead = saturated = None
        if hidden and layer.activation.name == "relu":
            dead = float((A == 0).all(axis=0).mean())
        if hidden and reach is not None and math.isfinite(reach.low) and math.isfinite(reach.high):
            margin = 0.01 * (reach.high - reach.low)
            saturated = float(((reach.low + margin > A) | (reach.high - margin < A)).mean())
        norm = float(np.linalg.norm(gradients[f"dW{number}"])) if gradients else None
        text, size = text_of(layer.activation), W.size + b.size
        yield LayerState(number, layer.width, text, size, float(np.linalg.norm(W)), norm, dead, saturated)


def dense(X: Any) -> NDArray[Any]:
    """X as an array."""
    rows: NDArray[Any] = X.toarray() if hasattr(X, "toarray") else X
    return rows
