"""Which quantity a letter names, however it is dressed: W^{[1]}, W_1, w_1 are one; (i) and jk only choose from it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from chainrule.notation.tree import Letter, Mark, Node, Partial, children, walk

LOSSES = frozenset({"L", "ℒ", "J", "𝒥", "C", "𝒞", "E", "ℰ", "ℓ", "BCE", "MSE", "SSE", "NLL"})
WEIGHTS = frozenset({"w", "θ", "v"})
BIASES = frozenset({"b", "c"})
INPUTS = frozenset({"x"})
LABELS = frozenset({"y", "t", "d", "target"})
SIZES = frozenset({"m", "n", "N", "M", "K"})
RATES = frozenset({"α", "η", "λ", "ε", "μ", "lr", "β"})
INDICES = frozenset("ijkl")
PREVIOUS = {"previous": "prev", "prev": "prev"}


@dataclass(frozen=True)
class Quantity:
    """A named quantity of the page: its name, accent and layer, case and marks of entries apart."""

    name: str
    accent: str = ""
    layer: str = ""

    def __str__(self) -> str:
        return f"{self.name}{'̂' if self.accent == 'hat' else ''}{self.layer}"


@lru_cache(maxsize=4096)
def quantity(letter: Letter) -> Quantity:
    """The quantity that a letter names.

    A layer is a number, L, prev or anything in square brackets; single letters i, j, k below choose an entry, a mark
    in round brackets above chooses a sample.
    """
    layer = ""
    for mark in letter.lower:
        if is_layer(mark):
            layer = PREVIOUS.get(mark.text, mark.text)
    for mark in letter.upper:
        if mark.style == "square":
            layer = mark.text
    if not layer and letter.name not in LOSSES | SIZES:
        layer = "".join(mark.text for mark in letter.lower if _names_layer(mark))
    is_mask = letter.name == "M" and layer.isdecimal()
    kept = letter.name == "Δ" or (letter.name in LOSSES | SIZES and not is_mask)  # Δ sums what δ is
    name = letter.name if kept else letter.name.lower()
    return Quantity(name, letter.accent, layer)


def _names_layer(mark: Mark) -> bool:
    """Whether a mark below a letter is a layer's name: the e and d of an encoder's W_e and a decoder's W_d, out, h1."""
    named = re.fullmatch(r"([^\W\d_]+)(?:_?\d+)?", mark.text)
    return mark.style == "plain" and named is not None and named[1] not in INDICES | SIZES


def is_size(one: Quantity) -> bool:
    """Whether a quantity is how many there are of something: n, but not m₁, the mask of a layer."""
    return one.name in SIZES and not (one.name == "m" and one.layer.isdecimal())


def is_layer(mark: Mark) -> bool:
    """Whether a mark below a letter says which layer: a number, L, prev, or a letter ± a number (i−1)."""
    text = mark.text
    return text.isdecimal() or text in {"L", *PREVIOUS} or mark.style == "round" or "-" in text or "+" in text


def without_samples(node: Node) -> Node:
    """The tree with every sample mark (i) taken off, so that what is said of one sample is said of all."""
    if isinstance(node, Letter):
        upper = tuple(mark for mark in node.upper if not (mark.style == "round" and mark.text in INDICES))
        return Letter(node.name, node.accent, node.lower, upper)
    return rebuilt(node, {id(child): without_samples(child) for child in children(node)})


def rebuilt(node: Node, replaced: dict[int, Node]) -> Node:
    """The node with some of its direct children replaced, by identity; itself where they are the same."""
    if all(id(new) == old for old, new in replaced.items()):
        return node

    def swap(value: object) -> object:
        if id(value) in replaced:
            return replaced[id(value)]
        return tuple(swap(item) for item in value) if isinstance(value, tuple) else value

    return replace(
        node,
        **{  # type: ignore[arg-type]  # a node's fields hold what their node holds
            field.name: swap(getattr(node, field.name)) for field in fields(node)
        },
    )


def entry_indices(node: Node) -> set[str]:
    """Index letters that choose entries or samples somewhere in the tree."""
    found: set[str] = set()
    for part in walk(node):
        letter = part.by if isinstance(part, Partial) else part
        if isinstance(letter, Letter):
            found |= {mark.text for mark in letter.lower if mark.text in INDICES and not is_layer(mark)}
            found |= {mark.text for mark in letter.upper if mark.style == "round" and mark.text in INDICES}
    return found
