"""The product into a narrow layer: vectors lie along the reduced axis, and the sums of their lanes come last.

In a tile of whole rows, as the other products have it, a vector would hold the few units of one sample and leave most
lanes empty; and the map that follows, a softmax, would run through the lanes of each sample by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.lanes import Lanes
from chainrule.engines.jit.layout import Columns, Panels
from chainrule.engines.jit.target import Target
from chainrule.engines.jit.tiles import Environment
from chainrule.engines.jit.vectors import Vectors

__all__ = ["dot_tiles", "rows_of_dot_tile", "units_of_dot_tiles"]

_SUMS = {"avx512": 24, "avx2": 4, "neon": 4, "sse4": 2}
"""Sums that stay in registers, beside the vectors of one sample and a weight."""

_FEW = {"avx512": 16, "avx2": 4, "neon": 4, "sse4": 2}
"""Sums of a tile with one to four units: with more samples at once the tails weigh more than what is saved."""


def units_of_dot_tiles(target: Target, width: int) -> list[tuple[int, int]]:
    """(first unit, number of units) of the groups that a narrow layer is cut into, for two samples at once."""
    groups = -(-width * 2 // _SUMS[target.isa])
    bounds = [width * number // groups for number in range(groups + 1)]
    return [(start, stop - start) for start, stop in pairwise(bounds)]


def rows_of_dot_tile(lanes: Lanes, target: Target, units: int) -> int:
    """Samples at once: a power of two, and at most as many as a vector has lanes."""
    few = 1 << (max(_FEW[target.isa] // units, 1).bit_length() - 1)
    return min(max(few, 2), lanes.count)


def dot_tiles(
    environment: Environment, rows: int, units: int, reduced: int, left: Panels, weight: Panels, result: Columns
) -> Function:
    """Products for some units, `rows` samples at a time; arguments ``a``, ``b``, ``c``, and the number of ``tiles``.

    The weight lies in panels along the reduced axis, one row per unit, padded with zeros.
    """
    f = Function([("ptr", "a"), ("ptr", "b"), ("ptr", "c"), ("i64", "tiles")])
    v, lanes = Vectors(f, environment.lanes, environment.target), environment.lanes
    kinds = [lanes.vector] * (rows * units) + ["ptr", "ptr"]

    def vectors(sums: Sequence[str], a: str, b: str, count: int) -> list[str]:
        now = list(sums)
        for k in range(count):
            x = [v.load(f.at(a, r * lanes.panel + k * lanes.count, lanes.scalar)) for r in range(rows)]
            for u in range(units):
                w = v.load(f.at(b, u * lanes.panel + k * lanes.count, lanes.scalar))
                for r in range(rows):
                    now[u * rows + r] = v.fma(x[r], w, now[u * rows + r])
        return now

    def panel(_: Index, state: list[str]) -> list[str]:
        *sums, a, b = state
        now = vectors(sums, a, b, 2)
        return [*now, f.at(a, left.panel_stride, lanes.scalar), f.at(b, weight.panel_stride, lanes.scalar)]

    def tile(_: Index, state: list[str]) -> list[str]:
        a, c = state
        carried = list(zip(kinds, ["zeroinitializer"] * (rows * units) + [a, "%b"], strict=True))
        *sums, end, b = f.loop(0, reduced // lanes.panel, panel, carried=carried)
        if rest := reduced % lanes.panel:
            sums = vectors(sums, end, b, -(-rest // lanes.count))
        _store_sums(v, sums, rows, c, result.rows)
        return [f.at(a, rows * lanes.panel, lanes.scalar), f.at(c, rows, lanes.scalar)]

    f.loop(0, "%tiles", tile, carried=[("ptr", "%a"), ("ptr", "%c")])
    f.do("ret void")
    return f


def _store_sums(v: Vectors, sums: Sequence[str], rows: int, c: str, column: int) -> None:
    """The sum of the lanes of each vector, `rows` samples of one unit after the other."""
    f, lanes = v.function, v.lanes
    kind = f"<{rows} x {lanes.scalar}>"
    together = lanes.count // rows
    for begin in range(0, len(sums) // rows, together):
        packed, width = v.sum_each(sums[begin * rows : (begin + together) * rows])
        full = f"<{width} x {lanes.scalar}>"
        for u in range(min(together, len(sums) // rows - begin)):
            order = ", ".join(f"i32 {u * rows + r}" for r in range(rows))
            part = f.value(f"shufflevector {full} {packed}, {full} poison, <{rows} x i32> <{order}>")
            f.store(kind, part, f.at(c, (begin + u) * column, lanes.scalar), lanes.bytes)
