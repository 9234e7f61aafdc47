"""A picture of a network: a box for every layer, in text and as SVG."""

from __future__ import annotations

import html
import math
from itertools import pairwise

from chainrule.expressions.lookup import text_of
from chainrule.network import Network

BOX, GAP, TALLEST, SHORTEST = 112, 44, 110, 40
WIDEST = 100  # columns of text


def text_diagram(network: Network) -> list[str]:
    """A box for the inputs and for every layer, joined by arrows; several rows where they are many.

    Examples
    --------
    >>> for line in text_diagram(Network.parse("4 -> 8 tanh -> 3 softmax", loss="cross-entropy")):
    ...     print(line)
    ┌──────────┐   ┌────────┐   ┌───────────┐
    │ 4 inputs │──▶│ 8 tanh │──▶│ 3 softmax │
    └──────────┘   └────────┘   └───────────┘
    """
    rows: list[list[str]] = [[]]
    for box in map(" ".join, _boxes(network)):
        if rows[-1] and sum(len(other) + 7 for other in rows[-1]) + len(box) + 7 > WIDEST:
            rows.append([])
        rows[-1].append(box)
    lines = []
    for number, row in enumerate(rows):
        into, out = ("──▶" if number else "", "──▶" if number < len(rows) - 1 else "")
        edges = ["─" * (len(box) + 2) for box in row]
        lines += [
            " " * len(into) + "   ".join(f"┌{edge}┐" for edge in edges),
            into + "──▶".join(f"│ {box} │" for box in row) + out,
            " " * len(into) + "   ".join(f"└{edge}┘" for edge in edges),
        ]
    return lines


def svg_diagram(network: Network) -> str:
    """Boxes whose heights grow with the logarithm of the widths, the weights' shapes between them."""
    boxes, widths = _boxes(network), network.widths
    heights = [SHORTEST + (TALLEST - SHORTEST) * math.log1p(width) / math.log1p(max(widths)) for width in widths]
    middle, parts = TALLEST / 2 + 2, []
    for number, (box, height) in enumerate(zip(boxes, heights, strict=True)):
        left = 2 + number * (BOX + GAP)
        parts.append(
            f'<rect x="{left}" y="{middle - height / 2:.1f}" width="{BOX}" height="{height:.1f}" rx="6" fill="none" '
            f'stroke="currentColor"/>'
        )
        for line, words in enumerate(box):
            at = middle + 16 * (line - (len(box) - 1) / 2) + 4
            parts.append(
                f'<text x="{left + BOX / 2}" y="{at:.1f}" text-anchor="middle" font-size="12" '
                f'fill="currentColor">{html.escape(words)}</text>'
            )
    for number, (n_in, n_out) in enumerate(pairwise(widths), 1):
        begin = 2 + number * (BOX + GAP) - GAP
        end = begin + GAP
        parts.append(
            f'<path d="M{begin} {middle}H{end - 2}m-5 -4l5 4l-5 4" fill="none" stroke="currentColor"/>'
            f'<text x="{begin + GAP / 2}" y="{middle - 8}" text-anchor="middle" font-size="9" '
            f'fill="currentColor">{n_in}×{n_out}</text>'
        )
    whole = len(boxes) * (BOX + GAP) - GAP + 4
    return (
        f'<svg width="{whole}" height="{TALLEST + 4}" viewBox="0 0 {whole} {TALLEST + 4}" role="img" '
        f'aria-label="{html.escape(str(network))}">{"".join(parts)}</svg>'
    )


def _boxes(network: Network) -> list[list[str]]:
    """The words of every box, line by line."""
    inputs = [f"{network.n_inputs} input{'s' if network.n_inputs > 1 else ''}"]
    layers = [[str(layer.width), text_of(layer.activation), *_dropout(layer.dropout)] for layer in network.layers]
    return [inputs + _dropout(network.input_dropout), *layers]


def _dropout(rate: float) -> list[str]:
    return [f"dropout {rate:g}"] if rate else []
