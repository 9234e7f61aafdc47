"""Calling a compiled program: memory, the context it reads, threads, and calls short enough to be interrupted."""

from __future__ import annotations

import ctypes
import functools
import os
import time
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.jit.assembly import Assembly
from chainrule.engines.jit.machine import Library
from chainrule.engines.jit.thread_choice import ThreadChoice
from chainrule.engines.jit.workers import run_together

__all__ = ["Execution", "aligned_zeros"]

_PAGE = 4096
_PATIENCE = 0.03  # seconds; calls are meant to take less


def aligned_zeros(count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Zeros that begin at a page's start."""
    raw = np.zeros(count * dtype.itemsize + _PAGE, np.uint8)
    begin = -raw.ctypes.data % _PAGE
    return raw[begin : begin + count * dtype.itemsize].view(dtype)


@functools.cache
def _give_way_address() -> int:
    """The address of a function that lets another thread run."""
    windows = os.name == "nt"
    function = ctypes.CDLL("kernel32").SwitchToThread if windows else ctypes.CDLL(None).sched_yield
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


class Execution:
    """Memory and entry point of one compiled assembly. Not for two callers at once.

    Attributes
    ----------
    memory : ndarray
        All stored values, as the assembly's layout places them.
    steps_done : int
        Steps that the last run finished, if it was interrupted.
    """

    def __init__(self, assembly: Assembly, library: Library, memory: NDArray[Any]) -> None:
        self.assembly = assembly
        self.memory = memory
        self._library = library
        integers = [ctypes.c_int64] * 4
        self._run = library.function("run", [ctypes.c_void_p, *integers])
        # Each in a cache line of its own: arrivals at the barrier, a request to stop, the step to stop before.
        self._counter, self._request, self._limit = np.zeros((3, 8), np.int64)
        own = {"memory": memory, "counter": self._counter, "request": self._request, "limit": self._limit}
        addresses = {name: array.ctypes.data for name, array in own.items()} | {"give_way": _give_way_address()}
        self._slots = {name: slot for slot, name in enumerate(assembly.context_names)}
        self._own = np.array([addresses.get(name, 0) for name in self._slots], np.uint64)
        self._context = self._own.copy()
        self._seen: dict[str, tuple[weakref.ref[NDArray[Any]], int]] = {}
        self.steps_done = 0

    def run(
        self,
        data: Mapping[str, NDArray[Any]],
        order: NDArray[np.int32],
        first: NDArray[np.int64],
        count: NDArray[np.int64],
        table: NDArray[Any],
        keys: NDArray[np.uint32],
        totals: NDArray[np.float64],
        threads: ThreadChoice,
    ) -> None:
        """Run all steps.

        Parameters
        ----------
        data : mapping
            By the names of the context: ``"data X"``, …, and ``"classes"``.
        order : int32 ndarray
            Row numbers, as many as all steps together have rows.
        first, count : int64 ndarray of shape (n_steps,)
        table : ndarray of shape (n_steps, n_scalars)
        keys : uint32 ndarray of shape (n_steps, n_masks, 4)
            Not read where there are no masks.
        totals : float64 ndarray of shape (n_steps, n_totals)
            Filled here.
        threads : ThreadChoice
        """
        steps = len(count)
        arrays: dict[str, NDArray[Any]] = {
            "order": order, "first": first, "count": count, "table": table, "keys": keys, "totals": totals, **data,
        }  # fmt: skip
        context = self._context
        context[:] = self._own
        for name, array in arrays.items():
            if name in self._slots:
                context[self._slots[name]] = self._address(name, array)
        self.steps_done = done = 0
        while done < steps:
            number, at_most = threads.next_call()
            stop = min(done + at_most, steps)
            began = time.perf_counter()
            self._call(context, done, stop, number)
            now = int(self._limit[0])
            threads.record(number, now - done, time.perf_counter() - began)
            self.steps_done = done = now

    def _address(self, name: str, array: NDArray[Any]) -> int:
        """Where an array begins; most are those of the last epoch, and asking NumPy takes a microsecond each."""
        seen = self._seen.get(name)
        if seen is None or seen[0]() is not array:
            seen = self._seen[name] = weakref.ref(array), array.ctypes.data
        return seen[1]

    def _call(self, context: NDArray[np.uint64], start: int, stop: int, threads: int) -> None:
        """The same steps by all threads."""
        self._counter[0], self._request[0], self._limit[0] = 0, 0, stop
        address = self._address("context", context)
        if threads == 1:
            self._run(address, start, stop, 0, 1)
            return
        shares = [functools.partial(self._run, address, start, stop, number, threads) for number in range(threads)]
        if not run_together(shares, _PATIENCE, self._ask_to_stop):
            self._run(address, start, stop, 0, 1)

    def _ask_to_stop(self) -> None:
        """Let the threads end after the step that they are at, because others need the processors too."""
        self._request[0] = 1
