"""The systems of equations that follow from a network and an optimiser, each derived once and kept for the next reader.

Networks and equations are values, so whoever declares the same network again reads the same equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

from chainrule.calculus.backward import adjoint_of, backward_equations
from chainrule.calculus.equations import Equation, Equations
from chainrule.calculus.forward import (
    COST,
    DATA_COST,
    PENALTY,
    cost_equations,
    dropout_rates,
    forward_equations,
    output_sum,
    parameters,
    prediction,
)
from chainrule.calculus.rewriting import simplify_backward
from chainrule.calculus.updates import next_value, optimiser_constants, optimiser_memory, update_equations
from chainrule.calculus.verification import verify
from chainrule.expressions.activations import Softmax
from chainrule.expressions.terms import symbols, units
from chainrule.network import Network, Optimiser

KEPT = 64  # the networks that are remembered: a few hundred kB each when they are deep


class Backpropagation:
    """What follows from a network alone: forward, cost, and the gradients before and after the algebra."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.forward = forward_equations(network)
        self.cost = cost_equations(network, self.forward)

    @cached_property
    def bare(self) -> Sequence[Equation]:
        """The bare chain rule, with ∂J/∂A_L."""
        return backward_equations(self.forward, self.cost, parameters(self.network))

    @cached_property
    def simplified(self) -> Sequence[Equation]:
        """The same after the named rewrites."""
        return simplify_backward(
            self.bare,
            self.forward,
            output=output_sum(self.network),
            distributions=self.network.loss.labels_sum_to_one,
        )


class Systems:
    """The systems that a `Derivation` offers; what each holds is said there."""

    def __init__(self, network: Network, optimiser: Optimiser) -> None:
        self.network, self.optimiser = network, optimiser
        self._found = backpropagation(network)

    @cached_property
    def equations(self) -> Equations:
        found = self._found
        return self._system([*found.forward, *found.cost, *found.simplified, *self._updates])

    @cached_property
    def unreduced(self) -> Equations:
        found = self._found
        bare = [Equation(e.left, e.first, e.part, e.reason) for e in found.cost]
        return self._system([*found.forward, *bare, *found.bare, *self._updates])

    @cached_property
    def gradients(self) -> Equations:
        found = self._found
        return self._system([*found.forward, *found.cost, *found.simplified])

    @cached_property
    def objective(self) -> Equations:
        return self._system([*self._found.forward, *self._found.cost])

    @cached_property
    def prediction(self) -> Equations:
        forward = forward_equations(self.network, dropout=False)
        return self._system(forward, outputs=[prediction(self.network).name])

    @property
    def _updates(self) -> Sequence[Equation]:
        return update_equations(self.optimiser, parameters(self.network))

    def _system(self, equations: Sequence[Equation], outputs: Sequence[str] = ()) -> Equations:
        network, assigned = self.network, {equation.left for equation in equations}
        used = dict.fromkeys(symbol for equation in equations for symbol in symbols(equation.right))
        names = {symbol.name for symbol in assigned}
        if not outputs:
            wanted = [COST, DATA_COST, PENALTY, prediction(network).name]
            wanted += [adjoint_of(parameter).name for parameter in parameters(network)]
            wanted += [next_value(parameter).name for parameter in parameters(network)]
            memories = optimiser_memory(self.optimiser, parameters(network))
            wanted += [next_value(memory.symbol).name for memory in memories]
            outputs = [name for name in wanted if name in names]
        constants: dict[str, float | tuple[float, ...]] = dict(network.loss.per_output)
        if isinstance(network.layers[-1].activation, Softmax):
            constants |= dict(network.layers[-1].activation.per_output)
        constants |= {"alpha": network.penalty.l2, "alpha1": network.penalty.l1}
        constants |= optimiser_constants(self.optimiser)
        constants |= {f"p{number}": rate for number, rate in enumerate(dropout_rates(network))}
        inputs = tuple(symbol for symbol in used if symbol not in assigned)
        system = Equations(
            inputs=inputs,
            equations=tuple(equations),
            outputs=tuple(outputs),
            sizes=tuple((units(number), width) for number, width in enumerate(network.widths)),
            constants=tuple((s.name, constants[s.name]) for s in inputs if s.name in constants),
        )
        verify(system)
        return system


@lru_cache(maxsize=KEPT)
def backpropagation(network: Network) -> Backpropagation:
    """What follows from a network, whatever the optimiser."""
    return Backpropagation(network)


@lru_cache(maxsize=KEPT)
def systems(network: Network, optimiser: Optimiser) -> Systems:
    """The systems of equations of a network and an optimiser."""
    return Systems(network, optimiser)
