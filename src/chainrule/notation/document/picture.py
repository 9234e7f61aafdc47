"""The network drawn as points and lines: what a picture in any format shows.

Units stand in columns, a layer each; of a wide layer the middle is left out.  The weight in question has one way to
the loss through the first unit of every layer, drawn strongly, and all its other ways, drawn lightly: the chain rule
multiplies along a way and adds the ways.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

from chainrule.expressions.lookup import text_of
from chainrule.network import Network
from chainrule.notation.alphabet import subscript

MOST_UNITS = 5
LAYER_GAP, UNIT_GAP, RADIUS, MARGIN = 130.0, 44.0, 13.0, 80.0
Emphasis = Literal["none", "way", "chosen"]


@dataclass(frozen=True)
class Unit:
    """A circle: a unit of a layer (0 the inputs), or the loss behind the last."""

    x: float
    y: float
    layer: int
    label: str
    emphasis: Emphasis


@dataclass(frozen=True)
class Edge:
    """A line from unit to unit."""

    start: Unit
    end: Unit
    emphasis: Emphasis


@dataclass(frozen=True)
class Caption:
    """Words above or below a column."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Drawing:
    """Everything that is drawn, in a frame from (0, 0) to (width, height), y downwards."""

    width: float
    height: float
    units: tuple[Unit, ...]
    edges: tuple[Edge, ...]
    captions: tuple[Caption, ...]
    gaps: tuple[tuple[float, float], ...]


def drawing_of(network: Network) -> Drawing:
    """The network with the ways of its first weight, w from input 1 to unit 1 of layer 1.

    Examples
    --------
    >>> drawing = drawing_of(Network.parse("2 -> 3 relu -> 1 sigmoid", loss="bce"))
    >>> len(drawing.units), len(drawing.edges), sum(edge.emphasis == "chosen" for edge in drawing.edges)
    (7, 10, 3)
    """
    columns: list[list[Unit]] = []
    captions: list[Caption] = []
    gaps: list[tuple[float, float]] = []
    widths = (*network.widths, 1)
    tallest = max(_slots(width) for width in widths)
    height = tallest * UNIT_GAP + 78
    middle = (height - 14) / 2
    for layer, width in enumerate(widths):
        x = MARGIN + layer * LAYER_GAP
        top = middle - (_slots(width) - 1) * UNIT_GAP / 2
        shown = list(range(width)) if width <= MOST_UNITS else [*range(MOST_UNITS - 2), width - 1]
        column = []
        for unit in shown:
            slot = unit if unit < MOST_UNITS - 2 or width <= MOST_UNITS else MOST_UNITS - 1
            label = _label(network, layer, unit)
            column.append(Unit(x, top + slot * UNIT_GAP, layer, label, _emphasis(layer, unit)))
        if width > MOST_UNITS:
            gaps.append((x, top + (MOST_UNITS - 2) * UNIT_GAP))
        columns.append(column)
        captions += _captions(network, layer, x, height)
    edges = tuple(
        Edge(start, end, _of_edge(start, end, columns))
        for before, after in itertools.pairwise(columns)
        for start in before
        for end in after
    )
    units = tuple(unit for column in columns for unit in column)
    return Drawing(2 * MARGIN + (len(widths) - 1) * LAYER_GAP, height, units, edges, tuple(captions), tuple(gaps))


def _slots(width: int) -> int:
    return min(width, MOST_UNITS)


def _label(network: Network, layer: int, unit: int) -> str:
    if layer == 0:
        return f"x{subscript(str(unit + 1))}"
    return "ℓ" if layer > network.depth else ""


def _emphasis(layer: int, unit: int) -> Emphasis:
    if unit == 0:
        return "chosen"
    return "way" if layer > 1 else "none"


def _of_edge(start: Unit, end: Unit, columns: list[list[Unit]]) -> Emphasis:
    if start is columns[start.layer][0] and end is columns[end.layer][0]:
        return "chosen"
    if start.layer == 0 or (start.layer == 1 and start is not columns[1][0]):
        return "none"
    return "way"


def _captions(network: Network, layer: int, x: float, height: float) -> list[Caption]:
    if layer > network.depth:
        return [Caption(x, 18, "loss"), Caption(x, height - 12, text_of(network.loss))]
    if layer == 0:
        return [Caption(x, 18, "inputs"), Caption(x, height - 12, str(network.n_inputs))]
    row = network.layers[layer - 1]
    return [Caption(x, 18, f"layer {layer}"), Caption(x, height - 12, f"{row.width} {row.activation.name}")]
