"""S2: one hidden layer, identity output, regression.

The derivation states the loss (1/N) Σ (y − ŷ)² and differentiates ½ Σ (y − ŷ)²; both are declared, because every one
of its gradients is that of the second and lacks the factor 2/N that the first would give.
"""

import numpy as np

from chainrule.network import Network
from tests.systems.columns import Form


def s2(n_inputs=5, hidden=4, outputs=1, activation="sigmoid"):
    """With the stated loss."""
    return Network.parse(f"{n_inputs} -> {hidden} {activation} -> {outputs} identity", loss="mse")


def s2_derived(n_inputs=5, hidden=4, outputs=1, activation="sigmoid"):
    """With the loss that was differentiated."""
    text = f"{n_inputs} -> {hidden} {activation} -> {outputs} identity"
    return Network.parse(text, loss="squared-error", reduction="sum")


def hidden_error(s):
    """w₂ᵀ (a₂ − y) ⊙ a₁ ⊙ (1 − a₁)."""
    return s.W2.T @ (s.A2 - s.Y) * s.A1 * (1 - s.A1)


def hidden_error_tanh(s):
    """w₂ᵀ (a₂ − y) ⊙ (1 − a₁²)."""
    return s.W2.T @ (s.A2 - s.Y) * (1 - s.A1**2)


FORMS = [
    Form("S2.24", "dW2", lambda s: 2 / s.m * (s.Y - s.A2) @ (-s.A1.T)),
    Form("S2.25", "dW2", lambda s: -2 / s.m * (s.Y - s.A2) @ s.A1.T),
    Form("S2.31 S2.32 S2.33", "dW2", lambda s: 2 / s.m * (s.A2 - s.Y) @ s.A1.T),
    Form("S2.35", "db2", lambda s: 2 / s.m * (s.Y - s.A2) @ (-s.ones)),
    Form("S2.36 S2.37", "db2", lambda s: -2 / s.m * (s.Y - s.A2) @ s.ones),
    Form("S2.38 S2.39 S2.40", "db2", lambda s: 2 / s.m * np.sum(s.A2 - s.Y, axis=1, keepdims=True)),
    Form("S2.43", "dW1", lambda s: (s.W2.T @ (2 / s.m * (s.A2 - s.Y)) * s.A1 * (1 - s.A1)) @ s.X.T),
    Form("S2.48 S2.49", "dW1", lambda s: 2 / s.m * hidden_error(s) @ s.X.T),
    Form("S2.50", "db1", lambda s: 2 / s.m * np.sum(hidden_error(s), axis=1, keepdims=True)),
    Form("S2.2 S2.20", "W2+", lambda s: s.W2 - s.alpha * (2 / s.m * (s.A2 - s.Y) @ s.A1.T)),
    Form("S2.3 S2.21", "b2+", lambda s: s.b2 - s.alpha * (2 / s.m * (s.A2 - s.Y) @ s.ones)),
]
TANH_FORMS = [
    Form("S2.53", "dW1", lambda s: 2 / s.m * hidden_error_tanh(s) @ s.X.T),
    Form("S2.54", "db1", lambda s: 2 / s.m * np.sum(hidden_error_tanh(s), axis=1, keepdims=True)),
]
DERIVED_FORMS = [  # what the page means, with the loss that it differentiates
    Form("S2.31 S2.32 S2.33", "dW2", lambda s: (s.A2 - s.Y) @ s.A1.T),
    Form("S2.37 S2.38 S2.39 S2.40", "db2", lambda s: np.sum(s.A2 - s.Y, axis=1, keepdims=True)),
    Form("S2.43 S2.48 S2.49", "dW1", lambda s: hidden_error(s) @ s.X.T),
    Form("S2.50", "db1", lambda s: np.sum(hidden_error(s), axis=1, keepdims=True)),
]
