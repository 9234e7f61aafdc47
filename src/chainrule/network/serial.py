"""A network as JSON values, with a schema number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from chainrule.expressions.quoting import shown
from chainrule.expressions.serial import (
    activation_from_json,
    activation_to_json,
    check_keys,
    loss_from_json,
    loss_to_json,
)
from chainrule.network.declaration import Dense, Network, Penalty

SCHEMA = 1


def network_to_json(network: Network) -> dict[str, Any]:
    """The declaration as JSON values."""
    return {
        "schema": SCHEMA,
        "n_inputs": network.n_inputs,
        "layers": [
            {
                "width": layer.width,
                "activation": activation_to_json(layer.activation),
                "dropout": layer.dropout,
            }
            for layer in network.layers
        ],
        "loss": loss_to_json(network.loss),
        "penalty": {"l2": network.penalty.l2, "l1": network.penalty.l1, "divided": network.penalty.divided},
        "reduction": network.reduction,
        "sample_weights": network.sample_weights,
        "input_dropout": network.input_dropout,
    }


def network_from_json(value: Mapping[str, Any]) -> Network:
    """The network that `network_to_json` wrote."""
    if not isinstance(value, Mapping):
        raise ValueError(f"not a network declaration: {shown(value)}")
    schema = value.get("schema")
    if schema != SCHEMA or isinstance(schema, bool):
        raise ValueError(f"not a network of schema {SCHEMA}: schema is {shown(schema)}")
    check_keys(value, ["schema", *(field.name for field in fields(Network))], "a network")
    try:
        for layer in value["layers"]:
            check_keys(layer, [field.name for field in fields(Dense)], "a layer")
        layers = [
            Dense(layer["width"], activation_from_json(layer["activation"]), layer["dropout"])
            for layer in value["layers"]
        ]
        check_keys(value["penalty"], [field.name for field in fields(Penalty)], "a penalty")
        return Network(
            layers,
            value["n_inputs"],
            loss_from_json(value["loss"]),
            penalty=Penalty(**value["penalty"]),
            reduction=value["reduction"],
            sample_weights=value["sample_weights"],
            input_dropout=value["input_dropout"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a network declaration: {error!r}") from None
