"""What a damaged line may have said: readings that an OCR is known to confuse, each to be offered, never applied.

2 for α, γ for y, × at the end for x, ∂Y for ∂ℒ, a^{1} for a^{[1](1)}, b^{(i)} for b^{[1]}, t − t for t − t², dz₂ for
dz₁.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from chainrule.checking.document.meaning.generic_layers import is_d_letter
from chainrule.checking.document.meaning.letters import BIASES, INPUTS, LABELS, RATES, WEIGHTS, quantity, rebuilt
from chainrule.checking.document.meaning.model import Model
from chainrule.notation.problems import Problem
from chainrule.notation.text import to_text
from chainrule.notation.tree import (
    Differential,
    Fraction,
    Letter,
    Mark,
    Node,
    Num,
    Partial,
    Power,
    Product,
    Sum,
    children,
    letters,
    rewritten,
)

_LOOKALIKES = {"γ": "y", "ν": "v", "ω": "w", "ϕ": "φ", "×": "x", "χ": "x", "ρ": "p", "τ": "t", "ζ": "z", "ι": "i"}
_LOST_FACTOR = "a factor is missing after ×"


@dataclass(frozen=True)
class Reading:
    """A link as it may have been written, and what was taken for what."""

    damage: str
    left: Node
    right: Node


def readings(
    left: Node, right: Node, problems: tuple[Problem, ...], model: Model, page_letters: list[Letter]
) -> Iterator[Reading]:
    """What a link may have said, one confusion at a time.

    Parameters
    ----------
    left, right : Node
        The link as it was read.
    problems : tuple of Problem
        Damage that was stepped over.
    model : Model
        The page's network: what is known isn't damage.
    page_letters : list of Letter
        Letters as the page writes them.
    """
    if any(_LOST_FACTOR in problem.message for problem in problems):
        given = next((letter for letter in page_letters if quantity(letter).name in INPUTS and not letter.upper), None)
        if given is not None:
            yield Reading(f"× for {to_text(given)}", left, Product((right, given), ("",)))
        return
    if problems:
        return
    for damage, one in (
        *_unknown_letters(model),
        *_rates(page_letters),
        *_losses(model, page_letters),
        ("1 for [1](1)", _lost_brackets),
        *_samples_for_layers(model),
        ("a lost square", _lost_squares),
    ):
        changed = rewritten(left, one), rewritten(right, one)
        if changed != (left, right):
            yield Reading(damage, *changed)
    yield from _left_layers(left, right, model)


Edits = Iterator[tuple[str, Callable[[Node], Node | None]]]


def _unknown_letters(model: Model) -> Edits:
    """γ, which nothing defines, for the y that the page has."""
    known = {one.name for one in model.known()} | LABELS
    for wrong, meant in _LOOKALIKES.items():
        if meant in known and wrong not in known:

            def edit(node: Node, wrong: str = wrong, meant: str = meant) -> Node | None:
                return replace(node, name=meant) if isinstance(node, Letter) and node.name == wrong else None

            yield f"{wrong} for {meant}", edit


def _rates(page_letters: list[Letter]) -> Edits:
    """W − 2 ∂L/∂W: the 2 was a rate."""
    rate = next((letter for letter in page_letters if letter.name in RATES), Letter("α"))

    def edit(node: Node) -> Node | None:
        if not isinstance(node, Product) or not any(isinstance(part, Partial) for part in node.factors):
            return None
        numbers = [factor for factor in node.factors if factor in {Num("2"), Num("1"), Num("0")}]
        if not numbers:
            return None
        return replace(node, factors=tuple(rate if factor == numbers[0] else factor for factor in node.factors))

    yield f"2 for {to_text(rate)}", edit


def _losses(model: Model, page_letters: list[Letter]) -> Edits:
    """∂Y/∂W, where the labels depend on nothing: the Y was an ℒ."""
    loss = model.loss
    if loss is None:
        return
    own = next((letter for letter in page_letters if quantity(letter) == loss), Letter(loss.name))

    def edit(node: Node) -> Node | None:
        if isinstance(node, Partial) and isinstance(node.of, Letter) and node.of in (Letter("y"), Letter("Y")):
            return replace(node, of=own)
        return None

    yield f"∂Y for ∂{to_text(own)}", edit


def _lost_brackets(node: Node) -> Node | None:
    """a_k^{1} for a_k^{[1](1)}."""
    if isinstance(node, Power) and isinstance(node.base, Letter) and node.exponent == Num("1") and not node.base.upper:
        return replace(node.base, upper=(Mark("1", "square"), Mark("1", "round")))
    return None


def _samples_for_layers(model: Model) -> Edits:
    """b_j^{(i)}: a bias is of a layer, not of a sample."""
    for layer in model.layers("b") or model.layers("w"):

        def one_letter(letter: Letter, layer: str = layer) -> Letter | None:
            if quantity(letter).name in WEIGHTS | BIASES and any(mark == Mark("i", "round") for mark in letter.upper):
                return replace(letter, upper=(Mark(layer, "square"),))
            return None

        def edit(node: Node, one_letter: Callable[[Letter], Letter | None] = one_letter) -> Node | None:
            if isinstance(node, Partial) and (by := one_letter(node.by)) is not None:
                return replace(node, by=by)
            return one_letter(node) if isinstance(node, Letter) else None

        yield f"(i) for [{layer}]", edit


def _lost_squares(node: Node) -> Node | None:
    """t − t, which is nothing: t − t²."""
    if isinstance(node, Sum) and len(node.terms) == 2 and node.terms[0] == node.terms[1] and node.negative[1]:
        return replace(node, terms=(node.terms[0], Power(node.terms[1], Num("2"))))
    return None


def _left_layers(left: Node, right: Node, model: Model) -> Iterator[Reading]:
    """dz₂ = dz₂ …: no step leads from a derivative to itself; the left side was of another layer."""
    if not isinstance(left, Letter) or not is_d_letter(left) or left not in set(letters(right)):
        return
    own = quantity(left)
    for layer in model.layers(own.name[1]):
        if layer != own.layer:
            other = replace(left, lower=(Mark(layer),)) if left.lower else replace(left, upper=(Mark(layer, "square"),))
            yield Reading(f"{to_text(left)} for {to_text(other)}", other, right)


def without_differentials(node: Node) -> Node:
    """The tree with each fraction over a stray ∂w replaced by what stands above it."""
    if isinstance(node, Fraction) and isinstance(node.denominator, Differential):
        return without_differentials(node.numerator)
    if isinstance(node, Letter):
        return node
    return rebuilt(node, {id(child): without_differentials(child) for child in children(node)})


__all__ = ["Reading", "readings", "without_differentials"]
