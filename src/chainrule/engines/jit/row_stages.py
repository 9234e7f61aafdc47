"""The stages over the samples: gathering, products and maps, each thread on its own run of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chainrule.engines.jit import gathering
from chainrule.engines.jit.barrier import emit_barrier
from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.layout import Columns, Line, Panels, stored_name
from chainrule.engines.jit.maps import column_map, panel_map
from chainrule.engines.jit.narrow_products import dot_tiles, rows_of_dot_tile, units_of_dot_tiles
from chainrule.engines.jit.products import lane_counts, row_tile
from chainrule.engines.jit.stages import RowMap, RowProduct, RowStage
from chainrule.engines.jit.statements import CompilationUnsupported
from chainrule.expressions.terms import Symbol

if TYPE_CHECKING:
    from chainrule.engines.jit.assembly import Assembly

__all__ = ["RowStages", "is_shared_by_columns", "tiles_of_rows"]

_CACHED_SAMPLES = 1 << 20
"""Bytes of the left operand's rows that stay in the second-level cache while the right operand passes by."""

_CLOSE_VALUES = 1 << 16
"""Bytes of the values of some tiles of which the next stage still finds most in the first-level cache.

Measured with 100 hidden units and 200 samples, on whole steps: 5 inputs 5 % faster (float64 12 %), 20 inputs 4 % (5 %),
64 inputs no difference; half as many bytes are worse, and twice as many gain nothing.
"""

_PASSING_WEIGHTS = 1 << 17
"""Bytes of weights that may pass by once for every group of tiles, out of the second-level cache."""


_INPUTS_PER_SAMPLE = 4
"""A first layer with at least so many inputs for each sample of a batch is shared by columns.

Each cache line that another processor has just written costs about 6 ns. Two threads at 784 inputs, 128 units and 64
samples take 3 to 5 % less time than with the samples shared, and 5 % less again where each gathers all the inputs.
"""


def is_shared_by_columns(inputs: int, samples: int, weight_bytes: int) -> bool:
    """Whether each thread had better compute its own columns of a first layer than its own samples.

    Threads that share the samples read the whole weight, of which another thread has just written a part; that part
    comes from the other processor's cache. Threads that share the columns read the part that they write themselves,
    but all samples' inputs (which each of two threads gathers for itself), and wait for one another before and after.
    """
    return inputs >= _INPUTS_PER_SAMPLE * samples and weight_bytes > _PASSING_WEIGHTS


def tiles_of_rows(batch: int, most: int) -> tuple[int, int]:
    """(tiles, rows of each) of a batch: few rows beyond the batch, and an even number of tiles for two threads.

    A tile's loads and its call cost about as much as one row more, so that low tiles must save some to be chosen.
    """
    choices = []
    for rows in range(most, (3 * most - 1) // 4, -1):
        tiles = -(-batch // rows)
        tiles += tiles % 2 if tiles > 1 else 0
        choices.append((tiles, -(-batch // tiles)))
    return min(choices, key=lambda choice: choice[0] * (choice[1] + 1))


class RowStages:
    """Emits gathering and the stages over the samples into the function of an assembly.

    Each thread takes one run of tiles of samples through all stages, so that no stage waits for another thread; only a
    first layer with many inputs is shared by its columns.
    """

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self.function, self.layout = assembly.function, assembly.layout
        self.lanes, self.target, self.environment = assembly.lanes, assembly.target, assembly.environment
        self.tiles, self.tile_rows = assembly.row_tiles
        f = self.function
        low = f.divide(f.multiply("%thread", self.tiles), "%threads")
        high = f.divide(f.multiply(f.add("%thread", 1), self.tiles), "%threads")
        self._my_tiles = low, high

    def emit(self, arrived: str) -> str:
        """All stages, for the batch that the assembly has begun; takes and gives the arrivals of `emit_barrier`."""
        self._cut_to_batch()
        f, (low, high), together = self.function, (self.low, self.high), self._tiles_together()
        first, *others = self.assembly.schedule.rows
        if isinstance(first, RowProduct) and first.by_columns:
            self._gather()
            arrived = self._by_columns(first, arrived)
            self._stages(others)
        elif together >= self.tiles:
            self._gather()
            self._stages(self.assembly.schedule.rows)
        else:

            def group(first: Index, _: list[str]) -> None:
                self._take(first, f.minimum(f.add(first, together), high))
                self._gather()
                self._stages(self.assembly.schedule.rows)

            f.loop(low, high, group, step=together)
        return arrived

    def _by_columns(self, stage: RowProduct, arrived: str) -> str:
        """A product of which this thread computes its own panels, for all samples."""
        f, mine, panels = self.function, (self.low, self.high), self.assembly.units_of((stage.axis,))
        arrived = emit_barrier(f, self.target, arrived)
        self._take(0, f.divide(f.add(self.assembly.samples, self.tile_rows - 1), self.tile_rows))
        low = f.divide(f.multiply("%thread", panels), "%threads")
        high = f.divide(f.multiply(f.add("%thread", 1), panels), "%threads")
        self._row_product(stage, low, high)
        self._take(*mine)
        return emit_barrier(f, self.target, arrived)

    def _tiles_together(self) -> int:
        """As many tiles go through all stages before the next as have values that one stage leaves close for the other.

        With large weights, which would pass by for every group anew, all tiles go through each stage.
        """
        a, rows = self.assembly, self.assembly.schedule.rows
        weights = {stage.weight for stage in rows if isinstance(stage, RowProduct)}
        if sum(self._bytes(weight.axes[1:]) * a.sizes[weight.axes[0]] for weight in weights) > _PASSING_WEIGHTS:
            return self.tiles
        values = [*a.schedule.inputs, *(symbol for stage in rows for symbol in stage.stores)]
        return max(1, _CLOSE_VALUES // (self.tile_rows * sum(self._bytes(symbol.axes[1:]) for symbol in values)))

    def _bytes(self, axes: tuple[str, ...]) -> int:
        """Of one row of a value in panels."""
        return self.assembly.units_of(axes) * self.lanes.panel * self.lanes.bytes

    def _stages(self, stages: Sequence[RowStage]) -> None:
        for stage in stages:
            if isinstance(stage, RowMap):
                self._map(stage)
            elif stage.axis in self.layout.narrow:
                self._dot_product(stage)
            else:
                self._row_product(stage)

    def first_row(self, tile: Index) -> Index:
        """The first sample of a tile."""
        return self.function.multiply(tile, self.tile_rows)

    def _cut_to_batch(self) -> None:
        """My tiles and samples of a batch that may be shorter than the largest."""
        f, samples, (low, high) = self.function, self.assembly.samples, self._my_tiles
        active = f.divide(f.add(samples, self.tile_rows - 1), self.tile_rows)
        self._take(f.minimum(low, active), f.minimum(high, active))

    def _take(self, low: Index, high: Index) -> None:
        """The tiles and samples of the stages that are emitted next."""
        self.low, self.high = low, high
        samples = self.assembly.samples
        self.first, self.last = (self.function.minimum(self.first_row(tile), samples) for tile in (low, high))

    def _gather(self) -> None:
        for symbol in self.assembly.schedule.inputs:
            place, data = self.layout.places[stored_name(symbol)], self.assembly.names[f"data {symbol.name}"]
            if isinstance(place, Line):
                self._gather_by(gathering.numbers(self.lanes), symbol, [data])
                continue
            dense = gathering.dense_rows(self.lanes, self.target, place)
            if symbol.name == "Y":
                codes = gathering.class_rows(self.lanes, self.target, place)
                self._gather_either(symbol, codes, [self.assembly.names["classes"]], dense, data)
            elif symbol.name == "X" and isinstance(place, Panels):
                compressed = gathering.sparse_rows(self.lanes, self.target, place)
                arrays = [data, self.assembly.names["columns"], self.assembly.names["starts"]]
                self._gather_either(symbol, compressed, arrays, dense, data)
            else:
                self._gather_by(dense, symbol, [data])

    def _gather_either(
        self, symbol: Symbol, special: Function, arrays: Sequence[str], dense: Function, data: str
    ) -> None:
        """The special form of the data where the caller gives its last array, else rows of a matrix."""
        f = self.function
        given = f.value(f"icmp ne ptr {arrays[-1]}, null")
        f.when(
            given, lambda: self._gather_by(special, symbol, arrays), lambda: self._gather_by(dense, symbol, [data])
        )  # fmt: skip

    def _gather_by(self, kernel: Function, symbol: Symbol, arrays: Sequence[str]) -> None:
        assembly, place = self.assembly, self.layout.places[stored_name(symbol)]
        name = assembly.module.add(kernel, f"gather_{symbol.name}")
        data, *more = arrays
        first, last = self._rows_to_gather(symbol)
        offset = self.function.add(assembly.own_copy(symbol), place.offset)
        self.function.do(
            f"call void @{name}(ptr {data}, ptr {assembly.order}, ptr {assembly.pointer(offset)}, "
            f"i64 {first}, i64 {last}{''.join(f', ptr {array}' for array in more)})"
        )

    def _rows_to_gather(self, symbol: Symbol) -> tuple[Index, Index]:
        """My samples, or all of an input that each of two threads gathers for itself."""
        if not self.assembly.is_gathered_by_each(symbol):
            return self.first, self.last
        f, are_two = self.function, self.assembly.are_two
        first = f.value(f"select i1 {are_two}, i64 0, i64 {self.first}")
        return first, f.value(f"select i1 {are_two}, i64 {self.assembly.samples}, i64 {self.last}")

    def _panels_of(self, axis: str, low: Index, high: Index, body: Callable[[Index, tuple[int, ...]], None]) -> None:
        """body(panel, valid lanes of its vectors) for the panels of an axis from low to high."""
        f, width, panel = self.function, self.assembly.sizes[axis], self.lanes.panel
        whole = width // panel
        f.loop(low, f.minimum(high, whole), lambda j, _: body(j, lane_counts(self.lanes, panel)))
        if width % panel:
            f.loop(whole, high, lambda _j, _: body(whole, lane_counts(self.lanes, width % panel)))

    def _row_product(self, stage: RowProduct, low: Index = 0, high: Index | None = None) -> None:
        """A product; of its panels those from low to high."""
        f, lanes = self.function, self.lanes
        high = self.assembly.units_of((stage.axis,)) if high is None else high
        left, weight = self.layout.samples(stage.left), self.assembly.weight_along(stage.weight, stage.axis)

        def tile(number: Index, panel: Index, valid: tuple[int, ...], begin: int) -> None:
            row = self.first_row(number)
            kernel = row_tile(self.environment, stage, self.tile_rows, valid, self.assembly.sizes[stage.over], left)
            name = self.assembly.module.add(kernel.function, f"{stage.result.name}_{self.tile_rows}x{len(valid)}")
            operands = [self.assembly.pointer(f.add(left.at(f, 0, row), self.assembly.own_copy(stage.left))),
                        self.assembly.pointer(f.add(weight.at(f, panel, 0), begin))]  # fmt: skip
            self.assembly.call_tile(name, kernel, operands, panel, row, begin)

        def panel_by(first: Index, last: Index, panel: Index, valid: tuple[int, ...]) -> None:
            for k in range(0, len(valid), self._tile_vectors(stage)):
                part, begin = valid[k : k + self._tile_vectors(stage)], k * lanes.count
                f.loop(first, last, lambda number, _, part=part, begin=begin: tile(number, panel, part, begin))  # type: ignore[misc]

        # As many tiles as leave their samples in the second-level cache while all panels of the weight pass by.
        together = max(1, _CACHED_SAMPLES // (self.tile_rows * self.assembly.sizes[stage.over] * lanes.bytes))
        if together >= self.tiles:
            self._panels_of(stage.axis, low, high, lambda panel, valid: panel_by(self.low, self.high, panel, valid))
            return

        def group(first: Index, _: list[str]) -> None:
            last = f.minimum(f.add(first, together), self.high)
            self._panels_of(stage.axis, low, high, lambda panel, valid: panel_by(first, last, panel, valid))

        f.loop(self.low, self.high, group, step=together)

    def _tile_vectors(self, stage: RowProduct) -> int:
        """A stage that draws masks takes a whole panel, because one draw serves its two vectors."""
        drawn = any(symbol.name in self.environment.masks for let in stage.lets for symbol in let.uses)
        return 2 if drawn else self.target.tile_vectors

    def _dot_product(self, stage: RowProduct) -> None:
        f = self.function
        left, weight = self.layout.matrix(stored_name(stage.left)), self.assembly.weight_along(stage.weight, stage.over)
        result = self.layout.samples(stage.result)
        if not isinstance(result, Columns):
            raise CompilationUnsupported(f"{stage.result.name}: a narrow product that is not stored in columns")
        reduced, count = self.assembly.sizes[stage.over], f.subtract(self.last, self.first)

        def call(rows: int, units: int, unit: int, row: Index, tiles: Index) -> None:
            kernel = dot_tiles(self.environment, rows, units, reduced, left, weight, result)
            name = self.assembly.module.add(kernel, f"{stage.result.name}_{rows}x{units}")
            places = left.at(f, 0, row), weight.at(f, 0, unit), result.at(f, unit, row)
            pointers = ", ".join(f"ptr {self.assembly.pointer(place)}" for place in places)
            f.do(f"call void @{name}({pointers}, i64 {tiles})")

        for unit, units in units_of_dot_tiles(self.target, result.width):
            rows = rows_of_dot_tile(self.lanes, self.target, units)
            tiles, rest = f.divide(count, rows), f.remainder(count, rows)
            call(rows, units, unit, self.first, tiles)
            call(1, units, unit, f.add(self.first, f.multiply(tiles, rows)), rest)

    def _map(self, stage: RowMap) -> None:
        f, width = self.function, self.assembly.sizes[stage.axis]
        build = column_map if stage.axis in self.layout.narrow else panel_map
        kernel = build(self.environment, stage, self.layout.places, width)
        name = self.assembly.module.add(kernel.function, f"map_{stage.axis}")
        places = [self.layout.places[stored_name(symbol)].offset for symbol in kernel.memory]
        pointers = "".join(f", ptr {self.assembly.pointer(offset)}" for offset in places)
        more = f"{pointers}, ptr {self.assembly.scalars}, ptr {self.assembly.keys}"
        f.do(f"call void @{name}(i64 {self.first}, i64 {self.last}{more})")
