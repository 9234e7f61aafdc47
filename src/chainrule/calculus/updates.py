"""Update equations: what one step of an optimiser does to every parameter, all at once.

Every right side uses the values from before the step; new values have new names (``W1+``).  The learning rate
``eta`` and the step number ``t`` (from 1) are inputs; the optimiser's own numbers are constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TypeGuard

from chainrule.calculus.backward import adjoint_of
from chainrule.calculus.equations import Equation, Reason
from chainrule.expressions.terms import ONE, Symbol, Term, add, minimum, sqrt, total
from chainrule.network.optimisers import Adam, AdamW, Optimiser

ETA, T = Symbol("eta"), Symbol("t")
GLOBAL_NORM = "g_norm"


def next_value(value: Symbol) -> Symbol:
    """The symbol of the value after the step."""
    return Symbol(f"{value.name}+", value.axes)


def state_of(letter: str, parameter: Symbol) -> Symbol:
    """The optimiser's memory for a parameter: ``m_W1``."""
    return Symbol(f"{letter}_{parameter.name}", parameter.axes)


def update_equations(optimiser: Optimiser, parameters: Sequence[Symbol]) -> list[Equation]:
    """Clipping, the optimiser's own memory, every parameter's next value, and the moving average, in that order."""
    equations: list[Equation] = []

    def let(left: Symbol, right: Term, rule: str, applied_to: str) -> Symbol:
        equations.append(Equation(left, right, "update", Reason(rule, applied_to)))
        return left

    scale: Term = ONE
    if optimiser.clip_norm is not None:
        norm = let(Symbol(GLOBAL_NORM), _global_norm(parameters), "global norm", "of all gradients together")
        applied_to = "so that the global norm is at most clip_norm"
        scale = let(Symbol("clip"), minimum(1, Symbol("clip_norm") / norm), "clipping", applied_to)
    rate: Term = ETA
    if isinstance(optimiser, Adam):
        right = ETA * sqrt(1 - Symbol("beta2") ** T) / (1 - Symbol("beta1") ** T)
        rate = let(Symbol("eta_t"), right, "bias correction", "both averages start at 0")
    for parameter in parameters:
        gradient = adjoint_of(parameter) * scale
        if isinstance(optimiser, Adam):
            m, v = state_of("m", parameter), state_of("v", parameter)
            beta1, beta2 = Symbol("beta1"), Symbol("beta2")
            m = let(next_value(m), beta1 * m + (1 - beta1) * gradient, "first moment", str(gradient))
            v = let(next_value(v), beta2 * v + (1 - beta2) * gradient**2, "second moment", f"{gradient} squared")
            kept: Term = parameter
            if _decays(optimiser) and _is_weight(parameter):
                kept = parameter - ETA * Symbol("lambda") * parameter
            moved = kept - rate * m / (sqrt(v) + Symbol("epsilon"))
            let(next_value(parameter), moved, optimiser.name, parameter.name)
        elif optimiser.momentum:
            mu, v = Symbol("mu"), state_of("v", parameter)
            v = let(next_value(v), mu * v - ETA * gradient, "velocity", str(gradient))
            moved = parameter + mu * v - ETA * gradient if optimiser.nesterov else parameter + v
            let(next_value(parameter), moved, "nesterov" if optimiser.nesterov else "momentum", parameter.name)
        else:
            let(next_value(parameter), parameter - ETA * gradient, "gradient descent", parameter.name)
    if optimiser.average is not None:
        decay = Symbol("decay")
        for parameter in parameters:
            mean = state_of("avg", parameter)
            right = decay * mean + (1 - decay) * next_value(parameter)
            let(next_value(mean), right, "moving average", parameter.name)
    return equations


def optimiser_state(optimiser: Optimiser, parameters: Sequence[Symbol]) -> list[Symbol]:
    """What the optimiser remembers from step to step, all 0 at first (a moving average starts as the parameter)."""
    letters = ["m", "v"] if isinstance(optimiser, Adam) else ["v"] if optimiser.momentum else []
    letters += ["avg"] if optimiser.average is not None else []
    return [state_of(letter, parameter) for letter in letters for parameter in parameters]


def optimiser_constants(optimiser: Optimiser) -> dict[str, float]:
    """The numbers that the declaration fixes, by the names they have in the equations."""
    constants: dict[str, float] = {}
    if isinstance(optimiser, Adam):
        constants |= {"beta1": optimiser.beta1, "beta2": optimiser.beta2, "epsilon": optimiser.epsilon}
        if _decays(optimiser):
            constants["lambda"] = optimiser.weight_decay
    elif optimiser.momentum:
        constants["mu"] = optimiser.momentum
    if optimiser.clip_norm is not None:
        constants["clip_norm"] = optimiser.clip_norm
    if optimiser.average is not None:
        constants["decay"] = optimiser.average
    return constants


def _decays(optimiser: Optimiser) -> TypeGuard[AdamW]:
    return isinstance(optimiser, AdamW) and optimiser.weight_decay > 0


def _is_weight(parameter: Symbol) -> bool:
    """Weights lie between two layers; a bias has the units of one."""
    return len(parameter.axes) > 1


def _global_norm(parameters: Sequence[Symbol]) -> Term:
    return sqrt(reduce(add, [total(adjoint_of(parameter) ** 2, parameter.axes) for parameter in parameters]))
