"""Terms as vector instructions, with equal parts computed once.

Where a value stands is a mapping from axes to places (the row of a tile, the number of a vector, a unit); a part that
lacks an axis is the same at every place of it, and is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TypeGuard

from chainrule.engines.jit.elementary import ELEMENTARY, power
from chainrule.engines.jit.statements import CompilationUnsupported
from chainrule.engines.jit.vectors import Vectors
from chainrule.expressions.printing import plain
from chainrule.expressions.terms import Apply, Number, Symbol, Term

__all__ = ["Place", "Pointwise", "cost_of"]

Place = Mapping[str, Hashable]
Reader = Callable[["Pointwise", Symbol, Place], str]

_COMPARISONS = {"less": "olt", "less_equal": "ole"}

_BY_SQUARING = 64  # the largest exponent

_COSTS = {
    "exp": 18,
    "expm1": 20,
    "log": 26,
    "log1p": 32,
    "tanh": 32,
    "erf": 40,
    "erfc": 60,
    "div": 4,
    "sqrt": 4,
    "sign": 3,
    "max": 4,
    "min": 4,
}


def cost_of(term: Term) -> int:
    """About how many instructions a term takes per vector."""
    own = _COSTS.get(term.operation, 1) if isinstance(term, Apply) else 0
    if isinstance(term, Apply) and term.operation == "pow" and not _is_by_squaring(term.arguments[1]):
        own = _COSTS["exp"] + _COSTS["log"] + 8
    return own + sum(cost_of(child) for child in term.children)


def _is_by_squaring(exponent: Term) -> TypeGuard[Number]:
    return isinstance(exponent, Number) and exponent.value.is_integer() and abs(exponent.value) <= _BY_SQUARING


class Pointwise:
    """Evaluates terms into one function.

    Parameters
    ----------
    vectors : Vectors
    read : callable
        (evaluator, symbol, place) -> vector, for symbols that were not assigned; the evaluator is the one that asks,
        which inside a loop is that of the loop's body.
    """

    def __init__(self, vectors: Vectors, read: Reader, known: dict[Hashable, str] | None = None) -> None:
        self.vectors = vectors
        self.read = read
        self._known: dict[Hashable, str] = {} if known is None else known

    def nested(self) -> Pointwise:
        """For the body of a loop: what is known outside is known inside, but not the reverse."""
        return Pointwise(self.vectors, self.read, dict(self._known))

    def _key(self, term: Term, place: Place, kind: str = "") -> Hashable:
        return (term, kind, *(place[axis] for axis in term.axes))

    def assign(self, symbol: Symbol, place: Place, value: str) -> None:
        """Make a value known under a name."""
        self._known[self._key(symbol, place)] = value

    def value(self, term: Term, place: Place) -> str:
        """The vector of a term at a place."""
        key = self._key(term, place)
        if key not in self._known:
            self._known[key] = self._compute(term, place)
        return self._known[key]

    def mask(self, term: Term, place: Place) -> str:
        """A condition as a mask."""
        key = self._key(term, place, "mask")
        if key not in self._known:
            match term:
                case Apply(operation, (left, right)) if operation in _COMPARISONS:
                    a, b = self.value(left, place), self.value(right, place)
                    self._known[key] = self.vectors.compare(_COMPARISONS[operation], a, b)
                case _:
                    zero = self.vectors.constant(0.0)
                    self._known[key] = self.vectors.compare("une", self.value(term, place), zero)
        return self._known[key]

    def _compute(self, term: Term, place: Place) -> str:
        v = self.vectors
        match term:
            case Number(value):
                return v.constant(value)
            case Symbol():
                return self.read(self, term, place)
            case Apply("select", (condition, yes, no)):
                return v.select(self.mask(condition, place), self.value(yes, place), self.value(no, place))
            case Apply(operation, _) if operation in _COMPARISONS:
                return v.select(self.mask(term, place), v.constant(1.0), v.constant(0.0))
            case Apply("add", (Apply("mul", (x, y)), other)) | Apply("add", (other, Apply("mul", (x, y)))):
                return v.fma(self.value(x, place), self.value(y, place), self.value(other, place))
            case Apply("sub", (other, Apply("mul", (x, y)))):
                return v.fma(v.negate(self.value(x, place)), self.value(y, place), self.value(other, place))
            case Apply("pow", (base, exponent)):
                return self._power(self.value(base, place), exponent, place)
            case Apply(operation, arguments):
                return self._apply(operation, [self.value(argument, place) for argument in arguments], term)
        raise CompilationUnsupported(f"a term of this form: {plain(term)}")

    def _apply(self, operation: str, values: list[str], term: Term) -> str:
        v = self.vectors
        if operation in ELEMENTARY:
            return ELEMENTARY[operation](v, values[0])
        match operation:
            case "add":
                return v.add(*values)
            case "sub":
                return v.subtract(*values)
            case "mul":
                return v.multiply(*values)
            case "div":
                return v.divide(*values)
            case "neg":
                return v.negate(values[0])
            case "abs":
                return v.intrinsic("fabs", values[0])
            case "max":
                return v.maximum(*values)
            case "min":
                return v.minimum(*values)
        raise CompilationUnsupported(f"the operation {operation!r} in {plain(term)}")

    def _power(self, base: str, exponent: Term, place: Place) -> str:
        """Whole powers by squaring, the square root, and all others by a logarithm."""
        v = self.vectors
        if isinstance(exponent, Number) and exponent.value == 0.5:
            return ELEMENTARY["sqrt"](v, base)
        if not _is_by_squaring(exponent):
            return power(v, base, self.value(exponent, place))
        count = abs(int(exponent.value))
        result: str | None = None
        while count:
            if count & 1:
                result = base if result is None else v.multiply(result, base)
            count >>= 1
            base = v.multiply(base, base) if count else base
        one = v.constant(1.0)
        return one if result is None else result if exponent.value > 0 else v.divide(one, result)
