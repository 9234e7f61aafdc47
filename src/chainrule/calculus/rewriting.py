"""Named rewrites of backward equations: (A − Y)/(A(1 − A)) · A(1 − A) becomes A − Y; A₁(1 − A₁) stands for σ′(Z₁).

The algebra is kept, step by step, in each equation.  An equation that a rewrite makes superfluous (∂J/∂A_L where
∂J/∂Z_L no longer needs it) leaves the list; it stays in the unreduced one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace as with_fields

from chainrule.calculus.algebra import (
    GROUPS,
    cancel,
    collect,
    common_denominator,
    divides_by_values,
    factor_out,
    labels_sum_to_one,
    multiply_in,
    one_group_each,
    out_of_sums,
    tidy,
)
from chainrule.calculus.backward import adjoint_of
from chainrule.calculus.complements import without_complements
from chainrule.calculus.equations import Equation, Step
from chainrule.calculus.logarithms import without_quotients
from chainrule.expressions.derivatives import computed_derivative
from chainrule.expressions.terms import Call, Reduce, Symbol, Term, replace, symbols, walk

CANCEL = ("cancel", cancel)
LABELS_SUM_TO_ONE = ("each row of labels sums to 1", labels_sum_to_one)
OUT_OF_SUMS = ("factors that do not vary, out of the sum", out_of_sums)
FACTOR_OUT = ("factor out", factor_out)
Rewrite = tuple[str, Callable[[Term], Term]]
REWRITES: tuple[Rewrite, ...] = (
    CANCEL,
    OUT_OF_SUMS,
    LABELS_SUM_TO_ONE,
    ("common denominator", common_denominator),
    ("collect like terms", collect),
    CANCEL,
    FACTOR_OUT,
)
MULTIPLY_IN: tuple[Rewrite, ...] = (("multiply in", multiply_in), OUT_OF_SUMS)
LONGEST_OPENED = 8  # nodes; a longer f′ (gelu, mish) is kept as f′(Z)


def simplify_backward(
    backward: Sequence[Equation], forward: Sequence[Equation], *, output: Symbol, distributions: bool
) -> list[Equation]:
    """The backward equations with derivatives written by their outputs, and the output layer's algebra done.

    `output` is Z_L, with which the output layer begins; `distributions` says that every row of labels sums to 1, a
    fact that the algebra may then use.
    """
    rewrites = REWRITES if distributions else tuple(rewrite for rewrite in REWRITES if rewrite != LABELS_SUM_TO_ONE)
    definitions = {equation.left: equation.right for equation in forward}
    quotients = "softplus and its derivative are both exp far below 0"
    complements = "an output above ¾ apart, where 1 − A may be 0"
    groups = [s for e in forward for s in symbols(e.right) if s.name in GROUPS]
    if groups:
        at = rewrites.index(LABELS_SUM_TO_ONE) + 1 if distributions else 0
        one_each = ("every output is in one group", lambda term: one_group_each(term, groups))
        rewrites = (*rewrites[:at], one_each, *rewrites[at:])
    ways = (
        (*rewrites, (quotients, lambda term: without_quotients(term, definitions))),
        (*MULTIPLY_IN, (complements, lambda term: without_complements(term, definitions)), FACTOR_OUT),
    )
    of_output = _adjoints_from(output, forward)
    result: list[Equation] = []
    for bare in backward:
        equation = _derivative_by_output(bare, forward)
        merged = None
        if result and {result[-1].left, equation.left} <= of_output:
            merged = _merged(equation, result[-1], ways)
        if merged is not None:
            result[-1] = merged  # nothing else reads the equation that was put in
        elif _mixes_units(equation):
            result.append(_rewritten(equation, (OUT_OF_SUMS, FACTOR_OUT)))
        else:
            result.append(equation)
    return result


def _adjoints_from(value: Symbol, forward: Sequence[Equation]) -> set[Symbol]:
    """∂J by the value and by all that comes after it: the equations that one chain of algebra may join."""
    computed = [equation.left for equation in forward]
    return {adjoint_of(symbol) for symbol in computed[computed.index(value) :]}


def _mixes_units(equation: Equation) -> bool:
    """Whether this is the derivative through a softmax: a sum over units beside terms that keep them."""
    return any(isinstance(node, Reduce) for node in walk(equation.right)) and not isinstance(equation.right, Reduce)


def _derivative_by_output(equation: Equation, forward: Sequence[Equation]) -> Equation:
    """f′(Z) replaced by its short form in Z and A = f(Z), where there is one."""
    by: dict[Term, Term] = {}
    for node in walk(equation.right):
        if isinstance(node, Call) and node.order == 1:
            opened = computed_derivative(node.function)
            output = next((e.left for e in forward if e.right == Call(node.function, node.argument)), None)
            short = sum(1 for _ in walk(opened)) <= LONGEST_OPENED
            if short and (output is not None or Symbol("a") not in symbols(opened)):
                by[node] = replace(opened, {Symbol("z"): node.argument, Symbol("a"): output or Symbol("a")})
    if not by:
        return equation
    rewritten = tidy(replace(equation.right, by))
    called = ", ".join(f"{node} = {form}" for node, form in by.items())
    return _step(equation, called, rewritten)


def _merged(equation: Equation, above: Equation, ways: Sequence[Sequence[Rewrite]]) -> Equation | None:
    """The equation with `above` put into it and simplified, if that leaves no division by values; else None.

    Of the ways to simplify it, that which ends shortest is taken: where collecting like terms makes it longer, the
    factors are multiplied in instead.
    """
    if not (equation.right == above.left or divides_by_values(above.right)):
        return None
    if equation.right == above.left:
        inserted = _step(equation, f"insert {above.left}", above.first)
        right = above.right
        return with_fields(inserted, right=right, steps=(*inserted.steps, *above.steps[1:]))
    inserted = _step(equation, f"insert {above.left}", replace(equation.right, {above.left: above.right}))
    forms = [_rewritten(inserted, rewrites) for rewrites in ways]
    best = min(forms, key=lambda form: (divides_by_values(form.right), sum(1 for _ in walk(form.right))))
    return None if divides_by_values(best.right) else best


def _rewritten(equation: Equation, rewrites: Sequence[Rewrite]) -> Equation:
    """The equation after the rewrites that change something, each a step."""
    for name, rewrite in rewrites:
        following = tidy(rewrite(equation.right))
        if not _reads_alike(following, equation.right):
            equation = _step(equation, name, following)
    return equation


def _reads_alike(left: Term, right: Term) -> bool:
    """Whether two terms differ at most in brackets that are not written: x (y / z) and (x y) / z are one line."""
    return str(left) == str(right)


def _step(equation: Equation, rewrite: str, right: Term) -> Equation:
    steps = equation.steps or (Step("chain rule", equation.right),)
    return with_fields(equation, right=right, steps=(*steps, Step(rewrite, right)))
