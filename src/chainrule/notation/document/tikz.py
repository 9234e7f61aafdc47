"""The picture as TikZ."""

from __future__ import annotations

from chainrule.network import Network
from chainrule.notation.alphabet import SUBSCRIPTS
from chainrule.notation.document.markdown import in_text
from chainrule.notation.document.picture import RADIUS, drawing_of

LINE = {"none": "black!25", "way": "blue!45, thick", "chosen": "red!75!black, very thick"}
POINTS = 0.72  # of TeX for each unit of the drawing
WIDEST = 440.0


def to_tikz(network: Network) -> str:
    """The network as a ``tikzpicture``; needs tikz only."""
    drawing = drawing_of(network)
    scale = min(POINTS, WIDEST / drawing.width)
    lines = [rf"\begin{{tikzpicture}}[x={scale:.3f}pt, y=-{scale:.3f}pt, font=\footnotesize]"]
    for edge in sorted(drawing.edges, key=lambda edge: list(LINE).index(edge.emphasis)):
        start, end = f"({edge.start.x:g},{edge.start.y:g})", f"({edge.end.x:g},{edge.end.y:g})"
        lines.append(rf"\draw[{LINE[edge.emphasis]}] {start} -- {end};")
    for unit in drawing.units:
        label = r"$\ell$" if unit.label == "ℓ" else f"$x_{{{_digits(unit.label[1:])}}}$" if unit.label else ""
        lines.append(
            rf"\draw[{LINE[unit.emphasis]}, fill=white] ({unit.x:g},{unit.y:g}) circle[radius={RADIUS * scale:.2f}pt];"
        )
        if label:
            lines.append(rf"\node at ({unit.x:g},{unit.y:g}) {{{label}}};")
    lines += [rf"\node at ({c.x:g},{c.y:g}) {{{in_text(c.text)}}};" for c in drawing.captions]
    lines += [rf"\node at ({x:g},{y:g}) {{$\vdots$}};" for x, y in drawing.gaps]
    return "\n".join([*lines, r"\end{tikzpicture}"])


def _digits(small: str) -> str:
    return "".join(SUBSCRIPTS[char] for char in small)
