"""The stages over parameters, divided among the threads: panels of biases here, blocks of weights in their own file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chainrule.engines.jit.bias_sums import bias_columns, bias_tile
from chainrule.engines.jit.emit import Index
from chainrule.engines.jit.layout import Columns
from chainrule.engines.jit.products import lane_counts
from chainrule.engines.jit.stages import BiasSum, ParameterStage
from chainrule.engines.jit.tiles import map_tile
from chainrule.engines.jit.totals import clear_totals, total_parts
from chainrule.engines.jit.weight_blocks import WeightBlocks

if TYPE_CHECKING:
    from chainrule.engines.jit.assembly import Assembly

__all__ = ["ParameterStages"]

_STATEMENTS = 20
"""A vector's statements (Adam's, where they do not hide behind the product) in multiply-adds of one vector."""


class ParameterStages:
    """Emits the stages of a level into the function of an assembly.

    A unit of work is one panel by as many rows as a panel has columns. Each thread takes one run of units through all
    stages of a level.
    """

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self.lanes = assembly.lanes
        self._ranges = [self._shares(level) for level in assembly.schedule.levels]

    def _shares(self, level: Sequence[ParameterStage]) -> list[tuple[Index, Index]]:
        """A thread's units of each stage: all stages laid end to end, each unit as long as it takes, cut evenly.

        (By the number of units, one thread had a third more to do than the other with two hidden layers of 256.)
        """
        f, a = self.assembly.function, self.assembly
        counts, lengths = [a.units_of(stage.axes) for stage in level], [self._length(stage) for stage in level]
        every = sum(count * length for count, length in zip(counts, lengths, strict=True))
        low = f.divide(f.multiply("%thread", every), "%threads")
        high = f.divide(f.multiply(f.add("%thread", 1), every), "%threads")
        before, shares = 0, []
        for count, length in zip(counts, lengths, strict=True):
            shares.append((self._unit_at(low, before, length, count), self._unit_at(high, before, length, count)))
            before += count * length
        return shares

    def _length(self, stage: ParameterStage) -> int:
        """About how long a unit takes, in multiply-adds of one vector."""
        a = self.assembly
        if len(stage.axes) == 1:
            return a.batch
        across, along = stage.axes[::-1] if stage.axes[1] in a.layout.narrow else stage.axes
        rows, vectors = min(a.sizes[across], self.lanes.panel), len(lane_counts(self.lanes, a.sizes[along]))
        return rows * vectors * (a.batch + _STATEMENTS)

    def _unit_at(self, place: Index, before: Index, length: int, count: int) -> Index:
        """The first unit of a stage that begins at a place or after it; the stage's first begins at `before`."""
        f = self.assembly.function
        past = f.value(f"call i64 @llvm.umax.i64(i64 {place}, i64 {before})") if before else place
        return f.minimum(f.divide(f.add(f.subtract(past, before), length - 1), length), count)

    def emit(self, level: Sequence[ParameterStage]) -> None:
        """All stages of one level."""
        f = self.assembly.function
        number = next(k for k, stages in enumerate(self.assembly.schedule.levels) if stages is level)
        for stage, (low, high) in zip(level, self._ranges[number], strict=True):
            if isinstance(stage, BiasSum) or len(stage.axes) == 1:
                run = self._bias_unit(stage)
                f.loop(low, high, lambda unit, _, run=run: run(unit))  # type: ignore[misc]
            else:
                WeightBlocks(self.assembly, stage).emit(low, high)

    # ---- biases ----
    def _bias_unit(self, stage: ParameterStage) -> Callable[[Index], None]:
        a, axis = self.assembly, stage.axes[0]
        width, panel = a.sizes[axis], self.lanes.panel

        def tile(unit: Index, columns: int) -> None:
            valid = lane_counts(self.lanes, columns)
            operands: list[str] = []
            if isinstance(stage, BiasSum):
                place, first = a.layout.samples(stage.operand), unit
                if isinstance(place, Columns):
                    kernel, first = bias_columns(a.environment, stage, place, valid), a.function.multiply(unit, panel)
                else:
                    kernel = bias_tile(a.environment, stage, valid)
                operands = [a.pointer(place.at(a.function, first, 0)), f"i64 {a.samples}"]
                title = stage.result.name
            else:
                kernel, title = map_tile(a.environment, stage, "", axis, valid, 1), f"map_{axis}"
            name = a.module.add(kernel.function, title)
            clear_totals(a, stage, unit)
            a.call_tile(name, kernel, operands, unit, 0, 0, total_parts(a, stage, unit))

        def unit_(unit: Index) -> None:
            a.function.whole_or_rest(
                unit, width // panel, lambda: tile(unit, panel), width % panel, lambda: tile(unit, width % panel)
            )

        return unit_
