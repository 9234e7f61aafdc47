r"""One line of a hand-written derivation, read and judged: S0's ∂L/∂w₂ = w₃ᵀ g′(z₂)(a₃ − y) · a₁ᵀ.

As matrices it doesn't even fit; for numbers it is right; its corrected form is right as matrices.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.checking.functions import activation_callables
from chainrule.engines.reference import evaluate as trace_of
from chainrule.network import Network
from chainrule.notation.meaning import Setting, ShapeError, evaluate
from chainrule.notation.parsing import parse
from chainrule.notation.tree import Letter, Mark, Relation

ROW = "S0.67"


@pytest.fixture
def row(shared):
    audit = json.loads((shared / "derivations" / "audit.json").read_text(encoding="utf-8"))
    found = next(row for row in audit if row["id"] == ROW)
    assert found["verdict"] == "SCALAR"
    return found


def _setting(widths, samples):
    """Three sigmoid layers in columns, their loss summed; the letters are S0's; and the gradient by the core."""
    n_inputs, *layers = widths
    text = f"{n_inputs} -> " + " -> ".join(f"{width} sigmoid" for width in layers)
    derivation = derive(Network.parse(text, loss="bce", reduction="sum"))
    rng = np.random.default_rng(3)
    values = {name: rng.normal(size=shape) for name, shape in derivation.network.parameter_shapes.items()}
    values |= {"X": rng.normal(size=(samples, n_inputs)), "Y": rng.uniform(0.1, 0.9, (samples, layers[-1]))}
    trace = trace_of(derivation.gradients, values)
    letters = {Letter("y"): np.asarray(trace["Y"]).T, Letter("x"): np.asarray(trace["X"]).T}
    for name in ("W", "Z", "A"):
        for layer in ("1", "2", "3"):
            letters[Letter(name.lower(), lower=(Mark(layer),))] = np.asarray(trace[f"{name}{layer}"]).T
    functions = activation_callables()
    setting = Setting(letters, {"g": functions["sigmoid"], "g′": functions["sigmoid′"]})
    return setting, np.asarray(trace["dW2"]).T


def _right_side(latex):
    tree = parse(latex)
    return tree.sides[1] if isinstance(tree, Relation) else tree


def test_literally_it_does_not_fit(row):
    setting, _ = _setting((5, 4, 3, 1), samples=6)
    with pytest.raises(ShapeError, match="3×1 meets 3×6"):
        evaluate(_right_side(row["latex"]), setting)


def test_for_numbers_it_is_the_gradient(row):
    setting, gradient = _setting((1, 1, 1, 1), samples=1)
    np.testing.assert_allclose(evaluate(_right_side(row["latex"]), setting), gradient, rtol=1e-12)


@pytest.mark.parametrize("samples", [1, 6])
def test_its_corrected_form_is_the_gradient(row, samples):
    setting, gradient = _setting((5, 4, 3, 1), samples)
    np.testing.assert_allclose(evaluate(_right_side(row["correct"]), setting), gradient, rtol=1e-12)
