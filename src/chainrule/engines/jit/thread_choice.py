"""How many threads the next call uses: a given number, or whichever of one and two was faster lately.

In a worker process of joblib's or multiprocessing's, and where ``OMP_NUM_THREADS`` is 1, "auto" is one thread.

Results do not depend on the number of threads, so it may change between any two calls.
"""

from __future__ import annotations

import multiprocessing
import os

__all__ = ["AutomaticThreads", "FixedThreads", "ThreadChoice", "thread_choice"]

_LONGEST_CALL = 0.02  # seconds aimed at; the interpreter sees an interrupt between two calls
_TRIAL_CALL = 0.002
_LONGEST_TRIAL = 64  # steps
_TRIALS = 3  # of each candidate, at first
_CHECK_AFTER = 0.5  # seconds between trials of the other candidate
_SLOWED = 1.25  # times the usual: a sign that the machine has become busy
_GAIN = 0.95  # a second thread must save this much to be worth a processor
_FIRST_CALL = 1  # steps, before a step's time is known


class FixedThreads:
    """Always the same number."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._step: float | None = None

    def next_call(self) -> tuple[int, int]:
        """(threads, at most so many steps) of the next call."""
        return self._threads, _FIRST_CALL if self._step is None else max(1, int(_LONGEST_CALL / self._step))

    def record(self, threads: int, steps: int, seconds: float) -> None:  # noqa: ARG002  the same signature as below
        """What a call took."""
        self._step = max(seconds / steps, 1e-9)


class AutomaticThreads:
    """One thread or two, by the time of a step with each.

    Each is tried a few times at first. Then the faster runs, and the other is tried for two milliseconds every half
    second, or as soon as a step takes longer than usual.
    """

    def __init__(self) -> None:
        self._step: dict[int, float] = {}
        self._trials = {1: 0, 2: 0}
        self._since_check = 0.0
        self._check = False

    @property
    def best(self) -> int:
        """The number of threads that was faster lately."""
        if 2 not in self._step or 1 not in self._step:
            return 1
        return 2 if self._step[2] < _GAIN * self._step[1] else 1

    def _candidate(self) -> tuple[int, float]:
        """(threads, seconds aimed at)."""
        untried = [threads for threads in (1, 2) if self._trials[threads] < _TRIALS]
        if untried:
            return min(untried, key=lambda threads: self._trials[threads]), _TRIAL_CALL
        if self._check or self._since_check > _CHECK_AFTER:
            return 3 - self.best, _TRIAL_CALL
        return self.best, _LONGEST_CALL

    def next_call(self) -> tuple[int, int]:
        """(threads, at most so many steps) of the next call."""
        threads, seconds = self._candidate()
        known = self._step.get(threads, min(self._step.values(), default=0.0))
        steps = max(1, int(seconds / known)) if known else _FIRST_CALL
        return threads, steps if seconds > _TRIAL_CALL else min(steps, _LONGEST_TRIAL)

    def record(self, threads: int, steps: int, seconds: float) -> None:
        """What a call took."""
        step, usual = max(seconds / steps, 1e-9), self._step.get(threads)
        if self._trials[threads] < _TRIALS:
            self._trials[threads] += 1
            self._step[threads] = step if usual is None else min(step, usual)
            return
        checked = threads != self.best
        self._since_check = 0.0 if checked else self._since_check + seconds
        self._check = not checked and usual is not None and step > _SLOWED * usual and not self._check
        self._step[threads] = step


def _may_use_two() -> bool:
    """Whether there is a second processor for this process: not in a worker of joblib's, which has siblings."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    alone = multiprocessing.parent_process() is None
    return alone and processors > 1 and os.environ.get("OMP_NUM_THREADS") != "1"


ThreadChoice = FixedThreads | AutomaticThreads


def thread_choice(threads: int | str) -> ThreadChoice:
    """The choice for ``n_threads``.

    Raises
    ------
    ValueError
        If it is neither a whole number of at least 1 nor "auto".
    """
    if threads == "auto":
        return AutomaticThreads() if _may_use_two() else FixedThreads(1)
    if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
        raise ValueError(f"n_threads is {threads!r}; accepted: a whole number of at least 1, or 'auto'.")
    return FixedThreads(threads)
