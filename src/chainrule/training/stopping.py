"""When to stop: a number that should go down or up, and how long it may fail to."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Improvement:
    """Counts the epochs in a row in which a number did not improve by more than `tol`.

    Parameters
    ----------
    tol : float
    higher_is_better : bool

    Notes
    -----
    The comparisons are scikit-learn's: a falling loss must be below best − tol, a rising score at least best + tol;
    the best value itself moves with any improvement.  A NaN loss counts as stalled by neither rule.

    Examples
    --------
    >>> loss = Improvement(tol=0.1)
    >>> [loss.update(value) for value in (1.0, 0.95, 0.8)]
    [True, True, True]
    >>> loss.stalled, loss.best
    (0, 0.8)
    """

    tol: float = 1e-4
    higher_is_better: bool = False
    best: float = math.nan
    stalled: int = 0

    def update(self, value: float) -> bool:
        """Take the number of an epoch in; whether it is the best so far."""
        best = self.best
        if math.isnan(best):
            best = -math.inf if self.higher_is_better else math.inf
        if self.higher_is_better:
            stalling, better = value < best + self.tol, value > best
        else:
            stalling, better = value > best - self.tol, value < best
        self.stalled = self.stalled + 1 if stalling else 0
        self.best = value if better else best
        return better
