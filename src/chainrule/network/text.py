"""Reading the line that declares a network: ``30 -> 16 relu dropout(0.2) -> 1 sigmoid``.

network  := input ("->" layer)+          ("→" is accepted for "->")
input    := COUNT [dropout]
layer    := WIDTH [activation] [dropout]      identity without an activation
activation := NAME ["(" number or name=number, … ")"]
dropout  := "dropout(" probability ")"
"""

from __future__ import annotations

import re

from chainrule.expressions.numbers import read_number
from chainrule.expressions.quoting import shown
from chainrule.network.declaration import MOST_UNITS, Dense

_PART = re.compile(
    r"(?P<width>\S+)(?:\s+(?P<activation>(?!dropout\b)[A-Za-z_][\w-]*\s*(?:\([^()]*\))?))?"
    r"(?:\s+dropout\s*\((?P<dropout>[^()]*)\))?"
)
FORM = "'n_inputs -> WIDTH ACTIVATION -> … -> WIDTH ACTIVATION', e.g. '4 -> 8 tanh -> 3 softmax'"


def read_network(text: str) -> tuple[int, float, list[Dense]]:
    """The number of inputs, the input's dropout, and the layers."""
    if not isinstance(text, str):
        raise TypeError(f"a network is declared by a line of text, got {type(text).__name__}; expected {FORM}")
    parts = text.replace("→", "->").split("->")
    if len(parts) < 2:
        raise ValueError(f"cannot read the network {shown(text)}: no '->' in it; expected {FORM}")
    n_inputs, activation, input_dropout = _read_part(parts[0], "the input")
    if activation:
        raise ValueError(
            f"the input of {shown(text)} cannot have an activation, got {shown(activation)}; expected {FORM}"
        )
    layers = []
    for number, part in enumerate(parts[1:], 1):
        width, activation, dropout = _read_part(part, f"layer {number}")
        try:
            layers.append(Dense(width, activation or "identity", dropout))
        except ValueError as error:
            raise ValueError(f"layer {number} ({shown(part.strip())}): {error}") from None
    return n_inputs, input_dropout, layers


def _read_part(part: str, where: str) -> tuple[int, str, float]:
    """Width, activation and dropout of one part; their values are judged by `Dense` and `Network`."""
    where = f"{where} ({shown(part.strip())})"
    match = _PART.fullmatch(part.strip())
    if not match:
        raise ValueError(f"cannot read {where} of the network; expected {FORM}")
    if not re.fullmatch(r"[0-9]{1,10}", match["width"]):
        found = shown(match["width"])
        raise ValueError(f"{where} must begin with a whole number from 1 to {MOST_UNITS}, got {found}")
    try:
        dropout = read_number(match["dropout"] or "0")
    except ValueError:
        raise ValueError(f"{where}: dropout takes a number, got {shown(match['dropout'])}") from None
    return int(match["width"]), match["activation"] or "", dropout
