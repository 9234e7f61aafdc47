"""Every value of one batch, from arrays as a person passes them: what is checked, and in which words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule.calculus.derivation import Derivation
from chainrule.calculus.forward import dropout_rates
from chainrule.engines.reference.evaluation import Trace, evaluate, real_array
from chainrule.engines.reference.operations import Array
from chainrule.expressions.quoting import suggest

if TYPE_CHECKING:
    from chainrule.network import Network


def trace_network(
    network: Network,
    params: Mapping[str, ArrayLike],
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    masks: Mapping[str, ArrayLike] | None = None,
) -> Trace:
    """Forward, cost and backward of one batch; see `Network.trace`."""
    values: dict[str, Any] = {**params, **(masks or {})}
    _check_names("params", params, network.parameter_shapes)
    masked = [number for number, rate in enumerate(dropout_rates(network)) if rate]
    _check_names("masks", masks or {}, [f"M{number}" for number in masked])
    for name, mask in (masks or {}).items():
        if not np.isin(real_array(mask, name), (0, 1)).all():
            raise ValueError(f"{name} must hold zeros and ones only: 1 where a value is kept")
    if (sample_weight is not None) != network.sample_weights:
        remedy = "declare the network with sample_weights=True" if sample_weight is not None else "pass sample_weight"
        raise ValueError(f"sample_weight and the network's declaration differ: {remedy}")
    values["X"] = real_array(X, "X")
    values["Y"] = _checked_labels(network, Y)
    if not len(np.atleast_1d(values["X"])):
        raise ValueError("X must have at least one row, got none")
    if sample_weight is not None:
        values["w"] = real_array(sample_weight, "sample_weight")
        if network.reduction == "mean" and values["w"].sum() == 0:
            raise ValueError("sample_weight sums to 0, which the cost is divided by")
    return evaluate(Derivation(network).gradients, values)


def _check_names(argument: str, given: Mapping[str, ArrayLike], accepted: Iterable[str]) -> None:
    accepted = list(accepted)
    if unknown := [name for name in given if name not in accepted]:
        hint = suggest(str(unknown[0]), accepted)
        has = ", ".join(accepted) or "none"
        raise ValueError(f"{argument}: {unknown[0]!r} is unknown{hint}; this network has {has}")


def _checked_labels(network: Network, Y: ArrayLike) -> Array:
    """Y as float64 of shape (n, n_outputs), inside the loss's domain."""
    labels, n_outputs = real_array(Y, "Y"), network.widths[-1]
    labels = labels[:, None] if labels.ndim == 1 and n_outputs == 1 else labels
    if labels.ndim != 2 or labels.shape[1] != n_outputs:
        one_hot = "; one-hot for classes" if network.loss.labels_sum_to_one else ""
        raise ValueError(f"Y must have the shape (n, {n_outputs}){one_hot}, got {labels.shape}")
    if len(labels) and not (labels.min() in network.loss.labels and labels.max() in network.loss.labels):
        found = f"values from {labels.min():g} to {labels.max():g}"
        raise ValueError(f"Y: the loss {network.loss.name!r} needs labels in {network.loss.labels}, got {found}")
    for part in network.distributions:
        if not np.allclose(labels[:, part].sum(axis=-1), 1.0, rtol=0, atol=1e-9):
            which = "" if len(network.distributions) == 1 else f", outputs {part.start} to {part.stop - 1},"
            raise ValueError(
                f"Y: {network.loss.name} needs every row of labels{which} to sum to 1 (one-hot classes, or a "
                "distribution)"
            )
    return labels
