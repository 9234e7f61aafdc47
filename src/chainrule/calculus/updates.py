"""Update equations: what one step of an optimiser does to every parameter, all at once.

Every right side uses the values from before the step; new values have new names (``W1+``).  The learning rate
``eta`` and the step number ``t`` (from 1) are inputs; the optimiser's own numbers are constants.

Each update rule has one class here; `_rule_of` says which optimiser follows which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import NamedTuple, Protocol

from chainrule.calculus.backward import adjoint_of
from chainrule.calculus.equations import Equation, Reason, Rule
from chainrule.expressions.terms import ONE, Symbol, Term, add, minimum, sqrt, total
from chainrule.network.optimisers import SGD, Adam, AdamW, Optimiser

ETA, T = Symbol("eta"), Symbol("t")
GLOBAL_NORM = "g_norm"


def next_value(value: Symbol) -> Symbol:
    """The symbol of the value after the step."""
    return Symbol(f"{value.name}+", value.axes)


def state_of(letter: str, parameter: Symbol) -> Symbol:
    """The optimiser's memory for a parameter: ``m_W1``."""
    return Symbol(f"{letter}_{parameter.name}", parameter.axes)


class Memory(NamedTuple):
    """What an optimiser remembers of a parameter from step to step.

    Attributes
    ----------
    symbol, parameter : Symbol
        The memory (``m_W1``) and whose it is (``W1``); they have the same axes.
    starts_as_parameter : bool
        Whether its first value is the parameter's; otherwise that is 0.
    """

    symbol: Symbol
    parameter: Symbol
    starts_as_parameter: bool = False


class _UpdateRule(Protocol):
    """How an optimiser turns a gradient into a step."""

    @property
    def memory(self) -> tuple[str, ...]:
        """Letters of what it remembers of each parameter."""

    @property
    def constants(self) -> Mapping[str, float]:
        """The numbers that its declaration fixes, by the names they have in the equations."""

    def once(self) -> Iterator[Equation]:
        """What a step computes before any parameter moves."""

    def step(self, parameter: Symbol, gradient: Term) -> Iterator[Equation]:
        """The next values of a parameter's memory, then of the parameter."""


class _Descent:
    """W⁺ = W − η g."""

    memory: tuple[str, ...] = ()
    constants: Mapping[str, float] = {}

    def once(self) -> Iterator[Equation]:
        yield from ()

    def step(self, parameter: Symbol, gradient: Term) -> Iterator[Equation]:
        yield _moved(parameter, parameter - ETA * gradient, Rule.GRADIENT_DESCENT)


class _Momentum(_Descent):
    """v⁺ = μ v − η g;  W⁺ = W + v⁺, or Nesterov's W⁺ = W + μ v⁺ − η g."""

    memory = ("v",)

    def __init__(self, optimiser: SGD) -> None:
        self.constants = {"mu": optimiser.momentum}
        self._nesterov = optimiser.nesterov

    def step(self, parameter: Symbol, gradient: Term) -> Iterator[Equation]:
        mu, v = Symbol("mu"), state_of("v", parameter)
        yield _let(next_value(v), mu * v - ETA * gradient, Rule.VELOCITY, str(gradient))
        if self._nesterov:
            yield _moved(parameter, parameter + mu * next_value(v) - ETA * gradient, Rule.NESTEROV)
        else:
            yield _moved(parameter, parameter + next_value(v), Rule.MOMENTUM)


class _Adam:
    """m⁺ = β₁ m + (1 − β₁) g;  v⁺ = β₂ v + (1 − β₂) g²;  W⁺ = W − η_t m⁺/(√v⁺ + ε), η_t = η √(1 − β₂ᵗ)/(1 − β₁ᵗ)."""

    memory = ("m", "v")
    _rule = Rule.ADAM

    def __init__(self, optimiser: Adam) -> None:
        self.constants = {"beta1": optimiser.beta1, "beta2": optimiser.beta2, "epsilon": optimiser.epsilon}

    def once(self) -> Iterator[Equation]:
        rate = ETA * sqrt(1 - Symbol("beta2") ** T) / (1 - Symbol("beta1") ** T)
        yield _let(Symbol("eta_t"), rate, Rule.BIAS_CORRECTION, "both averages start at 0")

    def step(self, parameter: Symbol, gradient: Term) -> Iterator[Equation]:
        m, v = state_of("m", parameter), state_of("v", parameter)
        beta1, beta2 = Symbol("beta1"), Symbol("beta2")
        yield _let(next_value(m), beta1 * m + (1 - beta1) * gradient, Rule.FIRST_MOMENT, str(gradient))
        yield _let(next_value(v), beta2 * v + (1 - beta2) * gradient**2, Rule.SECOND_MOMENT, f"{gradient} squared")
        step = Symbol("eta_t") * next_value(m) / (sqrt(next_value(v)) + Symbol("epsilon"))
        yield _moved(parameter, self._kept(parameter) - step, self._rule)

    def _kept(self, parameter: Symbol) -> Term:
        return parameter


class _AdamW(_Adam):
    """Adam from W − ηλW in place of W; biases stay."""

    _rule = Rule.ADAMW

    def __init__(self, optimiser: AdamW) -> None:
        super().__init__(optimiser)
        self._decays = optimiser.weight_decay > 0
        if self._decays:
            self.constants["lambda"] = optimiser.weight_decay

    def _kept(self, parameter: Symbol) -> Term:
        is_weight = len(parameter.axes) > 1  # weights lie between two layers; a bias has the units of one
        return parameter - ETA * Symbol("lambda") * parameter if self._decays and is_weight else parameter


def _rule_of(optimiser: Optimiser) -> _UpdateRule:
    match optimiser:
        case AdamW():
            return _AdamW(optimiser)
        case Adam():
            return _Adam(optimiser)
        case SGD():
            return _Momentum(optimiser) if optimiser.momentum else _Descent()


def update_equations(optimiser: Optimiser, parameters: Sequence[Symbol]) -> list[Equation]:
    """Clipping, the optimiser's own memory, every parameter's next value, and the moving average, in that order."""
    rule = _rule_of(optimiser)
    equations: list[Equation] = []
    scale: Term = ONE
    if optimiser.clip_norm is not None:
        equations += _clipping(parameters)
        scale = equations[-1].left
    equations += rule.once()
    for parameter in parameters:
        equations += rule.step(parameter, adjoint_of(parameter) * scale)
    if optimiser.average is not None:
        equations += map(_moving_average, parameters)
    return equations


def optimiser_memory(optimiser: Optimiser, parameters: Sequence[Symbol]) -> list[Memory]:
    """What the optimiser remembers from step to step."""
    letters = _rule_of(optimiser).memory
    remembered = [Memory(state_of(letter, parameter), parameter) for letter in letters for parameter in parameters]
    if optimiser.average is not None:
        remembered += [Memory(state_of("avg", parameter), parameter, True) for parameter in parameters]
    return remembered


def optimiser_constants(optimiser: Optimiser) -> dict[str, float]:
    """The numbers that the declaration fixes, by the names they have in the equations."""
    constants = dict(_rule_of(optimiser).constants)
    if optimiser.clip_norm is not None:
        constants["clip_norm"] = optimiser.clip_norm
    if optimiser.average is not None:
        constants["decay"] = optimiser.average
    return constants


def _clipping(parameters: Sequence[Symbol]) -> list[Equation]:
    """The factor that brings the norm of all gradients together down to clip_norm."""
    squares = [total(adjoint_of(parameter) ** 2, parameter.axes) for parameter in parameters]
    norm = Symbol(GLOBAL_NORM)
    factor = minimum(1, Symbol("clip_norm") / norm)
    return [
        _let(norm, sqrt(reduce(add, squares)), Rule.GLOBAL_NORM, "of all gradients together"),
        _let(Symbol("clip"), factor, Rule.CLIPPING, "so that the global norm is at most clip_norm"),
    ]


def _moving_average(parameter: Symbol) -> Equation:
    decay, mean = Symbol("decay"), state_of("avg", parameter)
    right = decay * mean + (1 - decay) * next_value(parameter)
    return _let(next_value(mean), right, Rule.MOVING_AVERAGE, parameter.name)


def _moved(parameter: Symbol, right: Term, rule: Rule) -> Equation:
    return _let(next_value(parameter), right, rule, parameter.name)


def _let(left: Symbol, right: Term, rule: Rule, applied_to: str) -> Equation:
    return Equation(left, right, "update", Reason(rule, applied_to))
