"""Small pictures of curves: a line of text, and SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

SPARKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int = 60) -> str:
    """A curve in one line of text; what is not finite is a blank.

    Examples
    --------
    >>> sparkline([3.0, 2.0, 1.0, 1.0])
    '█▅▁▁'
    """
    values = _thinned(values, width)
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    scale = (len(SPARKS) - 1) / (high - low) if high > low else 0.0
    return "".join(SPARKS[round((v - low) * scale)] if math.isfinite(v) else " " for v in values)


def svg(values: Sequence[float], width: int = 400, height: int = 80) -> str:
    """A curve as a small picture."""
    points = [(k, value) for k, value in enumerate(_thinned(values, width)) if math.isfinite(value)]
    low, high = min((v for _, v in points), default=0.0), max((v for _, v in points), default=1.0)
    right = max((k for k, _ in points), default=1) or 1
    scale = (height - 4) / (high - low) if high > low else 0.0
    path = " ".join(f"{2 + k * (width - 4) / right:.1f},{height - 2 - (v - low) * scale:.1f}" for k, v in points)
    return (
        f'<svg width="{width}" height="{height}" role="img"><polyline fill="none" stroke="currentColor" '
        f'points="{path}"/></svg>'
    )


def _thinned(values: Sequence[float], most: int) -> list[float]:
    if len(values) <= most:
        return list(values)
    return [values[k] for k in np.linspace(0, len(values) - 1, most).astype(int)]
