"""Worked numbers: each line, taken as it is printed, gives the next within rounding; parameters as they were given."""

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.network import Network
from chainrule.notation.document import document_of
from chainrule.notation.document.worked import figure
from chainrule.notation.meaning import Setting, evaluate_like
from chainrule.notation.text import to_text
from chainrule.notation.tree import Letter, walk

TANH = Network.parse("2 -> 3 tanh -> 1 sigmoid", loss="bce")
SOFTMAX = Network.parse("2 -> 3 relu -> 2 softmax", loss="cross-entropy")
ONE, TWO = [[1.0], [0.0]], [[1.0, 0.0], [0.0, 1.0]]
X = [[1.0, 2.0], [0.5, -1.0]]
PARAMS = {"W1": [[0.25, -1.5, 2], [1, 0.125, -0.3]], "b1": [0.1, 0, -0.2], "W2": [[1], [-2], [0.7]], "b2": [0.05]}


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=0, keepdims=True)


def worked(network, Y, **options):
    derivation = derive(network, example=(X, Y, 0.5), **options)
    section = document_of(derivation).sections[-1]
    assert section.name == "worked"
    return [block for block in section.blocks if hasattr(block, "links")]


@pytest.mark.parametrize(("network", "Y"), [(TANH, ONE), (SOFTMAX, TWO)])
def test_every_filled_in_line_gives_its_result(network, Y):
    functions = {
        "tanh": np.tanh, "σ": lambda z: 1 / (1 + np.exp(-z)), "ReLU": lambda z: np.maximum(z, 0), "softmax": softmax,
        "tanh′": lambda z: 1 - np.tanh(z) ** 2,
    }  # fmt: skip
    where = Setting({}, functions, {}, 1, frozenset())
    checked = 0
    for chain in worked(network, Y):
        filled, result = chain.links[-2:] if len(chain.links) > 1 else (None, chain.links[0])
        if filled is None or any(isinstance(part, Letter) and part.name in "WXYZAbJn" for part in walk(filled.right)):
            continue
        expected = np.asarray(evaluate_like(result.right, where, ()))
        found = np.asarray(evaluate_like(filled.right, where, expected.shape))
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-4, err_msg=to_text(filled.right))
        checked += 1
    assert checked >= 16


def test_given_parameters_are_the_ones_that_take_the_step():
    derivation = derive(TANH, example=(X, ONE, 0.5), params=PARAMS, layout="rows")
    values = {name: np.asarray(value, float) for name, value in PARAMS.items()}
    trace = derivation.trace(values | {"X": X, "Y": ONE, "eta": 0.5})
    text = derivation.to_text()
    assert "W₁ = [0.25, −1.5, 2; 1, 0.125, −0.3]" in text
    assert f"The cost was {trace['J']:.4g} before the step" in text


def test_arrays_are_taken_like_lists():
    arrays = {name: np.asarray(value) for name, value in PARAMS.items()}
    example = (np.asarray(X), np.asarray(ONE))
    assert derive(TANH, example=example, params=arrays) == derive(TANH, example=(X, ONE), params=PARAMS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"W3": [[1]]}, "params: there is no 'W3'"),
        ({"b2": None}, "params: b2 must have rows of 1 finite numbers"),
        ({"W1": [[1, 2, 3]]}, r"params: W1 must have the shape \(2, 3\), got 1 rows"),
        ({"W1": [[1, 2], [3, 4]]}, "params: W1 must have rows of 3 finite numbers"),
        ({"b1": [0, 0, float("inf")]}, "params: b1 must have rows of 3 finite numbers"),
        ({"b1": 3}, "params: b1 must have rows of 3 finite numbers"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        derive(TANH, example=(X, ONE), params=PARAMS | changes)


def test_all_parameters_or_none():
    with pytest.raises(ValueError, match="params: b1, b2 missing"):
        derive(TANH, example=(X, ONE), params={name: PARAMS[name] for name in ("W1", "W2")})
    with pytest.raises(ValueError, match="give example="):
        derive(TANH, params=PARAMS)
    with pytest.raises(TypeError, match="params must be a mapping"):
        derive(TANH, example=(X, ONE), params=[1])


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.5, "0.5"), (1 / 3, "0.3333"), (-0.30000000000000004, "−0.3"), (0.0933, "0.0933"), (0.09330123, "0.09330"),
     (0.0, "0"), (1e-5, "1 · 10^{−5}"), (12345.6, "12350"), (1000.0, "1000"), (2.5e9, "2.5 · 10⁹")],
)  # fmt: skip
def test_a_figure_has_four_digits(value, written):
    assert to_text(figure(value)) == written
