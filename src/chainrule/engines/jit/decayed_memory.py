"""What is left in an optimiser's memory of gradients long past becomes 0 when it is subnormal.

Where a ReLU has died, or a category is rare, a weight's gradient is zero for many steps and Adam's average of it
decays: after some 750 steps in float32 to a few units of the smallest subnormal number, where it stays, as 0.9 of 4
units rounds to 4. A step then takes up to five times as long (benchmarks/subnormal_states.py). Flushing to zero in the
processor would change what other code computes, and a comparison in every step would cost all networks a twentieth.
So the memory is looked through once in so many steps of an epoch, always the same ones.
"""

from __future__ import annotations

import numpy as np

from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.lanes import Lanes
from chainrule.engines.jit.target import Target
from chainrule.engines.jit.vectors import Vectors

__all__ = ["STEPS_BETWEEN", "clear_subnormal"]

STEPS_BETWEEN = 32
"""A power of two. Few beside the steps that a number takes to decay, and many beside what looking costs."""


def clear_subnormal(lanes: Lanes, target: Target) -> Function:
    """Zeros in the place of subnormal numbers; arguments ``place`` and ``count``, a multiple of a vector's lanes."""
    f = Function([("ptr", "place"), ("i64", "count")])
    v, tiny = Vectors(f, lanes, target), lanes.constant(float(np.finfo(lanes.dtype).tiny))

    def one(i: Index, _: list[str]) -> None:
        here = f.at("%place", i, lanes.scalar)
        value = v.load(here)
        v.store(v.select(v.compare("olt", v.intrinsic("fabs", value), tiny), v.constant(0.0), value), here)

    f.loop(0, "%count", one, step=lanes.count)
    f.do("ret void")
    return f
