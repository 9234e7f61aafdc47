"""The chain rule, backwards through a list of equations (reverse accumulation).

For an equation v = f(…, x, …), pointwise in x, the adjoint dv = ∂J/∂v gives x the contribution dv · ∂f/∂x, summed
over the axes that x lacks.  That one rule is why ∂J/∂b sums over the batch and why a transposed W appears.  Through a
sum the adjoint passes unchanged (broadcast by name); through logsumexp it is multiplied by the softmax.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.calculus.algebra import sum_of, tidy
from chainrule.calculus.equations import Equation, Reason, Rule
from chainrule.calculus.forward import COST
from chainrule.expressions.derivatives import differentiate, pointwise_leaves
from chainrule.expressions.terms import (
    ONE,
    Apply,
    Reduce,
    Symbol,
    Term,
    exp,
    is_number,
    mul,
    reduced,
    replace,
    sub,
    symbols,
    union,
    walk,
)

Contributions = dict[Symbol, list[Term]]


def adjoint_of(value: Symbol) -> Symbol:
    """The symbol for ∂J/∂value."""
    return Symbol(f"d{value.name}", value.axes)


def pull(
    right: Term, adjoint: Term, wanted: frozenset[Symbol], parameters: Sequence[Symbol], into: Contributions
) -> None:
    """Add what `adjoint`, the derivative of J by the value of `right`, gives to every wanted symbol in `right`."""
    for leaf in pointwise_leaves(right):
        if not wanted.intersection(symbols(leaf)):
            continue
        partial = differentiate(right, leaf)
        if is_number(partial, 0):
            continue
        flowing = mul(partial, adjoint) if leaf in parameters else mul(adjoint, partial)  # Xᵀ dZ, but dA ⊙ f′(Z)
        lacking = tuple(axis for axis in union(right.axes, flowing.axes) if axis not in leaf.axes)
        back = reduced("sum", lacking, flowing)
        if isinstance(leaf, Symbol):
            into.setdefault(leaf, []).append(back)
        elif isinstance(leaf, Reduce) and leaf.operation == "sum":
            pull(leaf.operand, back, wanted, parameters, into)
        elif isinstance(leaf, Reduce) and leaf.operation == "logsumexp":
            pull(leaf.operand, mul(back, exp(sub(leaf.operand, leaf))), wanted, parameters, into)
        else:
            raise ValueError(f"no derivative through {leaf}: only sum and logsumexp are differentiated")


def depending_on(parameters: Sequence[Symbol], equations: Sequence[Equation]) -> frozenset[Symbol]:
    """The parameters and every value computed from one of them."""
    active = set(parameters)
    for equation in equations:
        if active.intersection(symbols(equation.first)):
            active.add(equation.left)
    return frozenset(active)


def backward_equations(
    forward: Sequence[Equation], cost: Sequence[Equation], parameters: Sequence[Symbol]
) -> list[Equation]:
    """∂J/∂v for every value on the way from the cost down to the parameters, in computing order.

    The adjoints of L, R and s are scalars: they are written into the equations that use them.  The cost is
    differentiated as defined (`Equation.first`): its form without logarithms reads Z_L in place of A_L, so that there
    would be no ∂J/∂A_L to begin the chain with.  The values of layers have one form only, `Equation.right`.
    """
    wanted = depending_on(parameters, [*forward, *cost])
    contributions: Contributions = {Symbol(COST): [ONE]}
    for equation in reversed(cost):
        if equation.left in wanted:
            adjoint = tidy(sum_of(contributions.pop(equation.left)))
            pull(equation.first, adjoint, wanted, parameters, contributions)
    penalties = {parameter: contributions.pop(parameter, []) for parameter in parameters}

    equations: list[Equation] = []
    for equation in reversed(forward):
        value = equation.left
        if value not in wanted:
            continue
        d = adjoint_of(value)
        equations.append(Equation(d, _named(contributions[value], forward), "backward", _reason(value, forward)))
        pull(equation.right, d, wanted, parameters, contributions)
        for parameter in symbols(equation.right):
            if parameter in parameters:
                right = tidy(sum_of(contributions[parameter] + penalties[parameter]))
                reason = _parameter_reason(equation, parameter, bool(penalties[parameter]))
                equations.append(Equation(adjoint_of(parameter), right, "backward", reason))
    return equations


def _named(contributions: list[Term], forward: Sequence[Equation]) -> Term:
    """The sum of contributions, with every subterm that the forward equations name called by its name.

    Such is the softmax that the derivative of a logsumexp makes anew; that of a group's is A in the group, 0 elsewhere.
    """
    names: dict[Term, Term] = {e.right: e.left for e in forward if not isinstance(e.right, Symbol) and e.right.children}
    for equation in forward:
        for node in walk(equation.right):
            match node:
                case Apply("mul", (G, Reduce("logsumexp", _, operand) as below)) if isinstance(G, Symbol):
                    names[exp(sub(operand, below))] = G * equation.left
    return tidy(replace(sum_of(contributions), names))


def _reason(value: Symbol, forward: Sequence[Equation]) -> Reason:
    """The chain rule through the equation that uses the value, or the loss."""
    users = [equation for equation in forward if value in symbols(equation.right)]
    if not users:
        return Reason(Rule.COST_DERIVATIVE, f"by the prediction {value}")
    user = users[0]
    if user.reason.rule is Rule.AFFINE:
        applied_to = f"through {user.left}, which is linear in {value}; summed over the units of its layer"
        return Reason(Rule.CHAIN_RULE, applied_to)
    return Reason(Rule.CHAIN_RULE, f"through {user.left} = {user.right}")


def _parameter_reason(equation: Equation, parameter: Symbol, penalised: bool) -> Reason:
    where = f"{equation.left} is linear in {parameter}; summed over the samples, which {parameter} does not vary over"
    return Reason(Rule.CHAIN_RULE, where + ("; plus the derivative of the penalty" if penalised else ""))
