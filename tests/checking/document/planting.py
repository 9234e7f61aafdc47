"""Slips planted in what derive writes: one place of one right side edited, printed again where it stood.

A slip is of use only if it changes a value: both right sides are computed wherever the line as it was holds (numbers,
one sample, a batch, of as many outputs as the page declares), in draws that the checker does not use.

The scoring is strict. A slip is found if its line is not right and no other line is a root of anything (lines that
inherit it say so); it is named if the report's one kind for that line is the slip's own, or comes to the same: an edit
of that kind, of the line as it was or as the report mends it, gives what was planted, in value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np

from chainrule.checking.document.derivation import check_derivation
from chainrule.checking.document.judging.identities import function_derivative
from chainrule.checking.document.judging.sample_rows import expanded
from chainrule.checking.document.judging.verdicts import Judge, summed
from chainrule.checking.document.judging.worlds import BATCH, ONE_SAMPLE, SCALAR, Regime, World
from chainrule.checking.document.meaning.customs import conventions_of, settled
from chainrule.checking.document.meaning.generic_layers import at_layer, generic_letter, is_d_letter, layer_versions
from chainrule.checking.document.meaning.letters import Quantity, entry_indices, is_size, quantity
from chainrule.checking.document.meaning.model import build
from chainrule.checking.document.reading.statements import Page, Side, read_page
from chainrule.checking.document.reporting.report import Item
from chainrule.notation.latex import to_latex
from chainrule.notation.meaning import IndexRangeError, MeaningError, Setting, evaluate, evaluate_like
from chainrule.notation.parsing import parse
from chainrule.notation.problems import NotationError
from chainrule.notation.text import to_text
from chainrule.notation.tree import Applied, Letter, Mark, Node, Partial, letters, rewritten, walk
from tests.checking.document.slip_catalogue import KINDS, Writing, edited

POINTS = (-1.1, 0.35, 0.9)  # at which f′(x) = … is computed
TRIES = 60
OF_LAYERS = frozenset({"letter", "layer", "argument", "variable"})


@dataclass(frozen=True)
class Line:
    """A right side that the checker calls exact: as it is read, and both sides settled."""

    side: Side
    written: Node
    left: Node
    right: Node
    item: Item


@dataclass(frozen=True)
class Slip:
    """A page with one slip: where, of which kind, and how the line was and is read."""

    text: str
    kind: str
    was: Line
    at: tuple[int, int]
    planted: Node

    @property
    def line(self) -> int:
        """The line of the source in which it is, from 1."""
        return self.at[0]

    @property
    def source(self) -> str:
        """That line."""
        return self.text.splitlines()[self.line - 1].strip()


@dataclass(frozen=True)
class Outcome:
    """What the checker made of a planted slip.

    Attributes
    ----------
    caught : bool
        Whether its line, and no other line as a root, was found.
    same_kind, named : bool
        Whether it has the planted kind, and whether it has that or one that comes to the same.
    mended : bool
        Whether what the report offers has the value of the line as it was.
    said : str
        What the report says of the lines that are not right.
    """

    caught: bool
    same_kind: bool
    named: bool
    mended: bool
    said: str


class Sheet:
    """A page that derive wrote, and what is on it."""

    def __init__(self, text: str, *, unicode: bool) -> None:
        self.text = text
        self.unicode = unicode
        self.written = read_page(text, conventions_of(text))
        self.settled = settled(self.written)
        self.model = build(self.settled)[1]
        self.judge = Judge(self.model)
        self.worlds: dict[Regime, World] = {}

    @cached_property
    def report(self):
        """The unchanged page's report."""
        return check_derivation(self.text)

    @cached_property
    def lines(self) -> list[Line]:
        """Right sides that the checker calls exact."""
        exact = {(item.place.line, item.place.column): item for item in self.report.items if item.verdict == "exact"}
        found = []
        for plain, own in zip(self.written.statements, self.settled.statements, strict=True):
            left = own.sides[0].tree
            for side, tree in zip(plain.sides[1:], own.sides[1:], strict=True):
                item = exact.get(self.place(side.start))
                if item is None or left is None or _defines(left):
                    continue
                if tree.tree is not None and side.tree is not None:
                    found.append(Line(side, side.tree, left, tree.tree, item))
        return found

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of a position, from 1."""
        begin = self.text.rfind("\n", 0, offset) + 1
        return self.text.count("\n", 0, offset) + 1, offset - begin + 1

    # ---------------------------------------------------------------- planting

    def plant(self, rng: np.random.Generator, kinds: tuple[str, ...] = KINDS) -> Slip | None:
        """One slip that changes a value; None if in several tries none was found."""
        for _ in range(TRIES):
            line = self.lines[rng.integers(len(self.lines))]
            kind = str(rng.choice(kinds))
            if kind in OF_LAYERS and function_derivative(line.left) is not None:
                continue  # f′(x) = …: its letter is of no layer
            found = [tree for tree in edited(kind, line.written, self.writing(line)) if tree != line.written]
            if not found:
                continue
            slip = self.planted(line, kind, found[rng.integers(len(found))])
            if slip is not None and self.differs(line, slip.planted):
                return slip
        return None

    def planted(self, line: Line, kind: str, tree: Node) -> Slip | None:
        """The page with another right side in a line, if that is read as it is meant and no line is read otherwise."""
        spelled = (to_text if self.unicode else to_latex)(tree)
        text = self.text[: line.side.start] + spelled + self.text[line.side.end :]
        try:
            if parse(spelled, conventions_of(self.text)) != parse(to_latex(tree), conventions_of(self.text)):
                return None
        except NotationError:
            return None
        page: Page = settled(read_page(text, conventions_of(text)))
        sides = [side for one in page.statements for side in one.sides[1:] if side.start == line.side.start]
        if len(page.statements) != len(self.written.statements) or not sides or sides[0].problems:
            return None
        return None if sides[0].tree is None else Slip(text, kind, line, self.place(line.side.start), sides[0].tree)

    def writing(self, line: Line) -> Writing:
        """How the page writes, with the indices of one line."""
        found = sorted((entry_indices(line.left) | entry_indices(line.right) | summed(line.right)) - {"i", "l"})
        of_any = generic_letter(line.left) or generic_letter(line.right)
        slopes = tuple(one for one in self._slopes if bool(generic_letter(self._settled_tree(one))) == bool(of_any))
        if function_derivative(line.left) is not None:
            slopes = ()
        return Writing(self._letters, self._names, self._size, slopes, tuple(found))

    @cached_property
    def _customs(self) -> dict[Letter, Letter]:
        """Each letter of the page as it is once the page's customs are settled."""
        found = {}
        for plain, own in zip(self.written.statements, self.settled.statements, strict=True):
            for one, other in zip(plain.sides, own.sides, strict=True):
                if one.tree is not None and other.tree is not None:
                    pairs = list(_letters_of(one.tree)), list(_letters_of(other.tree))
                    if len(pairs[0]) == len(pairs[1]):
                        found |= dict(zip(*pairs, strict=True))
        return found

    @cached_property
    def _names(self) -> dict[Letter, Quantity]:
        """What each letter of the page names."""
        return {letter: quantity(then) for letter, then in self._customs.items()}

    @cached_property
    def _letters(self) -> tuple[Letter, ...]:
        """Letters of the page that stand for arrays and their entries, as it writes them."""
        known = {one.name for one in self.model.known()}
        return tuple(letter for letter, one in self._names.items() if one.name in known and not is_size(one))

    @property
    def _size(self) -> Letter | None:
        """How the page writes the number of samples, where its cost is their mean."""
        sizes = [letter for letter in self._names if letter.name in {"m", "n"} and is_size(quantity(letter))]
        return sizes[0] if sizes and self.model.batch_costs else None

    @cached_property
    def _slopes(self) -> tuple[Applied, ...]:
        """The f′(z) of the page's lines about whole arrays."""
        found = {
            part: None
            for line in self.lines
            for part in walk(line.written)
            if isinstance(part, Applied) and any(mark.text == "′" for mark in part.function.upper)
            and not entry_indices(part)
        }  # fmt: skip
        return tuple(found)

    # ---------------------------------------------------------------- values

    def differs(self, line: Line, other: Node, *, numbers: bool = False) -> bool:
        """Whether another right side has another value somewhere where the line holds."""
        return any(
            self._differ(left, right, then, regime)
            for left, right, then in self._versions(line, other)
            for regime in self._regimes(line, numbers=numbers)
        )

    def _regimes(self, line: Line, *, numbers: bool) -> tuple[Regime, ...]:
        if numbers:
            return (SCALAR,)
        parts = [*walk(line.left), *walk(line.right)]
        losses = {part.of.name for part in parts if isinstance(part, Partial) and isinstance(part.of, Letter)}
        if self.model.loss is not None and any(is_d_letter(part) or _is_error(part) for part in parts):
            losses.add(self.model.loss.name)
        of_one = self.model.one_sample and not losses & self.model.batch_costs
        return (SCALAR, ONE_SAMPLE) if of_one or line.item.scope == "one sample" else (SCALAR, ONE_SAMPLE, BATCH)

    def _versions(self, line: Line, other: Node) -> Iterator[tuple[Node, Node, Node]]:
        """The line, and what stands there otherwise, for each layer that the line speaks of."""
        last = max((int(one.layer) for one in self.model.definitions if one.layer.isdecimal()), default=0)
        generic = generic_letter(line.left) or generic_letter(line.right)
        whole = list(layer_versions(line.left, line.right, self.model))
        if generic is None and (then := generic_letter(other)) is not None:
            layers = range(last, 0, -1)
            yield from ((*whole[0], at_layer(other, then, layer, last)) for layer in layers)
            return
        for layer in range(last, 0, -1) if generic else (last,):
            own = tuple(at_layer(side, generic, layer, last) if last else side for side in (line.left, line.right))
            if own in whole:
                yield *own, at_layer(other, generic, layer, last) if last else other
                whole.remove(own)
        yield from ((left, right, other) for left, right in whole)

    def _differ(self, left: Node, right: Node, other: Node, regime: Regime) -> bool:
        """Whether two right sides of a line differ in a regime, in every reading in which the line holds there."""
        derivative = function_derivative(left)
        argument = None if derivative is None else derivative.arguments[0]
        if derivative is not None and isinstance(argument, Letter) and not quantity(argument).layer:
            return self._differ_as_functions(derivative, right, other)
        held = False
        for rows in (False, True):
            triples = list(self._triples(left, right, other, regime, rows=rows))
            if triples and all(one is not None and _close(claimed, one) for claimed, one, _ in triples):
                held = True
                if all(then is not None and _close(one, then) for _, one, then in triples):
                    return False
        return held

    def _differ_as_functions(self, derivative: Applied, right: Node, other: Node) -> bool:
        """Whether f′(x) = … gets another value at some point."""
        for point in POINTS:
            setting = self.judge.point(derivative, derivative.arguments[0], point)
            one, then = (_value(side, setting) for side in (right, other))
            if one is not None and (then is None or not _close(one, then)):
                return True
        return False

    def _triples(
        self, left: Node, right: Node, other: Node, regime: Regime, *, rows: bool
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None, np.ndarray | None]]:
        """The values of a left side (of a right one, for an update) and of two right sides, for all entries."""
        world = self.worlds.setdefault(regime, World(self.model, regime, seed=5))
        step = isinstance(left, Letter) and (Mark("+") in left.upper or left in set(letters(right)))
        sides = [self.judge._with_own_functions(side) for side in (right if step else left, right, other)]
        indices = sorted(set().union(*(entry_indices(side) - summed(side) for side in (left, *sides))))
        claimed, one, then = (expanded(side, regime.samples) for side in sides)
        for chosen in product(range(2), repeat=len(indices)):
            bound = dict(zip(indices, chosen, strict=True))
            try:
                value = evaluate(claimed, world.setting(rows=rows and step).binding(**bound))
            except (IndexRangeError, MeaningError):
                continue
            own = world.setting(rows=rows).binding(**bound)
            yield value, _value(one, own, value.shape), _value(then, own, value.shape)

    # ---------------------------------------------------------------- scoring

    def outcome(self, slip: Slip) -> Outcome:
        """Whether the slip was found in its line and no other, and under which name."""
        before = {item.place.line: item.verdict for item in self.report.items}
        bad = [
            item
            for item in check_derivation(slip.text).items
            if item.verdict not in {"given", "exact", before.get(item.place.line)}
        ]
        said = "; ".join(
            f"{item.line} {item.verdict} {item.origin} {list(item.kinds)} {item.slip or item.reason}" for item in bad
        )
        here = [item for item in bad if (item.place.line, item.place.column) == slip.at]
        others = [item for item in bad if item not in here]
        caught = (
            len(here) == 1 and here[0].verdict in {"wrong", "scalar"} and here[0].origin != "inherited"
            and all(item.origin == "inherited" for item in others)
        )  # fmt: skip
        if not caught:
            return Outcome(caught=False, same_kind=False, named=False, mended=False, said=said)
        [item] = here
        correct = self._read(item.as_arrays or item.correct)
        mended = correct is not None and not self.differs(slip.was, correct)
        same_kind = item.kinds == (slip.kind,)
        named = same_kind or (len(item.kinds) == 1 and self.comes_to(slip, item.kinds[0], item.correct))
        return Outcome(caught=True, same_kind=same_kind, named=named, mended=mended, said=said)

    def comes_to(self, slip: Slip, kind: str, correct: str) -> bool:
        """Whether an edit of a kind, of the line as it was or as the report mends it, gives what was planted."""
        if kind not in KINDS:
            return kind == "constant factor"
        mended = self._read(correct)
        for tree in (slip.was.written, mended):
            if tree is None or (tree is mended and self.differs(slip.was, mended, numbers=True)):
                continue
            for edit in edited(kind, tree, self.writing(slip.was)):
                own = self.planted(slip.was, kind, edit)
                if own is not None and (
                    own.planted == slip.planted or self._equal(slip.was, own.planted, slip.planted)
                ):
                    return True
        return False

    def _settled_tree(self, tree: Node) -> Node:
        """A tree of the page with its letters as the page's customs settle them."""

        def rewrite(node: Node) -> Node | None:
            if isinstance(node, Partial):
                return replace(node, of=rewritten(node.of, rewrite), by=self._customs.get(node.by, node.by))
            return self._customs.get(node, node) if isinstance(node, Letter) else None

        return rewritten(tree, rewrite)

    def _equal(self, line: Line, one: Node, other: Node) -> bool:
        """Whether two right sides, both wrong, are the same wherever they have a value."""
        versions, others = list(self._versions(line, one)), list(self._versions(line, other))
        if len(versions) != len(others):  # only one of them speaks of every layer
            return False
        seen = False
        for (left, _, first), (_, _, second) in zip(versions, others, strict=True):
            for regime in self._regimes(line, numbers=False):
                for _, value, then in self._triples(left, first, second, regime, rows=False):
                    if (value is None) != (then is None) or (value is not None and not _close(value, then)):
                        return False
                    seen = seen or value is not None
        return seen

    def _read(self, latex: str) -> Node | None:
        """What a report offers, as a tree of this page."""
        try:
            return parse(latex, conventions_of(self.text)) if latex else None
        except NotationError:
            return None


def _defines(left: Node) -> bool:
    """Whether a line says, once more, what a quantity of the forward pass is: with a slip it is another definition."""
    return isinstance(left, Letter) and not (is_d_letter(left) or _is_error(left) or Mark("+") in left.upper)


def _is_error(node: Node) -> bool:
    return isinstance(node, Letter) and node.name == "δ"


def _letters_of(tree: Node) -> Iterator[Letter]:
    for part in walk(tree):
        if isinstance(part, Letter):
            yield part
        elif isinstance(part, Partial):
            yield part.by


def _value(node: Node, setting: Setting, shape: tuple[int, ...] | None = None) -> np.ndarray | None:
    try:
        with np.errstate(all="ignore"):
            return evaluate(node, setting) if shape is None else evaluate_like(node, setting, shape)
    except MeaningError:
        return None


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    if one.size == other.size == 1:
        one, other = one.reshape(()), other.reshape(())
    as_row = one.size == other.size and other.ndim == 2 and other.shape[0] == 1  # a derivative read as a Jacobian
    if one.shape != other.shape and not as_row:
        return False
    return bool(np.allclose(one.ravel(), other.ravel(), rtol=1e-8, atol=1e-11))
