"""The index form: an equation for one entry, with Σ where a matrix product hides one.

∂J/∂w₁,ⱼₖ = Σᵢ x_k^{(i)} ∂J/∂z₁,ⱼ^{(i)}.  Weights have the unit they lead to first, as most books write them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.expressions.terms import SAMPLES, Apply, Axes, Call, Number, Reduce, Size, Symbol, Term
from chainrule.notation.arithmetic import number, product, signed_sum, unsigned
from chainrule.notation.conditions import indicator
from chainrule.notation.left_out import with_units_left_out
from chainrule.notation.naming import Symbols, is_derivative
from chainrule.notation.tree import Applied, Bars, BigSum, Fraction, Letter, Mark, Node, Power, negated

SAMPLE_LETTER = "i"
UNIT_LETTERS = ("j", "k", "l", "m", "p", "q", "r")
Indices = Mapping[str, str]


@dataclass(frozen=True)
class EntryWriter:
    """Writes one entry of a term.

    Parameters
    ----------
    symbols : Symbols
    one_sample : bool
        Whether there is only one sample, so that sums over samples go.
    sample : str
        What marks the quantities of the one sample, if anything does: a⁽ⁱ⁾.
    single : frozenset of str
        Axes of layers with one unit, which is not counted: a₂ in place of a_{2,j}.
    """

    symbols: Symbols
    one_sample: bool = False
    single: frozenset[str] = frozenset()
    sample: str = ""

    def indices(self, axes: Axes) -> dict[str, str]:
        """Letters for a left side's axes: i for samples, j for the later layer's units, k for the earlier one's."""
        return self._lettered({}, axes)

    def _lettered(self, taken: Indices, axes: Axes) -> dict[str, str]:
        letters = dict(taken)
        for axis in sorted(axes, key=lambda axis: (axis != SAMPLES, -int(axis[1:] or 0))):
            if axis in self.single:
                continue
            if axis != SAMPLES:
                letters[axis] = next(letter for letter in UNIT_LETTERS if letter not in letters.values())
            elif not self.one_sample:
                letters[axis] = SAMPLE_LETTER
        return letters

    def write(self, term: Term, letters: Indices) -> Node:
        """One entry of a term, given the letters of the axes that are fixed around it."""

        def inner(part: Term) -> Node:
            return self.write(part, letters)

        plainer = with_units_left_out(term)
        if plainer is not None:
            return self.write(plainer, letters)
        match term:
            case Number(value):
                return number(value)
            case Size():
                return Letter(self.symbols.samples)
            case Symbol(name, axes):
                units = tuple(Mark(letters[axis]) for axis in reversed(axes) if axis not in {SAMPLES, *self.single})
                sample = self.sample if self.one_sample else letters.get(SAMPLES, "")
                return self.symbols.letter(name, units, sample if SAMPLES in axes else "", small=bool(axes))
            case Reduce("sum", over, operand):
                return self._sum(over, operand, letters)
            case Reduce("logsumexp", over, operand):
                return Applied(Letter("log"), (self._sum(over, Apply("exp", (operand,)), letters),))
            case Apply("exp", (Apply("sub", (left, Reduce("logsumexp", over, operand))),)):
                below = self._sum(over, Apply("exp", (operand,)), letters)
                return Fraction(inner(Apply("exp", (left,))), below)
            case Call(function, argument, order):
                return Applied(self.symbols.function(function.name, order), (inner(argument),))
            case Apply("add" | "sub" | "neg", _):
                return signed_sum(term, inner)
            case Apply("mul", _):
                return product(term, inner)
            case Apply("div", (left, right)):
                return Fraction(inner(left), inner(right))
            case Apply("pow", (base, exponent)):
                return Power(inner(base), inner(exponent))
            case Apply("abs", (argument,)):
                return Bars(inner(argument))
            case Apply("select" | "less" | "less_equal", _):
                return indicator(term, inner)
            case Apply(operation, arguments):
                return Applied(Letter(operation), tuple(inner(argument) for argument in arguments))
        raise TypeError(f"cannot write the term {term!r}")

    def _sum(self, over: Axes, operand: Term, letters: Indices) -> Node:
        axes = tuple(a for a in over if not (self.one_sample and a == SAMPLES) and a not in self.single)
        positive, minus = unsigned(operand)
        around = {axis: letter for axis, letter in letters.items() if axis not in axes}
        own = self._lettered(around | _outside(letters, axes), axes)
        body = self.write(_as_multiplied(positive), own)
        for letter in sorted((own[axis] for axis in axes), reverse=True):  # Σᵢ Σⱼ Σₖ
            body = BigSum((letter,), None, None, body)
        return negated(body) if minus else body


def _as_multiplied(term: Term) -> Term:
    """Two factors in the order of the chain rule, ∂J/∂z_j x_k, or of the weighted sum, w_jk x_k."""
    match term:
        case Apply("mul", (Symbol(first) as left, Symbol(second) as right)) if not is_derivative(first):
            return right * left if is_derivative(second) or second.startswith("W") else term
    return term


def _outside(letters: Indices, axes: Axes) -> dict[str, str]:
    """The letters of axes that are summed over although they are fixed outside: not to be used again inside."""
    return {f"{axis} outside": letters[axis] for axis in axes if axis in letters}
