"""Every line of a document: parsed back to its tree, and each right side worth the left one, at random points."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.checking.functions import derivative_callable
from chainrule.network import SGD, Adam
from chainrule.notation.document import document_of
from chainrule.notation.latex import to_latex
from chainrule.notation.parsing import parse
from chainrule.notation.presets import symbols_of
from chainrule.notation.text import to_text
from chainrule.notation.tree import Applied, Num, Product
from tests.notation.document.chains import Worlds, indices_of, is_plan, worth
from tests.zoo import GROUPED, REPRESENTATIVES, ZOO, every_written_animal

LAYOUTS = ("columns", "rows", "sample", "index")
SMALL = {"W": "w", "X": "x", "Z": "u", "A": "h", "Y": "y", "J": "C", "L": "ℒ", "yhat": "ŷ"}
CHOICES = {
    "subscript": "subscript",
    "bracket": {"preset": "bracket", "yhat": "ŷ"},
    "delta": "delta",
    "delta, ŷ": {"preset": "delta", "yhat": "ŷ"},
    "d": "d",
    "previous": "previous",
    "own letters": {"W": "Θ", "A": "H", "yhat": "ŷ", "L": "ℒ", "eta": "γ", "tanh": "g"},
    "small letters": SMALL,
}
EACH_IN_ITS_LAYOUT = [(LAYOUTS[number % len(LAYOUTS)], choice) for number, choice in enumerate(CHOICES)]


@every_written_animal(LAYOUTS)
def test_every_line_equals_the_next(animal, layout):
    animal = replace(animal, samples=1 if layout == "sample" else min(animal.samples, 3))
    worlds = Worlds(animal, layout=layout, detail="full")
    document = document_of(worlds.derivation)
    checked = 0
    for chain in document.chains:
        checked += check_in(chain, worlds, layout)
    assert checked > 10


def check_in(chain, worlds, layout):
    """Compare the sides of a chain in the world that it speaks of; the number of comparisons."""
    if chain.kind == "batch":
        entries = any(indices_of(chain)) and layout != "index"
        return check(chain, worlds.index if entries else worlds.batch, worlds.pen.symbols.cost)
    if chain.kind == "sample":
        return check(chain, worlds.sample, worlds.pen.sample_symbols.cost)
    return check_function(chain, worlds) if chain.kind == "function" else 0


def check(chain, setting, cost):
    """Compare every side that has a value, for every value of the free indices; the number of comparisons."""
    below, sampled = indices_of(chain)
    sides = [side for side in (chain.left, *(link.right for link in chain.links)) if not is_plan(side, cost)]
    if not (below or sampled):
        expected = worth(sides[0], setting)
        for side in sides[1:]:
            np.testing.assert_allclose(
                worth(side, setting, expected.shape), expected, rtol=1e-9, atol=1e-12, err_msg=to_text(side)
            )
        return len(sides) - 1
    count = 0
    for at in itertools.product(range(2), repeat=len(below)):
        bound = setting.binding(**dict(zip(below, at, strict=True)), **({"i": 0} if sampled else {}))
        if not _exists(sides, bound) or _other(chain, below, at):
            continue
        expected = worth(sides[0], bound)
        for side in sides[1:]:
            np.testing.assert_allclose(worth(side, bound), expected, rtol=1e-9, atol=1e-12, err_msg=to_text(side))
            count += 1
    return count


def _exists(sides, bound):
    """Whether the layer has that many units."""
    try:
        worth(sides[0], bound)
    except AssertionError as error:
        if "index" in str(error) or "entr" in str(error):
            return False
        raise
    return True


def _other(chain, below, at):
    """The line for j ≠ k of the softmax says nothing about j = k."""
    return below == ["j", "k"] and at[0] == at[1] and to_text(chain.links[-1].right).startswith("−")


def check_function(chain, worlds):
    name = next(
        n for n, _ in worlds.functions(0.0).items() if chain.left.function.name == worlds.pen.symbols.function(n).name
    )
    row = next(layer.activation for layer in worlds.derivation.network.layers if layer.activation.name == name)
    prime = bool(chain.left.function.upper)
    count = 0
    for at in (-1.7, -0.3, 0.4, 2.1):
        where = worlds.functions(at)[name]
        left = (
            derivative_callable(row)(np.asarray(at))
            if prime
            else worth(Applied(chain.left.function, chain.left.arguments), where)
        )
        for link in chain.links:
            if not is_plan(link.right, None):
                np.testing.assert_allclose(
                    worth(link.right, where), left, rtol=1e-9, atol=1e-12, err_msg=to_text(link.right)
                )
                count += 1
    return count


def chosen_for(animal, choice):
    """The letters that this network can be written with, or None."""
    letters = CHOICES[choice]
    if choice == "previous" and animal.network.depth > 2:
        return None
    if animal.network.sample_weights and choice in {"small letters", "previous"}:
        return {**(letters if isinstance(letters, dict) else {"preset": letters}), "w": "ω"}
    if choice == "own letters":
        names = {layer.activation.name for layer in animal.network.layers}
        return {name: letter for name, letter in letters.items() if name != "tanh" or name in names}
    return letters


@pytest.mark.parametrize(
    ("layout", "choice"),
    [
        pytest.param(*both, marks=() if both in EACH_IN_ITS_LAYOUT else pytest.mark.slow)
        for both in itertools.product(LAYOUTS, CHOICES)
    ],
)
def test_every_line_in_other_letters_equals_the_next(layout, choice):
    for animal in [*REPRESENTATIVES[LAYOUTS.index(layout) :: 9], GROUPED[LAYOUTS.index(layout)]]:
        if letters := chosen_for(animal, choice):
            few = replace(animal, samples=1 if layout == "sample" else 2)
            worlds = Worlds(few, layout=layout, detail="full", symbols=letters)
            assert sum(check_in(chain, worlds, layout) for chain in document_of(worlds.derivation).chains) > 10


OPTIMISERS = (Adam(clip_norm=1.0, average=0.9), SGD(momentum=0.9))
PRESETS = ("subscript", "bracket", "delta", "d", "previous")  # tried on the whole zoo, letters on its representatives


@pytest.mark.parametrize(("layout", "choice"), EACH_IN_ITS_LAYOUT)
def test_every_line_is_read_back(layout, choice):
    assert_read_back([*REPRESENTATIVES[::6], GROUPED[-1]], layout, choice)


@pytest.mark.slow
@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_line_of_the_zoo_is_read_back(layout, choice):
    assert_read_back([*(ZOO if choice in PRESETS else REPRESENTATIVES), *GROUPED], layout, choice)


def assert_read_back(animals, layout, choice):
    """Every formula that a document of these networks has, parsed from LaTeX and from text to the very same tree."""
    seen = set()
    for number, animal in enumerate(animals):
        if letters := chosen_for(animal, choice):
            optimiser = OPTIMISERS[number % 2]
            derivation = derive(animal.network, layout=layout, symbols=letters, detail="full", optimiser=optimiser)
            conventions = symbols_of(derivation).conventions
            for relation in relations(document_of(derivation)) - seen:
                assert parse(to_latex(relation), conventions) == relation, to_latex(relation)
                assert parse(to_text(relation), conventions) == relation, to_text(relation)
                seen.add(relation)
    assert len(seen) > 30


def relations(document):
    """left = right for every right side of every chain."""
    return {relation for chain in document.chains for relation in chain.relations}


@pytest.mark.parametrize("kind", ["batch", "sample", "function"])
def test_a_wrong_line_is_caught(kind):
    """The test above can fail: with any one line multiplied by 1.001."""
    animal = replace(next(a for a in ZOO if "sigmoid" in a.id and a.network.depth == 2), samples=3)
    worlds = Worlds(animal, layout="columns", detail="full")
    chain = next(
        c for c in document_of(worlds.derivation).chains if c.kind == kind and len(c.links) > (kind != "batch")
    )
    wrong = Product((Num("1.001"), chain.links[-1].right), ("",))
    planted = replace(chain, links=(*chain.links[:-1], replace(chain.links[-1], right=wrong)))
    with pytest.raises(AssertionError, match="Not equal"):
        check_in(planted, worlds, "columns")
