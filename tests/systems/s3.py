"""S3: sigmoid layers, binary cross-entropy summed: one neuron, two layers, and L layers with the general loop."""

import numpy as np

from chainrule.network import Network
from tests.systems.columns import Form, sigmoid

HIDDEN = (8, 6, 4, 3)


def s3(depth, n_inputs=5, hidden=HIDDEN, outputs=1):
    layers = [f"{width} sigmoid" for width in (*hidden[len(hidden) - depth + 1 :], outputs)]
    return Network.parse(" -> ".join([str(n_inputs), *layers]), loss="bce", reduction="sum")


def slope(Z):
    """f′ of the sigmoid f."""
    return sigmoid(Z) * (1 - sigmoid(Z))


def total(values):
    return np.sum(values, axis=1, keepdims=True)


ONE_NEURON = [
    Form("S3.16", "dA1", lambda s: -s.Y / s.A1 + (1 - s.Y) / (1 - s.A1)),
    Form("S3.17", "dA1", lambda s: (-s.Y * (1 - s.A1) + s.A1 * (1 - s.Y)) / (s.A1 * (1 - s.A1))),
    Form("S3.18", "dA1", lambda s: (-s.Y + s.Y * s.A1 + s.A1 - s.A1 * s.Y) / (s.A1 * (1 - s.A1))),
    Form("S3.19", "dA1", lambda s: (s.A1 - s.Y) / (s.A1 * (1 - s.A1))),
    Form("S3.21", "dW1", lambda s: ((s.A1 - s.Y) / (s.A1 * (1 - s.A1)) * s.A1 * (1 - s.A1)) @ s.X.T),
    Form("S3.22 S3.27", "dW1", lambda s: (s.A1 - s.Y) @ s.X.T),
    Form("S3.24", "db1", lambda s: total((s.A1 - s.Y) / (s.A1 * (1 - s.A1)) * s.A1 * (1 - s.A1))),
    Form("S3.25 S3.28", "db1", lambda s: total(s.A1 - s.Y)),
]


def dz2(s):
    return s.A2 - s.Y  # S3.41


def dz1(s):
    return s.W2.T @ dz2(s) * s.A1 * (1 - s.A1)  # S3.43


def dz1_by_jacobians(s):
    """dz₂ ∂z₂/∂A₁ ∂A₁/∂z₁, each sample's dz₂ a row."""
    rows = [dz2(s)[:, i] @ s.W2 @ np.diagflat(s.A1[:, i] * (1 - s.A1[:, i])) for i in range(s.m)]
    return np.column_stack(rows)


TWO_LAYERS = [
    Form("S3.35", "dZ1", dz1_by_jacobians),
    Form("S3.39 S3.40", "dZ2", lambda s: (s.A2 - s.Y) / (s.A2 * (1 - s.A2)) * s.A2 * (1 - s.A2)),
    Form("S3.41 S3.60", "dZ2", lambda s: s.A2 - s.Y),
    Form("S3.43", "dZ1", lambda s: s.W2.T @ dz2(s) * s.A1 * (1 - s.A1)),
    Form("S3.61", "dZ1", lambda s: s.W2.T @ dz2(s) * slope(s.Z1)),
    Form("S3.47 S3.56", "dW2", lambda s: dz2(s) @ s.A1.T),
    Form("S3.50 S3.57", "db2", lambda s: total(dz2(s))),
    Form("S3.52 S3.53 S3.58", "dW1", lambda s: dz1(s) @ s.X.T),
    Form("S3.55 S3.59", "db1", lambda s: total(dz1(s))),
]


def backward_loop(s):
    """S3.63 to S3.68 as they should be: dZ of the layer before is taken before W is changed."""
    values = {}
    dZ = getattr(s, f"A{s.L}") - s.Y  # S3.63
    for i in range(s.L, 0, -1):
        W, b, A_before = getattr(s, f"W{i}"), getattr(s, f"b{i}"), getattr(s, f"A{i - 1}")
        values |= {f"dZ{i}": dZ, f"dW{i}": dZ @ A_before.T, f"db{i}": total(dZ)}
        if i > 1:
            dZ_before = W.T @ dZ * slope(getattr(s, f"Z{i - 1}"))  # S3.67
        values[f"W{i}+"] = W - s.alpha * dZ @ A_before.T  # S3.65
        values[f"b{i}+"] = b - s.alpha * total(dZ)  # S3.66
        dZ = dZ_before if i > 1 else dZ
    return values


def loop_as_written(s):
    """S3.68: W is changed first, and the new W carries dZ back."""
    changed = {}
    dZ = getattr(s, f"A{s.L}") - s.Y
    for i in range(s.L, 0, -1):
        W, A_before = getattr(s, f"W{i}"), getattr(s, f"A{i - 1}")
        changed[f"W{i}+"] = W - s.alpha * dZ @ A_before.T
        if i > 1:
            dZ = changed[f"W{i}+"].T @ dZ * slope(getattr(s, f"Z{i - 1}"))
    return changed


LOOP_IDS = "S3.63 S3.65 S3.66 S3.67 S3.68"
