"""Emitted vector code as functions of NumPy arrays, for tests."""

import ctypes

import numpy as np

from chainrule.engines.jit.emit import Function
from chainrule.engines.jit.lanes import lanes_of
from chainrule.engines.jit.machine import compile_object, load_object
from chainrule.engines.jit.module import Module
from chainrule.engines.jit.target import host_target
from chainrule.engines.jit.vectors import Vectors


def vector_function(emit, dtype, inputs=1, target=None):
    """The function that ``emit(vectors, *values)`` writes, applied to arrays of one length."""
    target, lanes = target or host_target(), lanes_of(dtype)
    names = [f"x{k}" for k in range(inputs)]
    f = Function([*(("ptr", name) for name in names), ("ptr", "result"), ("i64", "n")], exported=True)
    v = Vectors(f, lanes, target)

    def body(i, _):
        values = [v.load(f.at(f"%{name}", i, lanes.scalar), lanes.bytes) for name in names]
        v.store(emit(v, *values), f.at("%result", i, lanes.scalar), lanes.bytes)

    f.loop(0, "%n", body, step=lanes.count)
    f.do("ret void")
    module = Module(target)
    name = module.add(f, "elementwise")
    library = load_object(compile_object(module.text, target), [name])
    run = library.function(name, [ctypes.c_void_p] * (inputs + 1) + [ctypes.c_int64])

    def call(*arrays):
        count = len(arrays[0])
        padded = [np.concatenate([np.asarray(x, dtype), np.ones(-count % lanes.count, dtype)]) for x in arrays]
        result = np.empty_like(padded[0])
        run(*(x.ctypes.data for x in padded), result.ctypes.data, len(result))
        return result[:count]

    call.library = library  # the code lives as long as the function
    return call


def ulps(got, exact, dtype):
    """How far a number is from an exact one (an mpmath number), in units in the last place of the format."""
    import mpmath

    info = np.finfo(dtype)
    overflow = mpmath.mpf(2) ** info.maxexp * (1 - mpmath.mpf(2) ** (-info.nmant - 2))
    if mpmath.isnan(exact):
        return 0.0 if np.isnan(got) else np.inf
    if abs(exact) >= overflow:
        return 0.0 if np.isinf(got) and (got > 0) == (exact > 0) else np.inf
    if not np.isfinite(got):
        return np.inf
    exponent = int(mpmath.floor(mpmath.log(abs(exact), 2))) if exact else info.minexp
    return float(abs(mpmath.mpf(float(got)) - exact) / mpmath.mpf(2) ** (max(exponent, info.minexp) - info.nmant))
