"""The transposed copy of a weight, refreshed block by block while the block is in the cache."""

from __future__ import annotations

from chainrule.engines.jit.emit import Function
from chainrule.engines.jit.lanes import Lanes
from chainrule.engines.jit.layout import Panels
from chainrule.engines.jit.module import Module
from chainrule.engines.jit.target import Target
from chainrule.engines.jit.vectors import Vectors

__all__ = ["transpose_block", "transpose_tile"]


def transpose_block(lanes: Lanes, target: Target, module: Module, source: Panels, copy: Panels) -> Function:
    """One block of a copy; arguments ``memory``, and the block's ``column`` and ``block`` (its panel in the copy)."""
    f = Function([("ptr", "memory"), ("i64", "column"), ("i64", "block")])
    panel = lanes.panel

    def squares(rows: int, columns: int) -> None:
        here = source.at(f, "%column", f.multiply("%block", panel))
        there = copy.at(f, "%block", f.multiply("%column", panel))
        for i in range(0, rows, lanes.count):
            for j in range(0, columns, lanes.count):
                square = transpose_tile(lanes, target, min(lanes.count, rows - i), min(lanes.count, columns - j))
                name = module.add(square, "transpose")
                offsets = f.add(here, i * panel + j), f.add(there, j * panel + i)
                pointers = ", ".join(f"ptr {f.at('%memory', offset, lanes.scalar)}" for offset in offsets)
                f.do(f"call void @{name}({pointers})")

    def with_rows(rows: int) -> None:
        f.whole_or_rest(
            "%column", source.width // panel, lambda: squares(rows, panel),
            source.width % panel, lambda: squares(rows, source.width % panel),
        )  # fmt: skip

    f.whole_or_rest(
        "%block", source.rows // panel, lambda: with_rows(panel),
        source.rows % panel, lambda: with_rows(source.rows % panel),
    )  # fmt: skip
    f.do("ret void")
    return f


def transpose_tile(lanes: Lanes, target: Target, rows: int, columns: int) -> Function:
    """A square of one vector each way; arguments ``source`` and ``copy``, both with the row stride of panels.

    Rows beyond `rows` read as zero, columns beyond `columns` are not written.
    """
    f = Function([("ptr", "source"), ("ptr", "copy")])
    v, width, kind = Vectors(f, lanes, target), lanes.count, lanes.vector
    square = [
        v.load(f.at("%source", i * lanes.panel, lanes.scalar)) if i < rows else "zeroinitializer" for i in range(width)
    ]
    span = 1
    while span < width:
        low = [j if not j & span else width + j - span for j in range(width)]
        high = [j + span if not j & span else width + j for j in range(width)]
        for i in range(width):
            if not i & span:
                a, b = square[i], square[i + span]
                for place, picks in ((i, low), (i + span, high)):
                    order = ", ".join(f"i32 {pick}" for pick in picks)
                    square[place] = f.value(f"shufflevector {kind} {a}, {kind} {b}, <{width} x i32> <{order}>")
        span *= 2
    for i in range(columns):
        v.store(square[i], f.at("%copy", i * lanes.panel, lanes.scalar))
    f.do("ret void")
    return f
