"""The picture as SVG, its colours taken from the page around it, light or dark."""

from __future__ import annotations

from html import escape

from chainrule.network import Network
from chainrule.notation.document.picture import RADIUS, Drawing, drawing_of

LINE = {
    "none": ("var(--faint, #b8bcc4)", 1.0),
    "way": ("var(--way, #7aa7e0)", 1.6),
    "chosen": ("var(--chosen, #c8482b)", 3.2),
}


def to_svg(network: Network) -> str:
    """The network as one ``<svg>`` element."""
    return drawn(drawing_of(network), f"The network {network} with the ways of one weight to the loss")


def drawn(drawing: Drawing, title: str) -> str:
    """A drawing as one ``<svg>`` element, which is read aloud by its title."""
    width, height = drawing.width, drawing.height
    parts = [
        (
            f'<svg class="network" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
            f'role="img" xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>'
        )
    ]
    for edge in sorted(drawing.edges, key=lambda edge: list(LINE).index(edge.emphasis)):
        colour, thickness = LINE[edge.emphasis]
        parts.append(
            f'<line x1="{edge.start.x:g}" y1="{edge.start.y:g}" x2="{edge.end.x:g}" y2="{edge.end.y:g}" '
            f'stroke="{colour}" stroke-width="{thickness:g}"/>'
        )
    for unit in drawing.units:
        colour, thickness = LINE[unit.emphasis]
        parts.append(
            f'<circle cx="{unit.x:g}" cy="{unit.y:g}" r="{RADIUS:g}" fill="var(--paper, #fff)" '
            f'stroke="{colour}" stroke-width="{max(thickness, 1.4):g}"/>'
        )
        if unit.label:
            parts.append(_text(unit.x, unit.y + 4.5, unit.label, 12))
    parts += [_text(caption.x, caption.y, caption.text, 12) for caption in drawing.captions]
    parts += [_text(x, y + 5, "⋮", 18) for x, y in drawing.gaps]
    return "".join([*parts, "</svg>"])


def _text(x: float, y: float, text: str, size: int) -> str:
    place = f'x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="middle"'
    return f'<text {place} fill="var(--ink, #1c1e21)">{escape(text)}</text>'
