"""What a wrong line has lost that is no single letter: a factor such as (1 − a), W₂ᵀ or α/s, or the sign of a sum.

For each place of the right side the number is computed by which that place would have to be multiplied; what has this
number in every draw, among all that stands on the page, is the factor that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from chainrule.checking.document.explaining.edits import Repair
from chainrule.checking.document.explaining.kinds import missing, missing_sum
from chainrule.checking.document.explaining.repairs import kind_of_factor
from chainrule.checking.document.judging.verdicts import summed
from chainrule.checking.document.meaning.generic_layers import at_layer, generic_letter
from chainrule.checking.document.meaning.letters import entry_indices, quantity, rebuilt, without_samples
from chainrule.checking.document.meaning.model import Model, is_function
from chainrule.notation.meaning import Array
from chainrule.notation.text import to_text
from chainrule.notation.tree import (
    ONES,
    Applied,
    BigSum,
    Differential,
    Fraction,
    Letter,
    Node,
    Num,
    Partial,
    Product,
    ProductSign,
    Relation,
    Sum,
    children,
    letters,
    rewritten,
    walk,
)

_PARTS = 1200  # of a page that are tried as factors
_PLACES = 60  # of a line in which something is put
_STEPS = 12  # to solve for a factor
_RTOL = 1e-7
_LONGEST = 40  # nodes of a factor
_IN_TERMS = 200  # factors that are tried in the terms of a sum


def missing_parts(
    left: Node,
    right: Node,
    target: Array,
    values: Callable[[Node], Array | None],
    parts: Iterable[Node],
    model: Model,
    named: Callable[[Node], Node],
) -> Iterator[Repair]:
    """Right sides with a factor or a sum of the page put in at one place, that have the left side's value.

    Parameters
    ----------
    left, right : Node
        What the page says; what has the left side in it is no factor.
    target : ndarray
        The left side's value in each draw, for numbers.
    values : callable
        A node's value in each draw, or None where it has none.
    parts : iterable of Node
        What stands on the page, every part of every side.
    model : Model
        The page's network: it tells which layers there are.
    named : callable
        What puts the names of functions in, tanh′ for f₁′.
    """
    sums, factors = _sums_and_factors(parts, model)
    if not _samples(left) + _samples(right):
        factors = [without_samples(factor) for factor in factors]
    arguments = _arguments(right)
    tried = dict.fromkeys(own for factor in factors for own in (named(factor), *_taken_at(factor, arguments, model)))
    usable = [(factor, values(factor)) for factor in tried if left not in walk(factor)]
    known = [(factor, value) for factor, value in usable if value is not None and not np.allclose(value, 1.0)]
    yield from _terms_of_sums(right, [factor for factor, value in usable if value is None], target, values)
    for place, put, outer in islice(_places(right), _PLACES):
        for head in sums:
            if not (outer | summed(place)).isdisjoint(head.indices):
                continue
            candidate = put(replace(head, body=place))
            value = values(candidate)
            if value is not None and np.allclose(value, target, rtol=_RTOL, atol=1e-12):
                yield Repair(missing_sum(head.indices), candidate, ("sum",))
        # A 𝟏 that stands alone has no length.
        wanted = _wanted(Num("1") if place == ONES else place, put, target, values)
        if wanted is None:
            continue
        for factor, value in known[: 2 * _PARTS]:
            if np.allclose(value, wanted, rtol=_RTOL, atol=1e-12) and outer.isdisjoint(summed(factor)):
                for product in _joined(place, factor):
                    yield Repair(missing(to_text(factor)), put(product), (kind_of_factor(factor, "missing factor"),))


def _terms_of_sums(
    right: Node, factors: Sequence[Node], target: Array, values: Callable[[Node], Array | None]
) -> Iterator[Repair]:
    """Right sides with a factor put into the terms of a sum, that has the sum's index and so no value outside."""
    for place, put, _ in islice(_places(right), _PLACES):
        if not isinstance(place, BigSum):
            continue
        own = [factor for factor in factors if not entry_indices(factor).isdisjoint(place.indices)]
        for factor in own[:_IN_TERMS]:
            joined = [put(replace(place, body=body)) for body in _joined(place.body, factor)]
            value = values(joined[0])
            if value is not None and np.allclose(value, target, rtol=_RTOL, atol=1e-12):
                for candidate in joined:
                    yield Repair(missing(to_text(factor)), candidate, (kind_of_factor(factor, "missing factor"),))


def factors_of_one(
    left: Node, right: Node, values: Callable[[Node], Array | None], parts: Iterable[Node], model: Model
) -> Iterator[Repair]:
    """Right sides with a factor of the page put in that is 1 for numbers, such as 𝟏[z > 0] or the sign of a weight."""
    arguments = _arguments(right)
    factors = [
        factor
        for part in _sums_and_factors(parts, model)[1]
        for factor in (part, *_taken_at(part, arguments, model))
        if left not in walk(factor) and (value := values(factor)) is not None and np.allclose(value, 1.0)
    ]
    for place, put, outer in islice(_places(right), _PLACES):
        for factor in factors:
            if outer.isdisjoint(summed(factor)):
                for joined in _joined(place, factor):
                    yield Repair(missing(to_text(factor)), put(joined), ("missing factor",))


def _sums_and_factors(parts: Iterable[Node], model: Model) -> tuple[list[BigSum], list[Node]]:
    """The heads of sums, and what may be a factor, of each layer where it is of any."""
    last = max((int(one.layer) for one in model.known() if one.layer.isdecimal()), default=0)
    heads: dict[tuple[object, ...], BigSum] = {}
    found: dict[Node, None] = {}
    for part in dict.fromkeys(parts):
        if isinstance(part, BigSum):
            heads.setdefault((part.indices, part.start, part.stop), part)
        if isinstance(part, Num | Differential) or sum(1 for _ in walk(part)) > _LONGEST:
            continue
        if isinstance(part, Letter) and is_function(part, model):
            continue
        generic = generic_letter(part)
        versions = [at_layer(part, generic, layer, last) for layer in range(1, last + 1)] if last else [part]
        if isinstance(part, Fraction):
            versions += [
                Fraction(Num("1"), version.denominator) for version in versions if isinstance(version, Fraction)
            ]
        found |= dict.fromkeys(versions)
    simplest = sorted(found, key=lambda node: sum(1 for _ in walk(node)))
    return [*heads.values()], simplest[:_PARTS]


def _samples(node: Node) -> int:
    """How many letters are of one sample."""
    return sum(any(mark.style == "round" for mark in letter.upper) for letter in letters(node))


def _arguments(right: Node) -> list[Letter]:
    """The letters at which functions are taken."""
    return list(
        dict.fromkeys(
            letter for part in walk(right) if isinstance(part, Applied) for letter in part.arguments
            if isinstance(letter, Letter)
        )
    )  # fmt: skip


def _taken_at(factor: Node, arguments: Sequence[Letter], model: Model) -> Iterator[Node]:
    """1 − σ(z) at the z₁ of a line: what the page says of a function, where the line takes it."""
    inside = {letter for letter in letters(factor) if not is_function(letter, model) and letter.name != "𝟏"}
    if len(inside) != 1:
        return
    [own] = inside
    if own.lower or own.upper or any(isinstance(part, Partial) for part in walk(factor)):
        return
    for argument in arguments:
        if quantity(argument) != quantity(own):
            swap: dict[Node, Node] = {own: argument}
            yield rewritten(factor, swap.get)


def _places(
    node: Node, outer: frozenset[str] = frozenset()
) -> Iterator[tuple[Node, Callable[[Node], Node], frozenset[str]]]:
    """Every part of a side that may be multiplied, what puts another in its place, and what sums around it bind."""
    if isinstance(node, Relation):
        return  # a condition is no number
    yield node, lambda other: other, outer
    own = outer | {*node.indices} if isinstance(node, BigSum) else outer
    for child in () if isinstance(node, Partial) else children(node):
        if isinstance(node, Applied) and child == node.function:
            continue
        for place, put, around in _places(child, own):
            yield place, _inside(node, child, put), around


def _inside(node: Node, child: Node, put: Callable[[Node], Node]) -> Callable[[Node], Node]:
    return lambda other: rebuilt(node, {id(child): put(other)})


def _joined(place: Node, factor: Node) -> Iterator[Node]:
    """The factor at either end of the place, or between two of its own."""
    signs: tuple[ProductSign, ...] = ("", "⊙")
    own = place.factors if isinstance(place, Product) else (place,)
    between = place.signs if isinstance(place, Product) else ()
    for sign in signs:
        for at in range(len(own) + 1):
            around = (*between[: max(at - 1, 0)], *((sign,) * (1 if at in {0, len(own)} else 2)), *between[at:])
            yield Product((*own[:at], factor, *own[at:]), around)
    if isinstance(place, Sum):
        yield Product((factor, place), ("",))


def _wanted(
    place: Node, put: Callable[[Node], Node], target: Array, values: Callable[[Node], Array | None]
) -> Array | None:
    """By what a place would have to be multiplied in each draw, by the secant method; at once where that is linear."""
    before, now = np.full(target.shape, 1.0), np.full(target.shape, 1.25)
    its_value = _scaled(place, put, before, values)
    for _ in range(_STEPS):
        value = _scaled(place, put, now, values)
        if its_value is None or value is None:
            return None
        if np.allclose(value, target, rtol=1e-10, atol=1e-13):
            return now
        steep = value - its_value
        if not np.all(np.isfinite(steep)) or np.any(steep == 0):
            return None
        before, now, its_value = now, now + (target - value) * (now - before) / steep, value
    return None


def _scaled(
    place: Node, put: Callable[[Node], Node], by: Array, values: Callable[[Node], Array | None]
) -> Array | None:
    """The side's value in each draw with the place multiplied by that draw's number."""
    found = []
    for draw, number in enumerate(by):
        value = values(put(Product((Num(repr(float(number))), place), ("",))))
        if value is None:
            return None
        found.append(value[draw])
    return np.array(found)
