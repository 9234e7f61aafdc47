"""S0: three sigmoid layers, binary cross-entropy summed over the batch. Its w₃, a₂, y are W3, A2, Y here."""

import numpy as np

from chainrule.network import Network
from tests.systems.columns import Form, sigmoid


def s0(n_inputs=5, hidden=(4, 3), outputs=1):
    text = f"{n_inputs} -> {hidden[0]} sigmoid -> {hidden[1]} sigmoid -> {outputs} sigmoid"
    return Network.parse(text, loss="bce", reduction="sum")


def slope(Z):
    """g′ of the sigmoid g."""
    return sigmoid(Z) * (1 - sigmoid(Z))


def yhat_by_w3(s):
    """∂ŷ/∂w₃, one row per sample: diag(a₃ ⊙ (1 − a₃)) a₂ᵀ (S0.36)."""
    return np.diagflat(s.A3 * (1 - s.A3)) @ s.A2.T


def one(ids, gives, expression):
    return Form(ids, gives, expression, one_output=True)


FORMS = [
    one("S0.21", "dW3", lambda s: -(-(1 - s.Y) / (1 - s.A3) @ yhat_by_w3(s) + s.Y / s.A3 @ yhat_by_w3(s))),
    one("S0.22", "dW3", lambda s: (1 - s.Y) / (1 - s.A3) @ yhat_by_w3(s) - s.Y / s.A3 @ yhat_by_w3(s)),
    one("S0.23", "dW3", lambda s: ((1 - s.Y) / (1 - s.A3) - s.Y / s.A3) @ yhat_by_w3(s)),
    one("S0.24", "dW3", lambda s: (s.A3 * (1 - s.Y) - s.Y * (1 - s.A3)) / ((1 - s.A3) * s.A3) @ yhat_by_w3(s)),
    one("S0.25", "dW3", lambda s: (s.A3 - s.Y * s.A3 - s.Y + s.Y * s.A3) / ((1 - s.A3) * s.A3) @ yhat_by_w3(s)),
    one("S0.26", "dW3", lambda s: (s.A3 - s.Y) / ((1 - s.A3) * s.A3) @ yhat_by_w3(s)),
    Form("S0.38", "dW3", lambda s: ((s.A3 - s.Y) / (s.A3 * (1 - s.A3)) * s.A3 * (1 - s.A3)) @ s.A2.T),
    Form("S0.39 S0.40", "dW3", lambda s: (s.A3 - s.Y) @ s.A2.T),
    Form("S0.41", "db3", lambda s: (s.A3 - s.Y) @ s.ones),
    Form("S0.53", "dZ3", lambda s: s.A3 - s.Y),
    Form("S0.66 S0.67", "dW2", lambda s: (s.W3.T @ (s.A3 - s.Y) * slope(s.Z2)) @ s.A1.T),
    Form("S0.68", "db2", lambda s: (s.W3.T @ (s.A3 - s.Y) * slope(s.Z2)).sum(axis=1, keepdims=True)),
    Form("S0.70", "dW1", lambda s: (s.W2.T @ (s.W3.T @ (s.A3 - s.Y) * slope(s.Z2)) * slope(s.Z1)) @ s.X.T),
    Form(
        "S0.71",
        "db1",
        lambda s: (s.W2.T @ (s.W3.T @ (s.A3 - s.Y) * slope(s.Z2)) * slope(s.Z1)).sum(axis=1, keepdims=True),
    ),
    Form("S0.14", "W3+", lambda s: s.W3 - s.alpha * ((s.A3 - s.Y) @ s.A2.T)),
    Form("S0.15", "b3+", lambda s: s.b3 - s.alpha * ((s.A3 - s.Y) @ s.ones)),
]
