"""One equation as a line of NumPy, in somebody's arrangement: ``dW2 = dZ2 @ A1.T``."""

from __future__ import annotations

from chainrule.calculus.equations import Equation
from chainrule.checking.forms import Form
from chainrule.expressions.terms import Axes, Symbol
from chainrule.notation.numpy_code import NumPyWriter

RELABELLED = "@"  # after a symbol's name: its array, read with other axes


class Writer(NumPyWriter):
    """Writes equations as NumPy, with arrays that are read with other axes than their own among them."""

    def __init__(self, form: Form) -> None:
        super().__init__(form)
        self._rows = form.samples == "rows"

    def equation(self, equation: Equation) -> str:
        """``left = right``."""
        return f"{equation.left.name} = {self.right(equation.right, equation.left.axes)}"

    def name(self, symbol: Symbol) -> str:
        return symbol.name.removesuffix(RELABELLED)

    def stored(self, term: Symbol) -> Axes:
        if term.name.endswith(RELABELLED):
            return term.axes if self._rows else term.axes[::-1]
        return super().stored(term)
