"""A term's values as engines compute them: in float64, in its stable form, by the reference engine."""

from chainrule.calculus.equations import Equation, Equations, Reason
from chainrule.engines.reference import evaluate
from chainrule.expressions.terms import SAMPLES, Size, Symbol, symbols, walk


def computed(term, sizes=None, **values):
    """The value of a term whose symbols are given by name; unit axes need their sizes."""
    out = Equation(Symbol("out", term.axes), term, "forward", Reason("given", "a test"))
    inputs = symbols(term)
    if any(node == Size(SAMPLES) for node in walk(term)) and not any(SAMPLES in symbol.axes for symbol in inputs):
        raise ValueError("the number of samples is not known")
    system = Equations(inputs, (out,), ("out",), tuple((sizes or {}).items()))
    return evaluate(system, values)["out"]
