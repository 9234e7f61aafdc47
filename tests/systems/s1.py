"""S1: one hidden ReLU layer, sigmoid output, binary cross-entropy averaged over m samples. Its T is A2 here."""

import numpy as np

from chainrule.network import Network
from tests.systems.columns import Form


def s1(n_inputs=5, hidden=4, outputs=1):
    return Network.parse(f"{n_inputs} -> {hidden} relu -> {outputs} sigmoid", loss="bce")


def slope(Z):
    """ReLU′, 0 at 0 (S1.35)."""
    return np.where(Z > 0, 1.0, 0.0)


def each_sample(s, of_sample):
    return np.stack([of_sample(i) for i in range(s.m)])


def w2_of_each(s):
    """S1.23: (t⁽ⁱ⁾ − y⁽ⁱ⁾) a⁽ⁱ⁾, a row per sample."""
    return each_sample(s, lambda i: np.outer(s.A2[:, i] - s.Y[:, i], s.A1[:, i]))


def w1_of_each(s):
    """S1.34: (t⁽ⁱ⁾ − y⁽ⁱ⁾) W⁽²⁾ⱼ ReLU′(z⁽ⁱ⁾ⱼ) x⁽ⁱ⁾ₖ."""
    return each_sample(s, lambda i: np.outer((s.A2 - s.Y)[0, i] * s.W2[0] * slope(s.Z1[:, i]), s.X[:, i]))


def b1_of_each(s):
    """S1.37: the same without x."""
    return each_sample(s, lambda i: ((s.A2 - s.Y)[0, i] * s.W2[0] * slope(s.Z1[:, i]))[:, None])


def w2_before_cancelling(s):
    T, Y = s.A2, s.Y
    error = (T - Y) / (T * (1 - T)) * (T * (1 - T))
    return each_sample(s, lambda i: np.outer(error[:, i], s.A1[:, i]))


def w1_before_cancelling(s):
    T, Y = s.A2[0], s.Y[0]
    error = (T - Y) / (T - T**2) * (T * (1 - T))
    return each_sample(s, lambda i: np.outer(error[i] * s.W2[0] * slope(s.Z1[:, i]), s.X[:, i]))


def w1_entry_by_entry(s):
    """S1.40: 1/m [(T − Y) ⊙ Wⱼ ReLU′(Zⱼ)] Xₖᵀ for every j and k."""
    rows, columns = s.W1.shape
    entry = [
        [(s.A2 - s.Y)[0] * s.W2[0, j] * slope(s.Z1[j]) @ s.X[k] / s.m for k in range(columns)] for j in range(rows)
    ]
    return np.array(entry)


def w1_by_matrix_of_samples(s):
    """S1.39: a row of (t⁽ⁱ⁾ − y⁽ⁱ⁾) Wⱼ ReLU′(z⁽ⁱ⁾ⱼ) times a column of x⁽ⁱ⁾ₖ."""
    row = [(s.A2 - s.Y)[0, i] * s.W2[0] * slope(s.Z1[:, i]) for i in range(s.m)]
    return np.column_stack(row) @ np.vstack([s.X[:, i] for i in range(s.m)]) / s.m


def b1_row_by_row(s):
    return np.array([[np.sum(s.W2[0, j] * (s.A2 - s.Y) * slope(s.Z1[j])) / s.m] for j in range(len(s.b1))])


def each(ids, gives, expression):
    return Form(ids, gives, expression, each=True, one_output=True)


def one(ids, gives, expression):
    return Form(ids, gives, expression, one_output=True)


FORMS = [
    each("S1.22", "dW2", w2_before_cancelling),
    each("S1.23", "dW2", w2_of_each),
    each("S1.25", "db2", lambda s: each_sample(s, lambda i: (s.A2[:, [i]] - s.Y[:, [i]]) * 1)),
    one("S1.26", "dW2", lambda s: w2_of_each(s).sum(axis=0) / s.m),
    one("S1.27 S1.28", "dW2", lambda s: np.column_stack([(s.A2 - s.Y) @ s.A1[k] / s.m for k in range(len(s.A1))])),
    Form("S1.29", "dW2", lambda s: 1 / s.m * (s.A2 - s.Y) @ s.A1.T),
    Form("S1.30 S1.31", "db2", lambda s: 1 / s.m * np.sum(s.A2 - s.Y, axis=1, keepdims=True)),
    each("S1.33", "dW1", w1_before_cancelling),
    each("S1.34", "dW1", w1_of_each),
    each("S1.37", "db1", b1_of_each),
    one("S1.38", "dW1", lambda s: w1_of_each(s).sum(axis=0) / s.m),
    one("S1.39", "dW1", w1_by_matrix_of_samples),
    one("S1.40", "dW1", w1_entry_by_entry),
    Form("S1.41 S1.42 S1.43", "dW1", lambda s: 1 / s.m * (s.W2.T @ (s.A2 - s.Y) * slope(s.Z1)) @ s.X.T),
    one("S1.44", "db1", lambda s: b1_of_each(s).sum(axis=0) / s.m),
    one("S1.45", "db1", b1_row_by_row),
    Form("S1.46", "db1", lambda s: 1 / s.m * np.sum(s.W2.T @ (s.A2 - s.Y) * slope(s.Z1), axis=1, keepdims=True)),
    Form("S1.47 S1.15", "W2+", lambda s: s.W2 - s.alpha / s.m * (s.A2 - s.Y) @ s.A1.T),
    Form("S1.48 S1.16", "b2+", lambda s: s.b2 - s.alpha / s.m * np.sum(s.A2 - s.Y, axis=1, keepdims=True)),
    Form("S1.49", "W1+", lambda s: s.W1 - s.alpha / s.m * (s.W2.T @ (s.A2 - s.Y) * slope(s.Z1)) @ s.X.T),
    Form(
        "S1.50",
        "b1+",
        lambda s: s.b1 - s.alpha / s.m * np.sum(s.W2.T @ (s.A2 - s.Y) * slope(s.Z1), axis=1, keepdims=True),
    ),
]
