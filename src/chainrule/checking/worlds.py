"""A backward pass with slips in it, evaluated line by line and only where somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus import Derivation
from chainrule.calculus.equations import Equation, Equations, Reason, Rule
from chainrule.checking.backward_code import RELABELLED
from chainrule.checking.forms import OTHER_SAMPLES
from chainrule.checking.slips import FITTED, SHIFTED_DOWN, SHIFTED_UP, Slip
from chainrule.engines.reference import Evaluator, Trace
from chainrule.expressions.terms import SAMPLES, Axes, Number, Symbol, Term, replace, symbols, union

Array = NDArray[np.float64]

_REASON = Reason(Rule.SLIP, "as somebody may have written it")
_RESULT = "result"


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
        for name, used in _uses(tuple(self.lines.values())):
            if not used.isdisjoint(changed):
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
            here = symbol
            if found.axes != symbol.axes or symbol.name in values:
                here = by[symbol] = Symbol(f"{symbol.name} {len(inputs)}", found.axes)
            values[here.name] = found.array
            inputs.append(here)
        n = len(self.forward["X"])
        sizes = (*self.forward.equations.sizes, (SAMPLES, n), (OTHER_SAMPLES, n))
        right = replace(term, by)
        return Value(right.axes, _evaluator(right, tuple(inputs), sizes)(values)[_RESULT])

    def _relabelled(self, symbol: Symbol) -> Value:
        """An array whose axes are taken for others, in the order in which code with samples in rows has them."""
        array = self.value(symbol.name.removesuffix(RELABELLED)).array
        array = array.reshape(array.shape[: len(symbol.axes)])
        axes = union(symbol.axes)
        return Value(axes, np.transpose(array, [symbol.axes.index(axis) for axis in axes]))


@lru_cache(maxsize=4096)
def _evaluator(right: Term, inputs: tuple[Symbol, ...], sizes: tuple[tuple[str, int], ...]) -> Evaluator:
    """One term as a system of its own; kept, as a line that has no slip is computed in many passes."""
    equation = Equation(Symbol(_RESULT, right.axes), right, "backward", _REASON)
    return Evaluator(Equations(inputs, (equation,), (_RESULT,), sizes))


@lru_cache(maxsize=64)
def _uses(lines: tuple[Equation, ...]) -> tuple[tuple[str, frozenset[str]], ...]:
    """Which names every line uses."""
    return tuple((line.left.name, frozenset(symbol.name for symbol in symbols(line.right))) for line in lines)
