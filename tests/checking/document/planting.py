"""Slips planted in what derive writes: one place of one right side edited, printed again where it stood.

A slip is of use only if it changes a value: both right sides are computed in every regime, several outputs included,
with the numbers of the page as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np

from chainrule.checking.document.derivation import check_derivation
from chainrule.checking.document.judging.worlds import BATCH, ONE_SAMPLE, ONE_SAMPLE_OUTPUTS, SCALAR, Regime, World
from chainrule.checking.document.meaning.customs import conventions_of, settled
from chainrule.checking.document.meaning.generic_layers import is_d_letter, layer_versions
from chainrule.checking.document.meaning.letters import entry_indices, quantity, rebuilt
from chainrule.checking.document.meaning.model import build
from chainrule.checking.document.reading.statements import Page, Side, read_page
from chainrule.notation.latex import to_latex
from chainrule.notation.meaning import MeaningError, evaluate
from chainrule.notation.parsing import parse
from chainrule.notation.problems import NotationError
from chainrule.notation.text import to_text
from chainrule.notation.tree import (
    Applied,
    BigSum,
    Fraction,
    Letter,
    Node,
    Num,
    Partial,
    Product,
    Sum,
    Transpose,
    children,
    letters,
    walk,
)

REGIMES = (SCALAR, ONE_SAMPLE, ONE_SAMPLE_OUTPUTS, BATCH, Regime("batch, several outputs", 5, 2))
# What a report says first of a slip, and the kinds of the catalogue below that it is a name for.
NAMES = {
    "sign": {"sign"},
    "a factor": {"constant", "missing", "stray", "sign"},
    "missing factor": {"missing", "constant"},
    "missing sum": {"sum"},
    "stray factor": {"stray", "constant"},
    "argument": {"argument", "letter"},
    "variable": {"variable"},
    "letter": {"letter", "argument", "layer"},
    "layer": {"layer", "letter", "argument", "variable"},
}


@dataclass(frozen=True)
class Slip:
    """A page with one slip: where, of which kind, and the right side with and without it."""

    text: str
    line: int
    kind: str
    left: Node
    right: Node
    planted: Node


@dataclass(frozen=True)
class Outcome:
    """What the checker made of a planted slip."""

    caught: bool
    named: bool
    said: str


class Sheet:
    """A page that derive wrote, and what is on it."""

    def __init__(self, text: str, *, unicode: bool) -> None:
        self.text = text
        self.unicode = unicode
        self.written = read_page(text, conventions_of(text))
        self.settled = settled(self.written)
        self.model = build(self.settled)[1]
        self.worlds = {regime: World(self.model, regime, seed=5) for regime in REGIMES}

    @cached_property
    def report(self):
        """The unchanged page's report."""
        return check_derivation(self.text)

    @cached_property
    def lines(self) -> list[tuple[Side, Node, Node, Node]]:
        """Right sides that the checker calls exact: as written, and both sides settled."""
        exact = {(item.place.line, item.place.column) for item in self.report.items if item.verdict == "exact"}
        found = []
        for plain, own in zip(self.written.statements, self.settled.statements, strict=True):
            left = own.sides[0].tree
            for side, tree in zip(plain.sides[1:], own.sides[1:], strict=True):
                at = self.place(side.start)
                if at in exact and left is not None and tree.tree is not None and side.tree is not None:
                    found.append((side, side.tree, left, tree.tree))
        return found

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of a position, from 1."""
        begin = self.text.rfind("\n", 0, offset) + 1
        return self.text.count("\n", 0, offset) + 1, offset - begin + 1

    def plant(self, rng: np.random.Generator, kinds: tuple[str, ...] | None = None) -> Slip | None:
        """One slip that changes a value; None if in several tries none was found."""
        for _ in range(40):
            side, written, left, right = self.lines[rng.integers(len(self.lines))]
            name = str(rng.choice(kinds or tuple(EDITS)))
            found = [tree for tree in _everywhere(written, EDITS[name], self.spellings) if tree != written]
            if not found:
                continue
            planted = found[rng.integers(len(found))]
            spelled = (to_text if self.unicode else to_latex)(planted)
            text = self.text[: side.start] + spelled + self.text[side.end :]
            changed = self.reread(text, side.start)
            if changed is not None and not self.same(left, right, changed, self.claimed(left, right)):
                return Slip(text, self.place(side.start)[0], name, left, right, changed)
        return None

    def reread(self, text: str, start: int) -> Node | None:
        """The side that begins at a position, as it is read after the edit; None where it then reads as other lines."""
        page: Page = settled(read_page(text, conventions_of(text)))
        sides = [side for one in page.statements for side in one.sides[1:] if side.start == start]
        same_shape = len(page.statements) == len(self.written.statements)
        return sides[0].tree if sides and same_shape and not sides[0].problems else None

    @cached_property
    def spellings(self) -> list[Letter]:
        """Letters of the page as it writes them."""
        trees = [side.tree for one in self.written.statements for side in one.sides if side.tree is not None]
        known = self.model.known()
        return list(
            dict.fromkeys(
                one for tree in trees for one in letters(tree) if quantity(one).name in {q.name for q in known}
            )
        )

    def claimed(self, left: Node, right: Node) -> tuple[Regime, ...]:
        """The regimes that a line speaks of: on a page about one sample, only lines of its cost are of a batch."""
        parts = [*walk(left), *walk(right)]
        losses = {part.of.name for part in parts if isinstance(part, Partial) and isinstance(part.of, Letter)}
        if self.model.loss is not None and any(
            is_d_letter(part) or (isinstance(part, Letter) and part.name == "δ") for part in parts
        ):
            losses.add(self.model.loss.name)
        of_one = self.model.one_sample and not losses & self.model.batch_costs
        return tuple(regime for regime in REGIMES if regime.samples == 1 or not of_one)

    def same(self, left: Node, one: Node, other: Node, regimes: tuple[Regime, ...] = REGIMES) -> bool:
        """Whether two right sides of a line have one value wherever the line holds."""
        pairs = zip(layer_versions(left, one, self.model), layer_versions(left, other, self.model), strict=False)
        return all(
            self._agree(first, second, own, self.worlds[regime])
            for (own, first), (_, second) in pairs
            for regime in regimes
        )

    @staticmethod
    def _agree(one: Node, other: Node, left: Node, world: World) -> bool:
        indices = sorted(entry_indices(left) | entry_indices(one) | entry_indices(other))
        for chosen in product(*(range(2) for _ in indices)):
            bound = dict(zip(indices, chosen, strict=True))
            claimed, first, second = (_value(node, world, bound) for node in (left, one, other))
            holds = claimed is not None and first is not None and _close(claimed, first)
            if holds and (second is None or not _close(first, second)):
                return False
        return True

    def outcome(self, slip: Slip) -> Outcome:
        """Whether the slip was found: in its line and no other, under its name or one that comes to the same."""
        report = check_derivation(slip.text)
        bad = [item for item in report.items if item.verdict not in {"given", "exact"}]
        said = "; ".join(f"{item.line} {item.verdict} {item.slip or item.reason}" for item in bad)
        here = [item for item in bad if item.place is not None and item.place.line == slip.line]
        if len(here) != 1 or len(bad) != 1 or here[0].verdict == "unread":
            return Outcome(caught=False, named=False, said=said)
        [item] = here
        if item.verdict == "scalar":
            return Outcome(caught=True, named=bool(item.correct), said=said)
        name = next((name for name in NAMES if item.slip.startswith(name)), "")
        named = slip.kind in NAMES.get(name, set()) or (bool(item.correct) and self._is_right(slip, item.correct))
        return Outcome(caught=True, named=named, said=said)

    def _is_right(self, slip: Slip, correct: str) -> bool:
        """Whether what the report offers has the value of the line before the slip: then the kinds coincide."""
        try:
            tree = parse(correct, conventions_of(self.text))
        except NotationError:
            return False
        return self.same(slip.left, slip.right, tree, (SCALAR,))


def _value(node: Node, world: World, bound: dict[str, int]) -> np.ndarray | None:
    try:
        with np.errstate(all="ignore"):
            return evaluate(node, world.setting().binding(**bound))
    except MeaningError:
        return None


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    same_shape = one.shape == other.shape or one.size == other.size == 1
    return same_shape and bool(np.allclose(one.ravel(), other.ravel(), rtol=1e-8, atol=1e-11))


# ---------------------------------------------------------------- the catalogue of slips
def _everywhere(node: Node, edit, spellings) -> Iterator[Node]:
    """Every tree in which one place has been edited."""
    yield from edit(node, spellings)
    if isinstance(node, Partial) and node.form != "operator":
        return
    for child in children(node):
        for inner in _everywhere(child, edit, spellings):
            yield rebuilt(node, {id(child): inner})


def _sign(node: Node, _spellings) -> Iterator[Node]:
    if isinstance(node, Sum):
        for turned in range(len(node.terms)):
            yield Sum(node.terms, tuple(flag != (at == turned) for at, flag in enumerate(node.negative)))


def _constant(node: Node, _spellings) -> Iterator[Node]:
    if isinstance(node, Product) and not isinstance(node.factors[0], Num):
        yield Product((Num("2"), *node.factors), ("", *node.signs))
    if isinstance(node, Sum):
        yield Fraction(node, Num("2"))


def _missing(node: Node, _spellings) -> Iterator[Node]:
    if isinstance(node, Product):
        for at in range(len(node.factors)):
            rest = node.factors[:at] + node.factors[at + 1 :]
            signs = node.signs[: max(at - 1, 0)] + node.signs[max(at, 1) :]
            yield rest[0] if len(rest) == 1 else Product(rest, signs)


def _stray(node: Node, _spellings) -> Iterator[Node]:
    if isinstance(node, Product):
        for at, factor in enumerate(node.factors):
            if isinstance(factor, Letter | Sum | Fraction | Applied):
                sign = "⊙" if "⊙" in node.signs else ""
                yield Product((*node.factors[: at + 1], factor, *node.factors[at + 1 :]),
                              (*node.signs[:at], sign, *node.signs[at:]))  # fmt: skip


def _letter(node: Node, spellings) -> Iterator[Node]:
    """z for a and the like, of the same layer with the same marks."""
    if isinstance(node, Letter) and node.name in {"a", "z", "A", "Z", "x", "X"}:
        for other in {"a": "z", "z": "a", "A": "Z", "Z": "A"}.get(node.name, ""):
            if any(one.name == other for one in spellings):
                yield replace(node, name=other)


def _layer(node: Node, spellings) -> Iterator[Node]:
    """The same letter of another layer."""
    if isinstance(node, Letter):
        own = quantity(node)
        for other in spellings:
            that = quantity(other)
            same_marks = len(other.lower) == len(node.lower) and len(other.upper) == len(node.upper)
            if (
                other.name == node.name
                and that.layer != own.layer
                and own.layer
                and that.layer.isdecimal()
                and same_marks
            ):
                lower = tuple(b if b.text.isdecimal() else a for a, b in zip(node.lower, other.lower, strict=True))
                upper = tuple(b if b.text.isdecimal() else a for a, b in zip(node.upper, other.upper, strict=True))
                yield replace(node, lower=lower, upper=upper)


def _argument(node: Node, spellings) -> Iterator[Node]:
    if isinstance(node, Applied) and len(node.arguments) == 1 and isinstance(node.arguments[0], Letter):
        for other in _letter(node.arguments[0], spellings):
            yield replace(node, arguments=(other,))


def _variable(node: Node, spellings) -> Iterator[Node]:
    """∂J/∂A for ∂J/∂Z, ∂ℓ/∂z₁ for ∂ℓ/∂z₂."""
    if isinstance(node, Partial) and node.form != "operator":
        for edit in (_letter, _layer):
            yield from (replace(node, by=other) for other in edit(node.by, spellings))


def _transposed(node: Node, _spellings) -> Iterator[Node]:
    if isinstance(node, Transpose):
        yield node.of
    if isinstance(node, Product):
        for at, factor in enumerate(node.factors):
            if isinstance(factor, Letter) and not any(mark.text in "jkm" for mark in factor.lower):
                yield Product((*node.factors[:at], Transpose(factor), *node.factors[at + 1 :]), node.signs)


def _matrix_product(node: Node, _spellings) -> Iterator[Node]:
    """A matrix product for ⊙, and the other way round."""
    if isinstance(node, Product):
        for at, sign in enumerate(node.signs):
            yield Product(node.factors, (*node.signs[:at], "" if sign == "⊙" else "⊙", *node.signs[at + 1 :]))


def _order(node: Node, _spellings) -> Iterator[Node]:
    if isinstance(node, Product):
        for at in range(len(node.factors) - 1):
            first, second = node.factors[at : at + 2]
            yield Product((*node.factors[:at], second, first, *node.factors[at + 2 :]), node.signs)


def _unsummed(node: Node, _spellings) -> Iterator[Node]:
    if isinstance(node, BigSum):
        yield node.body


EDITS = {
    "sign": _sign, "constant": _constant, "missing": _missing, "stray": _stray, "letter": _letter, "layer": _layer,
    "argument": _argument, "variable": _variable, "transposed": _transposed, "product": _matrix_product,
    "order": _order, "sum": _unsummed,
}  # fmt: skip
