"""Reading the line that declares a network: ``30 -> 16 relu dropout(0.2) -> 1 sigmoid``.

network  := input ("->" layer)+          ("→" is accepted for "->")
input    := COUNT [dropout]
layer    := WIDTH [activation] [dropout]      identity without an activation
activation := NAME ["(" number or name=number, … ")"]
dropout  := "dropout(" probability ")"
"""

from __future__ import annotations

import re

from chainrule.network.declaration import Dense

_PART = re.compile(
    r"\s*(?P<width>\S+?)(?:\s+(?P<activation>(?!dropout\b)[A-Za-z_]\w*\s*(?:\([^()]*\))?))?(?:\s+dropout\((?P<dropout>[^()]*)\))?\s*"
)
FORM = "'n_inputs -> WIDTH ACTIVATION -> … -> WIDTH ACTIVATION', e.g. '4 -> 8 tanh -> 3 softmax'"


def read_network(text: str) -> tuple[int, float, list[Dense]]:
    """The number of inputs, the input's dropout, and the layers."""
    if not isinstance(text, str):
        raise TypeError(f"a network is declared by a line of text, got {type(text).__name__}; expected {FORM}")
    parts = text.replace("→", "->").split("->")
    if len(parts) < 2:
        raise ValueError(f"cannot read the network {text!r}: no '->' in it; expected {FORM}")
    n_inputs, activation, input_dropout = _read_part(parts[0], "the input")
    if activation:
        raise ValueError(f"the input of {text!r} cannot have an activation, got {activation!r}; expected {FORM}")
    layers = []
    for number, part in enumerate(parts[1:], 1):
        width, activation, dropout = _read_part(part, f"layer {number}")
        try:
            layers.append(Dense(width, activation or "identity", dropout))
        except ValueError as error:
            raise ValueError(f"layer {number} ({part.strip()!r}): {error}") from None
    return n_inputs, input_dropout, layers


def _read_part(part: str, where: str) -> tuple[int, str, float]:
    match = _PART.fullmatch(part)
    if not match:
        raise ValueError(f"cannot read {where} of the network, {part.strip()!r}; expected {FORM}")
    if not re.fullmatch(r"[0-9]+", match["width"]):
        raise ValueError(f"{where} ({part.strip()!r}) must begin with a whole number, got {match['width']!r}")
    width = int(match["width"])
    if width < 1:
        raise ValueError(f"{where} ({part.strip()!r}): the width must be at least 1, got {width}")
    try:
        dropout = float(match["dropout"] or 0)
    except ValueError:
        raise ValueError(f"{where} ({part.strip()!r}): dropout takes a number, got {match['dropout']!r}") from None
    if not 0 <= dropout < 1:
        raise ValueError(f"{where} ({part.strip()!r}): dropout must be a probability in [0, 1), got {dropout:g}")
    return width, match["activation"] or "", dropout
