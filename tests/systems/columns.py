"""Hand derivations put samples in columns; this reads a network that way, without asking chainrule for any value."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np

from chainrule.calculus import derive
from chainrule.engines.reference import evaluate
from chainrule.network import Network

SAMPLES = 7  # differs from every width
RATE = 0.3


@dataclass(frozen=True)
class Form:
    """One matrix form of a derivation, as it should read.

    `ids` are the rows of audit.json that state it, `gives` is its name here ("dW2", "W2+"), `expression` computes it
    from the letters that `in_columns` binds. With `each`, it has one entry per sample. With `one_output`, it holds for
    a single output unit only, as a product of Jacobians does that takes (A − Y) for the row ∂L/∂Z.
    """

    ids: str
    gives: str
    expression: Callable
    each: bool = False
    one_output: bool = False


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def relu(Z):
    return np.where(Z > 0, Z, 0.0)


FUNCTIONS = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": relu, "identity": lambda Z: Z}


def drawn(net: Network, seed: int):
    """Parameters, X and Y in rows; labels are real numbers in (0.1, 0.9)."""
    rng = np.random.default_rng(seed)
    params = {name: rng.normal(size=shape) for name, shape in net.parameter_shapes.items()}
    X, Y = rng.normal(size=(SAMPLES, net.n_inputs)), rng.uniform(0.1, 0.9, (SAMPLES, net.widths[-1]))
    for number, layer in enumerate(net.layers, 1):
        if layer.activation.name == "relu":
            Z = np.sort(net.trace(params, X, Y)[f"Z{number}"], axis=0)
            params[f"b{number}"] -= (Z[SAMPLES // 2] + Z[SAMPLES // 2 + 1]) / 2  # every unit lives for three samples
    return params, X, Y


def as_columns(value):
    """What is kept in rows, as a derivation in columns has it: W is (n_out, n_in), b a column, Z (units, samples)."""
    value = np.asarray(value)
    return value[:, None] if value.ndim == 1 else value.T


def in_columns(net: Network, params, X, Y) -> SimpleNamespace:
    """X, Y, W1, b1, Z1, A1, … in columns, the number of samples m, a column of m ones and the learning rate alpha."""
    s = SimpleNamespace(m=len(X), ones=np.ones((len(X), 1)), alpha=RATE, L=net.depth, X=X.T, A0=X.T, Y=Y.T)
    for name, value in params.items():
        setattr(s, name, as_columns(value))
    for number, layer in enumerate(net.layers, 1):
        Z = getattr(s, f"W{number}") @ getattr(s, f"A{number - 1}") + getattr(s, f"b{number}")
        setattr(s, f"Z{number}", Z)
        setattr(s, f"A{number}", FUNCTIONS[layer.activation.name](Z))
    return s


@cache
def derived(net: Network, seed: int) -> dict:
    """Every value of one step that the network's own equations give, in columns; ∂J/∂A of the output included."""
    params, X, Y = drawn(net, seed)
    inputs = {**params, "X": X, "Y": Y, "eta": RATE}
    before = evaluate(derive(net).unreduced, inputs)
    after = evaluate(derive(net).equations, inputs)
    return {name: as_columns(value) for name, value in {**before, **after, **net.trace(params, X, Y)}.items()}


def relative_error(found, expected) -> float:
    """The distance in units of the expected array's own length."""
    assert found.shape == expected.shape
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
