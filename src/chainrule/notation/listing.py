"""A derivation as a list of equations: its parts under headings, each equation with its shape and its reason."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.calculus import Derivation
from chainrule.calculus.equations import Equation, Part
from chainrule.expressions.terms import SAMPLES, Symbol
from chainrule.notation.latex import to_latex
from chainrule.notation.layouts import LAYOUTS
from chainrule.notation.naming import Symbols
from chainrule.notation.tree import Relation
from chainrule.notation.writing import Writer, as_written

HEADINGS: dict[Part, str] = {
    "forward": "Forward pass",
    "cost": "Cost",
    "backward": "Backward pass: the chain rule, from the cost to every parameter",
    "update": "Update: all at once, from the values before the step",
}


def written_equations(
    derivation: Derivation, symbols: Symbols | None = None
) -> Iterator[tuple[Equation, Relation, str]]:
    """Every equation with its written form and its shape, in the derivation's layout."""
    derivation = as_written(derivation)
    writer = Writer(derivation.layout, symbols or Symbols())
    for equation in derivation.equations:
        yield equation, writer.equation(equation), shape_text(derivation, equation.left, writer)


def shape_text(derivation: Derivation, symbol: Symbol, writer: Writer) -> str:
    """The shape of a symbol in a layout: ``(3, n)`` in columns, ``(n, 3)`` in rows."""
    if not symbol.axes:
        return "scalar"
    layout = LAYOUTS[writer.layout]
    kept = symbol.axes if layout.entries else layout.ordered(symbol.axes)
    sizes = {SAMPLES: writer.symbols.samples} | {axis: str(size) for axis, size in derivation.equations.sizes}
    return "(" + ", ".join(sizes[axis] for axis in kept) + ("," if len(kept) == 1 else "") + ")"


def latex_listing(derivation: Derivation, symbols: Symbols | None = None) -> str:
    """The derivation as LaTeX: headings as paragraphs and one ``align*`` a part; needs amsmath and amssymb."""
    lines: list[str] = []
    part: Part | None = None
    for equation, tree, _ in written_equations(derivation, symbols):
        if equation.part != part:
            lines += [] if part is None else [r"\end{align*}"]
            part = equation.part
            of_one = " of one sample" if LAYOUTS[derivation.layout].one_sample and part == "forward" else ""
            lines += [rf"\paragraph{{{HEADINGS[part]}{of_one}}}", r"\begin{align*}"]
        else:
            lines[-1] += r" \\"
        left, right = (to_latex(side) for side in tree.sides)
        lines.append(f"  {left} &= {right}")
    return "\n".join([*lines, r"\end{align*}"])
