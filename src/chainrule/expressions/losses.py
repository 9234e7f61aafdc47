"""The losses of one output of one sample: one row each.

A row gives the defining expression in the prediction ``yhat`` and the label ``y``, where predictions may lie, and
which labels are meant.  The cost of a batch is their (weighted) sum over outputs and samples, divided as the network
says.  To add a loss, add a row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from chainrule.expressions.functions import check_finite, check_name, check_pointwise
from chainrule.expressions.intervals import Interval
from chainrule.expressions.terms import (
    Symbol,
    Term,
    absolute,
    less_equal,
    log,
    replace,
    select,
)

yhat, y = Symbol("yhat"), Symbol("y")
# names that equations give to something else
TAKEN = re.compile(
    r"yhat|y|d?[A-Z]\d*|d?b\d*|p\d*|[minstuvw]|(m|v|avg)_.*|alpha1?|eta(_t)?|beta[12]|epsilon|mu|lambda|decay|clip.*|g_norm"
)


@dataclass(frozen=True)
class Loss:
    """A loss as a row of a table, or as a user's own value.

    Parameters
    ----------
    name : str
        ``"huber"``.
    definition : Term
        The loss of one output, in ``yhat`` and ``y``.
    domain : Interval
        Where ``yhat`` must lie.
    labels : Interval
        Where ``y`` must lie.
    has_kink : bool
        Whether the derivative jumps somewhere (at ŷ = y; for Huber only the second derivative does).
    parameters : tuple of (str, float)
        Values that are part of the loss: ``(("delta", 1.0),)``.
    written : Term, optional
        The loss as its user wrote it, where the definition is an equal form that does not overflow.
    per_output : tuple of (str, tuple of float)
        Symbols of the definition, beside ``yhat`` and ``y``, that have a value for every output of the network:
        ``(("q", (0.1, 0.5, 0.9)),)``; their names are none of the equations' own.
    labels_sum_to_one : bool
        Whether every row of labels is a distribution (one-hot, say).  The algebra of softmax then uses it:
        dZ = A − Y holds for such labels only.

    Raises
    ------
    ValueError
        If the name is not a name, the definition has other symbols, is not pointwise or is nested more than 100 deep,
        or a number is not finite.
    """

    name: str
    definition: Term
    domain: Interval = Interval()
    labels: Interval = Interval()
    has_kink: bool = False
    parameters: tuple[tuple[str, float], ...] = ()
    labels_sum_to_one: bool = False
    per_output: tuple[tuple[str, tuple[float, ...]], ...] = ()
    written: Term | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple((str(name), float(value)) for name, value in self.parameters))
        vectors = tuple((str(name), tuple(map(float, values))) for name, values in self.per_output)
        object.__setattr__(self, "per_output", vectors)
        check_name(self.name, "loss")
        check_finite([value for _, value in self.parameters], f"loss {self.name!r}: parameters")
        for name, values in vectors:
            check_name(name, "loss's value per output")
            if TAKEN.fullmatch(name):
                raise ValueError(f"loss {self.name!r}: {name!r} is a name of the equations; give the values another")
            check_finite(values, f"loss {self.name!r}: {name}")
        names = ("yhat", "y", *(name for name, _ in vectors))
        check_pointwise(self.definition, f"loss {self.name!r}: definition", names)
        if self.written is not None:
            check_pointwise(self.written, f"loss {self.name!r}: written", names)

    def __repr__(self) -> str:
        values = "".join(f", {name}={value!r}" for name, value in (*self.parameters, *self.per_output))
        return f"Loss({self.name!r}, {str(self.definition)!r}{values})"

    def over(self, form: Term, prediction: Symbol) -> Term:
        """A form in the loss's own symbols, its definition or a derivative of it, over a network's prediction and Y."""
        by: dict[Term, Term] = {yhat: prediction, y: Symbol("Y", prediction.axes)}
        by |= {Symbol(name): Symbol(name, prediction.axes[-1:]) for name, _ in self.per_output}
        return replace(form, by)


CLOSED_UNIT = Interval(0, 1, low_open=False, high_open=False)

squared_error = Loss("squared-error", (yhat - y) ** 2 / 2)
mse = Loss("mse", (yhat - y) ** 2)
absolute_error = Loss("absolute-error", absolute(yhat - y), has_kink=True)
binary_cross_entropy = Loss(
    "binary-cross-entropy",
    -(y * log(yhat) + (1 - y) * log(1 - yhat)),
    domain=Interval(0, 1),
    labels=CLOSED_UNIT,
)
cross_entropy = Loss(
    "cross-entropy",
    -(y * log(yhat)),
    domain=Interval(0, 1),
    labels=CLOSED_UNIT,
    labels_sum_to_one=True,
)
poisson = Loss(
    "poisson",
    yhat - y * log(yhat),
    domain=Interval(0, math.inf),
    labels=Interval(0, math.inf, low_open=False),
)


def binary_focal(gamma: float = 2.0) -> Loss:
    """Cross-entropy of labels that are there or not, each sure and right prediction weighted down (Lin et al. 2017).

    −y (1 − ŷ)^γ log ŷ − (1 − y) ŷ^γ log(1 − ŷ).
    """
    return Loss(
        "binary-focal",
        -(y * (1 - yhat) ** gamma * log(yhat) + (1 - y) * yhat**gamma * log(1 - yhat)),
        domain=Interval(0, 1),
        labels=CLOSED_UNIT,
        parameters=(("gamma", float(gamma)),),
    )


def focal(gamma: float = 2.0) -> Loss:
    """Cross-entropy of classes that exclude each other, weighted down by (1 − ŷ)^γ (Lin et al. 2017)."""
    return Loss(
        "focal",
        -(y * (1 - yhat) ** gamma * log(yhat)),
        domain=Interval(0, 1),
        labels=CLOSED_UNIT,
        parameters=(("gamma", float(gamma)),),
        labels_sum_to_one=True,
    )


def huber(delta: float = 1.0) -> Loss:
    """Half the squared error up to `delta`, linear beyond (Huber 1964)."""
    distance = absolute(yhat - y)
    return Loss(
        "huber",
        select(less_equal(distance, delta), (yhat - y) ** 2 / 2, delta * (distance - delta / 2)),
        parameters=(("delta", float(delta)),),
    )


def quantile(q: float = 0.5, *more: float) -> Loss:
    """The pinball loss (Koenker and Bassett 1978), minimal at the q-quantile: q(y − ŷ) below y, (1 − q)(ŷ − y) above.

    Several quantiles are those of the outputs, one after the other.  Written with |ŷ − y|, whose sign keeps a NaN in
    the derivative; at ŷ = y that is ½ − q, the middle of its jump.
    """
    difference = yhat - y
    of_output: float | Symbol = Symbol("q") if more else q
    return Loss(
        "quantile",
        (absolute(difference) + (1 - 2 * of_output) * difference) / 2,
        has_kink=True,
        parameters=(("q", float(q)), *((f"q{number}", float(value)) for number, value in enumerate(more, 2))),
        per_output=(("q", (q, *more)),) if more else (),
    )


LOSSES: dict[str, Loss | Callable[..., Loss]] = {
    "binary-cross-entropy": binary_cross_entropy,
    "cross-entropy": cross_entropy,
    "binary-focal": binary_focal,
    "focal": focal,
    "squared-error": squared_error,
    "mse": mse,
    "absolute-error": absolute_error,
    "huber": huber,
    "quantile": quantile,
    "poisson": poisson,
}
LOSS_ALIASES = {
    "bce": "binary-cross-entropy",
    "log-loss": "binary-cross-entropy",
    "mean-squared-error": "mse",
    "mae": "absolute-error",
    "pinball": "quantile",
    "categorical-cross-entropy": "cross-entropy",
}
LOSS_PARAMETERS: dict[tuple[str, str], Interval] = {
    # below 1 the slope is infinite where a prediction is sure and right; 0 is cross-entropy, which has its own row
    ("binary-focal", "gamma"): Interval(1, math.inf, low_open=False),
    ("focal", "gamma"): Interval(1, math.inf, low_open=False),
    ("huber", "delta"): Interval(0, math.inf),
    ("quantile", "q"): Interval(0, 1),
    ("quantile", "more"): Interval(0, 1),
}
