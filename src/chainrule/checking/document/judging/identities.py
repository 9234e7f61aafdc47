"""f′(x) = …: an identity of functions of one number, tried at several numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from chainrule.checking.document.judging.conditions import is_met_at
from chainrule.checking.document.judging.judgements import Judgement, same
from chainrule.checking.document.judging.page_functions import PI, STEP
from chainrule.checking.document.judging.worlds import BATCH, SCALAR, Regime, World
from chainrule.checking.document.meaning.letters import SIZES
from chainrule.checking.document.meaning.model import FUNCTION_OF_NAME, Model
from chainrule.notation.meaning import Array, MeaningError, Setting, evaluate
from chainrule.notation.text import to_text
from chainrule.notation.tree import Applied, Letter, Mark, Node, Num, Partial, Relation, letters

POINTS = (-1.3, -0.4, 0.6, 1.7)  # at which f′(x) = … is tried


class Identities(ABC):
    """Judges what a page says of a function's slope, by the functions of whoever judges all other lines."""

    model: Model
    supposed: tuple[Relation, ...]  # what a line is claimed under: z > 0

    @abstractmethod
    def world(self, regime: Regime, draw: int) -> World:
        """The world of a regime and draw."""

    def identity(self, left: Applied, right: Node) -> Judgement:
        """f′(x) = …: an identity of functions of one number, f(x) by its own name or a letter that the page gave it."""
        argument = left.arguments[0]
        if isinstance(argument, Num):
            return self._slope_at(left, float(argument.value), right)
        if not isinstance(argument, Letter):
            return Judgement("unread", why=f"{to_text(left)}: the argument isn't a letter")
        for point in POINTS:
            setting = self.point(left, argument, point)
            if not all(is_met_at(condition, argument, setting) for condition in self.supposed):
                continue
            try:
                sides = evaluate(left, setting), evaluate(right, setting)
            except MeaningError as error:
                return Judgement("unread", why=str(error))
            if not same(*sides, flattened=False):
                return Judgement("wrong", why=f"it fails at {argument.name} = {point}")
        return Judgement("exact", "batch")

    def point(self, left: Applied, argument: Letter, point: float) -> Setting:
        """A setting in which the argument of f′(x) is a number, and letters for f(x) have its value."""
        functions = self.world(SCALAR, 0).functions
        letters_of_value = {letter for letter, name in self.model.aliases.items() if name == left.function.name} | {"a"}
        values: dict[Node, Array] = {letter: np.asarray(float(BATCH.samples)) for letter in self._counts()}
        values |= {argument: np.asarray(point), PI: np.asarray(np.pi)}
        if left.function.name in functions:
            value = functions[left.function.name](np.asarray(point))
            values |= {Letter(letter): value for letter in letters_of_value - {argument.name}}
        return Setting(values, functions, derivative=_slope_by(argument))

    def _counts(self) -> set[Letter]:
        """The letters that the page's costs have for the number of samples."""
        costs = (body for one, body in self.model.definitions.items() if one.name in self.model.batch_costs)
        return {Letter(letter.name) for body in costs for letter in letters(body) if letter.name in SIZES - {"K", "M"}}

    def _slope_at(self, left: Applied, point: float, right: Node) -> Judgement:
        """f′(0) = …: at a kink what is taken there is the writer's choice; elsewhere a claim, to the digits written."""
        functions = self.world(SCALAR, 0).functions
        slope = functions.get(f"{left.function.name}′")
        if slope is None or not isinstance(right, Num):
            return Judgement("unread", why=f"{to_text(left)}: only a number is compared with a slope at a number")
        at, before, behind = (float(slope(np.asarray(point + step))) for step in (0.0, -1e-7, 1e-7))
        if abs(before - behind) > 1e-3:
            return Judgement("given", why="the function has a kink there: what is taken is a choice")
        close = abs(at - float(right.value)) <= 1e-4 * max(1.0, abs(at))
        return Judgement("exact", "batch") if close else Judgement("wrong", why=f"the slope there is {at:g}")


def _slope_by(argument: Letter) -> Callable[[Partial, Setting], Array]:
    """d/dx (…) for numbers, by the complex step."""

    def slope(node: Partial, setting: Setting) -> Array:
        if node.by != argument:
            raise MeaningError(f"{to_text(node)}: only derivatives by {to_text(argument)} are known here")
        values = {**setting.values, argument: setting.values[argument] + 1j * STEP}
        return np.asarray(np.imag(evaluate(node.of, replace(setting, values=values))) / STEP)

    return slope


def function_derivative(left: Node) -> Applied | None:
    """The f′(x) that a side says: σ′(x), dσ(x), tanh′."""
    match left:
        case Applied(function=function) if any(mark.text == "′" for mark in function.upper):
            return left
        case Applied(function=function) if len(function.name) == 2 and function.name[0] == "d":
            return left
        case Letter(name=name, upper=(Mark(text="′"),)) if name in FUNCTION_OF_NAME:
            return Applied(left, (Letter("z"),))
        case _:
            return None
