"""Threads that wait for work: to wake two takes a third of the time of starting them (80 against 250 µs).

The caller only waits. An interrupt that reached it inside a task would leave the others at a barrier.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache, partial
from queue import SimpleQueue

__all__ = ["run_together"]

Task = Callable[[], object]


class _Worker:
    """A thread that runs what it is given, one task after the other."""

    def __init__(self) -> None:
        self._given: SimpleQueue[Task] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="chainrule", daemon=True)
        self._thread.start()

    def give(self, task: Task) -> None:
        self._given.put(task)

    def wake_on(self, processors: Sequence[int]) -> None:
        """Let the next task begin on one of these processors; the task decides where it goes on."""
        _may_run_on(self._thread.native_id or 0, processors)

    def _work(self) -> None:
        while True:
            self._given.get()()


_idle: list[_Worker] = []

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # a child has none of its parent's threads


def _may_run_on(thread: int, processors: Sequence[int]) -> None:
    if sys.platform == "linux" and processors:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(thread, processors)


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _processors() -> Sequence[int]:
    """Those that this thread may run on, the one that it is on first; none where the system does not say."""
    current = getattr(_library(), "sched_getcpu", None) if sys.platform == "linux" else None
    if current is None:
        return ()
    here, allowed = current(), os.sched_getaffinity(0)
    return sorted(allowed, key=lambda processor: (processor != here, processor))


class _Job:
    """Tasks that run at once. One worker leads: it gives the others theirs, and waits for them.

    Whoever takes the ticket decides whether the job runs: the leader, or a caller that was interrupted before.

    Linux wakes a thread where the one that wakes it runs, if the processors share no cache, and moves it milliseconds
    later. So the others are woken on other processors; from then on all may run where the caller may.
    """

    def __init__(self, tasks: Sequence[Task], workers: Sequence[_Worker]) -> None:
        self._tasks, self._workers, self._allowed = tasks, workers, _processors()
        self._ticket, self._done = threading.Lock(), threading.Lock()
        self._done.acquire()
        self.over = False

    def withdraw(self) -> bool:
        """Whether it has not begun, and never will."""
        return self._ticket.acquire(blocking=False)

    def lead(self) -> None:
        """What the first worker does."""
        if not self._ticket.acquire(blocking=False):
            return
        _may_run_on(0, self._allowed)
        elsewhere, ended = _processors()[1:], [threading.Lock() for _ in self._tasks[1:]]
        for number, worker in enumerate(self._workers[1:]):
            ended[number].acquire()
            worker.wake_on(elsewhere[number :: len(ended)])
            worker.give(partial(self._help, self._tasks[number + 1], ended[number]))
        self._tasks[0]()
        for lock in ended:
            lock.acquire()
        self.over = True
        self._done.release()

    def _help(self, task: Task, ended: threading.Lock) -> None:
        """What the other workers do."""
        _may_run_on(0, self._allowed)
        task()
        ended.release()

    def wait(self, patience: float, impatient: Task) -> KeyboardInterrupt | None:
        """Wait until it is over; the interrupt that came meanwhile, if one did."""
        interrupt: KeyboardInterrupt | None = None
        while not self.over:
            try:
                self._done.acquire(timeout=patience)
            except KeyboardInterrupt as reason:
                interrupt = reason
            if not self.over:
                impatient()
        return interrupt


def run_together(tasks: Sequence[Task], patience: float, impatient: Task) -> bool:
    """Run tasks that wait for one another, each in a thread of its own, and wait for all of them.

    Parameters
    ----------
    tasks : sequence of callable
        None of them raises.
    patience : float
        Seconds.
    impatient : callable
        Called when they take longer, again and again, and at an interrupt: asks them to end early.

    Returns
    -------
    bool
        False if there are no threads to be had; then none of the tasks has run.

    Raises
    ------
    KeyboardInterrupt
        Where one came meanwhile, once all tasks have ended, or before any began.
    """
    workers: list[_Worker] = []
    try:
        for _ in tasks:
            workers.append(_worker())  # noqa: PERF401  those that could be had are given back if another cannot
        job = _Job(tasks, workers)
        interrupt = None
        try:
            workers[0].give(job.lead)
            interrupt = job.wait(patience, impatient)
        finally:
            if not job.withdraw():
                interrupt = job.wait(patience, impatient) or interrupt
        if interrupt is not None:
            raise interrupt
    except RuntimeError:  # no more threads to be had
        return False
    finally:
        _idle.extend(workers)
    return True


def _worker() -> _Worker:
    with contextlib.suppress(IndexError):
        return _idle.pop()
    return _Worker()
