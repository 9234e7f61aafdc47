"""The stages over weights: blocks of one panel's columns by as many rows, cut into register tiles.

A tile's product runs while the statements of the tile before it are computed (`weight_tile`), so the sums of one tile
always wait in scratch for their statements. Which tile that is stands in memory, because branches change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from chainrule.engines.jit.emit import Index
from chainrule.engines.jit.layout import Panels, copy_name, stored_name
from chainrule.engines.jit.products import lane_counts
from chainrule.engines.jit.stages import ParameterMap, WeightProduct
from chainrule.engines.jit.tiles import TileKernel, map_tile
from chainrule.engines.jit.totals import clear_totals, total_parts
from chainrule.engines.jit.transposition import transpose_block
from chainrule.engines.jit.weight_tiles import steps_of, waiting_tile, weight_tile

if TYPE_CHECKING:
    from chainrule.engines.jit.assembly import Assembly

__all__ = ["WeightBlocks"]

_CACHED_FACTORS = 1 << 19
"""Bytes of panels of the first factor that stay in the second-level cache while all panels of the second pass by."""


class _Waiting:
    """Which tile's sums wait in scratch: numbers in memory, each read anew where it is used."""

    _NAMES = ("rows", "first", "column", "row", "begin", "unit", "ends")

    def __init__(self, assembly: Assembly) -> None:
        self.function = assembly.function
        self._place = self.function.reserve("i64", len(self._NAMES), 8)

    def _at(self, name: str) -> str:
        return self.function.at(self._place, self._NAMES.index(name), "i64")

    def __getitem__(self, name: str) -> str:
        return self.function.load("i64", self._at(name), 8)

    def put(self, **numbers: Index) -> None:
        for name, number in numbers.items():
            self.function.store("i64", str(number), self._at(name), 8)

    def clear(self) -> None:
        self.put(**dict.fromkeys(self._NAMES, 0))


class WeightBlocks:
    """Emits one stage over a weight into the function of an assembly."""

    def __init__(self, assembly: Assembly, stage: WeightProduct | ParameterMap) -> None:
        self.assembly, self.stage = assembly, stage
        self.function, self.lanes = assembly.function, assembly.lanes
        transposed = stage.axes[1] in assembly.layout.narrow
        self.vector_axis, self.row_axis = stage.axes if transposed else stage.axes[::-1]
        self.width, self.height = assembly.sizes[self.vector_axis], assembly.sizes[self.row_axis]
        self.columns, self.blocks = (-(-size // self.lanes.panel) for size in (self.width, self.height))
        self.at_once = assembly.target.tile_vectors
        self._usual = lane_counts(self.lanes, self.width)[: self.at_once]
        self._copies = self._copy_functions()
        self._kernels: dict[tuple[int, tuple[int, ...]], tuple[str, TileKernel]] = {}
        self.waiting = _Waiting(assembly)
        self.waiting.clear()

    # ---- units of work ----
    def emit(self, low: Index, high: Index) -> None:
        """The units from low to high, and the tile that waits after the last."""
        self.function.loop(low, high, lambda unit, _: self._unit(unit))
        self._finish(self._usual)

    def _position(self, unit: Index) -> tuple[Index, Index]:
        """The column and block of a unit: blocks that fit into the cache together, through all columns, then more."""
        f, columns, blocks = self.function, self.columns, self.blocks
        together = max(1, _CACHED_FACTORS // (self.assembly.batch * self.lanes.panel * self.lanes.bytes))
        if together >= blocks:
            return f.divide(unit, blocks), f.remainder(unit, blocks)
        begin = f.multiply(f.divide(unit, together * columns), together)
        within = f.remainder(unit, together * columns)
        height = f.minimum(f.subtract(blocks, begin), together) if blocks % together else together
        return f.divide(within, height), f.add(begin, f.remainder(within, height))

    def _unit(self, unit: Index) -> None:
        f, panel, width, height = self.function, self.lanes.panel, self.width, self.height
        column, block = self._position(unit)
        clear_totals(self.assembly, self.stage, unit)

        def with_rows(rows: int) -> None:
            f.whole_or_rest(
                column, width // panel, lambda: self._block(unit, column, block, rows, panel),
                width % panel, lambda: self._block(unit, column, block, rows, width % panel),
            )  # fmt: skip

        f.whole_or_rest(
            block, height // panel, lambda: with_rows(panel), height % panel, lambda: with_rows(height % panel)
        )  # fmt: skip

    def _block(self, unit: Index, column: Index, block: Index, rows: int, columns: int) -> None:
        first = self.function.multiply(block, self.lanes.panel)
        valid = lane_counts(self.lanes, columns)
        for k in range(0, len(valid), self.at_once):
            part, begin = valid[k : k + self.at_once], k * self.lanes.count
            if isinstance(self.stage, ParameterMap):
                self._map(unit, column, first, rows, part, begin)
                continue
            if part != self._usual:
                self._finish(self._usual)
            self._tiles(self.stage, unit, column, first, rows, part, begin, last=k + self.at_once >= len(valid))
            if part != self._usual:
                self._finish(part)
        if isinstance(self.stage, ParameterMap):
            self._refresh_copies(column, block)

    def _map(self, unit: Index, column: Index, first: Index, rows: int, valid: Sequence[int], begin: int) -> None:
        a = self.assembly
        kernel = map_tile(a.environment, self.stage, self.row_axis, self.vector_axis, valid, rows)
        name = a.module.add(kernel.function, f"map_{self.row_axis}_{self.vector_axis}_{rows}x{len(valid)}")
        a.call_tile(name, kernel, [], column, first, begin, total_parts(a, self.stage, unit, begin))

    # ---- products ----
    def _tiles_of(self, rows: int) -> list[tuple[int, int]]:
        """Where each tile of a block begins, and its height.

        Where a row too many suffices, all have one height and the last shares a row with the one before; and in a last
        block, which is one of several, tiles of the others' height share as many as they must. Either costs less than
        code for another height: the chains of a shared row are computed twice, its statements once.
        """
        panel, most = self.lanes.panel, self.assembly.target.tile_rows
        usual = -(-panel // -(-panel // most))
        if rows < panel < self.height and rows >= usual:
            return [(min(number * usual, rows - usual), usual) for number in range(-(-rows // usual))]
        tiles = -(-rows // most)
        height = -(-rows // tiles)
        if tiles * height <= rows + 1:
            return [(min(number * height, rows - height), height) for number in range(tiles)]
        starts = [number * rows // tiles for number in range(tiles + 1)]
        return [(start, stop - start) for start, stop in pairwise(starts)]

    def _tiles(
        self, stage: WeightProduct, unit: Index, column: Index, first: Index, rows: int, valid: Sequence[int],
        begin: int, *, last: bool,
    ) -> None:  # fmt: skip
        a, f, lanes, waiting = self.assembly, self.function, self.lanes, self.waiting
        operand = {symbol.axes[1]: symbol for symbol in (stage.first, stage.second)}
        factors = a.layout.samples(operand[self.row_axis])
        vectors = a.layout.matrix(stored_name(operand[self.vector_axis]))
        done = 0
        for start, height in self._tiles_of(rows):
            shape = height, tuple(valid)
            if shape not in self._kernels:
                kernel = weight_tile(
                    a.environment, stage, height, valid, self.row_axis, self.vector_axis, steps_of(factors), a.batch
                )  # fmt: skip
                name = a.module.add(kernel.function, f"{stage.result.name}_{height}x{len(valid)}")
                self._kernels[shape] = name, kernel
            name, kernel = self._kernels[shape]
            if isinstance(factors, Panels):
                own = a.own_copy(operand[self.row_axis])
                factor = f.add(f.add(factors.at(f, f.divide(first, lanes.panel), 0), start), own)
            else:
                factor = factors.at(f, f.add(first, start), 0)
            row, again = f.add(first, done), done - start
            operands = [a.pointer(factor), a.pointer(f.add(vectors.at(f, column, 0), begin)), f"i64 {a.samples}",
                        a.scratch, f"i64 {self._distance(column, row, begin)}"]  # fmt: skip
            self._call_for_waiting(name, kernel, operands)
            if not done and not begin:
                self._refresh_if_ended()
            done = start + height
            waiting.put(
                rows=height - again, first=again * len(valid) * lanes.count, column=column, row=row, begin=begin,
                unit=unit, ends=int(last and done == rows),
            )  # fmt: skip

    def _distance(self, column: Index, row: Index, begin: int) -> Index:
        """Numbers from the waiting tile to this one, in the weight and all that is laid out like it."""
        f, waiting, panel = self.function, self.waiting, self.lanes.panel
        columns, rows = f.subtract(column, waiting["column"]), f.subtract(row, waiting["row"])
        across = f.add(f.multiply(columns, self.height * panel), f.multiply(rows, panel))
        return f.subtract(f.add(across, begin), waiting["begin"])

    def _call_for_waiting(self, name: str, kernel: TileKernel, operands: Sequence[str]) -> None:
        a, waiting = self.assembly, self.waiting
        first = self.function.at(a.scratch, waiting["first"], self.lanes.scalar)
        operands = [*operands, first, f"i64 {waiting['rows']}"]
        totals = total_parts(a, self.stage, waiting["unit"], waiting["begin"]) if self.stage.totals else []
        a.call_tile(name, kernel, operands, waiting["column"], waiting["row"], waiting["begin"], totals)

    def _finish(self, valid: Sequence[int]) -> None:
        """The statements of the waiting tile, if there is one, without another product beside them."""
        a, f = self.assembly, self.function
        if not isinstance(self.stage, WeightProduct):
            return
        kernel = waiting_tile(a.environment, self.stage, valid, self.row_axis, self.vector_axis)
        name = a.module.add(kernel.function, f"{self.stage.result.name}_last_x{len(valid)}")

        def finish() -> None:
            self._call_for_waiting(name, kernel, [])
            self._refresh_if_ended()
            self.waiting.put(rows=0, ends=0)

        f.when(f.less(0, self.waiting["rows"]), finish)

    # ---- transposed copies ----
    def _copy_functions(self) -> list[str]:
        """Functions that refresh one block of the transposed copies of what the stage stores."""
        a, names = self.assembly, []
        for symbol in self.stage.stores:
            if symbol.name.endswith("+") and copy_name(symbol) in a.layout.places:
                source, copy = a.layout.matrix(stored_name(symbol)), a.layout.matrix(copy_name(symbol))
                function = transpose_block(self.lanes, a.target, a.module, source, copy)
                names.append(a.module.add(function, f"transpose_{stored_name(symbol)}"))
        return names

    def _refresh_copies(self, column: Index, block: Index) -> None:
        for name in self._copies:
            memory = self.assembly.names["memory"]
            self.function.do(f"call void @{name}(ptr {memory}, i64 {column}, i64 {block})")

    def _refresh_if_ended(self) -> None:
        """The copies of the waiting tile's block, if that tile was its last."""
        f, waiting = self.function, self.waiting
        if self._copies:
            f.when(
                f.less(0, waiting["ends"]),
                lambda: self._refresh_copies(waiting["column"], f.divide(waiting["row"], self.lanes.panel)),
            )
