"""A row or column of samples with its dots filled in: [t⁽¹⁾ t⁽²⁾ … t⁽ᵐ⁾] for a number of samples."""

from __future__ import annotations

from dataclasses import replace

from chainrule.checking.document.meaning.letters import (
    rebuilt,
)
from chainrule.notation.tree import (
    Dots,
    Letter,
    Mark,
    Matrix,
    Node,
    children,
)


def expanded(node: Node, samples: int) -> Node:
    """A row or column [t⁽¹⁾ t⁽²⁾ … t⁽ᵐ⁾] with its dots filled in, for a number of samples."""
    if isinstance(node, Matrix) and any(isinstance(entry, Dots) for row in node.rows for entry in row):
        entries = [entry for row in node.rows for entry in row]
        if len(node.rows) == 1:
            return Matrix((tuple(_at_sample(entries[0], number) for number in range(1, samples + 1)),))
        if all(len(row) == 1 for row in node.rows):
            return Matrix(tuple((_at_sample(entries[0], number),) for number in range(1, samples + 1)))
    if isinstance(node, Letter):
        return node
    return rebuilt(node, {id(child): expanded(child, samples) for child in children(node)})


def _at_sample(node: Node, number: int) -> Node:
    if isinstance(node, Letter):
        upper = tuple(Mark(str(number), "round") if mark == Mark("1", "round") else mark for mark in node.upper)
        return replace(node, upper=upper)
    return rebuilt(node, {id(child): _at_sample(child, number) for child in children(node)})
