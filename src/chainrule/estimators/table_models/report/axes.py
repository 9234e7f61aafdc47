"""Two axes of a figure: from values to places, with ticks at round numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from chainrule.estimators.table_models.report.markup import Markup, element, together

WIDTH, HEIGHT = 400, 270
_SIZES = ((1e9, " G"), (1e6, " M"), (1e3, " k"))
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 10, 40


@dataclass(frozen=True)
class Scale:
    """From low … high to places between two ends; logarithmic where said."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = (
            (math.log(self.low), math.log(self.high), math.log(max(value, self.low)))
            if self.logarithmic
            else (self.low, self.high, value)
        )
        return self.start + (self.end - self.start) * (at - low) / (high - low)

    @property
    def ticks(self) -> list[float]:
        """A few round numbers."""
        return _round_logarithmic(self.low, self.high) if self.logarithmic else _round(self.low, self.high)


def scale_x(low: float, high: float) -> Scale:
    """The horizontal scale of a figure."""
    return Scale(low, _above(low, high), _LEFT, WIDTH - _RIGHT)


def scale_y(low: float, high: float, *, logarithmic: bool = False) -> Scale:
    """The vertical scale of a figure; it grows upwards."""
    return Scale(low, _above(low, high), HEIGHT - _BOTTOM, _TOP, logarithmic)


def figure(x: Scale, y: Scale, *marks: Markup, label_x: str, label_y: str, title: str) -> Markup:
    """A figure with axes, grid lines, marks, and a title for those who cannot see it."""
    parts = [element("title", title)]
    for value in x.ticks:
        parts += [_line(x(value), y.start, x(value), y.start + 4, "axis")]
        parts += [_text(x(value), y.start + 16, _written(value), "middle")]
    for value in y.ticks:
        parts += [_line(x.start, y(value), x.end, y(value), "grid")]
        parts += [_text(x.start - 6, y(value) + 3.5, _written(value), "end")]
    parts.append(_line(x.start, y.start, x.end, y.start, "axis"))
    parts.append(_text((x.start + x.end) / 2, HEIGHT - 6, label_x, "middle"))
    middle = (y.start + y.end) / 2
    turned = f"rotate(-90 11 {middle:.0f})"
    parts.append(element("text", label_y, x=11, y=middle, text_anchor="middle", transform=turned))
    return svg(together(*parts, *marks), WIDTH, HEIGHT)


def svg(content: Markup, width: int, height: int) -> Markup:
    """A drawing that grows and shrinks with its place."""
    return element("svg", content, viewBox=f"0 0 {width} {height}", role="img")


def path(points: list[tuple[float, float]], kind: str) -> Markup:
    """A line through points."""
    d = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
    return element("path", d=d, _class=kind)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, _class=kind)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return element("text", text, x=x, y=y, text_anchor=anchor)


def _above(low: float, high: float) -> float:
    return high if high > low else low + (abs(low) or 1.0)


def _round(low: float, high: float, most: int = 6) -> list[float]:
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _round_logarithmic(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(decades) <= 3 else (1,)
    return [v for v in (m * 10.0**k for k in decades for m in steps) if low * 0.999 <= v <= high * 1.001]


def _written(value: float) -> str:
    """Short enough for the margin: 400 k."""
    size, letter = next(((size, letter) for size, letter in _SIZES if abs(value) >= 10 * size), (1.0, ""))
    return f"{value / size:.4g}{letter}".replace("-", "−")
