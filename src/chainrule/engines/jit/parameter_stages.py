"""The stages over parameters, divided among the threads: panels of biases here, blocks of weights in their own file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chainrule.engines.jit.bias_sums import bias_columns, bias_tile
from chainrule.engines.jit.emit import Index
from chainrule.engines.jit.layout import Columns, copy_name
from chainrule.engines.jit.products import lane_counts
from chainrule.engines.jit.stages import BiasSum, ParameterStage, WeightProduct
from chainrule.engines.jit.tiles import map_tile
from chainrule.engines.jit.totals import clear_totals, total_parts
from chainrule.engines.jit.weight_blocks import WeightBlocks

if TYPE_CHECKING:
    from chainrule.engines.jit.assembly import Assembly

__all__ = ["ParameterStages"]

# How long things take, in multiply-adds of one vector (a sixth of a nanosecond); measured with two threads on weights
# of 784 x 128, 128 x 64, 256 x 256, 50 x 256, 256 x 2 and their biases.
_IN_FLIGHT = 8
"""The accumulators that keep the processor busy: with fewer, a product takes no less time."""

_STATEMENTS = 20
"""A vector's statements (Adam's, where they do not hide behind the product)."""

_COPY = 10
"""A vector of a transposed copy."""

_SHARED = 20
"""Writing a vector that the other thread has read."""

_PASSED = 24
"""A row of a panel of which the other thread has just written half."""


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
        """About how long a unit takes one of two threads, in multiply-adds of one vector."""
        a, lanes = self.assembly, self.lanes
        if len(stage.axes) == 1:
            return _IN_FLIGHT * a.batch
        narrow = stage.axes[1] in a.layout.narrow
        across, along = stage.axes[::-1] if narrow else stage.axes
        blocks, columns = (-(-a.sizes[axis] // lanes.panel) for axis in (across, along))
        rows, vectors = a.sizes[across] // blocks, len(lane_counts(lanes, a.sizes[along]))
        own = isinstance(stage, WeightProduct) and any(map(a.is_gathered_by_each, (stage.first, stage.second)))
        written = sum(copy_name(symbol) in a.layout.places for symbol in stage.stores)
        passed = columns + (0 if own or narrow else blocks)
        return (
            max(rows * vectors, _IN_FLIGHT) * a.batch
            + rows * vectors * (_STATEMENTS + _COPY * written + (0 if own else _SHARED))
            + _PASSED * a.batch * passed // (blocks * columns)
        )

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
