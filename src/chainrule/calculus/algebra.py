"""Algebra on terms: the few rewrites that people do by hand, as pure functions from term to term.

None of them changes a value (up to rounding, where both sides are defined), but `labels_sum_to_one`, which uses a
fact about the labels.  `tidy` only collects signs and constants; the others are named steps of a derivation.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from chainrule.expressions.terms import (
    ONE,
    SAMPLES,
    Apply,
    Number,
    Reduce,
    Symbol,
    Term,
    add,
    div,
    mul,
    neg,
    rebuild,
    sub,
    total,
    union,
)

MAX_MONOMIALS = 200
GROUPS = tuple(f"G{number}" for number in range(1, 1000))  # of units, with a softmax of their own


@dataclass(frozen=True)
class Product:
    """coefficient · Π above / Π below."""

    coefficient: float
    above: tuple[Term, ...]
    below: tuple[Term, ...]


def product(root: Term) -> Product:
    """A term as a product of factors."""
    match root:
        case Number(value):
            return Product(value, (), ())
        case Apply("neg", (value,)):
            inner = product(value)
            return Product(-inner.coefficient, inner.above, inner.below)
        case Apply("mul", (left, right)):
            p, q = product(left), product(right)
            return Product(p.coefficient * q.coefficient, p.above + q.above, p.below + q.below)
        case Apply("div", (left, right)):
            p, q = product(left), product(right)
            if q.coefficient != 0:
                return Product(p.coefficient / q.coefficient, p.above + q.below, p.below + q.above)
    return Product(1.0, (root,), ())


def term_of(value: Product) -> Term:
    """The factors as a term: a coefficient of constants and lower axes first, the sign absorbed or outermost.

    ``w · (A − Y) / s`` becomes ``(w / s) · (A − Y)``, and ``−(Y − A)`` becomes ``A − Y``.
    """
    if value.coefficient < 0:
        for position, factor in enumerate(value.above):
            match factor:
                case Apply("sub", (left, right)) if not isinstance(left, Number):
                    turned = (*value.above[:position], sub(right, left), *value.above[position + 1 :])
                    return term_of(Product(-value.coefficient, turned, value.below))
    axes = union(*(factor.axes for factor in value.above + value.below))

    def low(factor: Term) -> bool:
        return factor.axes != axes

    magnitude = abs(value.coefficient)
    inverse = magnitude != 0 and magnitude < 1 and (1 / magnitude).is_integer()
    front = _times([] if inverse else [Number(magnitude)], filter(low, value.above))
    under = _times([Number(1 / magnitude)] if inverse else [], filter(low, value.below))
    rest = (
        _times([], (f for f in value.above if not low(f))),
        _times([], (f for f in value.below if not low(f))),
    )
    result = mul(div(front, under), div(*rest)) if rest[0] != ONE else div(div(front, under), rest[1])
    return neg(result) if value.coefficient < 0 else result


def _times(first: list[Term], rest: Iterable[Term]) -> Term:
    result: Term = ONE
    for factor in (*first, *rest):
        result = mul(result, factor)
    return result


def summands(root: Term) -> list[Term]:
    """The signed terms of a sum; a term that is no sum is its only one."""
    match root:
        case Apply("add", (left, right)):
            return summands(left) + summands(right)
        case Apply("sub", (left, right)):
            return summands(left) + [neg(term) for term in summands(right)]
        case Apply("neg", (Apply("add" | "sub", _) as inner,)):
            return [neg(term) for term in summands(inner)]
    return [root]


def sum_of(terms: Iterable[Term]) -> Term:
    """The sum of signed terms, positive ones first; minus a bracket when all are negative."""
    parts = [(product(term).coefficient < 0, term) for term in terms]
    positive = [term for negative, term in parts if not negative]
    negative = [neg_of(term) for negative, term in parts if negative]
    if not positive:
        return neg(reduce(add, negative)) if negative else Number(0)
    return reduce(sub, negative, reduce(add, positive))


def neg_of(term: Term) -> Term:
    """−term, with the minus sign absorbed where the term has one."""
    value = product(term)
    return term_of(Product(-value.coefficient, value.above, value.below)) if value.coefficient < 0 else neg(term)


def tidy(root: Term) -> Term:
    """Signs and constants collected, ``x + −y`` as ``x − y``; nothing expanded, nothing cancelled."""
    match root:
        case Apply("add" | "sub", _):
            return sum_of(tidy(term) for term in summands(root))
        case Apply("mul" | "div" | "neg", _):
            value = product(root)
            if value.above == (root,):  # a division by the constant 0 is no product
                return rewrite_children(root, tidy)
            inner = Product(value.coefficient, tuple(map(tidy, value.above)), tuple(map(tidy, value.below)))
            flat = product(term_of_plain(inner))
            return term_of(flat)
    return rewrite_children(root, tidy)


def term_of_plain(value: Product) -> Term:
    """The factors as a term, in their own order."""
    return mul(Number(value.coefficient), div(_times([], value.above), _times([], value.below)))


def rewrite_children(root: Term, rewrite: Callable[[Term], Term]) -> Term:
    """The term with its children rewritten."""
    children = tuple(rewrite(child) for child in root.children)
    return root if children == root.children else rebuild(root, children)


# ---------------------------------------------------------------- the named rewrites
def common_denominator(root: Term) -> Term:
    """Sums that have fractions with axes in them, put over one denominator."""
    if not _is_sum(root):
        return rewrite_children(root, common_denominator)
    parts = [product(common_denominator(term)) for term in summands(root)]
    if not any(factor.axes for part in parts for factor in part.below):
        return sum_of(map(term_of, parts))
    denominator: Counter[Term] = Counter()
    for part in parts:
        denominator |= Counter(part.below)
    above = [
        term_of_plain(Product(part.coefficient, part.above + tuple((denominator - Counter(part.below)).elements()), ()))
        for part in parts
    ]
    return div(sum_of(above), _times([], denominator.elements()))


def collect(root: Term) -> Term:
    """Sums multiplied out, with like terms collected: −Y(1 − A) + (1 − Y)A becomes A − Y."""
    if not _is_sum(root):
        return rewrite_children(root, collect)
    expanded = polynomial(root)
    if len(expanded) > MAX_MONOMIALS:
        return root
    return sum_of(term_of(Product(c, tuple(monomial), ())) for monomial, c in expanded.items() if c)


def polynomial(root: Term) -> dict[tuple[Term, ...], float]:
    """A term as coefficients of monomials; what is neither sum nor product is an indeterminate."""
    result: dict[tuple[Term, ...], float] = {}
    for part in summands(root):
        factors = product(part)
        atoms = factors.above + tuple(div(1, factor) for factor in factors.below)
        expanded = [polynomial(atom) if _is_sum(atom) else {(atom,): 1.0} for atom in atoms]
        if math.prod(map(len, expanded)) > MAX_MONOMIALS:
            expanded = [{(atom,): 1.0} for atom in atoms]
        partial: dict[tuple[Term, ...], float] = {(): factors.coefficient}
        for other in expanded:
            grown: dict[tuple[Term, ...], float] = {}
            for m, c in partial.items():
                for k, d in other.items():
                    key = tuple(sorted(m + k, key=str))
                    grown[key] = grown.get(key, 0.0) + c * d
            partial = grown
        for m, c in partial.items():
            result[m] = result.get(m, 0.0) + c
    return result


def _is_sum(root: Term) -> bool:
    return isinstance(root, Apply) and root.operation in ("add", "sub")


def cancel(root: Term) -> Term:
    """Factors that stand above and below a fraction bar removed, in every product."""
    inner = rewrite_children(root, cancel)
    value = product(inner)
    both = Counter(value.above) & Counter(value.below)
    if not both:
        return inner
    above, under = Counter(value.above) - both, Counter(value.below) - both
    return term_of(Product(value.coefficient, tuple(above.elements()), tuple(under.elements())))


def multiply_in(root: Term) -> Term:
    """Factors of a product multiplied into a sum whose fractions they cancel: A (Y/A − B) becomes Y − A B."""
    inner = rewrite_children(root, multiply_in)
    return _multiplied_in(inner) if _is_product(inner) else inner


def _multiplied_in(root: Term) -> Term:
    value = product(root)
    for position, factor in enumerate(value.above):
        entering = Counter(value.above[:position] + value.above[position + 1 :])
        entering &= _denominators(factor)
        if _is_sum(factor) and entering:
            outside = tuple((Counter(value.above) - entering - Counter([factor])).elements())
            parts = [product(part) for part in summands(factor)]
            grown = [
                _multiplied_in(cancel(term_of_plain(Product(p.coefficient, (*p.above, *entering.elements()), p.below))))
                for p in parts
            ]
            return term_of(Product(value.coefficient, (*outside, sum_of(grown)), value.below))
    return root


def _denominators(root: Term) -> Counter[Term]:
    """What stands under the fraction bars of a sum, and of the sums within its products."""
    found: Counter[Term] = Counter()
    for part in summands(root) if _is_sum(root) else ():
        value = product(part)
        within: Counter[Term] = Counter()
        for factor in value.above:
            within |= _denominators(factor)
        found |= Counter(value.below) + within
    return found


def _is_product(root: Term) -> bool:
    return isinstance(root, Apply) and root.operation in ("mul", "div", "neg")


def out_of_sums(root: Term) -> Term:
    """Factors that do not vary along a sum's axes, moved in front of it."""
    inner = rewrite_children(root, out_of_sums)
    if not isinstance(inner, Reduce) or inner.operation != "sum":
        return inner
    value = product(inner.operand)

    def fixed(factor: Term) -> bool:
        return not set(factor.axes) & set(inner.over)

    if value.coefficient == 1 and not any(map(fixed, value.above + value.below)):
        return inner
    varying = Product(1.0, *(tuple(f for f in side if not fixed(f)) for side in (value.above, value.below)))
    front = Product(value.coefficient, *(tuple(f for f in side if fixed(f)) for side in (value.above, value.below)))
    rest = product(term_of(varying))
    summed = total(term_of(rest), inner.over)
    return term_of(Product(front.coefficient, (*front.above, summed), front.below))


def labels_sum_to_one(root: Term) -> Term:
    """Σ over the outputs of Y replaced by 1: every row of labels, or its part in a group, is a distribution."""
    match root:
        case Reduce("sum", (over,), Symbol("Y")) if over != SAMPLES:
            return ONE
        case Reduce("sum", (over,), Apply("mul", (Symbol(), Symbol()) as pair)) if over != SAMPLES:
            names = sorted(symbol.name for symbol in pair if isinstance(symbol, Symbol))
            if names[1] == "Y" and names[0] in GROUPS:
                return ONE
    return rewrite_children(root, labels_sum_to_one)


def one_group_each(root: Term, groups: Sequence[Term]) -> Term:
    """G₁ x + G₂ x + … replaced by x in sums that have it for all groups: every output is in one of them."""
    root = rewrite_children(root, lambda child: one_group_each(child, groups))
    if not groups or not _is_sum(root):
        return root
    parts = summands(root)
    for part in parts:
        value = product(part)
        if groups[0] not in value.above:
            continue
        alike = [term_of(_without(value, groups[0], group)) for group in groups]
        found = [next((other for other in parts if term_of(product(other)) == one), None) for one in alike]
        if None not in found:
            left = [other for other in parts if other not in found]
            return one_group_each(sum_of([term_of(_without(value, groups[0])), *left]), groups)
    return root


def _without(value: Product, factor: Term, *instead: Term) -> Product:
    """A product with one of its factors left out, or replaced."""
    position = value.above.index(factor)
    above = (*value.above[:position], *instead, *value.above[position + 1 :])
    return Product(value.coefficient, above, value.below)


def factor_out(root: Term) -> Term:
    """What all terms of a sum have in common, taken out of it: w A/s − w Y/s becomes (w/s)(A − Y)."""
    root = rewrite_children(root, factor_out)
    if not _is_sum(root):
        return root
    parts = [product(term) for term in summands(root)]
    above = reduce(lambda x, y: x & y, (Counter(part.above) for part in parts))
    under = reduce(lambda x, y: x & y, (Counter(part.below) for part in parts))
    if not above and not under:
        return root
    rest = sum_of(
        term_of(
            Product(
                part.coefficient,
                tuple((Counter(part.above) - above).elements()),
                tuple((Counter(part.below) - under).elements()),
            )
        )
        for part in parts
    )
    return term_of(Product(1.0, (*above.elements(), rest), tuple(under.elements())))


def divides_by_values(root: Term) -> bool:
    """Whether some denominator varies over samples and units, so that it may vanish or overflow.

    A division in a branch of a case is one where it is harmless: that is what the case is for.
    """
    match root:
        case Apply("select", _):
            return False
        case Apply("div", (_, below)) if len(below.axes) > 1:
            return True
    return any(map(divides_by_values, root.children))
