"""One equation as a line of NumPy, in somebody's arrangement: ``dW2 = dZ2 @ A1.T``."""

from __future__ import annotations

from chainrule.calculus.equations import Equation
from chainrule.checking.forms import Form
from chainrule.expressions.terms import (
    SAMPLES,
    Apply,
    Axes,
    Call,
    Number,
    Reduce,
    Size,
    Symbol,
    Term,
)

RELABELLED = "@"  # after a symbol's name: its array, read with other axes
_INFIX = {"add": (" + ", 1), "sub": (" - ", 1), "mul": (" * ", 2), "div": (" / ", 2), "pow": ("**", 4)}
_COMPARED = {"less": " < ", "less_equal": " <= "}
_MATMUL, _ATOM = 2, 5


class Writer:
    """Writes terms as NumPy expressions."""

    def __init__(self, form: Form) -> None:
        self._form = form

    def equation(self, equation: Equation) -> str:
        """``left = right``."""
        return f"{equation.left.name} = {self.right(equation.right, equation.left.axes)}"

    def right(self, term: Term, axes: Axes) -> str:
        """The expression of an array with these axes; a bias keeps its shape."""
        order = self._form.order(axes)
        if len(order) == 1 and order[0] != SAMPLES and self._form.bias == "matrix":
            order = (SAMPLES, *order) if self._form.samples == "rows" else (*order, SAMPLES)
        return self._in(term, order, 0)

    def _stored(self, term: Term) -> Axes:
        """The axes of a leaf in the order in which its array has them."""
        if isinstance(term, Symbol) and term.name.endswith(RELABELLED):
            return term.axes if self._form.samples == "rows" else term.axes[::-1]
        return self._form.order(term.axes)

    def _in(self, term: Term, order: Axes, binding: int) -> str:
        """The expression, such that it broadcasts against arrays with the axes of `order`."""

        def bracketed(text: str, own: int) -> str:
            return f"({text})" if own < binding else text

        match term:
            case Number(value):
                return bracketed(repr(value).removesuffix(".0"), _ATOM if value >= 0 else 1)
            case Size(axis):
                return "m" if axis == SAMPLES else f"n_{axis[1:]}"
            case Symbol(name):
                return self._leaf(name.removesuffix(RELABELLED), self._stored(term), order)
            case Call(function, argument, derived):
                return f"{function.name}{'_prime' * derived}({self._in(argument, order, 0)})"
            case Reduce("sum", (axis,), Apply("mul", (left, right))) if self._is_product(axis, left, right):
                return bracketed(self._product(axis, left, right, order), _MATMUL)
            case Reduce(operation, over, operand):
                return self._reduced(operation, over, operand, order)
            case Apply("neg", (value_,)):
                return bracketed(f"-{self._in(value_, order, 3)}", 2)
            case Apply("select", arguments):
                return f"np.where({', '.join(self._in(argument, order, 0) for argument in arguments)})"
            case Apply(operation, (first, second)) if operation in _COMPARED:
                text = f"{self._in(first, order, 1)}{_COMPARED[operation]}{self._in(second, order, 1)}"
                return bracketed(text, 0)
            case Apply(operation, (first, second)) if operation in _INFIX:
                sign, own = _INFIX[operation]
                tight = own if operation == "add" else own + 1
                text = f"{self._in(first, order, own + (operation == 'pow'))}{sign}{self._in(second, order, tight)}"
                return bracketed(text, own)
            case Apply(("erf" | "erfc") as operation, (value_,)):
                return f"{operation}({self._in(value_, order, 0)})"
            case Apply(operation, arguments):
                name = {"min": "minimum", "max": "maximum"}.get(operation, operation)
                return f"np.{name}({', '.join(self._in(argument, order, 0) for argument in arguments)})"
        raise TypeError(f"not a term: {term!r}")

    def _leaf(self, name: str, stored: Axes, order: Axes) -> str:
        is_bias = name.lstrip("d")[0] == "b" and len(stored) == 1
        if is_bias and self._form.bias == "matrix":
            return name
        if len(stored) == 2 and tuple(axis for axis in order if axis in stored) == stored[::-1]:
            return f"{name}.T"
        if len(stored) == 1 and len(order) == 2 and order[0] == stored[0]:
            return f"{name}[:, None]"
        return name

    @staticmethod
    def _is_product(axis: str, left: Term, right: Term) -> bool:
        own = [set(side.axes) - {axis} for side in (left, right)]
        return all(axis in side.axes for side in (left, right)) and all(map(len, own)) and not own[0] & own[1]

    def _product(self, axis: str, left: Term, right: Term, order: Axes) -> str:
        first, second = (left, right) if set(left.axes) - {axis} <= {order[0]} else (right, left)
        return f"{self._factor(first, (order[0], axis))} @ {self._factor(second, (axis, order[-1]))}"

    def _factor(self, term: Term, order: Axes) -> str:
        if isinstance(term, Symbol):
            return self._in(term, order, 3)
        stored = self._form.order(order)
        text = self._in(term, stored, _ATOM)
        return text if stored == order else f"{text}.T"

    def _reduced(self, operation: str, over: Axes, operand: Term, order: Axes) -> str:
        stored = self._form.order(operand.axes)
        name = "logsumexp" if operation == "logsumexp" else f"np.{operation}"
        inner = self._in(operand, stored, 0)
        if set(over) == set(stored):
            return f"{name}({inner})"
        axis = stored.index(over[0])
        keep = len(order) == 2 and (axis == 1 or operation == "logsumexp" or self._form.bias == "matrix")
        return f"{name}({inner}, axis={axis}{', keepdims=True' if keep else ''})"
