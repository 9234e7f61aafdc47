"""Wrong gradients, made by changing one line of a derivation or one array."""

import numpy as np

from chainrule.calculus import derive
from chainrule.calculus.equations import Equation, Equations
from chainrule.engines.reference import evaluate
from chainrule.expressions.terms import Term


def gradients_with(network, reference, name, change):
    """All gradients when the right side of one backward equation is changed."""
    system = derive(network).gradients

    def changed(equation):
        return Equation(equation.left, change(equation.right), equation.part, equation.reason)

    equations = tuple(changed(e) if e.left.name == name else e for e in system)
    wrong = Equations(system.inputs, equations, system.outputs, system.sizes, system.constants)
    trace = evaluate(wrong, {symbol.name: reference[symbol.name] for symbol in system.inputs})
    return {f"d{name}": trace[f"d{name}"] for name in network.parameter_shapes}


def scaled_derivative(network, reference, rng, size=1e-3):
    """∂J/∂Z of one layer too large by a factor: what a wrong f′ does."""
    layer = rng.integers(1, network.depth + 1)
    return gradients_with(network, reference, f"dZ{layer}", lambda right: (1 + size) * right)


def scaled_array(network, reference, rng, size=1e-3):
    """One array too large by a factor."""
    name = _one(network, rng)
    return {name: reference[name] * (1 + size)}


def one_entry(network, reference, rng, size=1e-3):
    """One entry wrong, by this part of the array's norm."""
    name = _one(network, rng)
    wrong = reference[name].copy()
    wrong.flat[rng.integers(wrong.size)] += size * np.linalg.norm(wrong)
    return {name: wrong}


def missing_bias_sum(network, reference, rng):
    """∂J/∂b of one layer is that of the first sample alone."""
    layer = rng.integers(1, network.depth + 1)
    return {f"db{layer}": reference[f"dZ{layer}"][0]}


def doubled_division(network, reference, _rng):
    """1/m twice."""

    def divided(right: Term) -> Term:
        return right / len(reference["X"])

    return gradients_with(network, reference, f"dZ{network.depth}", divided)


FAULTS = {
    "0.1 % on one layer's f'": scaled_derivative,
    "0.1 % on one array": scaled_array,
    "0.1 % of the norm on one entry": one_entry,
    "bias not summed": missing_bias_sum,
    "1/m twice": doubled_division,
}


def changes_something(wrong, reference):
    """Whether the fault shows at all: a dead ReLU hides much, and a batch of one has no 1/m."""
    return any(np.linalg.norm(value - reference[name]) > 1e-4 * np.linalg.norm(reference[name])
               for name, value in wrong.items())  # fmt: skip


def _one(network, rng):
    return f"d{rng.choice(list(network.parameter_shapes))}"
