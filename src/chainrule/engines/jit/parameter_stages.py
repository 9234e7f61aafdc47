"""The stages over parameters: blocks of weights and panels of biases, divided among the threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chainrule.engines.jit.emit import Index
from chainrule.engines.jit.layout import Columns, Panels, copy_name, stored_name
from chainrule.engines.jit.products import bias_columns, bias_tile, lane_counts, steps_of, weight_tile
from chainrule.engines.jit.stages import BiasSum, ParameterStage, WeightProduct
from chainrule.engines.jit.tiles import TileKernel
from chainrule.engines.jit.transposition import transpose_tile
from chainrule.expressions.terms import Symbol

if TYPE_CHECKING:
    from chainrule.engines.jit.assembly import Assembly

__all__ = ["ParameterStages"]


class ParameterStages:
    """Emits the stages of a level into the function of an assembly.

    A unit of work is one panel by as many rows as a panel has columns. Units are numbered through all stages of a
    level, so that each thread takes one run of them.
    """

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self.lanes = assembly.lanes
        f = assembly.function
        self._ranges: list[list[tuple[Index, Index]]] = []
        for level in assembly.schedule.levels:
            counts = [assembly.units_of(stage.axes) for stage in level]
            every = sum(counts)
            low = f.divide(f.multiply("%thread", every), "%threads")
            high = f.divide(f.multiply(f.add("%thread", 1), every), "%threads")
            before, ranges = 0, []
            for count in counts:
                ranges.append((self._clamp(low, before, count), self._clamp(high, before, count)))
                before += count
            self._ranges.append(ranges)

    def _clamp(self, number: Index, before: int, count: int) -> Index:
        """A unit number of all stages as one of a stage that starts at `before`."""
        f = self.assembly.function
        past = f.value(f"call i64 @llvm.umax.i64(i64 {number}, i64 {before})") if before else number
        return f.minimum(f.subtract(past, before), count)

    def emit(self, level: Sequence[ParameterStage]) -> None:
        """All stages of one level."""
        number = next(k for k, stages in enumerate(self.assembly.schedule.levels) if stages is level)
        for stage, (low, high) in zip(level, self._ranges[number], strict=True):
            units = self._bias_unit(stage) if len(stage.axes) == 1 else self._weight_unit(stage)
            self.assembly.function.loop(low, high, lambda unit, _, units=units: units(unit))  # type: ignore[misc]

    # ---- biases ----
    def _bias_unit(self, stage: ParameterStage) -> Callable[[Index], None]:
        a, axis = self.assembly, stage.axes[0]
        width, panel = a.sizes[axis], self.lanes.panel

        def tile(unit: Index, columns: int) -> None:
            valid = lane_counts(self.lanes, columns)
            operands: list[str] = []
            if isinstance(stage, BiasSum):
                place = a.layout.samples(stage.operand)
                kernel = (
                    bias_columns(a.environment, stage, place)
                    if isinstance(place, Columns)
                    else bias_tile(a.environment, stage, valid)
                )
                operands = [a.pointer(place.at(a.function, unit, 0)), f"i64 {a.samples}"]
                title = stage.result.name
            else:
                kernel, title = self._map_kernel(stage, "", axis, valid, 1), f"map_{axis}"
            name = a.module.add(kernel.function, title)
            a.call_tile(name, kernel, operands, unit, 0, 0, self._cleared_totals(stage, unit))

        def unit_(unit: Index) -> None:
            self._by_size(
                unit, width // panel, lambda: tile(unit, panel), width % panel, lambda: tile(unit, width % panel)
            )

        return unit_

    def _map_kernel(
        self, stage: ParameterStage, row_axis: str, axis: str, valid: Sequence[int], rows: int
    ) -> TileKernel:
        kernel = TileKernel(self.assembly.environment, stage, [], None, row_axis, axis, valid)
        kernel.finish([], rows)
        return kernel

    def _by_size(
        self, number: Index, full: int, whole: Callable[[], None], rest: int, partial: Callable[[], None]
    ) -> None:
        """whole() for the first `full` numbers, partial() for the one after them, if there is a rest."""
        if not rest:
            whole()
        elif not full:
            partial()
        else:
            self.assembly.function.when(self.assembly.function.less(number, full), whole, partial)

    def _cleared_totals(self, stage: ParameterStage, unit: Index) -> list[str]:
        """The places of this unit's part of the totals, set to zero."""
        a, f = self.assembly, self.assembly.function
        pointers = []
        for total in stage.totals:
            offset, _ = a.total_places[total.symbol.name]
            pointer = a.pointer(f.add(f.multiply(unit, self.lanes.panel), offset))
            for k in range(2):
                f.store(
                    self.lanes.vector, "zeroinitializer", f.at(pointer, k * self.lanes.count, self.lanes.scalar), 64
                )
            pointers.append(pointer)
        return pointers

    # ---- weights ----
    def _weight_unit(self, stage: ParameterStage) -> Callable[[Index], None]:
        a, f, panel = self.assembly, self.assembly.function, self.lanes.panel
        symbol = Symbol("", stage.axes)
        transposed = stage.axes[1] in a.layout.narrow
        vector_axis, row_axis = symbol.axes if transposed else symbol.axes[::-1]
        width, height = a.sizes[vector_axis], a.sizes[row_axis]
        blocks = -(-height // panel)

        def unit_(unit: Index) -> None:
            column, block = f.divide(unit, blocks), f.remainder(unit, blocks)

            def with_rows(rows: int) -> None:
                self._by_size(
                    column, width // panel,
                    lambda: self._block(stage, unit, column, block, rows, panel, row_axis, vector_axis), width % panel,
                    lambda: self._block(stage, unit, column, block, rows, width % panel, row_axis, vector_axis),
                )  # fmt: skip

            self._by_size(
                block, height // panel, lambda: with_rows(panel), height % panel, lambda: with_rows(height % panel)
            )

        return unit_

    def _block(
        self, stage: ParameterStage, unit: Index, column: Index, block: Index, rows: int, columns: int,
        row_axis: str, vector_axis: str,
    ) -> None:  # fmt: skip
        f = self.assembly.function
        totals = self._cleared_totals(stage, unit)
        first = f.multiply(block, self.lanes.panel)
        valid = lane_counts(self.lanes, columns)
        at_once = self.assembly.target.tile_vectors
        for k in range(0, len(valid), at_once):
            part = valid[k : k + at_once]
            begin = k * self.lanes.count
            mine = [f.at(total, begin, self.lanes.scalar) for total in totals]
            if isinstance(stage, WeightProduct):
                self._product_tiles(stage, column, first, rows, part, begin, mine, row_axis, vector_axis)
            else:
                kernel = self._map_kernel(stage, row_axis, vector_axis, part, rows)
                name = self.assembly.module.add(kernel.function, f"map_{row_axis}_{vector_axis}_{rows}x{len(part)}")
                self.assembly.call_tile(name, kernel, [], column, first, begin, mine)
        for symbol in stage.stores:
            if symbol.name.endswith("+") and copy_name(symbol) in self.assembly.layout.places:
                self._refresh_copy(symbol, column, block, rows, columns)

    def _product_tiles(
        self, stage: WeightProduct, column: Index, first: Index, rows: int, valid: Sequence[int], begin: int,
        totals: Sequence[str], row_axis: str, vector_axis: str,
    ) -> None:  # fmt: skip
        a, f = self.assembly, self.assembly.function
        operand = {symbol.axes[1]: symbol for symbol in (stage.first, stage.second)}
        factors, vectors = a.layout.samples(operand[row_axis]), a.layout.matrix(stored_name(operand[vector_axis]))
        steps = steps_of(factors)
        tiles = -(-rows // a.target.tile_rows)
        done = 0
        for number in range(tiles):
            height = rows // tiles + (number < rows % tiles)
            kernel = weight_tile(a.environment, stage, height, valid, row_axis, vector_axis, steps)
            name = a.module.add(kernel.function, f"{stage.result.name}_{height}x{len(valid)}")
            row = f.add(first, done)
            if isinstance(factors, Panels):
                block = f.divide(first, self.lanes.panel)
                factor = f.add(f.add(f.multiply(block, factors.panel_stride), factors.offset), done)
            else:
                factor = factors.at(f, row, 0)
            operands = [a.pointer(factor), a.pointer(f.add(vectors.at(f, column, 0), begin)), f"i64 {a.samples}"]
            a.call_tile(name, kernel, operands, column, row, begin, totals)
            done += height

    def _refresh_copy(self, symbol: Symbol, column: Index, block: Index, rows: int, columns: int) -> None:
        a, f, lanes = self.assembly, self.assembly.function, self.lanes
        source, copy = a.layout.matrix(stored_name(symbol)), a.layout.matrix(copy_name(symbol))
        row, column_row = f.multiply(block, lanes.panel), f.multiply(column, lanes.panel)
        for i in range(0, rows, lanes.count):
            for j in range(0, columns, lanes.count):
                kernel = transpose_tile(lanes, a.target, min(lanes.count, rows - i), min(lanes.count, columns - j))
                name = a.module.add(kernel, "transpose")
                here = f.add(f.add(source.at(f, column, row), i * lanes.panel), j)
                there = f.add(f.add(copy.at(f, block, column_row), j * lanes.panel), i)
                f.do(f"call void @{name}(ptr {a.pointer(here)}, ptr {a.pointer(there)})")
