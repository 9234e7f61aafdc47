"""The factors of the chain rule for one sample, entry by entry: each derived, then multiplied."""

from __future__ import annotations

from dataclasses import replace as with_fields

from chainrule.calculus.algebra import GROUPS, collect, common_denominator, tidy
from chainrule.calculus.backward import adjoint_of
from chainrule.calculus.equations import Equation
from chainrule.calculus.forward import prediction
from chainrule.expressions.activations import ACTIVATIONS, Softmax
from chainrule.expressions.derivatives import computed_derivative, differentiate
from chainrule.expressions.evaluation import value_at
from chainrule.expressions.functions import Function
from chainrule.expressions.losses import LOSSES
from chainrule.expressions.simplifying import simplified
from chainrule.expressions.terms import Call, Symbol, exp, replace, symbols
from chainrule.notation.arithmetic import juxtaposed
from chainrule.notation.document.declaring import softmax_equation
from chainrule.notation.document.functions import branches, lines_of_derivative
from chainrule.notation.document.pen import Pen
from chainrule.notation.document.prose import function_form, sentence
from chainrule.notation.document.values import Block, Chain, Link, Prose, Steps
from chainrule.notation.tree import (
    Applied,
    Fraction,
    Indicator,
    Letter,
    Node,
    Num,
    Partial,
    Power,
    Product,
    Relation,
    Sum,
    negated,
    rewritten,
)

REWRITES = {
    "common denominator": "common denominator",
    "collect like terms": "multiplied out",
    "cancel": "the common factors cancel",
    "factors that do not vary, out of the sum": "what does not vary goes in front of the sum",
    "each row of labels sums to 1": "the labels of a sample sum to 1",
    "every output is in one group": "every output is in one group",
    "an output above ¾ apart, where 1 − A may be 0": "the same, where an output may round to 1",
    "factor out": "factored out",
    "multiply in": "multiplied in, where fractions cancel",
    "chain rule": "chain rule",
}


def loss_derivative(pen: Pen) -> Chain:
    """∂ℓ/∂ŷ_j, from the definition of the loss."""
    loss = pen.derivation.network.loss
    written = loss.definition if loss.written is None else loss.written
    predicted = prediction(pen.derivation.network)
    letters = pen.indices(predicted)
    value = _letter(pen.entry(predicted, letters))
    definition = loss.over(written, predicted)
    by_the_rules = tidy(differentiate(written, Symbol("yhat")))
    derivative = loss.over(by_the_rules, predicted)
    links = [
        Link(Partial(pen.entry(definition, letters), value, "operator"), _only_one_term(pen)),
        Link(pen.entry(derivative, letters), ("differentiated term by term",)),
    ]
    if loss.name not in LOSSES:
        shorter = simplified(by_the_rules)
        if shorter is not None:
            links.append(Link(pen.entry(loss.over(shorter, predicted), letters), ("simplified",)))
    elif pen.detail == "full":
        for name, rewrite in (("common denominator", common_denominator), ("multiplied out", collect)):
            following = tidy(rewrite(derivative))
            if str(following) != str(derivative):
                links.append(Link(pen.entry(following, letters), (name,)))
                derivative = following
    return Chain(Partial(pen.sample_symbols.cost, value), tuple(links), "sample")


def _only_one_term(pen: Pen) -> Prose:
    if pen.derivation.network.widths[-1] == 1:
        return ()
    return ("only this output's term of the sum depends on it",)


def activation_derivative(pen: Pen, layer: int, known: set[Function]) -> list[Block]:
    """∂a_j/∂z_j = f′(z_j), with the algebra of f′ where it is met for the first time."""
    row = pen.derivation.network.layers[layer - 1].activation
    equation = pen.sample.equations[f"A{layer}"]
    if isinstance(row, Softmax):
        return softmax_jacobian(pen)
    Z, A = Symbol(f"Z{layer}", equation.left.axes), equation.left
    letters = pen.indices(A)
    left = Partial(pen.entry(A, letters), _letter(pen.entry(Z, letters)))
    if row.name == "identity":
        return [Chain(left, (Link(Num("1"), ("the output is the weighted sum itself",)),), "sample")]
    links = [Link(pen.entry(Call(row, Z, 1), letters))]
    computed = computed_derivative(row) if row.name in ACTIVATIONS else lines_of_derivative(row)[-1][0]
    form = replace(computed, {Symbol("z"): Z, Symbol("a"): A})
    why: Prose = ("as in a layer above",) if row in known else ("derived below",) if pen.detail == "full" else ()
    links.append(Link(pen.entry(form, letters), why))
    links = links if links[0].right != links[1].right else links[1:]
    blocks: list[Block] = [Chain(left, tuple(links), "sample")]
    if row not in known and pen.detail == "full":
        blocks.append(derivative_steps(pen, row))
    known.add(row)
    return blocks


def derivative_steps(pen: Pen, row: Function) -> Steps:
    """f′ from the definition of f, line by line."""
    f, z = pen.symbols.function(row.name), pen.symbols.argument
    definition = function_form(branches(row.definition), pen.symbols)
    lines = lines_of_derivative(row)
    links = [Link(Partial(definition, z, "operator", "d"))]
    image: dict[Node, Node] = {Letter("a"): Applied(f, (z,))}
    a_is_taken = pen.symbols.layers in {"above", "previous"}  # a² is the a of layer 2, a the output: f(z) is written
    for term, why in lines:
        words: Prose = ("with ", Letter("a"), " = ", Applied(f, (z,))) if why == "with a = f(z)" else (why,)
        node = function_form(term, pen.symbols)
        if a_is_taken and why == "with a = f(z)":
            node, words = rewritten(node, image.get), ()
        links.append(Link(node, words))
    chain = Chain(Applied(pen.symbols.function(row.name, 1), (z,)), tuple(links), "function")
    return Steps(("The derivative of ", f), (chain, *_kink_words(pen, row)))


def _kink_words(pen: Pen, row: Function) -> list[Block]:
    if not row.kinks:
        return []
    at = row.kinks[0]
    slope = Applied(pen.symbols.function(row.name, 1), (Num(f"{at:g}"),))
    value = value_at(Call(row, Symbol("z"), 1), {"z": at})
    return [sentence(f"At {at:g} the two sides have different slopes; ", slope, f" = {value:g} is taken there.")]


_SAME = Indicator(Relation((Letter("j"), Letter("k")), ("=",)))


def jacobian_entry(pen: Pen) -> Node:
    """∂a_k/∂z_j of a softmax: a_k (𝟏[j = k] − a_j); in groups, a_j only where both are in one."""
    A = softmax_equation(pen).left
    a_j, a_k = pen.entry(A, pen.indices(A)), pen.entry(A, dict.fromkeys(A.axes, "k"))
    together = _in_one_group(pen)
    return juxtaposed([a_k, Sum((_SAME, juxtaposed([together, a_j]) if together else a_j), (False, True))])


def _in_one_group(pen: Pen) -> Node | None:
    """Σ over the groups of G_j G_k, which is 1 or 0; None where there are no groups."""
    A = softmax_equation(pen).left
    groups = [s for s in symbols(softmax_equation(pen).right) if s.name in GROUPS]
    j, k = pen.indices(A), dict.fromkeys(A.axes, "k")
    pairs = tuple(juxtaposed([pen.entry(group, j), pen.entry(group, k)]) for group in groups)
    return Sum(pairs, (False,) * len(pairs)) if len(pairs) > 1 else pairs[0] if pairs else None


def softmax_jacobian(pen: Pen) -> list[Block]:
    """∂a_k/∂z_j for a softmax: every output depends on every weighted sum of its layer."""
    equation = softmax_equation(pen)
    A = equation.left
    logits = next(s for s in symbols(equation.right) if s.axes == A.axes)
    j, k = pen.indices(A), dict.fromkeys(A.axes, "k")
    a_j, a_k = pen.entry(A, j), pen.entry(A, k)
    z_j = pen.entry(logits, j)
    left = Partial(a_k, _letter(z_j))
    words: Prose = (_SAME, " is 1 when ", Letter("j"), " = ", Letter("k"), ", else 0")
    whole = Chain(left, (Link(jacobian_entry(pen), words),), "sample")
    together = _in_one_group(pen)
    if together is not None:
        return [whole, sentence(together, " is 1 where both outputs are in one group, else 0.")]
    if pen.detail != "full":
        return [whole]
    S = pen.sum_over(A.axes[-1], "m", pen.entry(exp(logits), dict.fromkeys(A.axes, "m")))
    e_j, e_k = pen.entry(exp(logits), j), pen.entry(exp(logits), k)
    squared = Power(S, Num("2"))
    quotient = Fraction(Sum((juxtaposed([e_j, S]), juxtaposed([e_j, e_j])), (False, True)), squared)
    apart = juxtaposed([Fraction(e_j, S), Fraction(Sum((S, e_j), (False, True)), S)])
    equal = Chain(
        Partial(a_j, _letter(z_j)),
        (
            Link(quotient, ("quotient rule",)),
            Link(apart, ("one factor of the denominator each",)),
            Link(juxtaposed([a_j, Sum((Num("1"), a_j), (False, True))])),
        ),
        "sample",
    )
    only_below = negated(Fraction(juxtaposed([e_k, e_j]), squared))
    other = Chain(
        left,
        (
            Link(only_below, ("quotient rule; only the denominator varies",)),
            Link(negated(juxtaposed([a_k, a_j]))),
        ),
        "sample",
    )
    steps = Steps(
        ("The derivatives of softmax",),
        (
            sentence("Its own weighted sum stands above and below the fraction bar:"),
            equal,
            sentence("Another one, ", Relation((Letter("j"), Letter("k")), ("≠",)), ", stands only below it:"),
            other,
        ),
        open=True,
    )
    return [steps, sentence("Both in one formula:"), whole]


def multiplied(pen: Pen, equation: Equation) -> Chain:
    """A derivative of ℓ with its algebra, for one sample."""
    letters = pen.indices(equation.left)
    terms = [(step.rewrite, step.term) for step in equation.steps] or [("", equation.right)]
    links: list[Link] = []
    for rewrite, term in terms:
        node = pen.entry(term, letters)
        words: Prose = (
            (REWRITES[rewrite],) if rewrite in REWRITES else ("inserted",) if rewrite.startswith("insert") else ()
        )
        if links and links[-1].right == node:
            continue
        links.append(Link(node, words))
    if links[0].why == ("chain rule",):
        links[0] = with_fields(links[0], why=())
    return Chain(pen.entry(equation.left, letters), tuple(links), "sample")


def through_activation(pen: Pen, layer: int, equation: Equation) -> Chain:
    """∂ℓ/∂z_j = ∂ℓ/∂a_j · ∂a_j/∂z_j, and the algebra from there."""
    chain = multiplied(pen, equation)
    A, Z = (Symbol(f"{name}{layer}", equation.left.axes) for name in "AZ")
    letters = pen.indices(A)
    slope = Partial(pen.entry(A, letters), _letter(pen.entry(Z, letters)))
    plan = Product((pen.entry(adjoint_of(A), letters), slope), ("·",))
    return with_fields(chain, links=(Link(plan), *chain.links))


def with_known_factors(chain: Chain, of_loss: Chain, of_activation: Chain) -> Chain:
    """The same at the output where both factors have been worked out: (a − y) / (a (1 − a)) · a (1 − a) = a − y."""
    plan, *_, last = chain.links
    known = [derived.links[-1].right for derived in (of_loss, of_activation)]
    inserted = juxtaposed([factor for factor in known if factor != Num("1")])
    links = [plan, Link(inserted, ("both derivatives put in",))]
    if inserted != last.right and last.why == (REWRITES["cancel"],):
        links.append(last)
    return with_fields(chain, links=tuple(links))


def _letter(node: Node) -> Letter:
    if not isinstance(node, Letter):
        raise TypeError(f"{node!r} is no letter")
    return node
