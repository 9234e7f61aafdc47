"""The cost along lines through one parameter array, with every branch held where it is at the start.

ReLU, an absolute error and a quantile loss are pieces that meet in kinks, and a difference across a kink measures a
mean of two slopes.  Here every condition of a ``select`` and every sign of an ``abs`` is computed once, at the start,
and kept.  What remains is smooth; away from kinks it has the cost's own derivative, and on a kink that of the piece
which the definition puts the point on, which is the declared convention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as with_fields

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.equations import Equation, Equations, Reason, Rule
from chainrule.engines.reference import Trace, evaluate
from chainrule.expressions.terms import Apply, Symbol, Term, mul, rebuild, replace, select, symbols

Array = NDArray[np.float64]

POINTS = "h"  # the axis that counts points on lines; it sorts before all others
LARGEST_BATCH = 4_000_000  # numbers of the largest value that is held at once


@dataclass(frozen=True)
class Movement:
    """What points on lines do.

    Attributes
    ----------
    costs : ndarray of shape (h,)
        J there.
    reaches : ndarray of shape (h,)
        How far the farthest of all Z has moved.
    """

    costs: Array
    reaches: Array


@dataclass(frozen=True)
class HeldCost:
    """Forward and cost with held branches.

    Parameters
    ----------
    system : Equations
        Its inputs are those of the cost and the branches.
    start : Trace
        All values at the start, those of the branches included.
    """

    system: Equations
    start: Trace

    def along(self, parameter: str, points: Array) -> Movement:
        """J for values of one parameter of shape (h, *its shape), the others as at the start."""
        lifted = self._lifted(parameter)
        affine = [e.left.name for e in lifted if e.reason.rule is Rule.AFFINE and POINTS in e.left.axes]
        values = {symbol.name: self.start[symbol.name] for symbol in lifted.inputs}
        largest = max(self.start[equation.left.name].size for equation in lifted)
        at_once = max(1, LARGEST_BATCH // max(largest, points[0].size))
        costs, reaches = [], []
        for first in range(0, len(points), at_once):
            values[parameter] = points[first : first + at_once]
            sized = with_fields(lifted, sizes=(*lifted.sizes, (POINTS, len(values[parameter]))))
            trace = evaluate(sized, values)
            costs.append(trace["J"])
            moved = [np.abs(trace[name] - self.start[name]).max(axis=(1, 2)) for name in affine]
            reaches.append(np.max(moved, axis=0))
        return Movement(np.concatenate(costs), np.concatenate(reaches))

    def _lifted(self, parameter: str) -> Equations:
        """The equations with the axis ``h`` on the parameter and on everything that depends on it."""
        at_start = self.system.inputs
        by: dict[Term, Term] = {s: Symbol(s.name, (POINTS, *s.axes)) for s in at_start if s.name == parameter}
        inputs = tuple(Symbol(s.name, (POINTS, *s.axes)) if s in by else s for s in at_start)
        equations = []
        for equation in self.system:
            left, right = equation.left, replace(equation.right, by)
            if right != equation.right:
                by[left] = left = Symbol(left.name, (POINTS, *left.axes))
            equations.append(Equation(left, right, equation.part, equation.reason))
        return with_fields(self.system, inputs=inputs, equations=tuple(equations))


def hold_branches(objective: Equations, values: Mapping[str, Array]) -> HeldCost:
    """The cost with every branch held where it is for these inputs."""
    branches: dict[Term, Equation] = {}
    equations: list[Equation] = []
    annotated: list[Equation] = []
    for left, right in objective.computed:
        known = len(branches)
        equation = with_fields(objective[left.name], right=_held(right, branches), steps=())
        annotated += [*list(branches.values())[known:], equation]
        equations.append(equation)
    start = evaluate(with_fields(objective, equations=tuple(annotated)), values)
    sides = tuple(equation.left for equation in branches.values())
    system = with_fields(objective, inputs=(*objective.inputs, *sides), equations=tuple(equations))
    return HeldCost(system, start)


def _held(term: Term, branches: dict[Term, Equation]) -> Term:
    """The term with a symbol for every condition and every sign; `branches` gains their equations."""

    def side(definition: Term) -> Term:
        if not symbols(definition):
            return definition
        if definition not in branches:
            left = Symbol(f"branch{len(branches) + 1}", definition.axes)
            branches[definition] = Equation(left, definition, "cost", Reason(Rule.BRANCH, "held"))
        return branches[definition].left

    match term:
        case Apply("less" | "less_equal" | "sign"):
            return side(term)
        case Apply("abs", (operand,)):
            return mul(side(Apply("sign", (operand,))), _held(operand, branches))
        case Apply("min" | "max" as operation, (left, right)):
            first = side(Apply("less_equal", (left, right)))
            smaller, larger = (left, right) if operation == "min" else (right, left)
            return select(first, _held(smaller, branches), _held(larger, branches))
    children = tuple(_held(child, branches) for child in term.children)
    return term if children == term.children else rebuild(term, children)
