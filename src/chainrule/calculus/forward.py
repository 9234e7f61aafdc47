"""Forward and cost equations: what a network declares, written out."""

from __future__ import annotations

from functools import reduce

from chainrule.calculus.equations import Equation, Reason, Rule, Step
from chainrule.calculus.logarithms import without_logarithms
from chainrule.expressions.activations import Activation, Softmax, softmax
from chainrule.expressions.lookup import text_of
from chainrule.expressions.terms import (
    SAMPLES,
    Call,
    Reduce,
    Size,
    Symbol,
    Term,
    absolute,
    add,
    matrix_product,
    total,
    units,
)
from chainrule.network import Network

COST, DATA_COST, PENALTY, WEIGHT_SUM = "J", "L", "R", "s"


def weights(network: Network) -> list[Symbol]:
    """W1, …, W_L."""
    return [Symbol(f"W{number}", (units(number - 1), units(number))) for number in range(1, network.depth + 1)]


def biases(network: Network) -> list[Symbol]:
    """b1, …, b_L."""
    return [Symbol(f"b{number}", (units(number),)) for number in range(1, network.depth + 1)]


def parameters(network: Network) -> list[Symbol]:
    """W1, b1, W2, b2, …."""
    return [symbol for pair in zip(weights(network), biases(network), strict=True) for symbol in pair]


def dropout_rates(network: Network) -> tuple[float, ...]:
    """The dropout probability of every layer, the input first."""
    return (network.input_dropout, *(layer.dropout for layer in network.layers))


def activated(activation: Activation, Z: Symbol, axis: str) -> Term:
    """The activation of Z as a term; softmax goes along the units axis."""
    if isinstance(activation, Softmax):
        return activation.over(Z, axis)
    return Z if activation.name == "identity" else Call(activation, Z)


def forward_equations(network: Network, dropout: bool = True) -> list[Equation]:
    """Z, A and, where dropout is declared, D for every layer; P last where the loss reads logits.

    Without `dropout`, the equations of prediction.
    """
    equations: list[Equation] = []

    def let(name: str, axes: tuple[str, ...], right: Term, rule: Rule, applied_to: str) -> Symbol:
        left = Symbol(name, axes)
        equations.append(Equation(left, right, "forward", Reason(rule, applied_to)))
        return left

    def dropped(value: Symbol, number: int) -> Symbol:
        if not (dropout and dropout_rates(network)[number]):
            return value
        mask, p = Symbol(f"M{number}", value.axes), Symbol(f"p{number}")
        applied_to = f"{value} is kept with probability 1 − {p}, and divided by it so that its expectation stays"
        return let(f"D{number}", value.axes, value * mask / (1 - p), Rule.DROPOUT, applied_to)

    previous = dropped(Symbol("X", (SAMPLES, units(0))), 0)
    for number, layer in enumerate(network.layers, 1):
        over, axes = units(number - 1), (SAMPLES, units(number))
        W, b = weights(network)[number - 1], biases(network)[number - 1]
        right = matrix_product(previous, W, over) + b
        Z = let(f"Z{number}", axes, right, Rule.AFFINE, f"weights and bias of layer {number}")
        right = activated(layer.activation, Z, units(number))
        A = let(f"A{number}", axes, right, Rule.ACTIVATION, f"{text_of(layer.activation)} of Z{number}")
        previous = dropped(A, number)
    if network.reads_logits:
        applied_to = f"cross-entropy reads {previous} as logits; their softmax is the prediction"
        let("P", previous.axes, softmax.over(previous, units(network.depth)), Rule.SOFTMAX, applied_to)
    return equations


def output_sum(network: Network) -> Symbol:
    """Z_L, which the output layer's activation takes."""
    return Symbol(f"Z{network.depth}", (SAMPLES, units(network.depth)))


def prediction(network: Network) -> Symbol:
    """What the loss compares with Y: A_L, or P where the loss reads logits."""
    return Symbol("P" if network.reads_logits else f"A{network.depth}", (SAMPLES, units(network.depth)))


def divisor(network: Network) -> Term | None:
    """s: what the cost is divided by; None where it is summed."""
    if network.reduction == "sum":
        return None
    return Symbol(WEIGHT_SUM) if network.sample_weights else Size(SAMPLES)


def cost_equations(network: Network, forward: list[Equation]) -> list[Equation]:
    """s, L = Σ wᵢ ℓᵢⱼ, R (the penalty) and J = (L + R)/s."""
    equations: list[Equation] = []
    yhat = prediction(network)
    w, s = Symbol("w", (SAMPLES,)), divisor(network)
    if isinstance(s, Symbol):
        equations.append(Equation(s, total(w, w.axes), "cost", Reason(Rule.BATCH_WEIGHT, "sum of sample weights")))

    each = network.loss.over(network.loss.definition, yhat)
    written = Reduce("sum", yhat.axes, w * each if network.sample_weights else each)
    rewritten = without_logarithms(written, {equation.left: equation.right for equation in forward})
    reason = Reason(Rule.LOSS, f"{text_of(network.loss)}, summed over outputs and samples")
    steps = (
        ()
        if rewritten == written
        else (Step("definition of the loss", written), Step("logarithm of the output activation", rewritten))
    )
    L = Symbol(DATA_COST)
    equations.append(Equation(L, rewritten, "cost", reason, steps))

    cost: Term = L
    if network.penalty:
        R = Symbol(PENALTY)
        equations.append(Equation(R, _penalty(network), "cost", Reason(Rule.PENALTY, "all weights, no biases")))
        cost = L + R if network.penalty.divided else L
    cost = cost if s is None else cost / s
    if network.penalty and not network.penalty.divided:
        cost = cost + Symbol(PENALTY)
    kind = "sum" if s is None else "weighted mean" if network.sample_weights else "mean"
    equations.append(Equation(Symbol(COST), cost, "cost", Reason(Rule.COST, kind)))
    return equations


def _penalty(network: Network) -> Term:
    penalty, terms = network.penalty, []
    if penalty.l2:
        squares = [total(W**2, W.axes) for W in weights(network)]
        terms.append(Symbol("alpha") / 2 * reduce(add, squares))
    if penalty.l1:
        terms.append(Symbol("alpha1") * reduce(add, [total(absolute(W), W.axes) for W in weights(network)]))
    return reduce(add, terms)
