"""A network as a drawing: its layers from left to right, a few units of each."""

from __future__ import annotations

from itertools import pairwise

from chainrule.estimators.table_models.report.axes import svg
from chainrule.estimators.table_models.report.markup import Markup, element, together
from chainrule.expressions.lookup import text_of
from chainrule.network import Network

_WIDTH, _HEIGHT, _FOOT = 400, 250, 46
_MOST_UNITS = 7
_MARGIN = 46


def network_figure(network: Network) -> Markup:
    """Columns of units, lines between them, and below each its width and activation."""
    widths = network.widths
    names = ["inputs", *(text_of(layer.activation) for layer in network.layers)]
    gap = (_WIDTH - 2 * _MARGIN) / (len(widths) - 1)
    columns = [(_MARGIN + gap * at, _heights(width)) for at, width in enumerate(widths)]
    lines = [
        element("line", x1=x1, y1=y1, x2=x2, y2=y2)
        for (x1, left), (x2, right) in pairwise(columns)
        for y1 in left
        for y2 in right
    ]
    units, labels = [], []
    for (x, heights), width, name in zip(columns, widths, names, strict=True):
        units += [element("circle", cx=x, cy=y, r=5.5) for y in heights]
        if width > len(heights):
            labels.append(element("text", "⋮", x=x, y=heights[-1] + 20, text_anchor="middle"))
        labels.append(element("text", f"{width:,}", x=x, y=_HEIGHT - 26, text_anchor="middle", _class="strong"))
        labels.append(element("text", name, x=x, y=_HEIGHT - 10, text_anchor="middle"))
    content = together(
        element("title", str(network)),
        element("g", *lines, _class="edges"),
        element("g", *units, _class="units"),
        *labels,
    )
    return svg(content, _WIDTH, _HEIGHT)


def _heights(width: int) -> list[float]:
    """Where the units of a layer stand; of a wide one, the first few."""
    shown = min(width, _MOST_UNITS)
    step = min(26.0, (_HEIGHT - _FOOT - 20) / _MOST_UNITS)
    top = (_HEIGHT - _FOOT - step * (shown - 1)) / 2 - (8 if width > shown else 0)
    return [top + step * k for k in range(shown)]
