"""The learning rate of every step.

A schedule is a frozen declaration; `rates` is a pure function of where the training stands.  What depends on how the
training goes (`Adaptive`) sees the number of reductions that the loop counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Rates = NDArray[np.float64]


@dataclass(frozen=True)
class Progress:
    """Where a training stands at the beginning of an epoch.

    Parameters
    ----------
    step : int
        Steps done since the optimiser started.
    steps : int
        Steps of this epoch.
    total_steps : int
        Steps of the whole training, if it runs its course.
    samples : int
        Samples seen, counting repeats, also by earlier optimisers of the same model.
    reductions : int
        How often the loop has asked for a lower rate.
    """

    step: int
    steps: int
    total_steps: int
    samples: int = 0
    reductions: int = 0


class Schedule(Protocol):
    """A learning rate for every step."""

    def rates(self, progress: Progress) -> Rates:
        """The rates of the coming epoch, of shape (progress.steps,)."""

    @property
    def lowest(self) -> float | None:
        """For a schedule that goes down when progress stalls: the rate from which stalling ends the training."""


class _Fixed:
    @property
    def lowest(self) -> float | None:
        return None


@dataclass(frozen=True)
class Constant(_Fixed):
    """η."""

    rate: float

    def rates(self, progress: Progress) -> Rates:
        return np.full(progress.steps, self.rate)


@dataclass(frozen=True)
class InverseScaling(_Fixed):
    """η / (samples seen + 1)^power, from epoch to epoch; an optimiser's first has η (scikit-learn's "invscaling")."""

    rate: float
    power: float = 0.5

    def rates(self, progress: Progress) -> Rates:
        divisor = (progress.samples + 1) ** self.power if progress.step else 1.0
        return np.full(progress.steps, self.rate / divisor)


@dataclass(frozen=True)
class Adaptive:
    """η, divided by 5 when the training stalls; stalling at 1e-6 or below ends it (scikit-learn's "adaptive")."""

    rate: float
    factor: float = 5.0
    lowest: float = 1e-6

    def rates(self, progress: Progress) -> Rates:
        rate = self.rate
        for _ in range(progress.reductions):
            rate /= self.factor
        return np.full(progress.steps, rate)


@dataclass(frozen=True)
class Cosine(_Fixed):
    """From η down to `final` along half a cosine, after `warm_up` steps of linear rise (Loshchilov and Hutter 2017)."""

    rate: float
    final: float = 0.0
    warm_up: int = 0

    def rates(self, progress: Progress) -> Rates:
        step = progress.step + np.arange(progress.steps)
        done = np.clip((step - self.warm_up) / max(progress.total_steps - self.warm_up, 1), 0.0, 1.0)
        falling = self.final + (self.rate - self.final) * (1 + np.cos(math.pi * done)) / 2
        rising = self.rate * (step + 1) / max(self.warm_up, 1)
        return np.where(step < self.warm_up, rising, falling)


@dataclass(frozen=True)
class OneCycle(_Fixed):
    """Up from η/`start_divisor` to η over the first `rise` of the steps, then down to η/1e4, both along half a cosine.

    Smith and Topin 2018.
    """

    rate: float
    rise: float = 0.3
    start_divisor: float = 25.0

    def rates(self, progress: Progress) -> Rates:
        done = (progress.step + np.arange(progress.steps)) / max(progress.total_steps - 1, 1)
        low, end = self.rate / self.start_divisor, self.rate / 1e4
        up = low + (self.rate - low) * (1 - np.cos(math.pi * np.clip(done / self.rise, 0, 1))) / 2
        down = end + (self.rate - end) * (1 + np.cos(math.pi * np.clip((done - self.rise) / (1 - self.rise), 0, 1))) / 2
        return np.where(done < self.rise, up, down)


@dataclass(frozen=True)
class WarmUp(_Fixed):
    """From η/`warm_up` linearly to η over the first `warm_up` steps, then η (Goyal et al. 2017).

    Without `warm_up`, over the first twentieth of the training.
    """

    rate: float
    warm_up: int | None = None

    def rates(self, progress: Progress) -> Rates:
        warm_up = -(-progress.total_steps // 20) if self.warm_up is None else self.warm_up
        step = progress.step + np.arange(progress.steps)
        return self.rate * np.minimum((step + 1) / max(warm_up, 1), 1.0)


@dataclass(frozen=True)
class OfStep(_Fixed):
    """A rate that a function gives for every step, counted from 0.

    Raises
    ------
    ValueError
        From `rates`, if the function gives something else than a number in [0, inf).
    """

    function: Callable[[int], float]

    def rates(self, progress: Progress) -> Rates:
        rates = np.array([self.function(progress.step + k) for k in range(progress.steps)], np.float64)
        wrong = ~(np.isfinite(rates) & (rates >= 0))
        if wrong.any():
            step = int(np.argmax(wrong))
            raise ValueError(
                f"the schedule must give numbers in [0, inf), got {rates[step]:g} for step {progress.step + step}"
            )
        return rates
