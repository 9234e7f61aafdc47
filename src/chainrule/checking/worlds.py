"""A backward pass with slips in it, evaluated line by line and only where somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus import Derivation
from chainrule.calculus.equations import Equation, Equations, Reason
from chainrule.checking.backward_code import RELABELLED
from chainrule.checking.forms import OTHER_SAMPLES
from chainrule.checking.slips import FITTED, SHIFTED_DOWN, SHIFTED_UP, Slip
from chainrule.engines.reference import Trace, evaluate
from chainrule.expressions.terms import SAMPLES, Axes, Number, Symbol, Term, replace, symbols, union

Array = NDArray[np.float64]

_REASON = Reason("slip", "as somebody may have written it")


def backward_lines(derivation: Derivation) -> dict[str, Equation]:
    """The backward equations by name: reduced, and beside them those of the output layer that the reduction skips."""
    reduced = {equation.left.name: equation for equation in derivation.backward}
    bare = {equation.left.name: equation for equation in derivation.unreduced.part("backward")}
    return {name: equation for name, equation in bare.items() if name not in reduced} | reduced


@dataclass(frozen=True)
class Value:
    """An array with the axes that it has, in the core's order."""

    axes: Axes
    array: Array


@dataclass
class World:
    """The lines of a backward pass, some of them replaced by slips.

    Parameters
    ----------
    lines : mapping of str to Equation
        The right ones, in an order in which they can be computed.
    forward : Trace
        All right values.
    slips : tuple of Slip
        At most one per line.
    """

    lines: Mapping[str, Equation]
    forward: Trace
    slips: tuple[Slip, ...] = ()
    _known: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_line = {slip.line: slip for slip in self.slips}
        changed: set[str] = set(self._by_line)
        for name, equation in self.lines.items():
            if any(symbol.name in changed for symbol in symbols(equation.right)):
                changed.add(name)
        self.changed = changed
        labels = self.forward["Y"]
        axes = (SAMPLES, f"u{max(int(axis[1:]) for axis, _ in self.forward.equations.sizes)}")
        self._known[SHIFTED_UP] = Value(axes, np.roll(labels, 1, axis=1))
        self._known[SHIFTED_DOWN] = Value(axes, np.roll(labels, -1, axis=1))

    def with_slip(self, slip: Slip) -> World:
        """The same pass with one more slip."""
        world = World(self.lines, self.forward, (*self.slips, slip))
        world._known.update({name: value for name, value in self._known.items() if name not in world.changed})
        return world

    def value(self, name: str) -> Value:
        """The value of a line, or of the forward pass."""
        if name not in self._known:
            if name in self.lines:
                slip = self._by_line.get(name)
                self._known[name] = self.of(self.lines[name].right if slip is None else slip.right)
            else:
                equations = self.forward.equations
                symbol = next((s for s in equations.inputs if s.name == name), None) or equations[name].left
                self._known[name] = Value(symbol.axes, self.forward[name])
        return self._known[name]

    def of(self, term: Term, fitted: float = 1.0) -> Value:
        """The value of any term over the lines' values; the number left open is `fitted`."""
        by: dict[Term, Term] = {FITTED: Number(fitted)}
        values: dict[str, Array] = {}
        inputs: list[Symbol] = []
        for symbol in symbols(term):
            if symbol == FITTED:
                continue
            found = self._relabelled(symbol) if symbol.name.endswith(RELABELLED) else self.value(symbol.name)
            here = Symbol(f"v{len(inputs)}", found.axes)
            by[symbol], values[here.name] = here, found.array
            inputs.append(here)
        right = replace(term, by)
        left = Symbol("result", right.axes)
        n = len(self.forward["X"])
        sizes = dict(self.forward.equations.sizes) | {SAMPLES: n, OTHER_SAMPLES: n}
        equation = Equation(left, right, "backward", _REASON)
        system = Equations(tuple(inputs), (equation,), (left.name,), tuple(sizes.items()))
        return Value(right.axes, evaluate(system, values)["result"])

    def _relabelled(self, symbol: Symbol) -> Value:
        """An array whose axes are taken for others, in the order in which code with samples in rows has them."""
        array = self.value(symbol.name.removesuffix(RELABELLED)).array
        array = array.reshape(array.shape[: len(symbol.axes)])
        axes = union(symbol.axes)
        return Value(axes, np.transpose(array, [symbol.axes.index(axis) for axis in axes]))
