"""The stages over the samples: gathering, products and maps, each thread on its own run of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chainrule.engines.jit import gathering
from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.lanes import Lanes
from chainrule.engines.jit.layout import Columns, Line, Panels, stored_name
from chainrule.engines.jit.maps import column_map, panel_map
from chainrule.engines.jit.products import dot_tile, lane_counts, row_tile
from chainrule.engines.jit.stages import RowMap, RowProduct
from chainrule.engines.jit.statements import CompilationUnsupported
from chainrule.engines.jit.target import Target
from chainrule.expressions.terms import Symbol

if TYPE_CHECKING:
    from chainrule.engines.jit.assembly import Assembly

__all__ = ["RowStages", "tiles_of_rows"]

_CACHED_SAMPLES = 1 << 20
"""Bytes of the left operand's rows that stay in the second-level cache while the right operand passes by."""


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

    Each thread takes one run of tiles of samples through all stages, so that no stage waits for another thread.
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

    def emit(self) -> None:
        """All stages, for the batch that the assembly has begun."""
        self._cut_to_batch()
        self._gather()
        for stage in self.assembly.schedule.rows:
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
        self.low, self.high = f.minimum(low, active), f.minimum(high, active)
        self.first, self.last = (f.minimum(self.first_row(tile), samples) for tile in (self.low, self.high))

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
        self.function.do(
            f"call void @{name}(ptr {data}, ptr {assembly.order}, ptr {assembly.pointer(place.offset)}, "
            f"i64 {self.first}, i64 {self.last}{''.join(f', ptr {array}' for array in more)})"
        )

    def _panels_of(self, axis: str, body: Callable[[Index, tuple[int, ...]], None]) -> None:
        """body(panel, valid lanes of its vectors), as narrow as the target's tiles: (panel, vector) pairs."""
        width, panel = self.assembly.sizes[axis], self.lanes.panel
        self.function.loop(0, width // panel, lambda j, _: body(j, lane_counts(self.lanes, panel)))
        if width % panel:
            body(width // panel, lane_counts(self.lanes, width % panel))

    def _row_product(self, stage: RowProduct) -> None:
        f, lanes = self.function, self.lanes
        left, weight = self.layout.samples(stage.left), self.assembly.weight_along(stage.weight, stage.axis)

        def tile(number: Index, panel: Index, valid: tuple[int, ...], begin: int) -> None:
            row = self.first_row(number)
            kernel = row_tile(self.environment, stage, self.tile_rows, valid, self.assembly.sizes[stage.over], left)
            name = self.assembly.module.add(kernel.function, f"{stage.result.name}_{self.tile_rows}x{len(valid)}")
            operands = [self.assembly.pointer(left.at(f, 0, row)),
                        self.assembly.pointer(f.add(weight.at(f, panel, 0), begin))]  # fmt: skip
            self.assembly.call_tile(name, kernel, operands, panel, row, begin)

        def panel_by(low: Index, high: Index, panel: Index, valid: tuple[int, ...]) -> None:
            for k in range(0, len(valid), self._tile_vectors(stage)):
                part, begin = valid[k : k + self._tile_vectors(stage)], k * lanes.count
                f.loop(low, high, lambda number, _, part=part, begin=begin: tile(number, panel, part, begin))  # type: ignore[misc]

        # As many tiles as leave their samples in the second-level cache while all panels of the weight pass by.
        together = max(1, _CACHED_SAMPLES // (self.tile_rows * self.assembly.sizes[stage.over] * lanes.bytes))
        if together >= self.tiles:
            self._panels_of(stage.axis, lambda panel, valid: panel_by(self.low, self.high, panel, valid))
            return

        def group(low: Index, _: list[str]) -> None:
            high = f.minimum(f.add(low, together), self.high)
            self._panels_of(stage.axis, lambda panel, valid: panel_by(low, high, panel, valid))

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
        at_once = _dot_rows(self.lanes, self.target, result.width)

        def call(rows: int, row: Index) -> None:
            kernel = dot_tile(self.environment, rows, self.assembly.sizes[stage.over], left, result)
            name = self.assembly.module.add(kernel, f"{stage.result.name}_{rows}x{result.width}")
            pointers = (self.assembly.pointer(o) for o in (left.at(f, 0, row), weight.offset, result.at(f, 0, row)))
            f.do(f"call void @{name}({', '.join(f'ptr {p}' for p in pointers)})")

        count = f.subtract(self.last, self.first)
        whole = f.add(self.first, f.multiply(f.divide(count, at_once), at_once))
        f.loop(self.first, whole, lambda row, _: call(at_once, row), step=at_once)
        if at_once > 1:
            f.loop(whole, self.last, lambda row, _: call(1, row))

    def _map(self, stage: RowMap) -> None:
        f, width = self.function, self.assembly.sizes[stage.axis]
        build = column_map if stage.axis in self.layout.narrow else panel_map
        kernel = build(self.environment, stage, self.layout.places, width)
        name = self.assembly.module.add(kernel.function, f"map_{stage.axis}")
        places = [self.layout.places[stored_name(symbol)].offset for symbol in kernel.memory]
        pointers = "".join(f", ptr {self.assembly.pointer(offset)}" for offset in places)
        more = f"{pointers}, ptr {self.assembly.scalars}, ptr {self.assembly.keys}"
        f.do(f"call void @{name}(i64 {self.first}, i64 {self.last}{more})")


def _dot_rows(lanes: Lanes, target: Target, width: int) -> int:
    """Samples of a narrow product at once: as many sums as fit into the registers, and into one vector."""
    sums = {"avx512": lanes.count, "avx2": 4, "neon": 4, "sse4": 2}[target.isa]
    return max(1, 1 << ((sums // width).bit_length() - 1)) if sums >= width else 1
