"""A slip: one line of a backward pass written wrongly, as a perturbed equation."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.checking.backward_code import RELABELLED
from chainrule.expressions.terms import Axes, Symbol, Term

FITTED = Symbol("c")  # a number that the slip leaves open: a learning rate, a penalty's strength, a factor
SHIFTED_UP, SHIFTED_DOWN = "Y_up", "Y_down"  # labels with every class taken for the next, or for the one before

AND = " + "  # between kinds that meet in one line

# What a slip may be called; the values are what a reader is told.
KINDS = {
    "sign": "the sign is flipped",
    "factor 2": "a factor 2 too much",
    "factor 1/2": "a factor 2 is missing",
    "1/m missing": "the division by the number of samples is missing",
    "1/m doubled": "it is divided by the number of samples once too often",
    "n for the sum of weights": "it is divided by the number of samples, where the cost divides by the sum of weights",
    "transpose": "it is transposed",
    "elementwise for matrix product": "an elementwise product stands where a matrix product belongs",
    "matrix product for elementwise": "a matrix product stands where an elementwise product belongs",
    "not summed": "it is not summed over the samples",
    "wrong axis": "it is summed over the wrong axis",
    "summed over everything": "it is summed over all axes, not over the samples alone",
    "keepdims lost": "an axis is lost, so that the update broadcasts to another shape",
    "f' at a": "f′ is taken at A, where it belongs at Z",
    "f' in a, at z": "the form of f′ that takes A is given Z",
    "f' missing": "the factor f′(Z) is missing",
    "f' twice": "the factor f′(Z) stands there twice",
    "f' misremembered": "f′ is not written rightly",
    "f' of another layer": "f′ of another layer stands there",
    "f' of another function": "f′ of another function stands there",
    "output delta without f'": "the output layer's f′ is missing",
    "output delta with extra f'": "the output layer's f′ is multiplied in once too often",
    "softmax as diagonal": "softmax is treated as if each output depended on its own logit only",
    "softmax missing": "the logits stand where their softmax belongs",
    "another loss": "it belongs to another loss",
    "one-hot off by one": "the labels are shifted by one class",
    "broadcasting": "Y of shape (n,) against (n, 1) broadcasts to n × n",
    "a of another layer": "the activation of another layer stands there",
    "z for a": "Z stands where its activation belongs",
    "delta of another layer": "∂J/∂Z of another layer stands there",
    "W not transposed": "W is not transposed",
    "W already updated": "W has been updated before it is used to go back",
    "penalty missing": "the penalty's derivative is missing",
    "penalty doubled": "the penalty's derivative is counted twice",
    "penalty halved": "the penalty's derivative is halved",
    "penalty sign": "the penalty's derivative has the wrong sign",
    "penalty divisor": "the penalty is not divided as in the cost",
    "penalty strength": "a multiple of W is added that is not the penalty's",
    "penalty on biases": "biases are penalised",
    "sample weights missing": "the sample weights are missing",
    "dropout mask missing": "the dropout mask is missing on the way back",
    "dropout scale missing": "the division by 1 − p is missing on the way back",
    "dropout missing": "the activation before dropout stands where the one after it belongs",
    "constant factor": "it is off by a constant factor",
    "not finite": "it holds NaN or infinities",
    "unknown": "it is wrong in a way that the catalogue does not have",
}


@dataclass(frozen=True)
class Slip:
    """One line, written wrongly.

    Attributes
    ----------
    kind : str
        A key of `KINDS`, or several, joined by `AND`.
    line : str
        The name that the line assigns: ``"dZ2"``.
    right : Term
        What the line gives; it may have other axes than the right one.  The symbol ``c`` is a number left open.
    detail : str
        Which one: ``"A0 in place of A1"``.
    transposed : bool
        Whether the array is written with its axes swapped.
    """

    kind: str
    line: str
    right: Term
    detail: str = ""
    transposed: bool = False

    @property
    def words(self) -> str:
        """What is wrong, as a sentence without its end."""
        return ", and ".join(KINDS[kind] for kind in self.kind.split(AND)) + (
            f" ({self.detail})" if self.detail else ""
        )


def relabelled(symbol: Symbol, axes: Axes) -> Symbol:
    """The symbol's array, its axes taken for others in the order in which they stand: what code does, unasked."""
    return Symbol(symbol.name + RELABELLED, axes)
