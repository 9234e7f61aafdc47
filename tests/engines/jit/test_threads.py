"""Choosing threads, several programs at once, forks, and calls that an interrupt can come between."""

import concurrent.futures
import os
import signal
import subprocess
import sys
import threading

import joblib
import numpy as np
import pytest

from chainrule.engines.interface import Epoch
from chainrule.engines.jit import execution, workers
from chainrule.engines.jit import thread_choice as thread_choice_module
from chainrule.engines.jit.thread_choice import AutomaticThreads, FixedThreads, thread_choice
from chainrule.network import Adam
from tests.engines.jit.agreement import SMALL as ANIMAL
from tests.engines.jit.agreement import epoch, programs, samples_of, trained, trained_weights


def simulate(choice, step_time, calls):
    """The threads of each call, where a step with so many threads takes step_time(threads, call)."""
    used = []
    for call in range(calls):
        threads, steps = choice.next_call()
        choice.record(threads, steps, steps * step_time(threads, call))
        used.append(threads)
    return used


def test_the_faster_number_of_threads_is_kept():
    for times in ({1: 1e-4, 2: 0.6e-4}, {1: 1e-6, 2: 1e-5}):
        used = simulate(AutomaticThreads(), lambda threads, _, times=times: times[threads], 100)
        best = min(times, key=times.get)
        assert set(used[:6]) == {1, 2}
        assert used[6:].count(best) > 85


def test_a_machine_that_becomes_busy_is_noticed_and_one_that_is_free_again_too():
    def step_time(threads, call):
        busy = 20 <= call < 120
        return {1: 1e-4, 2: 9e-4 if busy else 0.6e-4}[threads]

    used = simulate(AutomaticThreads(), step_time, 220)
    assert used[10:20].count(2) >= 9
    assert used[24:120].count(1) > 85
    assert used[160:].count(2) > 50


def test_no_call_is_longer_than_fifty_milliseconds_once_a_step_is_known():
    for choice in (FixedThreads(2), AutomaticThreads()):
        for _ in range(30):
            threads, steps = choice.next_call()
            choice.record(threads, steps, steps * 3e-3)
        assert choice.next_call()[1] * 3e-3 < 0.05


@pytest.mark.parametrize("threads", [0, -1, 1.5, "two", True])
def test_a_number_of_threads_that_is_none(threads):
    with pytest.raises(ValueError, match="n_threads"):
        thread_choice(threads)


def test_trainings_at_once_from_several_threads():
    alone = [trained_weights(seed) for seed in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        together = list(pool.map(trained_weights, range(4)))
    for first, second in zip(alone, together, strict=True):
        for name in first:
            np.testing.assert_array_equal(first[name], second[name])


def trained_in_a_worker(seed):
    return type(thread_choice("auto")), trained_weights(seed)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_inside_workers_of_joblib(backend):
    """Each has one thread, and gives what this process gives."""
    jobs = [joblib.delayed(trained_in_a_worker)(seed) for seed in range(3)]
    for seed, (choice, found) in enumerate(joblib.Parallel(n_jobs=2, backend=backend)(jobs)):
        assert choice is FixedThreads
        for name, value in trained_weights(seed).items():
            np.testing.assert_array_equal(value, found[name])


def test_auto_is_one_thread_where_the_environment_says_so(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert type(thread_choice("auto")) is FixedThreads


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_after_a_fork(repository):
    command = [sys.executable, "-m", "tests.engines.jit.training_after_a_fork"]
    ran = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=600)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture
def interruptible():
    """Python's own answer to Ctrl-C, which it does not give where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_interrupt_comes_between_two_calls(monkeypatch, n_threads):
    """The state after it is that of whole steps, and training can go on."""
    samples = 40_000
    program, _ = programs(ANIMAL, Adam(), "float64", 4, n_threads)
    params, data, _ = samples_of(ANIMAL, "float64", samples)
    program.load(params)
    original, calls = execution.Execution._call, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        original(self, *arguments)

    monkeypatch.setattr(thread_choice_module, "_LONGEST_CALL", 1e-3)
    monkeypatch.setattr(execution.Execution, "_call", interrupted)
    whole = epoch(samples, 4, 0, rate=1e-4)
    with pytest.raises(KeyboardInterrupt):
        program.train(data, whole)
    state = program.state()
    done = int(state["t"])
    assert 0 < done < samples // 4
    program.load(params)
    program.train(data, Epoch(whole.order[: 4 * done], 4, whole.rates[:done], whole.seed))
    for name, value in program.state().items():
        np.testing.assert_array_equal(value, state[name])


def test_no_more_threads_to_be_had(monkeypatch):
    [(alone, _)] = trained(ANIMAL, Adam(), "float64", reference=False)

    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(workers, "_idle", [])
    monkeypatch.setattr(threading.Thread, "start", refuse)
    [(refused, _)] = trained(ANIMAL, Adam(), "float64", n_threads=3, reference=False)
    for name in alone:
        np.testing.assert_array_equal(alone[name], refused[name])


@pytest.mark.slow
def test_calls_that_take_too_long_stop_early_and_go_on(monkeypatch):
    options = {"samples": 3000, "batch_size": 4, "epochs": 1, "reference": False, "rate": 1e-4}
    [(alone, _)] = trained(ANIMAL, Adam(), "float32", **options)
    calls, original = [], execution.Execution._call

    def counted(self, *arguments):
        calls.append(arguments)
        original(self, *arguments)

    monkeypatch.setattr(execution, "_PATIENCE", 0.0)
    monkeypatch.setattr(execution.Execution, "_call", counted)
    [(hurried, costs)] = trained(ANIMAL, Adam(), "float32", n_threads=2, **options)
    assert calls[-1][2] == 750
    assert np.isfinite(costs[0].data).all()
    for name in alone:
        np.testing.assert_array_equal(alone[name], hurried[name])


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("work", ["gradients", "predict"])
def test_predictions_and_gradients_are_many_short_calls(monkeypatch, work, n_threads):
    """An interrupt comes between two of them, and the next try gives what an undisturbed one gives."""
    program, _ = programs(ANIMAL, Adam(), "float64", 4, n_threads)
    params, data, _ = samples_of(ANIMAL, "float64", 20 * 256)
    program.load(params)
    argument = data if work == "gradients" else data.X
    undisturbed = getattr(program, work)(argument)
    original, calls = execution.Execution._call, []

    def interrupted(self, *arguments):
        calls.append(arguments)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        original(self, *arguments)

    monkeypatch.setattr(thread_choice_module, "_LONGEST_CALL", 1e-6)
    monkeypatch.setattr(execution.Execution, "_call", interrupted)
    with pytest.raises(KeyboardInterrupt):
        getattr(program, work)(argument)
    assert len(calls) == 3
    again = getattr(program, work)(argument)
    if work == "predict":
        np.testing.assert_array_equal(again, undisturbed)
    else:
        assert again[0] == undisturbed[0]
        for name, value in undisturbed[1].items():
            np.testing.assert_array_equal(again[1][name], value)
