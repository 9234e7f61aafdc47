"""The gradient of a bias: sums over the samples, one panel of units at a time."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.engines.jit.emit import Index
from chainrule.engines.jit.layout import Columns
from chainrule.engines.jit.stages import BiasSum
from chainrule.engines.jit.tiles import Environment, TileKernel

__all__ = ["bias_columns", "bias_tile"]

_CHAINS = 4
"""Sums of one number side by side: an addition takes about four cycles, in which eight others could begin, and a panel
has only two vectors. The number is part of the result, and the same on every processor."""


def bias_tile(environment: Environment, stage: BiasSum, valid: Sequence[int]) -> TileKernel:
    """One panel of a bias; operands ``b`` and ``samples``.

    Samples 0, 4, 8, … are added in one chain, 1, 5, 9, … in the next; the few after the last four to the first.
    """
    kernel = TileKernel(environment, stage, [("ptr", "b"), ("i64", "samples")], stage.result, "", stage.axes[0], valid)
    f, v, lanes, vectors = kernel.function, kernel.vectors, environment.lanes, len(valid)

    def add_rows(i: Index, sums: list[str]) -> list[str]:
        row = f.at("%b", f.multiply(i, lanes.panel), lanes.scalar)
        places = [chain * lanes.panel + k * lanes.count for chain in range(_CHAINS) for k in range(vectors)]
        return [v.add(s, v.load(f.at(row, p, lanes.scalar))) for s, p in zip(sums, places, strict=False)]

    zero = [(lanes.vector, "zeroinitializer")] * (_CHAINS * vectors)
    whole = f.multiply(f.divide("%samples", _CHAINS), _CHAINS)
    sums = f.loop(0, whole, add_rows, step=_CHAINS, carried=zero)
    first = [(lanes.vector, s) for s in sums[:vectors]]
    sums[:vectors] = f.loop(whole, "%samples", add_rows, carried=first)
    while len(sums) > vectors:
        half = len(sums) // 2
        sums = [v.add(a, b) for a, b in zip(sums[:half], sums[half:], strict=True)]
    kernel.finish(sums, 1)
    return kernel


def bias_columns(environment: Environment, stage: BiasSum, place: Columns, valid: Sequence[int]) -> TileKernel:
    """One panel of the bias of a narrow layer; operands ``b`` (the panel's first unit) and ``samples``."""
    operands = [("ptr", "b"), ("i64", "samples")]
    kernel = TileKernel(environment, stage, operands, stage.result, "", stage.axes[0], valid)
    f, v, lanes, units = kernel.function, kernel.vectors, environment.lanes, sum(valid)

    def columns(i: Index) -> list[str]:
        align = lanes.bytes * lanes.count
        return [v.load(f.at("%b", f.add(i, u * place.rows), lanes.scalar), align) for u in range(units)]

    zero = [(lanes.vector, "zeroinitializer")] * units
    whole = f.multiply(f.divide("%samples", lanes.count), lanes.count)
    sums = f.loop(
        0, whole, lambda i, now: [v.add(s, c) for s, c in zip(now, columns(i), strict=True)],
        step=lanes.count, carried=zero,
    )  # fmt: skip
    inside = v.lanes_below(f.subtract("%samples", whole))
    sums = [v.add(s, v.select(inside, c, v.constant(0.0))) for s, c in zip(sums, columns(whole), strict=True)]
    results = ["zeroinitializer"] * len(valid)
    for u, total in enumerate(sums):
        vector, lane = divmod(u, lanes.count)
        inserted = f"insertelement {lanes.vector} {results[vector]}, {lanes.scalar} {v.sum_lanes(total)}, i64 {lane}"
        results[vector] = f.value(inserted)
    kernel.finish(results, 1)
    return kernel
