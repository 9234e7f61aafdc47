"""Terms as NumPy code, as one writes it by hand: X @ W1 + b1, A1.T @ dZ2, np.where(z <= 0, 0.0, z).

Arrays have their axes in the order of the equations: samples first, then the layers.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chainrule.expressions.derivatives import computed_derivative
from chainrule.expressions.functions import Function
from chainrule.expressions.terms import (
    SAMPLES,
    Apply,
    Axes,
    Call,
    Reduce,
    Symbol,
    Term,
    is_number,
    symbols,
    walk,
)
from chainrule.notation.document.prose import function_form
from chainrule.notation.naming import Symbols
from chainrule.notation.numpy_code import NumPyWriter
from chainrule.notation.text import to_text

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


@dataclass(frozen=True)
class _Rows:
    """Arrays as the equations have them: samples first, then the layers; biases flat."""

    samples: str = "rows"
    bias: str = "vector"

    def order(self, axes: Axes) -> Axes:
        return axes


class Coder(NumPyWriter):
    """Writes terms for the script and remembers which functions that needs.

    Parameters
    ----------
    sizes : mapping of str to int
        The lengths of the units axes.

    Attributes
    ----------
    calls : dict
        The functions met, each with its order of derivation, in the order in which they were met.
    needed : set of str
        What NumPy lacks.
    """

    def __init__(self, sizes: Mapping[str, int] | None = None) -> None:
        super().__init__(_Rows())
        self._sizes = dict(sizes or {})
        self.calls: dict[tuple[Function, int], None] = {}
        self.needed: set[str] = set()

    def size(self, axis: str) -> str:
        return "n" if axis == SAMPLES else str(self._sizes[axis])

    def name(self, symbol: Symbol) -> str:
        return name_of(symbol.name)

    def function(self, function: Function, order: int) -> str:
        known = own_operation(function)
        if order == 0 and known:
            return known
        self.calls.setdefault((function, order), None)
        return function_name(function, order)

    def condition(self, term: Term, order: Axes) -> str:
        return super().written(term, order, 0) if _is_comparison(term) else f"{self.written(term, order, 1)} != 0"

    def log_sum_exp(self, inner: str, where: str) -> str:
        self.needed.add("logsumexp")
        return f"logsumexp({inner}){'[:, None]' if 'keepdims' in where else ''}"

    def written(self, term: Term, order: Axes, binding: int) -> str:
        match term:
            case Apply("exp", (Apply("sub", (left, Reduce("logsumexp", _, same))),)) if left == same:
                self.needed.add("softmax")
                return f"softmax({self.written(left, order, 0)})"
            case Apply("less" | "less_equal", _):  # as a number
                text = f"1.0 * ({super().written(term, order, 0)})"
                return f"({text})" if binding > 2 else text
            case Apply("pow", (base, exponent)) if is_number(exponent, 0.5):
                return f"np.sqrt({self.written(base, order, 0)})"
            case Apply(("erf" | "erfc") as operation, _):
                self.needed.add(operation)
        return super().written(term, order, binding)


def _is_comparison(term: Term) -> bool:
    return isinstance(term, Apply) and term.operation in ("less", "less_equal")


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
        body = coder.right(form, ())
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
