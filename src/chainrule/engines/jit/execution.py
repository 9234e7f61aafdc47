"""Calling a compiled program: memory, the context it reads, threads, and calls short enough to be interrupted."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.jit.assembly import Assembly
from chainrule.engines.jit.machine import Library
from chainrule.engines.jit.thread_choice import ThreadChoice

__all__ = ["Execution", "aligned_zeros"]

_PAGE = 4096


def aligned_zeros(count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Zeros that begin at a page's start."""
    raw = np.zeros(count * dtype.itemsize + _PAGE, np.uint8)
    begin = -raw.ctypes.data % _PAGE
    return raw[begin : begin + count * dtype.itemsize].view(dtype)


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
    """

    def __init__(self, assembly: Assembly, library: Library) -> None:
        self.assembly = assembly
        self.memory = aligned_zeros(assembly.layout.size, assembly.lanes.dtype)
        self._library = library
        integers = [ctypes.c_int64] * 4
        self._run = library.function("run", [ctypes.c_void_p, *integers])
        self._counter = np.zeros(8, np.int64)

    def run(
        self,
        data: Mapping[str, NDArray[Any]],
        order: NDArray[np.int64],
        first: NDArray[np.int64],
        count: NDArray[np.int64],
        table: NDArray[Any],
        keys: NDArray[np.uint32],
        threads: ThreadChoice,
    ) -> NDArray[np.float64]:
        """Run all steps.

        Parameters
        ----------
        data : mapping
            By the names of the context: ``"data X"``, …, and ``"classes"``.
        order : int64 ndarray
            Row numbers; as many more than the steps need as a batch is long, because the next batch is fetched ahead.
        first, count : int64 ndarray of shape (n_steps,)
        table : ndarray of shape (n_steps, n_scalars)
        keys : uint32 ndarray of shape (n_steps, n_masks, 4)
        threads : ThreadChoice

        Returns
        -------
        ndarray of shape (n_steps, n_totals)
        """
        steps = len(count)
        totals = np.zeros((steps, max(len(self.assembly.schedule.totals), 1)))
        arrays: dict[str, NDArray[Any]] = {
            "memory": self.memory, "order": order, "first": first, "count": count, "table": table, "keys": keys,
            "totals": totals, "counter": self._counter, **data,
        }  # fmt: skip
        addresses = {name: array.ctypes.data for name, array in arrays.items()} | {"give_way": _give_way_address()}
        context = np.array([addresses.get(name, 0) for name in self.assembly.context_names], np.uint64)
        done = 0
        while done < steps:
            number, at_most = threads.next_call()
            stop = min(done + at_most, steps)
            began = time.perf_counter()
            self._call(context, done, stop, number)
            threads.record(number, stop - done, time.perf_counter() - began)
            done = stop
        return totals

    def _call(self, context: NDArray[np.uint64], start: int, stop: int, threads: int) -> None:
        """The same steps by all threads; this one is the first of them."""
        self._counter[0] = 0
        address = context.ctypes.data

        def work(number: int) -> None:
            self._run(address, start, stop, number, threads)

        if threads == 1:
            work(0)
            return
        everybody, begin = threading.Event(), True

        def follow(number: int) -> None:
            everybody.wait()
            if begin:
                work(number)

        others = [threading.Thread(target=follow, args=(number,), daemon=True) for number in range(1, threads)]
        started = []
        try:
            for other in others:
                other.start()
                started.append(other)
        except RuntimeError:  # no more threads to be had; the barrier must not wait for them
            begin, threads = False, 1
        everybody.set()
        work(0)
        for other in started:
            other.join()
