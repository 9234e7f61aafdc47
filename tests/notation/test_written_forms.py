"""Every written form is read back as its tree, and is worth, taken literally, what the reference engine computes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.reference import evaluate
from chainrule.network import Adam
from chainrule.notation.latex import to_latex
from chainrule.notation.meaning import ShapeError, evaluate_like
from chainrule.notation.naming import Symbols
from chainrule.notation.parsing import parse
from chainrule.notation.text import to_text
from chainrule.notation.tree import Partial, Relation
from chainrule.notation.writing import Writer, as_written
from tests.notation.written_values import left_value, setting
from tests.zoo import Animal, draw, every_written_animal, network

LAYOUTS = ("rows", "columns", "sample", "index")


@every_written_animal(LAYOUTS)
def test_written_forms_are_read_back_and_worth_the_trace(animal, layout):
    animal = replace(animal, samples=1) if layout == "sample" else replace(animal, samples=min(animal.samples, 3))
    derivation = as_written(derive(animal.network, layout=layout, optimiser=Adam()))
    trace = evaluate(derivation.equations, _values(derivation, animal))
    symbols = Symbols()
    writer = Writer(layout, symbols)
    letters = setting(derivation, trace, symbols, layout)
    for equation in derivation.equations:
        written = writer.equation(equation)
        assert parse(to_latex(written)) == written, to_latex(written)
        assert parse(to_text(written)) == written, to_text(written)
        _check(written, letters, left_value(equation.left, trace, layout))


def _values(derivation, animal):
    params, X, Y, weight, masks = draw(animal)
    values = params | masks | {"X": X, "Y": Y} | ({} if weight is None else {"w": weight})
    values |= dict(derivation.equations.constants)
    rng = np.random.default_rng(5)
    for symbol in derivation.equations.inputs:
        if symbol.name not in values:
            like = next((value for name, value in params.items() if symbol.name.endswith(f"_{name}")), None)
            values[symbol.name] = np.asarray(0.3) if like is None else rng.uniform(0.1, 1, like.shape)
    return values


def _check(written, letters, expected):
    left, right = written.sides
    indices = _free_indices(left)
    if not indices:
        value = evaluate_like(right, letters, expected.shape)
        assert value.shape == expected.shape, to_text(written)
        np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-10, err_msg=to_text(written))
        return
    sample_axis = letters.sample_axis
    ranges = []
    for _, is_sample in indices:
        axis = sample_axis if is_sample else [0, 1][len([one for one, sample in ranges if not sample])]
        ranges.append((range(expected.shape[axis]), is_sample))
    for chosen in itertools.product(*(values for values, _ in ranges)):
        bound = letters.binding(**dict(zip((index for index, _ in indices), chosen, strict=True)))
        entry = evaluate_like(left, bound, ()), evaluate_like(right, bound, ())
        np.testing.assert_allclose(*entry, rtol=1e-10, atol=1e-10, err_msg=to_text(written))


def _free_indices(left):
    letter = left.by if isinstance(left, Partial) else left
    units = [(mark.text, False) for mark in letter.lower if mark.text in "ijklm"]
    return units + [(mark.text, True) for mark in letter.upper if mark.style == "round"]


def _columns_of_one_network():
    animal = Animal(network(["tanh", "sigmoid"], "bce"), samples=3)
    derivation = derive(animal.network, layout="columns")
    trace = evaluate(derivation.equations, _values(derivation, animal))
    return derivation, trace, setting(derivation, trace, Symbols(), "columns")


@pytest.mark.parametrize(
    ("name", "slip"),
    [
        ("dZ2", "A_2 - Y"),
        ("dW2", r"\frac{1}{3} \frac{\partial J}{\partial Z_2} A_1^T"),
        ("db1", r"-\frac{\partial J}{\partial Z_1} \mathbf{1}"),
    ],
)
def test_a_wrong_form_is_not_worth_the_trace(name, slip):
    """The test above can fail: it does with 1/n lost or doubled, or a sign turned."""
    derivation, trace, letters = _columns_of_one_network()
    left = Writer("columns", Symbols()).equation(derivation[name]).sides[0]
    with pytest.raises(AssertionError, match="Not equal"):
        _check(Relation((left, parse(slip)), ("=",)), letters, left_value(derivation[name].left, trace, "columns"))


def test_a_missing_transpose_names_the_shapes_that_met():
    _, _, letters = _columns_of_one_network()
    with pytest.raises(ShapeError, match="3×3 meets 5×3") as error:
        evaluate_like(parse(r"\frac{\partial J}{\partial Z_2} A_1"), letters, (3, 5))
    assert error.value.shapes == ((3, 3), (5, 3))
