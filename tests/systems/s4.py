"""S4: the step through one node and back to the node before; binary cross-entropy summed, sigmoid or ReLU output.

A and A_prev are A2 and A1 here; the derivation leaves the layer before open, it is a tanh layer.
"""

import numpy as np

from chainrule.network import Network
from tests.systems.columns import Form


def s4(n_inputs=5, hidden=4, outputs=1):
    return Network.parse(f"{n_inputs} -> {hidden} tanh -> {outputs} sigmoid", loss="bce", reduction="sum")


def s4_relu(n_inputs=5, hidden=4, outputs=1, loss="squared-error", reduction="sum"):
    """The ReLU at the output, with a loss that admits every A ≥ 0."""
    return Network.parse(f"{n_inputs} -> {hidden} tanh -> {outputs} relu", loss=loss, reduction=reduction)


def by_a(s):
    """S4.4."""
    return -s.Y / s.A2 + (1 - s.Y) / (1 - s.A2)


FORMS = [
    Form("S4.3", "dA2", lambda s: -s.Y / s.A2 - (-(1 - s.Y) / (1 - s.A2))),
    Form("S4.4", "dA2", by_a),
    Form("S4.15", "dZ2", lambda s: by_a(s) * s.A2 * (1 - s.A2)),
    Form("S4.16", "dZ2", lambda s: (-s.Y * (1 - s.A2) + (1 - s.Y) * s.A2) / ((1 - s.A2) * s.A2) * s.A2 * (1 - s.A2)),
    Form("S4.17", "dZ2", lambda s: -s.Y * (1 - s.A2) + (1 - s.Y) * s.A2),
    Form("S4.18", "dZ2", lambda s: -s.Y + s.A2 * s.Y + s.A2 - s.A2 * s.Y),
    Form("S4.19", "dZ2", lambda s: s.A2 - s.Y),
    Form("S4.29", "dW2", lambda s: (s.A2 - s.Y) @ s.A1.T),
    Form("S4.34", "db2", lambda s: (by_a(s) * (s.A2 * (1 - s.A2))) @ s.ones),
    Form("S4.35 S4.36", "db2", lambda s: np.sum(s.A2 - s.Y, axis=1, keepdims=True)),
    Form("S4.40", "dA1", lambda s: s.W2.T @ (s.A2 - s.Y)),
]
RELU_FORMS = [  # with ½ (A − y)², whose ∂L/∂A is A − y
    Form("S4.21 S4.22", "dZ2", lambda s: (s.A2 - s.Y) * (s.Z2 > 0)),
    Form("S4.40", "dA1", lambda s: s.W2.T @ ((s.A2 - s.Y) * (s.Z2 > 0))),
]
