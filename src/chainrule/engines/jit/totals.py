"""Sums over many numbers in float64, and the scalars that a running program computes from them (clipping)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.lanes import VECTOR_BYTES, Lanes, lanes_of
from chainrule.engines.jit.pointwise import Place, Pointwise
from chainrule.engines.jit.stages import ParameterStage
from chainrule.engines.jit.statements import Statement
from chainrule.engines.jit.target import Target
from chainrule.engines.jit.vectors import Vectors
from chainrule.expressions.terms import Symbol

if TYPE_CHECKING:
    from chainrule.engines.jit.assembly import Assembly

__all__ = ["clear_totals", "emit_computed_scalars", "sum_function", "total_parts"]


def sum_function(lanes: Lanes, target: Target) -> Function:
    """Sum ``count`` numbers into a double at ``result``; each lane adds in order, then the lanes."""
    f = Function([("ptr", "numbers"), ("i64", "count"), ("ptr", "result")])
    v = Vectors(f, lanes, target)
    wide = f"<{lanes.count} x double>"

    def widened(i: Index, mask: str | None) -> str:
        value = v.load(f.at("%numbers", i, lanes.scalar), lanes.bytes)
        if mask is not None:
            value = v.select(mask, value, v.constant(0.0))
        return value if lanes.bytes == 8 else f.value(f"fpext {lanes.vector} {value} to {wide}")

    def add(i: Index, now: list[str]) -> list[str]:
        return [f.value(f"fadd {wide} {now[0]}, {widened(i, None)}")]

    whole = f.multiply(f.divide("%count", lanes.count), lanes.count)
    [total] = f.loop(0, whole, add, step=lanes.count, carried=[(wide, "zeroinitializer")])
    rest = widened(whole, v.lanes_below(f.subtract("%count", whole)))
    total = f.value(f"fadd {wide} {total}, {rest}")
    width = lanes.count
    kind = wide
    while width > 1:
        half = f"<{width // 2} x double>"
        parts = []
        for begin in (0, width // 2):
            order = ", ".join(f"i32 {begin + j}" for j in range(width // 2))
            parts.append(f.value(f"shufflevector {kind} {total}, {kind} poison, <{width // 2} x i32> <{order}>"))
        total, kind, width = f.value(f"fadd {half} {parts[0]}, {parts[1]}"), half, width // 2
    f.store("double", f.value(f"extractelement {kind} {total}, i64 0"), "%result", 8)
    f.do("ret void")
    return f


def total_parts(assembly: Assembly, stage: ParameterStage, unit: Index, begin: Index = 0) -> list[str]:
    """The places of one unit's part of each total of a stage, from lane `begin` of the panel on."""
    f, panel = assembly.function, assembly.lanes.panel
    here = f.add(f.multiply(unit, panel), begin)
    return [assembly.pointer(f.add(here, assembly.total_places[total.symbol.name][0])) for total in stage.totals]


def clear_totals(assembly: Assembly, stage: ParameterStage, unit: Index) -> None:
    """Zeros into one unit's part of each total."""
    f, lanes = assembly.function, assembly.lanes
    for pointer in total_parts(assembly, stage, unit):
        for k in range(2):
            f.store(lanes.vector, "zeroinitializer", f.at(pointer, k * lanes.count, lanes.scalar), VECTOR_BYTES)


def emit_computed_scalars(assembly: Assembly, statements: Sequence[Statement]) -> None:
    """Scalars that every thread computes for itself from totals of the level before, in float64."""
    if not statements:
        return
    f, environment, own = assembly.function, assembly.environment, assembly.lanes
    v = Vectors(f, lanes_of("float64"), assembly.target)
    totals = {total.name for total in assembly.schedule.totals}
    summed: set[str] = set()

    def read(_evaluator: Pointwise, symbol: Symbol, _place: Place) -> str:
        if symbol.name in totals:
            if symbol.name not in summed and symbol.name in assembly.total_places:
                offset, units = assembly.total_places[symbol.name]
                assembly.sum_into(offset, units * own.panel, symbol)
                summed.add(symbol.name)
            return v.load_splat(assembly.total_slot(symbol))
        value = f.load(own.scalar, f.at(assembly.scalars, environment.slots[symbol.name], own.scalar), own.bytes)
        return v.splat(value if own.bytes == 8 else f.value(f"fpext float {value} to double"))

    evaluator = Pointwise(v, read)
    for statement in statements:
        value = evaluator.value(statement.term, {})
        evaluator.assign(statement.symbol, {}, value)
        scalar = f.value(f"extractelement {v.lanes.vector} {value}, i64 0")
        if own.bytes == 4:
            scalar = f.value(f"fptrunc double {scalar} to float")
        where = f.at(assembly.computed_scalars, environment.computed[statement.symbol.name], own.scalar)
        f.store(own.scalar, scalar, where, own.bytes)
