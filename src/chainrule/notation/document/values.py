"""A derivation as a document: sections of blocks, whose mathematics are trees and whose prose is ours.

Nothing here knows text, LaTeX or HTML: each reading (`chainrule.notation.document.plain`, `markdown`, …) walks these
values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from chainrule.expressions.terms import Symbol
from chainrule.network import Network
from chainrule.notation.tree import Node, Relation, RelationSign

Detail = Literal["summary", "steps", "full"]
DETAILS: tuple[Detail, ...] = ("summary", "steps", "full")

Prose = tuple["str | Node", ...]
"""A sentence: words and, between them, formulas."""

ChainKind = Literal["batch", "sample", "partials", "function", "recursion", "numbers"]


@dataclass(frozen=True)
class Paragraph:
    """One or more sentences."""

    prose: Prose


@dataclass(frozen=True)
class Link:
    """One right side of a chain, and why it equals the one before."""

    right: Node
    why: Prose = ()
    sign: RelationSign = "="


@dataclass(frozen=True)
class Chain:
    """left = right = right = …

    Attributes
    ----------
    left : Node
    links : tuple of Link
    kind : {"batch", "sample", "partials", "function", "recursion", "numbers"}
        What it speaks of: the batch in its layout; entries for one sample; a product of partial derivatives, which
        is a plan; a function's own variable z; a layer l; the numbers of a worked example.
    shape : str
        The shape of the left side in the layout, where it is told.
    boxed : bool
        Whether this is a result.
    name : str
        The name of the equation in code, where the chain is one: ``"dW1"``.
    """

    left: Node
    links: tuple[Link, ...]
    kind: ChainKind = "batch"
    shape: str = ""
    boxed: bool = False
    name: str = ""

    @property
    def relations(self) -> Iterator[Relation]:
        """left = right for every right side."""
        return (Relation((self.left, link.right), (link.sign,)) for link in self.links)


@dataclass(frozen=True)
class Table:
    """A table, its cells prose."""

    header: tuple[str, ...]
    rows: tuple[tuple[Prose, ...], ...]


@dataclass(frozen=True)
class Bullets:
    """A list; numbered when the order matters."""

    items: tuple[Prose, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Steps:
    """Blocks that may be folded away, under a line that says what they show."""

    summary: Prose
    blocks: tuple[Block, ...]
    open: bool = False


@dataclass(frozen=True)
class Picture:
    """The network drawn, with the path of one partial derivative from the cost back to a parameter."""

    network: Network
    to: Symbol
    caption: Prose


Block = Paragraph | Chain | Table | Bullets | Steps | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what is under it."""

    title: Prose
    blocks: tuple[Block, ...]
    name: str


@dataclass(frozen=True)
class Document:
    """A derivation from the network to the update of its parameters.

    Attributes
    ----------
    title : str
    facts : tuple of (str, str)
        What was derived: network, loss, layout, optimiser, in words.
    sections : tuple of Section
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...] = field(default=())

    @property
    def blocks(self) -> Iterator[Block]:
        """Every block, those inside foldable steps too."""
        for section in self.sections:
            yield from _opened(section.blocks)

    @property
    def chains(self) -> Iterator[Chain]:
        """Every chain of equations."""
        return (block for block in self.blocks if isinstance(block, Chain))


def _opened(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Steps):
            yield from _opened(block.blocks)
