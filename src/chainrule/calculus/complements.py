"""What is left beside an output of a softmax, 1 − A, where that output is 1 to the last digit.

At most one output of a sample is above ¾, and 1 − A of all others loses nothing.  Where output k is above ¾, 1 − A_k is
the sum of the others: log(1 − A_k) is the logsumexp of the others' z less that of all, and A_j/(1 − A_k), the share of
another output j in what A_k leaves, is the softmax of the others alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from chainrule.calculus.algebra import (
    Product,
    out_of_sums,
    polynomial,
    product,
    rewrite_children,
    sum_of,
    summands,
    term_of,
)
from chainrule.expressions.activations import OUTSIDE
from chainrule.expressions.terms import (
    Apply,
    Reduce,
    Symbol,
    Term,
    div,
    exp,
    less_equal,
    log1p,
    select,
    sub,
)

Monomials = dict[tuple[Term, ...], float]
MOST = 0.75  # two outputs may both be above ½ by rounding


def normaliser_of(definition: Term | None) -> Reduce | None:
    """The logsumexp z in a definition exp(z − logsumexp z); None for any other."""
    match definition:
        case Apply("exp", (Apply("sub", (z, Reduce("logsumexp", _, same) as normaliser)),)) if z == same:
            return normaliser
    return None


def log_of_complement(A: Symbol, normaliser: Reduce) -> Term:
    """log(1 − A) for A = exp(z − logsumexp z)."""
    return select(less_equal(A, MOST), log1p(-A), _of_others(A, normaliser) - normaliser)


def without_complements(root: Term, definitions: Mapping[Symbol, Term]) -> Term:
    """A gradient through a softmax, F A/(1 − A) − A Σ F A/(1 − A), without the quotient of an output above ¾.

    With k that output, A_k/(1 − A_k) may be infinite, but not what is left of it: F_k A_k at k itself, and its product
    with the share of j at every other output j.
    """
    for A, definition in definitions.items():
        normaliser = normaliser_of(definition)
        if normaliser is not None and _quotients_cancel(root, A):
            root = _parted(root, A, normaliser)
    return root


def _of_others(A: Symbol, normaliser: Reduce) -> Reduce:
    """The logsumexp of all z but that of an output above ¾."""
    return Reduce("logsumexp", normaliser.over, select(less_equal(A, MOST), normaliser.operand, -OUTSIDE))


def _quotients_cancel(root: Term, A: Symbol) -> bool:
    """Whether the quotients by 1 − A are those of F A/(1 − A) − A Σ F A/(1 − A), for whatever F."""
    quotient = div(1, sub(1, A))
    outside: Monomials = {}
    inside: Monomials = {}
    for monomial, coefficient in polynomial(root).items():
        sums = [factor for factor in monomial if isinstance(factor, Reduce)]
        if quotient in monomial:
            outside[monomial] = coefficient
        for summed in sums:
            for inner, c in polynomial(summed.operand).items():
                if quotient in inner:
                    around = Counter(monomial) - Counter([summed])
                    if A not in around:
                        return False
                    whole = Counter(inner) + around - Counter([A])
                    key = tuple(sorted(whole.elements(), key=str))
                    inside[key] = inside.get(key, 0.0) - coefficient * c
    return bool(outside) and outside == inside


def _parted(root: Term, A: Symbol, normaliser: Reduce) -> Term:
    """The quotients by 1 − A cut off above ¾, outside sums to F A, inside them to 0, with what that takes added."""
    small = less_equal(A, MOST)
    if not (isinstance(root, Apply) and root.operation in ("add", "sub")):
        value = product(root)
        if sub(1, A) in value.below:
            return _cut(value, A, select(small, div(1, sub(1, A)), 1))
        return rewrite_children(root, lambda child: _parted(child, A, normaliser))
    terms: list[Term] = []
    for part in summands(root):
        value = product(part)
        summed = next((factor for factor in value.above if _has_quotients(factor, A)), None)
        if not isinstance(summed, Reduce):
            terms.append(_parted(part, A, normaliser))
            continue
        finite, infinite = [], []
        for inner in summands(summed.operand):
            quotient = product(inner)
            if sub(1, A) in quotient.below:
                finite.append(_cut(quotient, A, select(small, div(1, sub(1, A)), 0)))
                infinite.append(_cut(quotient, A, select(small, 0, 1)))
            else:
                finite.append(inner)
        others = _of_others(A, normaliser)
        shares = exp(others.operand - others)
        terms.append(_with_factors(value, {summed: Reduce("sum", summed.over, sum_of(finite))}))
        terms.append(
            out_of_sums(_with_factors(value, {summed: Reduce("sum", summed.over, sum_of(infinite)), A: shares}))
        )
    return sum_of(terms)


def _has_quotients(factor: Term, A: Symbol) -> bool:
    """Whether this is a sum of terms of which some are divided by 1 − A."""
    return isinstance(factor, Reduce) and any(sub(1, A) in product(part).below for part in summands(factor.operand))


def _cut(value: Product, A: Symbol, instead: Term) -> Term:
    """A product divided by 1 − A with a factor in place of that division."""
    below = list(value.below)
    below.remove(sub(1, A))
    return term_of(Product(value.coefficient, (*value.above, instead), tuple(below)))


def _with_factors(value: Product, by: Mapping[Term, Term]) -> Term:
    """A product with some of its factors replaced, each once."""
    above = list(value.above)
    for old, new in by.items():
        above[above.index(old)] = new
    return term_of(Product(value.coefficient, tuple(above), value.below))
