"""What a page says of any layer, z^l = w^l a^{l−1} + b^l: said of every layer that there is.

A page that numbers no layer gets three. A line about any layer is judged for each layer for which all that it mentions
exists; a line about L for the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.checking.document.meaning.letters import INDICES, WEIGHTS, Quantity, quantity, rebuilt
from chainrule.notation.tree import Letter, Mark, Node, Partial, children, letters, walk

if TYPE_CHECKING:
    from chainrule.checking.document.meaning.model import Model

_LAYERS = 3  # of a page that numbers none
_WEIGHTS_AND_BIASES = frozenset("wWbB")


def with_every_layer(model: Model) -> None:
    """Replace each definition for any layer, and for L, by those of the layers that there are."""
    generic = {one: body for one, body in model.definitions.items() if _stem(one.layer)}
    numbers = [int(one.layer) for one in model.known() if one.layer.isdecimal() and one.name not in WEIGHTS]
    last = max((number for number in numbers if number), default=_LAYERS if generic else 0)
    for one, body in list(model.definitions.items()):
        del model.definitions[one]
        letter = _stem(one.layer)
        if letter and letter != "L":
            for layer in range(1, last + 1):
                own = Quantity(one.name, one.accent, str(layer))
                at = int(_at(one.layer, letter, layer))
                if at == layer and own not in model.definitions:
                    model.definitions[own] = at_layer(body, letter, layer, last)
                    if one in model.entries:
                        model.entries[own] = _at_letter(model.entries[one], letter, layer, last)
        else:
            own = replace(one, layer=_at(one.layer, "L", last)) if letter == "L" and last else one
            model.definitions.setdefault(own, at_layer(body, None, 0, last) if last else body)
    for one in [*model.known()]:
        if one.layer == "0" and one not in model.definitions and one.name not in {"x", "p", "m"}:
            dropped = Quantity("d", "", "0")
            model.definitions[one] = Letter("d", lower=(Mark("0"),)) if dropped in model.definitions else Letter("x")
    model.definitions = _in_order(model)


def _in_order(model: Model) -> dict[Quantity, Node]:
    """The definitions with what each one uses before it, as far as they don't go round in a circle."""
    ordered: dict[Quantity, Node] = {}
    waiting: dict[Quantity, None] = {}

    def place(one: Quantity) -> None:
        if one in ordered or one in waiting or one not in model.definitions or len(waiting) > 200:
            return
        waiting[one] = None
        for letter in letters(model.definitions[one]):
            place(quantity(letter))
        ordered[one] = model.definitions[one]

    for one in [*model.definitions]:
        place(one)
    return {**ordered, **{one: body for one, body in model.definitions.items() if one not in ordered}}


def layer_versions(left: Node, right: Node, model: Model) -> Iterator[tuple[Node, Node]]:
    """A line about any layer (w_i, A_{i−1}), or about L, as the lines about numbered layers that it stands for."""
    numbers = [int(one.layer) for one in model.definitions if one.layer.isdecimal()]
    last = max(numbers, default=0)
    generic = generic_letter(left) or generic_letter(right)
    mentions_last = any(_stem(mark.text) == "L" for side in (left, right) for mark in _marks(side))
    if not last or (generic is None and not mentions_last):
        yield left, right
        return
    unnumbered = isinstance(left, Letter) and not (left.lower or left.upper) and is_d_letter(left)
    if isinstance(left, Letter) and unnumbered and any(map(is_d_letter, walk(right))):
        # dZ := … dZ …: the right side is of layer l, the left side of the layer before.
        left = Letter(left.name, left.accent, (Mark(str(last - 1)),))
        yield at_layer(left, generic, last, last), at_layer(right, generic, last, last)
        return
    if generic is None:
        yield at_layer(left, None, 0, last), at_layer(right, None, 0, last)
        return
    found = False
    known = frozenset(model.known())
    for layer in range(last, 0, -1):
        version = at_layer(left, generic, layer, last), at_layer(right, generic, layer, last)
        if all(_exists(letter, known, last) for side in version for letter in _letters(side)):
            found = True
            yield version
    if not found and not _is_beyond(left, right, generic, last):
        yield at_layer(left, generic, last, last), at_layer(right, generic, last, last)


def _is_beyond(left: Node, right: Node, generic: str, last: int) -> bool:
    """Whether a line is about a layer and the next one, of a network that has one layer only."""
    return last == 1 and any(mark.text == f"{generic}+1" for side in (left, right) for mark in _marks(side))


def _exists(letter: Letter, known: frozenset[Quantity], last: int) -> bool:
    """Whether the page has the quantity for this layer, if it has it for any."""
    own = quantity(replace(letter, name=letter.name[1]) if is_d_letter(letter) else letter)
    if not own.layer.lstrip("-").isdecimal():
        return True
    layers = {one.layer for one in known if (one.name, one.accent) == (own.name, own.accent)}
    return own.layer in layers if layers else 0 < int(own.layer) <= last


def generic_letter(node: Node) -> str | None:
    """The letter that stands for any layer: the i of w_i or A_{i−1}, the l of W^{[l]}."""
    for letter in _letters(node):
        for mark in (*letter.lower, *letter.upper):
            stem = _stem(mark.text)
            plain = mark in letter.lower and len(letter.lower) == 1 and not letter.upper
            weight = plain and letter.name in _WEIGHTS_AND_BIASES
            if stem in INDICES and (mark.style == "square" or "-" in mark.text or "+" in mark.text or weight):
                return stem
    return None


def at_layer(node: Node, generic: str | None, layer: int, last: int) -> Node:
    """The tree with a layer's number in the place of the letter for any layer, and the last one's in that of L."""
    if isinstance(node, Letter):
        return _at_letter(node, generic, layer, last)
    return rebuilt(node, {id(child): at_layer(child, generic, layer, last) for child in children(node)})


def _at_letter(letter: Letter, generic: str | None, layer: int, last: int) -> Letter:
    marks = (tuple(_numbered(mark, generic, layer, last) for mark in marks) for marks in (letter.lower, letter.upper))
    return Letter(letter.name, letter.accent, *marks)


def _numbered(mark: Mark, generic: str | None, layer: int, last: int) -> Mark:
    for letter, number in ((generic, layer), ("L", last)):
        if letter is not None and _stem(mark.text) == letter:
            return Mark(_at(mark.text, letter, number), "plain" if mark.style == "round" else mark.style)
    return mark


def _at(text: str, letter: str, number: int) -> str:
    rest = text[len(letter) :]
    return str(number + int(rest or 0))


def _stem(text: str) -> str:
    """The l of l−1; empty for what is no letter ± 1."""
    match = re.fullmatch(r"([a-zA-Z])(?:[+-][12])?", text)
    return match[1] if match else ""


def _letters(node: Node) -> Iterator[Letter]:
    for part in walk(node):
        if isinstance(part, Letter):
            yield part
        elif isinstance(part, Partial):
            yield part.by


def _marks(node: Node) -> Iterator[Mark]:
    return (mark for letter in _letters(node) for mark in (*letter.lower, *letter.upper))


def is_d_letter(node: Node) -> bool:
    """Whether a node is a name such as dZ."""
    return isinstance(node, Letter) and len(node.name) == 2 and node.name[0] == "d"


__all__ = ["at_layer", "generic_letter", "is_d_letter", "layer_versions", "with_every_layer"]
