"""How pages write a step of a weight: Δw = …, w_new = w_old − …, w_{t+1} = w_t − …, w → w − …."""

from __future__ import annotations

import re
from dataclasses import replace

from chainrule.checking.document.meaning.letters import BIASES, WEIGHTS, quantity
from chainrule.checking.document.reading.page import Page, Statement
from chainrule.notation.tree import Letter, Mark, Node, Product, letters, rewritten

_AFTER = frozenset({"new", "neu", "next", "nouveau", "updated"})
_BEFORE = frozenset({"old", "alt", "prev", "previous", "ancien", "current"})
_TIMES = frozenset({"t", "k", "n", "s", "τ", "i"})


def with_steps(page: Page) -> Page:
    """The page with all its steps written alike: w += … for Δw = …, w := w − … for w_new = w_old − … ."""
    return replace(page, statements=tuple(_of_difference(_of_times(one)) for one in page.statements))


def _of_difference(one: Statement) -> Statement:
    """Δw = −η ∂E/∂w is the step w += −η ∂E/∂w."""
    match one.sides[0].tree:
        case Product(factors=(Letter(name="Δ", lower=(), upper=()), Letter() as weight), signs=("",)):
            if _is_parameter(weight) and one.signs[:1] == ("=",):
                first = replace(one.sides[0], tree=weight)
                return replace(one, sides=(first, *one.sides[1:]), signs=("+=", *one.signs[1:]))
        case _:
            pass
    return one


def _of_times(one: Statement) -> Statement:
    """w_{t+1} = w_t − η ∂E/∂w is w := w − η ∂E/∂w: the marks say when, not which."""
    left = one.sides[0].tree
    if not isinstance(left, Letter) or one.signs[:1] not in {("=",), (":=",), ("←",)}:
        return one
    after = next((mark for mark in (*left.lower, *left.upper) if _is_after(mark)), None)
    if after is None or not _is_parameter(_without(left, after)):
        return one
    own = _without(left, after)
    trees = [side.tree for side in one.sides[1:] if side.tree is not None]
    befores = {
        mark
        for tree in trees
        for letter in letters(tree)
        for mark in (*letter.lower, *letter.upper)
        if _without(letter, mark) == own and _is_before(mark, after)
    }
    if not befores and not any(own in set(letters(tree)) for tree in trees):
        return one

    def at_once(node: Node) -> Node | None:
        if not isinstance(node, Letter):
            return None
        marks = [mark for mark in (*node.lower, *node.upper) if mark in befores]
        return _without(node, marks[0]) if marks else None

    sides = [replace(side, tree=rewritten(side.tree, at_once)) if side.tree else side for side in one.sides[1:]]
    return replace(one, sides=(replace(one.sides[0], tree=own), *sides), signs=(":=", *one.signs[1:]))


def _is_parameter(letter: Letter) -> bool:
    return quantity(letter).name in WEIGHTS | BIASES


def _is_after(mark: Mark) -> bool:
    step = re.fullmatch(r"(\w)\+1", mark.text)
    return mark.text in _AFTER or (step is not None and step[1] in _TIMES)


def _is_before(mark: Mark, after: Mark) -> bool:
    if after.text in _AFTER:
        return mark.text in _BEFORE
    return mark.text == after.text.removesuffix("+1")


def _without(letter: Letter, mark: Mark) -> Letter:
    lower, upper = (tuple(one for one in marks if one != mark) for marks in (letter.lower, letter.upper))
    return replace(letter, lower=lower, upper=upper)


__all__ = ["with_steps"]
