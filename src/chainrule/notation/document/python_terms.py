"""Terms as NumPy code, as one writes it by hand: X @ W1 + b1, A1.T @ dZ2, np.where(z <= 0, 0.0, z).

Arrays have their axes in the order of the equations: samples first, then the layers.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chainrule.expressions.derivatives import computed_derivative
from chainrule.expressions.functions import Function
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
    is_number,
    symbols,
    walk,
)
from chainrule.notation.document.prose import function_form
from chainrule.notation.naming import Symbols
from chainrule.notation.text import to_text

_INFIX = {"add": (" + ", 1), "sub": (" - ", 1), "mul": (" * ", 2), "div": (" / ", 2), "pow": ("**", 4)}
_COMPARED = {"less": " < ", "less_equal": " <= "}
_NUMPY = {"abs": "np.abs", "min": "np.minimum", "max": "np.maximum", "erf": "erf", "erfc": "erfc"}
_TAKEN = frozenset(
    {"np", "math", "erf", "erfc", "softmax", "logsumexp", "forward", "step", "train", "initial_parameters", "main"}
)


def name_of(symbol: str) -> str:
    """A symbol's name in the script: ``W1+`` is W1_next, ``lambda`` is lambda_."""
    name = symbol.replace("+", "_next")
    return f"{name}_" if keyword.iskeyword(name) else name


def function_name(function: Function, order: int = 0) -> str:
    """A function's name in the script; its derivative is the slope."""
    name = function.name.replace("-", "_")
    name = f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name
    return f"{name}_slope" if order else name


def own_operation(function: Function) -> str | None:
    """NumPy's name where the function is one of NumPy's own: tanh, exp."""
    match function.computed:
        case Apply(("tanh" | "exp") as operation, (Symbol("z"),)):
            return f"np.{operation}"
    return None


@dataclass
class Coder:
    """Writes terms as NumPy code and remembers which functions that needs.

    Parameters
    ----------
    sizes : mapping of str to int
        The lengths of the units axes.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    calls: dict[tuple[Function, int], None] = field(default_factory=dict)
    needed: set[str] = field(default_factory=set)

    def code(self, term: Term, binding: int = 0) -> str:
        """A term; in brackets where it binds looser than its surroundings."""

        def bracketed(text: str, own: int) -> str:
            return f"({text})" if own < binding else text

        match term:
            case Number(value):
                return bracketed(_number(value), 5 if value >= 0 else 3)
            case Symbol(name):
                return name_of(name)
            case Size(axis):
                return "n" if axis == SAMPLES else str(self.sizes[axis])
            case Call(function, argument, order):
                return self._call(function, argument, order)
            case Reduce():
                return self._reduced(term, binding)
            case Apply("exp", (Apply("sub", (left, Reduce("logsumexp", _, same))),)) if left == same:
                self.needed.add("softmax")
                return f"softmax({self.code(left)})"
            case Apply("neg", (value,)):
                return bracketed(f"-{self.code(value, 3)}", 2)
            case Apply("select", (condition, yes, no)):
                return f"np.where({self._condition(condition)}, {self.code(yes)}, {self.code(no)})"
            case Apply("less" | "less_equal", _):
                return bracketed(f"1.0 * ({self._condition(term)})", 2)
            case Apply("pow", (base, exponent)) if is_number(exponent, 0.5):
                return f"np.sqrt({self.code(base)})"
            case Apply(operation, (left, right)) if operation in _INFIX:
                sign, own = _INFIX[operation]
                right_binding = own + (operation in ("sub", "div"))
                first = self._aligned(left, term.axes, own + (operation == "pow"))
                return bracketed(f"{first}{sign}{self._aligned(right, term.axes, right_binding)}", own)
            case Apply(operation, arguments):
                if operation in ("erf", "erfc"):
                    self.needed.add(operation)
                inner = ", ".join(self._aligned(argument, term.axes, 0) for argument in arguments)
                return f"{_NUMPY.get(operation, f'np.{operation}')}({inner})"
        raise TypeError(f"not a term that can be written in NumPy: {term!r}")

    def _condition(self, term: Term) -> str:
        match term:
            case Apply(("less" | "less_equal") as operation, (left, right)):
                sides = (self._aligned(side, term.axes, 2) for side in (left, right))
                return _COMPARED[operation].join(sides)
        return f"{self.code(term, 1)} != 0"

    def _call(self, function: Function, argument: Term, order: int) -> str:
        known = own_operation(function)
        if order == 0 and known:
            return f"{known}({self.code(argument)})"
        self.calls.setdefault((function, order), None)
        return f"{function_name(function, order)}({self.code(argument)})"

    def _aligned(self, term: Term, axes: Axes, binding: int) -> str:
        """A term among others that vary over more axes: a column of values gets a second axis."""
        lacks_the_last = bool(term.axes) and len(axes) > len(term.axes) and term.axes[-1] != axes[-1]
        return f"{self.code(term, 6)}[:, None]" if lacks_the_last else self.code(term, binding)

    def _reduced(self, term: Reduce, binding: int) -> str:
        match term.operand:
            case Apply("mul", (left, right)) if _is_product(term, left, right):
                text = self._product(term.over[0], left, right, term.axes)
                return f"({text})" if binding > 2 else text
        where = _axis(term.over, term.operand.axes)
        if term.operation == "logsumexp":
            self.needed.add("logsumexp")
            return f"logsumexp({self.code(term.operand)})"
        return f"np.{term.operation}({self.code(term.operand)}{where})"

    def _product(self, over: str, left: Term, right: Term, axes: Axes) -> str:
        """left @ right, transposed where the summed axis is not where @ wants it."""
        if axes and axes[0] not in left.axes:
            left, right = right, left
        first, second = self.code(left, 5), self.code(right, 5)
        if len(left.axes) == 2 and left.axes[1] != over:
            first = f"{first}.T"
        if len(right.axes) == 2 and right.axes[0] != over:
            second = f"{second}.T"
        return f"{first} @ {second}"


def _is_product(term: Reduce, left: Term, right: Term) -> bool:
    shared = set(left.axes) & set(right.axes)
    return term.operation == "sum" and len(term.over) == 1 and shared == set(term.over)


def _axis(over: Axes, axes: Axes) -> str:
    return "" if set(over) == set(axes) else f", axis={axes.index(over[0])}"


def _number(value: float) -> str:
    return repr(value).removesuffix(".0") if abs(value) < 1e15 else repr(value)


def definitions(calls: Iterable[tuple[Function, int]]) -> tuple[list[str], set[str]]:
    """The functions that code needs, those they need themselves first; and which of NumPy's gaps are to be filled."""
    lines: list[str] = []
    done: set[tuple[Function, int]] = set()
    needed: set[str] = set()

    def define(function: Function, order: int) -> None:
        if (function, order) in done:
            return
        done.add((function, order))
        form = computed_derivative(function) if order else function.computed
        uses_output = order == 1 and Symbol("a") in symbols(form)
        coder = Coder()
        body = coder.code(form)
        if uses_output and own_operation(function) is None:
            define(function, 0)
        for node in walk(form):
            if isinstance(node, Call) and (node.order or own_operation(node.function) is None):
                define(node.function, node.order)
        needed.update(coder.needed)
        lines.extend(_definition(function, order, body, uses_output))

    for function, order in calls:
        define(function, order)
    return lines, needed


def _definition(function: Function, order: int, body: str, uses_output: bool) -> list[str]:
    formula = to_text(function_form(function.definition, Symbols()))
    what = f"The derivative of {function.name}." if order else f"{function.name}(z) = {formula}"
    lines = [f"def {function_name(function, order)}(z):", f'    """{what}"""']
    if uses_output:
        lines.append(f"    a = {own_operation(function) or function_name(function)}(z)")
    return [*lines, f"    return {body}", "", ""]
