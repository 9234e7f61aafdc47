"""Derivatives along a line by central differences, with an estimate of their own error.

Ridders' method (1982): differences at steps h, h/2, h/4, … are extrapolated to h → 0 in a tableau, and the entry with
the smallest estimated error is taken.  A step that crosses a kink would measure a mean of two slopes; the caller says
where kinks are crossed, and steps shrink until none is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass

HALVINGS = 12
SMALLEST = 2.0**-40


@dataclass(frozen=True)
class Slope:
    """A derivative along a line.

    Attributes
    ----------
    value : float
    error : float
        Estimated, rounding included; infinite where no step was possible.
    shrunk : bool
        Whether the step had to shrink because of a kink.
    """

    value: float
    error: float
    shrunk: bool


def slope(function: Callable[[float], tuple[float, Hashable]], step: float) -> Slope:
    """The derivative at 0 of a function that gives its value and the sides of all kinks that it is on.

    Parameters
    ----------
    function : callable
        From the distance along the line to (value, sides); `sides` changes when a kink is crossed.
    step : float
        The largest distance to try.
    """
    here, sides = function(0.0)
    shrunk, start = False, step
    while step > start * SMALLEST:
        ahead, behind = function(step), function(-step)
        if ahead[1] == behind[1] == sides and math.isfinite(ahead[0]) and math.isfinite(behind[0]):
            break
        step, shrunk = step / 2, True
    else:
        return Slope(math.nan, math.inf, True)
    tableau: list[list[float]] = []
    best = Slope(math.nan, math.inf, shrunk)
    for _ in range(HALVINGS):
        ahead, behind = function(step), function(-step)
        rounding = 4 * 2.0**-52 * (abs(here) + abs(ahead[0] - here)) / step
        row = [(ahead[0] - behind[0]) / (2 * step)]
        for order, above in enumerate(tableau[-1] if tableau else []):
            factor = 4.0 ** (order + 1)
            row.append((factor * row[-1] - above) / (factor - 1))
        if tableau:
            for order, above in enumerate(tableau[-1]):
                value = row[order + 1]
                error = max(abs(value - row[order]), abs(value - above)) + rounding
                if error < best.error:
                    best = Slope(value, error, shrunk)
        tableau.append(row)
        step /= 2
    return best
