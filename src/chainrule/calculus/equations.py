"""An ordered list of equations: the object that everything else reads.

An equation assigns a term to a symbol, once, and says why.  The specification is ``docs/equations.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal

from chainrule.calculus.logarithms import without_logarithms
from chainrule.expressions.stable import stable_form
from chainrule.expressions.terms import SAMPLES, Symbol, Term

Part = Literal["forward", "cost", "backward", "update"]


class Rule(StrEnum):
    """The rules by which equations hold; what reads an equation may ask for its rule, never for its words."""

    AFFINE = "affine"
    ACTIVATION = "activation"
    DROPOUT = "dropout"
    SOFTMAX = "softmax"
    BATCH_WEIGHT = "weight of the batch"
    LOSS = "loss"
    PENALTY = "penalty"
    COST = "cost of the batch"
    COST_DERIVATIVE = "derivative of the cost"
    CHAIN_RULE = "chain rule"
    GLOBAL_NORM = "global norm"
    CLIPPING = "clipping"
    BIAS_CORRECTION = "bias correction"
    FIRST_MOMENT = "first moment"
    SECOND_MOMENT = "second moment"
    VELOCITY = "velocity"
    GRADIENT_DESCENT = "gradient descent"
    MOMENTUM = "momentum"
    NESTEROV = "nesterov"
    ADAM = "adam"
    ADAMW = "adamw"
    MOVING_AVERAGE = "moving average"
    SLIP = "slip"
    BRANCH = "branch"


@dataclass(frozen=True)
class Reason:
    """Why an equation holds: which rule, applied to what (words for a reader)."""

    rule: Rule
    applied_to: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.applied_to}"


@dataclass(frozen=True)
class Step:
    """One line of algebra: the term, and the named rewrite that gave it from the line before."""

    rewrite: str
    term: Term

    def __repr__(self) -> str:
        return f"Step({self.rewrite!r}, {str(self.term)!r})"


@dataclass(frozen=True)
class Equation:
    """left = right.

    Parameters
    ----------
    left : Symbol
        The value that is assigned.
    right : Term
        What engines compute.  Axes of `left` that it lacks are broadcast.
    part : {"forward", "cost", "backward", "update"}
    reason : Reason
    steps : tuple of Step
        The algebra from the first form, as a person would write it down, to `right`; empty where they are the same.
    """

    left: Symbol
    right: Term
    part: Part
    reason: Reason
    steps: tuple[Step, ...] = ()

    @property
    def first(self) -> Term:
        """The right side before any rewriting."""
        return self.steps[0].term if self.steps else self.right

    def __repr__(self) -> str:
        return f"Equation({str(self)!r}, part={self.part!r})"

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"


@dataclass(frozen=True)
class Equations:
    """A system of equations in the order in which they can be computed.

    Parameters
    ----------
    inputs : tuple of Symbol
        What the caller supplies: data, parameters, masks, the learning rate, optimiser state.
    equations : tuple of Equation
    outputs : tuple of str
        The names that somebody wants; everything else must be used by a later equation.
    sizes : tuple of (str, int)
        The length of every units axis.  The number of samples is free.
    constants : tuple of (str, float or tuple of float)
        Inputs whose values the declaration fixes: ``alpha``, ``beta1``, …; of an input with one axis, all its values.
    """

    inputs: tuple[Symbol, ...]
    equations: tuple[Equation, ...]
    outputs: tuple[str, ...]
    sizes: tuple[tuple[str, int], ...]
    constants: tuple[tuple[str, float | tuple[float, ...]], ...] = field(default=())

    def __repr__(self) -> str:
        return f"Equations({', '.join(equation.left.name for equation in self.equations)})"

    def __str__(self) -> str:
        return "\n".join(map(str, self.equations))

    def __iter__(self) -> Iterator[Equation]:
        return iter(self.equations)

    def __len__(self) -> int:
        return len(self.equations)

    def __getitem__(self, name: str) -> Equation:
        """The equation that assigns a name: ``equations["dW1"]``."""
        for equation in self.equations:
            if equation.left.name == name:
                return equation
        raise KeyError(f"no equation assigns {name!r}; assigned: {', '.join(e.left.name for e in self.equations)}")

    @cached_property
    def computed(self) -> tuple[tuple[Symbol, Term], ...]:
        """Every left side with the term that engines compute: the right side in its stable form."""
        return tuple((left, stable_form(right)) for left, right in self.opened)

    @cached_property
    def opened(self) -> tuple[tuple[Symbol, Term], ...]:
        """Every left side with its right side, where the logarithm of an exponential or sigmoid reads what is in it."""
        definitions = {equation.left: equation.right for equation in self.equations}
        return tuple((e.left, without_logarithms(e.right, definitions)) for e in self.equations)

    def part(self, part: Part) -> tuple[Equation, ...]:
        """The equations of one part."""
        return tuple(equation for equation in self.equations if equation.part == part)

    def shape(self, symbol: Symbol, samples: str = "n") -> tuple[int | str, ...]:
        """The shape of a symbol, with a letter for the number of samples.

        Examples
        --------
        >>> from chainrule import Network, derive
        >>> equations = derive(Network.parse("4 -> 3 softmax", loss="cross-entropy")).equations
        >>> equations.shape(equations["Z1"].left)
        ('n', 3)
        """
        sizes = dict(self.sizes)
        return tuple(samples if axis == SAMPLES else sizes[axis] for axis in symbol.axes)
