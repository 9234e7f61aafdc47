"""The matrix form that a line wants which holds for numbers only: which transposes, which order, ⊙ or matrix product,
the sum over the batch, 1/m, diag.

All forms are built from the line's own factors: each as it is or transposed, any two joined by a matrix product or
entry by entry where their shapes fit. For each set of factors the distinct values are kept, the fewest changes first.
What has the value of the left side is the form; it is verified in other draws by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from chainrule.checking.document.explaining.kinds import Change, Kind
from chainrule.checking.document.judging.sample_rows import expanded
from chainrule.notation.meaning import Array, MeaningError, Setting, evaluate
from chainrule.notation.text import to_text
from chainrule.notation.tree import (
    ONES,
    Applied,
    Fraction,
    Letter,
    Node,
    Num,
    Power,
    Product,
    ProductSign,
    Sum,
    Transpose,
)

_KEPT = 10  # values for each part
_KEPT_JOINED = 100  # values for each set of factors
_FACTORS = 8
_STEPS = 100_000  # joins that are tried for one line
_RTOL = 1e-8
_COSTS: dict[Kind, int] = {"product": 1, "order": 1, "diagonal": 1}
_ENTRY_BY_ENTRY = Change("product", "⊙")
_MATRIX_PRODUCT = Change("product", "a matrix product")
_OTHER_ORDER = Change("order", "another order")
_SUMMED = Change("sum", "the sum over the batch")
_ON_DIAGONAL = Change("diagonal", "diag")


@dataclass(frozen=True)
class Form:
    """A way to write a part, with its value and what was changed."""

    node: Node
    value: Array
    changes: tuple[Change, ...] = ()

    @property
    def cost(self) -> int:
        """How far from the page it is: a sign counts less than a transposition, that less than anything around it."""
        return sum(_COSTS.get(change.kind, 2) for change in self.changes)


def matrix_form(
    right: Node,
    target: Array,
    setting: Setting,
    holds: Callable[[Node], bool],
    *,
    size: Letter,
    jacobian: bool = False,
) -> Form | None:
    """The form of a right side that has the left side's value as arrays, with the fewest changes, or None.

    Parameters
    ----------
    right : Node
        What the page says.
    target : ndarray
        The left side's value, in a draw with all widths different.
    setting : Setting
        What letters mean in that draw.
    holds : callable
        Whether a candidate holds, in every draw.
    size : Letter
        How the page writes the number of samples.
    jacobian : bool
        Whether the left side is a Jacobian, so that a vector may want to stand on a diagonal.
    """
    search = _Search(setting, size, jacobian=jacobian)
    try:
        forms = search.forms(right)
    except _TooLongError:
        return None
    finished = sorted(search.finished(forms, target), key=lambda form: form.cost)
    return next((form for form in finished[:6] if holds(form.node)), None)


class _TooLongError(Exception):
    """More joins than are worth trying."""


class _Search:
    def __init__(self, setting: Setting, size: Letter, *, jacobian: bool) -> None:
        self.setting = setting
        self.size = size
        self.jacobian = jacobian
        self.steps = 0

    # ---------------------------------------------------------------- forms of a part

    def forms(self, node: Node) -> list[Form]:
        """Ways to write a part, distinct in value, fewest changes first."""
        found: Iterable[Form] = ()
        match node:
            case Product():
                return self._products(flattened(node))
            case Applied(function=Letter(name="np.dot" | "dot"), arguments=(first, second)):
                return self._products([first, second])
            case Sum(terms=terms, negative=negative):
                each = [self.forms(term) for term in terms]
                if len(terms) > 1:
                    each = [[*forms[:4], *list(self._summed(forms[:2]))] for forms in each]
                found = self._combined(each, lambda parts: Sum(parts, negative))
            case Fraction(numerator=numerator, denominator=denominator):
                found = self._together((numerator, denominator), lambda parts: Fraction(parts[0], parts[1]))
            case Power(base=base, exponent=exponent) if not isinstance(base, Letter):
                found = self._together((base,), lambda parts: Power(parts[0], exponent))
            case Applied(arguments=(argument,)):
                found = self._together((argument,), lambda parts: replace(node, arguments=parts))
            case Transpose(of=of) if not isinstance(of, Letter):
                found = self._together((of,), lambda parts: Transpose(parts[0]))
            case _:
                pass
        return _distinct(
            [*self._with_diagonals(self._as_written(node)), *found],
            _KEPT_JOINED if isinstance(node, Product) else _KEPT,
        )

    def _as_written(self, node: Node) -> list[Form]:
        try:
            return [Form(node, evaluate(expanded(node, self.setting.sizes.get("i", 1)), self.setting))]
        except MeaningError:
            return []

    def _together(self, parts: Sequence[Node], build: Callable[[tuple[Node, ...]], Node]) -> Iterator[Form]:
        """Every combination of the parts' forms that has a value."""
        return self._combined([self.forms(part) for part in parts], build)

    def _combined(self, each: Sequence[Sequence[Form]], build: Callable[[tuple[Node, ...]], Node]) -> Iterator[Form]:
        for chosen in product(*(forms[:6] for forms in each)):
            self._count()
            node = build(tuple(form.node for form in chosen))
            changes = tuple(change for form in chosen for change in form.changes)
            for form in self._as_written(node):
                yield replace(form, changes=changes)

    # ---------------------------------------------------------------- products

    def _products(self, factors: Sequence[tuple[Node, ProductSign] | Node]) -> list[Form]:
        """Ways to multiply factors, in any order."""
        named: list[tuple[Node, ProductSign]] = [each if isinstance(each, tuple) else (each, "") for each in factors]
        if len(named) > _FACTORS:
            return []
        signs = [sign for _, sign in named]
        table = {1 << at: _Shelf(self._single(factor)) for at, (factor, _) in enumerate(named)}
        for mask in range(1, 1 << len(named)):
            if mask not in table:
                table[mask] = _Shelf(_distinct(self._with_diagonals(self._joined(mask, table, signs)), _KEPT_JOINED))
        return table[(1 << len(named)) - 1].forms

    def _single(self, factor: Node) -> list[Form]:
        forms = self.forms(factor)[:_KEPT]
        turned = [
            Form(_transposed(form.node), form.value.T, (*form.changes, _turning(form.node)))
            for form in forms
            if form.value.ndim == 2 and form.value.shape != (1, 1)
        ]
        return _distinct([*self._with_diagonals(forms), *turned], 2 * _KEPT)

    def _joined(self, mask: int, table: dict[int, _Shelf], signs: Sequence[ProductSign]) -> Iterator[Form]:
        part = (mask - 1) & mask
        while part:
            rest = mask ^ part
            first_half = (part & -part) < (rest & -rest)
            in_order = part < (rest & -rest)
            written = _sign_between(part, rest, signs)
            for first in table[part].forms:
                for second in table[rest].fitting(first):
                    self._count()
                    yield from _join(first, second, first_half=first_half, in_order=in_order, written=written)
            part = (part - 1) & mask

    def _count(self) -> None:
        self.steps += 1
        if self.steps > _STEPS:
            raise _TooLongError

    # ---------------------------------------------------------------- the whole

    def finished(self, forms: Sequence[Form], target: Array) -> Iterator[Form]:
        """Forms that have the target's value, as they are or with a sum over the batch, 1/m or diag around them."""
        for form in forms:
            yield from self._scaled(form, target)
            for summed in self._summed([form]):
                yield from self._scaled(summed, target)
            if self.jacobian and form.node == Num("1") and 1 in target.shape and _equal(np.ones(target.shape), target):
                yield Form(ONES, target, (*form.changes, Change("sum", "a column of ones")))

    def _summed(self, forms: Iterable[Form]) -> Iterator[Form]:
        """Forms summed over the batch; a Jacobian has its samples in rows, whatever the arrays have."""
        samples = self.setting.sizes.get("i", 1)
        for form in forms:
            for axis in (1, 0):
                if form.value.ndim == 2 and samples > 1 and form.value.shape[axis] == samples:
                    node = _times(form.node, ONES, "") if axis == 1 else _times(Transpose(ONES), form.node, "")
                    yield Form(node, form.value.sum(axis=axis, keepdims=True), (*form.changes, _SUMMED))

    def _scaled(self, form: Form, target: Array) -> Iterator[Form]:
        if _equal(form.value, target):
            yield form
        elif _equal(form.value.T, target):
            whole = Change("transpose", "the transpose of the whole")
            yield Form(_transposed(form.node), form.value.T, (*form.changes, whole))
        samples = self.setting.sizes.get("i", 1)
        for factor, node, change in (
            (1 / samples, Fraction(Num("1"), self.size), f"1/{self.size.name}"),
            (float(samples), self.size, f"the factor {self.size.name}"),
        ):
            if samples > 1 and _equal(form.value * factor, target):
                yield Form(_times(node, form.node, ""), target, (*form.changes, Change("1/m", change)))

    def _with_diagonals(self, forms: Iterable[Form]) -> Iterator[Form]:
        """Forms, and in a Jacobian each vector on a diagonal too."""
        for form in forms:
            yield form
            if self.jacobian and form.value.ndim == 2 and 1 in form.value.shape and form.value.size > 1:
                node = Applied(Letter("diag"), (form.node,))
                yield Form(node, np.diag(form.value.ravel()), (*form.changes, _ON_DIAGONAL))


class _Shelf:
    """Forms by their shapes, so that only those are looked at which fit."""

    def __init__(self, forms: Sequence[Form]) -> None:
        self.forms = list(forms)
        self._numbers: list[Form] = []
        self._by_rows: dict[int, list[Form]] = {}
        self._by_shape: dict[tuple[int, ...], list[Form]] = {}
        for form in forms:
            if form.value.ndim == 0:
                self._numbers.append(form)
            else:
                self._by_rows.setdefault(form.value.shape[0], []).append(form)
                self._by_shape.setdefault(form.value.shape, []).append(form)

    def fitting(self, first: Form) -> Iterator[Form]:
        """What can stand behind a form: numbers, what has its shape, what has as many rows as it has columns."""
        if first.value.ndim == 0:
            yield from self.forms
            return
        yield from self._numbers
        shape = first.value.shape
        yield from self._by_shape.get(shape, ())
        if shape[0] != shape[1]:
            yield from self._by_rows.get(shape[1], ())
        else:
            yield from (form for form in self._by_rows.get(shape[1], ()) if form.value.shape != shape)


def flattened(node: Node, sign: ProductSign = "") -> list[tuple[Node, ProductSign]]:
    """The factors of a product with the sign before each; brackets around products fall away."""
    if not isinstance(node, Product):
        return [(node, sign)]
    found: list[tuple[Node, ProductSign]] = []
    for factor, before in zip(node.factors, (sign, *node.signs), strict=True):
        found += flattened(factor, before)
    return found


def _sign_between(part: int, rest: int, signs: Sequence[ProductSign]) -> ProductSign | None:
    """How the page joins two runs of factors; None where one doesn't begin behind the other's end."""
    behind = rest & -rest
    neighbours = part.bit_length() == behind.bit_length() - 1
    return signs[behind.bit_length() - 1] if neighbours else None


def _join(
    first: Form, second: Form, *, first_half: bool, in_order: bool, written: ProductSign | None
) -> Iterator[Form]:
    changes = (*first.changes, *second.changes)
    one, other = first.value, second.value
    if one.ndim == 0 or other.ndim == 0:
        if first_half:
            yield Form(_times(first.node, second.node, ""), one * other, changes)
        return
    if one.shape == other.shape and first_half:
        more = () if written == "⊙" else (_ENTRY_BY_ENTRY,)
        yield Form(_times(first.node, second.node, "⊙"), one * other, (*changes, *more))
    if one.shape[1] == other.shape[0]:
        more = (_MATRIX_PRODUCT,) if written == "⊙" else () if in_order else (_OTHER_ORDER,)
        yield Form(_times(first.node, second.node, ""), one @ other, (*changes, *more))


def _times(first: Node, second: Node, sign: ProductSign) -> Node:
    """A product; brackets stay where signs of both kinds would stand side by side, but for W δ ⊙ f′ itself."""
    if sign == "⊙" and _is_matrix_product(second) and not _is_matrix_product(first):
        first, second = second, first
    if isinstance(first, Product) and (set(first.signs) == {sign} or (sign == "⊙" and set(first.signs) == {""})):
        return Product((*first.factors, second), (*first.signs, sign))
    if isinstance(second, Product) and set(second.signs) == {sign} == {""}:
        return Product((first, *second.factors), (sign, *second.signs))
    return Product((first, second), (sign,))


def _is_matrix_product(node: Node) -> bool:
    return isinstance(node, Product) and set(node.signs) == {""}


def _transposed(node: Node) -> Node:
    return node.of if isinstance(node, Transpose) else Transpose(node)


def _turning(node: Node) -> Change:
    if isinstance(node, Transpose):
        return Change("transpose", f"{_short(node.of)} without its transposition")
    return Change("transpose", f"the transpose of {_short(node)}")


def _short(node: Node) -> str:
    text = to_text(node)
    return text if len(text) < 20 else "a factor"


def _distinct(forms: Iterable[Form], kept: int = _KEPT) -> list[Form]:
    """The cheapest form for each value, the cheapest few of all."""
    best: dict[tuple[tuple[int, ...], bytes], Form] = {}
    for form in forms:
        if not np.all(np.isfinite(form.value)):
            continue
        key = (form.value.shape, np.round(form.value.real, 9).tobytes())
        known = best.get(key)
        if known is None or form.cost < known.cost:
            best[key] = form
    return sorted(best.values(), key=lambda form: form.cost)[:kept]


def _equal(one: Array, other: Array) -> bool:
    if one.size == other.size == 1:
        one, other = one.reshape(()), other.reshape(())
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=_RTOL, atol=1e-11))
