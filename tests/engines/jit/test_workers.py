"""Threads that wait for work: all tasks of a job run at once or none does, whatever interrupts."""

import _thread
import os
import random
import signal
import sys
import threading
import time

import pytest

from chainrule.engines.jit import workers
from chainrule.engines.jit.workers import run_together


def job(size):
    """Tasks that wait for one another, and the list of those that ended."""
    meeting, ended = threading.Barrier(size), []

    def task(number):
        meeting.wait(timeout=20)
        ended.append(number)

    return [lambda number=number: task(number) for number in range(size)], ended


def never():
    raise AssertionError("nobody was to be impatient")


def test_tasks_run_at_once_in_threads_that_are_used_again(monkeypatch):
    monkeypatch.setattr(workers, "_idle", [])
    before = threading.active_count()
    for size in (2, 4, 3, 2):
        tasks, ended = job(size)
        assert run_together(tasks, 20, never)
        assert sorted(ended) == list(range(size))
    assert len(workers._idle) == 4
    assert threading.active_count() == before + 4


def test_jobs_of_several_callers():
    outcomes = []

    def caller():
        for _ in range(20):
            tasks, ended = job(2)
            outcomes.append(run_together(tasks, 20, never) and sorted(ended) == [0, 1])

    callers = [threading.Thread(target=caller) for _ in range(4)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert outcomes == [True] * 80


def test_who_waits_long_becomes_impatient():
    asked = threading.Event()
    assert run_together([lambda: asked.wait(20), lambda: None], 0.001, asked.set)
    assert asked.is_set()


def test_no_thread_to_be_had_for_the_second_task(monkeypatch):
    monkeypatch.setattr(workers, "_idle", [])
    assert run_together(job(1)[0], 20, never)
    monkeypatch.setattr(threading.Thread, "start", lambda _: (_ for _ in ()).throw(RuntimeError("no thread")))
    tasks, ended = job(2)
    assert not run_together(tasks, 20, never)
    assert ended == []
    assert len(workers._idle) == 1


def test_an_interrupt_finds_a_job_whole_or_not_begun(monkeypatch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(workers, "_idle", [])
    chance, seen = random.Random(0), set()  # noqa: S311 - pauses, no secret
    try:
        for _ in range(300):
            tasks, ended = job(2)
            pause = chance.random() * 3e-4
            other = threading.Thread(target=lambda pause=pause: (time.sleep(pause), _thread.interrupt_main()))
            interrupted = False
            try:
                other.start()
                run_together(tasks, 20, lambda: None)
                other.join()
                time.sleep(0.001)
            except KeyboardInterrupt:
                interrupted = True
            other.join()
            assert sorted(ended) in ([0, 1], [])
            seen.add((interrupted, len(ended)))
            assert interrupted
    finally:
        signal.signal(signal.SIGINT, before)
    assert (True, 2) in seen
    tasks, ended = job(2)
    assert run_together(tasks, 20, never)
    assert sorted(ended) == [0, 1]


@pytest.mark.parametrize("moment", ["before", "after", "within"])
def test_an_interrupt_beside_the_moment_of_giving(monkeypatch, moment):
    """Before it nothing runs; after it the job is withdrawn, or has run to its end when the interrupt is passed on."""
    monkeypatch.setattr(workers, "_idle", [])
    give, begun, ended = workers._Worker.give, threading.Event(), []

    def task():
        begun.set()
        time.sleep(0.05)
        ended.append(0)

    def interrupted(worker, job):
        if moment != "before":
            give(worker, job)
        if moment == "within":
            begun.wait(20)
        raise KeyboardInterrupt

    monkeypatch.setattr(workers._Worker, "give", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_together([task], 20, lambda: None)
    then = list(ended)
    assert then == ([0] if begun.is_set() else [])
    assert begun.is_set() or moment != "within"
    time.sleep(0.1)
    assert ended == then
    monkeypatch.setattr(workers._Worker, "give", give)
    tasks, ended = job(2)
    assert run_together(tasks, 20, never)
    assert sorted(ended) == [0, 1]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is told where to wake a thread")
def test_threads_run_where_their_caller_may(monkeypatch):
    monkeypatch.setattr(workers, "_idle", [])
    everywhere = os.sched_getaffinity(0)
    for allowed in (everywhere, {min(everywhere)}, everywhere):
        os.sched_setaffinity(0, allowed)
        try:
            meeting, seen = threading.Barrier(3), []

            def task(meeting=meeting, seen=seen):
                meeting.wait(timeout=20)
                seen.append(os.sched_getaffinity(0))

            assert run_together([task] * 3, 20, never)
        finally:
            os.sched_setaffinity(0, everywhere)
        assert seen == [allowed] * 3


def test_a_system_that_does_not_say_where_a_thread_runs(monkeypatch):
    monkeypatch.setattr(workers, "_processors", tuple)
    tasks, ended = job(3)
    assert run_together(tasks, 20, never)
    assert sorted(ended) == [0, 1, 2]
