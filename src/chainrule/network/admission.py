"""Which output layer may stand before which loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.expressions.activations import ACTIVATIONS, Activation, Softmax
from chainrule.expressions.intervals import Interval
from chainrule.expressions.lookup import text_of
from chainrule.expressions.losses import Loss

if TYPE_CHECKING:
    from chainrule.network.declaration import Network

EVERYWHERE = Interval()
# losses of classes that exclude each other, and those of labels that do not
INDEPENDENT = {"cross-entropy": "binary-cross-entropy", "focal": "binary-focal"}


def check_output(network: Network) -> None:
    """Raise ValueError unless the last layer gives the loss what it needs, naming what would."""
    for number, layer in enumerate(network.layers[:-1], 1):
        if isinstance(layer.activation, Softmax):
            raise ValueError(f"layer {number}: softmax is accepted in the last layer only (of {network.depth})")
    last = network.layers[-1]
    name, text = last.activation.name, text_of(network.loss)
    if last.dropout:
        raise ValueError(f"layer {network.depth}: dropout({last.dropout:g}) is not accepted on the output layer")
    if isinstance(last.activation, Softmax) and last.width == 1:
        raise ValueError("softmax over 1 unit is always 1; use '1 sigmoid' with 'binary-cross-entropy', or 2 units")
    for letter, values in network.loss.per_output:
        if len(values) != last.width:
            raise ValueError(
                f"loss {text!r} gives {letter} for {len(values)} outputs, but layer {network.depth} has {last.width}"
            )
    if isinstance(last.activation, Softmax) and last.activation.groups and sum(last.activation.groups) != last.width:
        raise ValueError(
            f"{text_of(last.activation)} is of {sum(last.activation.groups)} units, but layer {network.depth} has "
            f"{last.width}"
        )
    if network.reads_logits:
        if last.width == 1:
            raise ValueError("cross-entropy over 1 logit is always 0; use '1 sigmoid' with 'binary-cross-entropy'")
        return
    if network.loss.name in INDEPENDENT and not isinstance(last.activation, Softmax):
        logits = ", or in identity to give logits" if network.loss.name == "cross-entropy" else ""
        raise ValueError(
            f"loss {text!r} needs outputs that sum to 1: end in softmax{logits}; "
            f"got {name!r} (for independent outputs use {INDEPENDENT[network.loss.name]!r} after sigmoid)"
        )
    reach = last.activation.range or EVERYWHERE
    if not reach.inside(network.loss.domain):
        raise ValueError(
            f"loss {text!r} needs predictions in {network.loss.domain}, but the output activation {name!r} reaches "
            f"{reach}; accepted here: {', '.join(_admissible(network.loss))}"
        )


def _admissible(loss: Loss) -> list[str]:
    rows = {name: row() if not isinstance(row, Activation) else row for name, row in ACTIVATIONS.items()}
    return [name for name, row in rows.items() if (row.range or EVERYWHERE).inside(loss.domain)]
