"""The activations: one row each.

A row gives the defining expression in ``z``; where that would overflow or cancel, the stable form that is computed
instead; the form of f′ that is computed, in ``z`` and the output ``a``; the kinks; and the range.  The tests prove
for every row that the stable form equals the definition, and that the computed f′ equals the derivative of the
definition that the rules give.  To add an activation, add a row.

Sources of the formulas: elu, Clevert et al. 2015 (arXiv 1511.07289); selu, Klambauer et al. 2017 (1706.02515);
gelu, Hendrycks and Gimpel 2016 (1606.08415), the exact form; silu, Elfwing et al. 2017 (1702.03118);
mish, Misra 2019 (1908.08681).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from itertools import accumulate, pairwise

from chainrule.expressions.functions import Function
from chainrule.expressions.intervals import Interval
from chainrule.expressions.terms import (
    ONE,
    Call,
    Reduce,
    Symbol,
    Term,
    absolute,
    add,
    erf,
    erfc,
    exp,
    expm1,
    less,
    less_equal,
    log,
    log1p,
    select,
    tanh,
)

z, a = Symbol("z"), Symbol("a")
POSITIVE = Interval(0, math.inf)
OUTSIDE = 1e30  # taken from what does not belong to a group: its exponential is 0
NOT_NEGATIVE = Interval(0, math.inf, low_open=False)
UNIT = Interval(0, 1)

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717

identity = Function("identity", z, derivative=ONE, range=Interval())

# e^−|z| never overflows, and 1 + e^−|z| never cancels
_decay = exp(-absolute(z))
sigmoid = Function(
    "sigmoid",
    definition=1 / (1 + exp(-z)),
    stable=select(less(z, 0), _decay, ONE) / (1 + _decay),
    derivative=a * (1 - a),
    range=UNIT,
)
tanh_ = Function(
    "tanh",
    definition=(exp(z) - exp(-z)) / (exp(z) + exp(-z)),
    stable=tanh(z),
    derivative=1 - a**2,
    range=Interval(-1, 1),
)
relu = Function(
    "relu",
    definition=select(less_equal(z, 0), 0, z),
    derivative=select(less_equal(z, 0), 0, 1),
    kinks=(0.0,),
    range=NOT_NEGATIVE,
    keeps_sign=True,
)
exp_ = Function("exp", definition=exp(z), derivative=a, range=POSITIVE)
softplus = Function(
    "softplus",
    definition=log(1 + exp(z)),
    stable=select(less_equal(z, 0), 0, z) + log1p(_decay),
    derivative=Call(sigmoid, z),
    range=POSITIVE,
)
silu = Function(
    "silu",
    definition=z / (1 + exp(-z)),
    stable=z * Call(sigmoid, z),
    derivative=Call(sigmoid, z) * (1 + z * Call(sigmoid, -z)),  # σ(−z) is 1 − σ(z) without its cancellation
    range=Interval(-0.27846454276107380, math.inf, low_open=False),
)
# 1 + erf(z/√2), which would lose its digits for z far below 0
_upper_tail = erfc(-z / math.sqrt(2))
gelu = Function(
    "gelu",
    definition=z * (1 + erf(z / math.sqrt(2))) / 2,
    stable=z * (_upper_tail / 2),
    derivative=_upper_tail / 2 + z * exp(-(z**2) / 2) / math.sqrt(2 * math.pi),
    range=Interval(-0.16997120747990369, math.inf, low_open=False),
)
# 1 − tanh(s) = 2 σ(−2s), without its cancellation
_tanh = tanh(Call(softplus, z))
mish = Function(
    "mish",
    definition=z * tanh(log(1 + exp(z))),
    stable=z * tanh(Call(softplus, z)),
    derivative=_tanh + z * (Call(sigmoid, z) * (1 + _tanh) * (2 * Call(sigmoid, -2 * Call(softplus, z)))),
    range=Interval(-0.30884341301725074, math.inf, low_open=False),
)
selu = Function(
    "selu",
    definition=SELU_SCALE * select(less_equal(z, 0), SELU_ALPHA * (exp(z) - 1), z),
    stable=SELU_SCALE * select(less_equal(z, 0), SELU_ALPHA * expm1(z), z),
    derivative=select(less_equal(z, 0), a + SELU_SCALE * SELU_ALPHA, SELU_SCALE),
    kinks=(0.0,),
    range=Interval(-SELU_SCALE * SELU_ALPHA, math.inf),
    keeps_sign=True,
)


def leaky_relu(slope: float = 0.01) -> Function:
    """z above 0, slope · z below."""
    return Function(
        "leaky_relu",
        definition=select(less_equal(z, 0), slope * z, z),
        derivative=select(less_equal(z, 0), slope, 1),
        kinks=() if slope == 1 else (0.0,),
        range=Interval() if slope > 0 else NOT_NEGATIVE,
        parameters=(("slope", float(slope)),),
        keeps_sign=True,
    )


def elu(alpha: float = 1.0) -> Function:
    """z above 0, alpha · (e^z − 1) below."""
    return Function(
        "elu",
        definition=select(less_equal(z, 0), alpha * (exp(z) - 1), z),
        stable=select(less_equal(z, 0), alpha * expm1(z), z),
        derivative=select(less_equal(z, 0), a + alpha, 1),
        kinks=() if alpha == 1 else (0.0,),
        range=Interval(-alpha, math.inf),
        parameters=(("alpha", float(alpha)),),
        keeps_sign=True,
    )


@dataclass(frozen=True)
class Softmax:
    """exp(z) over its sum along the units: the one activation that mixes units, so it is a term, not a `Function`.

    Parameters
    ----------
    groups : tuple of int
        Where several targets are predicted at once: how many units, one after the other, belong to each; the softmax
        is then that of each group by itself.

    Raises
    ------
    ValueError
        If a group is no whole number of units.
    """

    groups: tuple[int, ...] = ()
    name: str = field(default="softmax", init=False)
    range: Interval = field(default=UNIT, init=False)
    kinks: tuple[float, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        if any(size != int(size) or size < 1 for size in self.groups):
            raise ValueError(f"softmax: groups must be whole numbers of units, got {self.groups}")
        object.__setattr__(self, "groups", tuple(map(int, self.groups)))

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """The sizes of the groups."""
        return tuple((f"group{number}", float(size)) for number, size in enumerate(self.groups, 1))

    @property
    def per_output(self) -> tuple[tuple[str, tuple[float, ...]], ...]:
        """G1, G2, …: 1 for the units of a group, 0 for the others."""
        ends = list(accumulate(self.groups, initial=0))
        return tuple(
            (f"G{number}", tuple(float(low <= unit < high) for unit in range(ends[-1])))
            for number, (low, high) in enumerate(pairwise(ends), 1)
        )

    def over(self, logits: Term, axis: str) -> Term:
        """softmax of `logits` along an axis, as exp(z − logsumexp z); in groups, z less its own group's logsumexp."""
        if not self.groups:
            return exp(logits - Reduce("logsumexp", (axis,), logits))
        members = [Symbol(name, (axis,)) for name, _ in self.per_output]
        sums = [G * Reduce("logsumexp", (axis,), logits - OUTSIDE * (1 - G)) for G in members]
        return exp(logits - reduce(add, sums))


softmax = Softmax()

Activation = Function | Softmax

ACTIVATIONS: dict[str, Activation | Callable[..., Activation]] = {
    "identity": identity,
    "sigmoid": sigmoid,
    "tanh": tanh_,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "selu": selu,
    "gelu": gelu,
    "silu": silu,
    "mish": mish,
    "softplus": softplus,
    "exp": exp_,
    "softmax": softmax,
}
ACTIVATION_ALIASES = {"logistic": "sigmoid", "linear": "identity", "swish": "silu"}
ACTIVATION_PARAMETERS: dict[tuple[str, str], Interval] = {
    ("leaky_relu", "slope"): Interval(0, math.inf, low_open=False),
    ("elu", "alpha"): Interval(0, math.inf),
}
