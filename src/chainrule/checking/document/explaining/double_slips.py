"""Two slips in two factors of one product: every pair of single edits, by multiplying their values as numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import numpy as np

from chainrule.checking.document.explaining.edits import Repair
from chainrule.checking.document.explaining.matrix_forms import flattened
from chainrule.notation.meaning import Array
from chainrule.notation.tree import Node, Product, ProductSign

_EACH = 120  # edits of one factor that are tried
_COMPARED = 8  # pairs that are right for numbers, of which one may be right as arrays
_RTOL = 1e-8


def double_slip(
    right: Node,
    target: Array,
    values: Callable[[Node], Array | None],
    edits: Callable[[Node], Iterable[Repair]],
    ratios: Sequence[float],
    fits: Callable[[Node], bool],
) -> Repair | None:
    """Two single edits of two factors with which the product has its right value, as arrays if there are such.

    Parameters
    ----------
    right : Node
        What the page says; anything but a product has no two factors.
    target : ndarray
        The left side's value in each draw, for numbers.
    values : callable
        A node's value in each draw, or None where it has none.
    edits : callable
        Single edits of a factor.
    ratios : sequence of float
        Constants that came in before and may remain; 1 for none.
    fits : callable
        Whether a candidate holds as arrays too.
    """
    parts = flattened(right)
    if len(parts) < 2:
        return None
    own = [value for factor, _ in parts if (value := values(factor)) is not None]
    if len(own) < len(parts):
        return None
    matches: list[Repair] = []
    changed: list[list[tuple[Repair, Array]]] = []
    for factor, _ in parts:
        found: list[tuple[Repair, Array]] = []
        for edit in edits(factor):
            value = values(edit.right)
            if value is not None:
                found.append((edit, value))
            if len(found) == _EACH:
                break
        changed.append(found)
    for first, second in combinations(range(len(parts)), 2):
        rest = np.prod([value for at, value in enumerate(own) if at not in {first, second}], axis=0)
        for one, its_value in changed[first]:
            for other, other_value in changed[second]:
                product = rest * its_value * other_value
                if any(np.allclose(product, target * ratio, rtol=_RTOL, atol=1e-12) for ratio in ratios):
                    factors = [factor for factor, _ in parts]
                    factors[first], factors[second] = one.right, other.right
                    signs: list[ProductSign] = [sign for _, sign in parts[1:]]
                    slip, kinds = f"{one.slip}; {other.slip}", (*one.kinds, *other.kinds)
                    matches.append(Repair(slip, Product(tuple(factors), tuple(signs)), kinds))
    return next((match for match in matches[:_COMPARED] if fits(match.right)), matches[0] if matches else None)
