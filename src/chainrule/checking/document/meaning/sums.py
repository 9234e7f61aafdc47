"""What the Σ of a page run over: the samples that labels are marked with, or all weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from chainrule.checking.document.meaning.letters import BIASES, INDICES, LABELS, LOSSES, SIZES, WEIGHTS, quantity
from chainrule.notation.tree import (
    Applied,
    Bars,
    BigSum,
    Fraction,
    Letter,
    Mark,
    Node,
    Num,
    Power,
    Sum,
    letters,
    rewritten,
    walk,
)

Rewrite = Callable[[Node], Node | None]
_OF_SAMPLES = SIZES - {"K", "M"}


def numbered_losses(trees: Sequence[Node]) -> Rewrite | None:
    """L_i with J = Σᵢ L_i: then i chooses samples wherever a letter other than a weight carries it."""
    found = {
        mark.text
        for tree in trees
        for letter in letters(tree)
        if letter.name in LOSSES
        for mark in letter.lower
        if mark.text in INDICES
    }
    return _everywhere(found.pop()) if len(found) == 1 else None


def numbered_samples(trees: Sequence[Node]) -> Rewrite | None:
    """Σᵢ₌₁ⁿ (y_i − ŷ_i)²: then i chooses samples wherever a letter carries it, if no weight does."""
    found = {
        part.indices[0]
        for tree in trees
        for part in walk(tree)
        if isinstance(part, BigSum) and len(part.indices) == 1 and _runs_over_samples(part)
        if all(_marks(letter) == 1 for letter in letters(part.body) if _carries(letter, part.indices[0]))
    }
    index = found.pop() if len(found) == 1 else ""
    carrying = [letter for tree in trees for letter in letters(tree) if index and _carries(letter, index)]
    if not carrying or any(quantity(letter).name in WEIGHTS | BIASES for letter in carrying):
        return None
    return _everywhere(index)


def samples(trees: Sequence[Node]) -> Rewrite:
    """Σᵢ (ŷ_i − y_i)² over the samples: i chooses samples where labels carry it and no weight does.

    With softmax an i that is the only index and runs nowhere in particular chooses the class.
    """
    of_classes = _has_softmax(trees)

    def rewrite(node: Node) -> Node | None:
        if not isinstance(node, BigSum) or len(node.indices) != 1:
            return None
        index = node.indices[0]
        marked = [letter for letter in letters(node.body) if _carries(letter, index)]
        if not marked or any(quantity(letter).name in WEIGHTS for letter in marked):
            return None
        if not any(quantity(letter).name in LABELS for letter in marked):
            return None
        unbounded = node.stop is None and index in "in"
        if unbounded and of_classes and all(_marks(letter) == 1 for letter in marked):
            return None
        if not unbounded and not _runs_over_samples(node):
            return None
        return replace(node, body=rewritten(node.body, lambda part: _as_sample(part, index)))

    return rewrite


def sums_of_weights(trees: Sequence[Node]) -> Rewrite | None:
    """Σ_w w² is the sum over all weights that there are: ‖W₁‖² + ‖W₂‖²."""
    found: dict[Node, None] = {}
    for tree in trees:
        for letter in letters(tree):
            if quantity(letter).name in WEIGHTS and letter.name.isupper():
                found.setdefault(Letter(letter.name, letter.accent, letter.lower, letter.upper))

    def rewrite(node: Node) -> Node | None:
        match node:
            case BigSum(indices=(name,), start=None, stop=None, body=Power(base=Letter() as base, exponent=exponent)):
                if name.lower() not in WEIGHTS or base != Letter(name) or exponent != Num("2"):
                    return None
                own = [one for one in found if isinstance(one, Letter) and one.name.lower() == name.lower()]
                squares = tuple(Power(Bars(one, double=True), Num("2")) for one in own or [base])
                return squares[0] if len(squares) == 1 else Sum(squares, (False,) * len(squares))
            case _:
                return None

    return rewrite


def _everywhere(index: str) -> Rewrite:
    def rewrite(node: Node) -> Node | None:
        if isinstance(node, Letter) and quantity(node).name not in WEIGHTS | BIASES:
            return _as_sample(node, index)
        return None

    return rewrite


def _runs_over_samples(node: BigSum) -> bool:
    """Whether a Σ runs to m, n or N over something that labels are in."""
    marked = [letter for letter in letters(node.body) if _carries(letter, node.indices[0])]
    over = isinstance(node.stop, Letter) and not node.stop.lower and node.stop.name in _OF_SAMPLES
    return over and any(quantity(letter).name in LABELS for letter in marked)


def _has_softmax(trees: Iterable[Node]) -> bool:
    for tree in trees:
        for part in walk(tree):
            if isinstance(part, Applied) and part.function.name == "softmax":
                return True
            if isinstance(part, Fraction) and isinstance(part.denominator, BigSum):
                return True
            if isinstance(part, Letter) and any(mark.text == "softmax" for mark in part.lower):
                return True
    return False


def _carries(letter: Letter, index: str) -> bool:
    return any(mark.text == index for mark in letter.lower)


def _marks(letter: Letter) -> int:
    """How many indices stand below a letter."""
    return sum(mark.text in INDICES for mark in letter.lower)


def _as_sample(node: Node, index: str) -> Node | None:
    if not isinstance(node, Letter) or all(mark.text != index for mark in node.lower):
        return None
    lower = tuple(mark for mark in node.lower if mark.text != index)
    return replace(node, lower=lower, upper=(*node.upper, Mark(index, "round")))


__all__ = ["numbered_losses", "numbered_samples", "samples", "sums_of_weights"]
