"""What multiply-adds this processor can do, for the share of them that a training does.

`peak` measures a loop of nothing else; `then_multiply` calls a function and looks at the processor's frequency right
after it, which a product lowers.
"""

import ctypes
import time
from itertools import pairwise

import numpy as np

from chainrule.engines.jit.emit import Function
from chainrule.engines.jit.lanes import lanes_of
from chainrule.engines.jit.machine import compile_object, load_object
from chainrule.engines.jit.module import Module
from chainrule.engines.jit.target import host_target
from chainrule.engines.jit.vectors import Vectors


class Loop:
    """Multiply-adds of one thread and nothing else.

    Without loads all operands stay in registers. With loads it is the inner loop of a matrix product on operands in
    the first-level cache, as no product can be faster: a processor may run it at a lower frequency than the former.
    """

    def __init__(self, dtype, *, loads):
        target, lanes = host_target(), lanes_of(dtype)
        f = Function([("ptr", "place"), ("i64", "rounds")], exported=True)
        v = Vectors(f, lanes, target)
        rows, vectors = (6, 4) if target.isa == "avx512" else (4, 1)

        def one_round(i, sums):
            here = f.at("%place", f.multiply(f.remainder(i, 64), lanes.panel), lanes.scalar) if loads else "%place"
            columns = [v.load(f.at(here, k * lanes.count, lanes.scalar)) if loads else first for k in range(vectors)]
            new = list(sums)
            for r in range(rows):
                factor = v.load_splat(f.at(here, r * lanes.panel, lanes.scalar)) if loads else first
                for k in range(vectors):
                    new[r * vectors + k] = v.fma(factor, columns[k], sums[r * vectors + k])
            return new

        first = v.load("%place")
        for each in f.loop(0, "%rounds", one_round, carried=[(lanes.vector, first)] * (rows * vectors)):
            v.store(each, f.at("%place", 8192, lanes.scalar))  # not where it reads: numbers would decay or grow
        f.do("ret void")
        self._library = _loaded(f)
        self._run = self._library.function("it", [ctypes.c_void_p, ctypes.c_int64])
        self._place = np.random.default_rng(0).standard_normal(16384).astype(dtype) * dtype.type(1e-3)
        self.function = self._library.addresses["it"]
        self.place = self._place.ctypes.data + -self._place.ctypes.data % 64
        self.flops = 2 * lanes.count * rows * vectors
        """Of one round."""

    def speed(self, rounds=500_000, times=3, clock=time.perf_counter):
        """GFLOP/s: the best of some tries."""
        best = float("inf")
        for _ in range(times):
            began = clock()
            self._run(self.place, rounds)
            best = min(best, clock() - began)
        return self.flops * rounds / best / 1e9


class Watched:
    """Calls a function of five arguments and multiplies integers right after it.

    Dependent multiplications take the same number of cycles each, and a processor needs longer than these to change
    its frequency: so the time of both says how many cycles the call took, in multiplications.
    """

    _MULTIPLICATIONS = 2000

    def __init__(self):
        names = ("call", "a", "b", "c", "d", "e", "out")
        f = Function([("ptr" if name in ("call", "a", "out") else "i64", name) for name in names], exported=True)
        times = [self._now(f)]
        f.do("call void %call(ptr %a, i64 %b, i64 %c, i64 %d, i64 %e)")
        times.append(self._now(f))

        def some(_, product):
            for _ in range(20):  # LLVM would multiply the factors first; what stands between keeps it from that
                product = [f.value(f"xor i64 {f.value(f'mul i64 {product[0]}, {factor}')}, {factor}")]
            return product

        factor = f.load("i64", "%out", 8)
        # The first factor is made of the time, so that nothing is multiplied before it is known.
        begin = f.value(f"or i64 {times[1]}, 1")
        [product] = f.loop(0, self._MULTIPLICATIONS // 20, some, carried=[("i64", begin)])
        f.store("i64", product, f.at("%out", 3, "i64"), 8)
        times.append(self._now(f))
        for number, (before, after) in enumerate(pairwise(times), 1):
            f.store("i64", f.value(f"sub i64 {after}, {before}"), f.at("%out", number, "i64"), 8)
        f.do("ret void")
        self._library = _loaded(f, "declare i64 @llvm.readcyclecounter()")
        kinds = [ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 4, ctypes.c_void_p]
        self._run = self._library.function("it", kinds)
        self._out = np.full(4, 3, np.int64)

    @staticmethod
    def _now(f):
        return f.value("call i64 @llvm.readcyclecounter()")

    def cycles(self, function, a, *numbers):
        """How long ``function(a, *numbers)`` takes: in cycles, times a constant."""
        self._run(function, a, *numbers, *[0] * (4 - len(numbers)), self._out.ctypes.data)
        return self._MULTIPLICATIONS * self._out[1] / self._out[2]


def _loaded(function, more=""):
    module = Module(host_target())
    module.add(function, "it")
    return load_object(compile_object(module.text + more, host_target()), ["it"])
