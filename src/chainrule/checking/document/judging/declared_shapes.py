"""Shapes that a page declares, x = n × f or W ∈ ℝ^{h×d}, against the use that its forward pass and loss make of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chainrule.checking.document.meaning.letters import BIASES, LOSSES, Quantity, quantity
from chainrule.checking.document.meaning.model import Model, is_shape
from chainrule.checking.document.reading.statements import Page
from chainrule.notation.text import to_text
from chainrule.notation.tree import (
    Applied,
    Bars,
    Fraction,
    Letter,
    Node,
    Num,
    Power,
    Product,
    Sum,
    Transpose,
    letters,
)

Shape = tuple[str, str]

_IN_PROSE = re.compile(
    r"(?<![A-Za-z\\])\$?([A-Za-z])(?:_(\d))?\$?\s*:[^\n:=]*?\[\s*(\w+)\s*(?:\\times|×|x|,)\s*(\w+)\s*\]"
)


class _MisfitError(Exception):
    """Two declared sizes that would have to be one."""


def misfits(page: Page, model: Model) -> Iterator[str]:
    """What a page declares of its shapes that its own definitions contradict: the first contradiction is told."""
    declared = _declared(page)
    if not declared:
        return
    said = ", ".join(f"{one} is {shape[0]}×{shape[1]}" for one, shape in declared.items())
    shapes = _Shapes(declared)
    for one, body in model.definitions.items():
        if one.name == "δ" or (one.name in LOSSES and _marks_samples(body)):
            continue
        try:
            shapes.define(one, body)
        except _MisfitError as misfit:
            yield f"the page declares that {said}; in {one} = {to_text(body)} {misfit}"
            return


def _declared(page: Page) -> dict[Quantity, Shape]:
    """Shapes from x = n × f, W ∈ ℝ^{h×d}, and "X: features [n × f]"."""
    found: dict[Quantity, Shape] = {}
    for statement in page.statements:
        for left, right, sign in zip(statement.sides, statement.sides[1:], statement.signs, strict=False):
            shape = None if right.tree is None else _shape_of(right.tree, sign)
            if shape is not None and isinstance(left.tree, Letter):
                found.setdefault(quantity(left.tree), shape)
    for line in page.lines:
        for name, layer, rows, columns in _IN_PROSE.findall(line):
            found.setdefault(Quantity(name.lower(), "", layer), (rows, columns))
    return found


def _shape_of(node: Node, sign: str) -> Shape | None:
    if sign == "=" and isinstance(node, Product) and is_shape(node) and set(node.signs) == {"×"}:
        return _sizes(node)
    if sign == "∈" and isinstance(node, Power) and node.base in {Letter("R"), Letter("ℝ"), Letter("ℛ")}:
        return _sizes(node.exponent)
    return None


def _sizes(node: Node) -> Shape | None:
    """h×d, or d×1 for a vector."""
    if isinstance(node, Product) and len(node.factors) == 2 and node.signs == ("×",):
        return to_text(node.factors[0]), to_text(node.factors[1])
    return (to_text(node), "1") if isinstance(node, Letter | Num) else None


def _marks_samples(body: Node) -> bool:
    return any(mark.style == "round" for letter in letters(body) for mark in letter.upper)


class _Shapes:
    """Sizes by name; those that nothing declares are unknowns, ?1, ?2, …, until something fixes them."""

    def __init__(self, declared: dict[Quantity, Shape]) -> None:
        self.shapes: dict[Quantity, Shape] = dict(declared)
        self.known: dict[str, str] = {}
        self.unknowns = 0

    def define(self, one: Quantity, body: Node) -> None:
        """Take in one definition."""
        shape = self._shape(body, elementwise=one.name in LOSSES)
        if shape is None or one.name in LOSSES:
            return
        if one in self.shapes:
            self._same(self.shapes[one], shape, body)
        else:
            self.shapes[one] = shape

    def _shape(self, node: Node, *, elementwise: bool) -> Shape | None:
        match node:
            case Letter():
                one = quantity(node)
                if one.name in BIASES or node.name in {"m", "n", "N"}:
                    return None  # a bias is repeated, a size is a number
                return self.shapes.setdefault(one, (self._unknown(), self._unknown()))
            case Sum(terms=terms):
                return self._all_same([self._shape(term, elementwise=elementwise) for term in terms], node)
            case Fraction(numerator=first, denominator=second):
                parts = [self._shape(part, elementwise=elementwise) for part in (first, second)]
                return self._all_same(parts, node)
            case Product(factors=factors, signs=signs):
                result = self._shape(factors[0], elementwise=elementwise)
                for factor, sign in zip(factors[1:], signs, strict=True):
                    right = self._shape(factor, elementwise=elementwise)
                    if result is None or right is None:
                        result = result or right
                    elif sign == "⊙" or elementwise:
                        self._same(result, right, node)
                    else:
                        self._equal(result[1], right[0], node)
                        result = (result[0], right[1])
                return result
            case Transpose(of=of):
                shape = self._shape(of, elementwise=elementwise)
                return None if shape is None else (shape[1], shape[0])
            case Applied(arguments=(argument,)) if not node.keywords:
                return self._shape(argument, elementwise=elementwise)
            case Power(base=base) if base != Letter("e"):
                return self._shape(base, elementwise=elementwise)
            case Bars(of=of):
                self._shape(of, elementwise=elementwise)
                return None
            case _:
                return None

    def _unknown(self) -> str:
        self.unknowns += 1
        return f"?{self.unknowns}"

    def _all_same(self, shapes: list[Shape | None], node: Node) -> Shape | None:
        arrays = [shape for shape in shapes if shape is not None]
        for shape in arrays[1:]:
            self._same(arrays[0], shape, node)
        return arrays[0] if arrays else None

    def _same(self, one: Shape, other: Shape, node: Node) -> None:
        for first, second in zip(one, other, strict=True):
            self._equal(first, second, node)

    def _equal(self, one: str, other: str, node: Node) -> None:
        first, second = self._found(one), self._found(other)
        if first == second:
            return
        if first.startswith("?"):
            self.known[first] = second
        elif second.startswith("?"):
            self.known[second] = first
        else:
            raise _MisfitError(f"{first} meets {second}, in {to_text(node)}")

    def _found(self, size: str) -> str:
        while size in self.known:
            size = self.known[size]
        return size
