"""Terms as NumPy expressions, as one writes them by hand, whatever way round the arrays lie: ``dW2 = dZ2 @ A1.T``.

The script of a derivation and the checker of somebody's backward pass write with this one; they differ in how arrays
are arranged and in what functions and sizes are called.
"""

from __future__ import annotations

from typing import Protocol

from chainrule.expressions.functions import Function
from chainrule.expressions.terms import SAMPLES, Apply, Axes, Call, Number, Reduce, Size, Symbol, Term

_INFIX = {"add": (" + ", 1), "sub": (" - ", 1), "mul": (" * ", 2), "div": (" / ", 2), "pow": ("**", 4)}
_COMPARED = {"less": " < ", "less_equal": " <= "}
_MATMUL, _ATOM = 2, 5
_NUMPY = {"min": "np.minimum", "max": "np.maximum", "erf": "erf", "erfc": "erfc"}


class Arrangement(Protocol):
    """Which way round arrays lie."""

    @property
    def samples(self) -> str:
        """``"rows"`` where the samples are the rows of X."""

    @property
    def bias(self) -> str:
        """``"matrix"`` where a bias has two axes, one of length 1."""

    def order(self, axes: Axes) -> Axes:
        """The axes in the order in which an array has them."""


class NumPyWriter:
    """Writes terms as NumPy expressions.

    Parameters
    ----------
    arrangement : Arrangement
    """

    def __init__(self, arrangement: Arrangement) -> None:
        self._form = arrangement

    def right(self, term: Term, axes: Axes) -> str:
        """The expression of an array with these axes; a bias keeps its shape."""
        order = self._form.order(axes)
        if len(order) == 1 and order[0] != SAMPLES and self._form.bias == "matrix":
            order = (SAMPLES, *order) if self._form.samples == "rows" else (*order, SAMPLES)
        return self.written(term, order, 0)

    # ---------------------------------------------------------------- what a writer may call otherwise
    def size(self, axis: str) -> str:
        """The length of an axis."""
        return "m" if axis == SAMPLES else f"n_{axis[1:]}"

    def name(self, symbol: Symbol) -> str:
        """An array's name."""
        return symbol.name

    def function(self, function: Function, order: int) -> str:
        """A function's name, or its derivative's."""
        return f"{function.name}{'_prime' * order}"

    def stored(self, term: Symbol) -> Axes:
        """The axes of a named array in the order in which it has them."""
        return self._form.order(term.axes)

    def condition(self, term: Term, order: Axes) -> str:
        """The condition of a choice."""
        return self.written(term, order, 0)

    def log_sum_exp(self, inner: str, where: str) -> str:
        """The logarithm of the sum of exponentials along an axis."""
        return f"logsumexp({inner}{where})"

    # ---------------------------------------------------------------- terms
    def written(self, term: Term, order: Axes, binding: int) -> str:
        """The expression, such that it broadcasts against arrays with the axes of `order`."""

        def bracketed(text: str, own: int) -> str:
            return f"({text})" if own < binding else text

        match term:
            case Number(value):
                return bracketed(_number(value), _ATOM if value >= 0 else 3)
            case Size(axis):
                return self.size(axis)
            case Symbol():
                return self._leaf(self.name(term), self.stored(term), order)
            case Call(function, argument, derived):
                return f"{self.function(function, derived)}({self.written(argument, order, 0)})"
            case Reduce("sum", (axis,), Apply("mul", (left, right))) if _is_product(axis, left, right):
                return bracketed(self._product(axis, left, right, order), _MATMUL)
            case Reduce(operation, over, operand):
                return self._reduced(operation, over, operand, order)
            case Apply("neg", (value_,)):
                return bracketed(f"-{self.written(value_, order, 3)}", 2)
            case Apply("select", (condition, yes, no)):
                chosen = ", ".join(self.written(branch, order, 0) for branch in (yes, no))
                return f"np.where({self.condition(condition, order)}, {chosen})"
            case Apply(operation, (first, second)) if operation in _COMPARED:
                text = f"{self.written(first, order, 1)}{_COMPARED[operation]}{self.written(second, order, 1)}"
                return bracketed(text, 0)
            case Apply(operation, (first, second)) if operation in _INFIX:
                sign, own = _INFIX[operation]
                tight = own if operation == "add" else own + 1
                above = self.written(first, order, own + (operation == "pow"))
                return bracketed(f"{above}{sign}{self.written(second, order, tight)}", own)
            case Apply(operation, arguments):
                inner = ", ".join(self.written(argument, order, 0) for argument in arguments)
                return f"{_NUMPY.get(operation, f'np.{operation}')}({inner})"
        raise TypeError(f"not a term that can be written in NumPy: {term!r}")

    def _leaf(self, name: str, stored: Axes, order: Axes) -> str:
        is_bias = name.lstrip("d")[:1] == "b" and len(stored) == 1
        if is_bias and self._form.bias == "matrix":
            return name
        if len(stored) == 2 and tuple(axis for axis in order if axis in stored) == stored[::-1]:
            return f"{name}.T"
        if len(stored) == 1 and len(order) == 2 and order[0] == stored[0]:
            return f"{name}[:, None]"
        return name

    def _product(self, axis: str, left: Term, right: Term, order: Axes) -> str:
        first, second = (left, right) if set(left.axes) - {axis} <= {order[0]} else (right, left)
        return f"{self._factor(first, (order[0], axis))} @ {self._factor(second, (axis, order[-1]))}"

    def _factor(self, term: Term, order: Axes) -> str:
        if isinstance(term, Symbol):
            return self.written(term, order, 3)
        stored = self._form.order(order)
        text = self.written(term, stored, _ATOM)
        return text if stored == order else f"{text}.T"

    def _reduced(self, operation: str, over: Axes, operand: Term, order: Axes) -> str:
        stored = self._form.order(operand.axes)
        inner = self.written(operand, stored, 0)
        where = ""
        if set(over) != set(stored):
            axis = stored.index(over[0])
            keep = len(order) == 2 and (axis == 1 or operation == "logsumexp" or self._form.bias == "matrix")
            where = f", axis={axis}{', keepdims=True' if keep else ''}"
        return self.log_sum_exp(inner, where) if operation == "logsumexp" else f"np.{operation}({inner}{where})"


def _is_product(axis: str, left: Term, right: Term) -> bool:
    own = [set(side.axes) - {axis} for side in (left, right)]
    return all(axis in side.axes for side in (left, right)) and all(map(len, own)) and not own[0] & own[1]


def _number(value: float) -> str:
    return repr(value).removesuffix(".0") if abs(value) < 1e15 else repr(value)
