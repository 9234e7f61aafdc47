"""Intervals of numbers: ranges of activations, domains of losses, and what a parameter accepts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """An interval of numbers; an open end does not belong to it.

    Examples
    --------
    >>> 0.5 in Interval(0, 1), 1 in Interval(0, 1), 1 in Interval(0, 1, high_open=False)
    (True, False, True)
    >>> Interval(0, 1).inside(Interval(0, float("inf"), low_open=False))
    True
    """

    low: float = float("-inf")
    high: float = float("inf")
    low_open: bool = True
    high_open: bool = True

    def __contains__(self, value: float) -> bool:
        above = value > self.low or (value == self.low and not self.low_open)
        return above and (value < self.high or (value == self.high and not self.high_open))

    def inside(self, other: Interval) -> bool:
        """Whether every number of this interval lies in the other."""
        low = self.low > other.low or (self.low == other.low and (self.low_open or not other.low_open))
        high = self.high < other.high or (self.high == other.high and (self.high_open or not other.high_open))
        return low and high

    def __str__(self) -> str:
        return f"{'[('[self.low_open]}{self.low:g}, {self.high:g}{'])'[self.high_open]}"
