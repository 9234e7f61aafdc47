"""The function that runs steps: gathers, calls the kernels of each stage on its tiles, and waits at the barriers.

Emitted signature: ``run(context, start, stop, thread, threads)``. The context is an array of addresses in the order of
`Assembly.context_names`; each thread calls the function with the same steps and its own number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from chainrule.engines.jit import gathering
from chainrule.engines.jit.barrier import emit_barrier
from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.lanes import Lanes
from chainrule.engines.jit.layout import Columns, Layout, Line, Panels, copy_name, stored_name
from chainrule.engines.jit.maps import column_map, panel_map
from chainrule.engines.jit.module import Module
from chainrule.engines.jit.parameter_stages import ParameterStages
from chainrule.engines.jit.products import dot_tile, lane_counts, row_tile
from chainrule.engines.jit.stages import RowMap, RowProduct, Schedule
from chainrule.engines.jit.statements import CompilationUnsupported
from chainrule.engines.jit.target import Target
from chainrule.engines.jit.tiles import Environment, TileKernel
from chainrule.engines.jit.totals import emit_computed_scalars, sum_function
from chainrule.expressions.terms import SAMPLES, Symbol

__all__ = ["Assembly"]

_FIXED_CONTEXT = (
    "memory",
    "order",
    "first",
    "count",
    "table",
    "keys",
    "totals",
    "counter",
    "give_way",
    "classes",
    "columns",
    "starts",
)


class Assembly:
    """A schedule laid out in memory and written as a module.

    Parameters
    ----------
    schedule : Schedule
    sizes : dict of str to int
        Lengths of the units axes.
    batch : int
        The largest number of samples of a batch.
    lanes : Lanes
    target : Target
    narrow : frozenset of str
        Units axes stored in columns.
    kept : sequence of Symbol
        Parameters and state that must have a place even if no stage touches them.
    gap : int
        Logical vectors between two values, for tests.

    Attributes
    ----------
    context_names : tuple of str
        What the context array holds, in order.
    """

    def __init__(
        self,
        schedule: Schedule,
        sizes: dict[str, int],
        batch: int,
        lanes: Lanes,
        target: Target,
        narrow: frozenset[str],
        kept: Sequence[Symbol] = (),
        gap: int = 0,
    ) -> None:
        self.schedule, self.sizes, self.batch = schedule, sizes, batch
        self.lanes, self.target = lanes, target
        computed = [statement.symbol.name for level in schedule.computed for statement in level]
        self.environment = Environment(
            lanes,
            target,
            slots={symbol.name: slot for slot, (symbol, _) in enumerate(schedule.table)},
            computed={name: place for place, name in enumerate(computed)},
            masks={symbol.name: number for number, symbol in enumerate(schedule.masks)},
        )
        self.module = Module(target)
        self.layout = Layout(lanes, sizes, batch, narrow, gap)
        self._place_values(kept)
        self.total_places = {
            total.symbol.name: (self.layout.array(self.units_of(stage.axes) * lanes.panel), self.units_of(stage.axes))
            for level in schedule.levels
            for stage in level
            for total in stage.totals
        }
        self.context_names = (*_FIXED_CONTEXT, *(f"data {symbol.name}" for symbol in schedule.inputs))
        self._divide_rows()

    @cached_property
    def text(self) -> str:
        """The module in LLVM's language."""
        return self._emit()

    # ---- places ----
    def _place_values(self, kept: Sequence[Symbol]) -> None:
        for symbol in kept:
            self.layout.add(symbol)
        for symbol in self.schedule.inputs:
            self.layout.add(symbol)
        stages = [*self.schedule.rows, *(stage for level in self.schedule.levels for stage in level)]
        for stage in stages:
            for symbol in stage.stores:
                self.layout.add(symbol)
        for stage in self.schedule.rows:
            if isinstance(stage, RowProduct):
                along = stage.over if stage.axis in self.layout.narrow else stage.axis
                if self._along(stage.weight) != along and copy_name(stage.weight) not in self.layout.places:
                    self.layout.add_copy(stage.weight)

    def _along(self, weight: Symbol) -> str:
        place = self.layout.matrix(stored_name(weight))
        return weight.axes[0] if place.transposed else weight.axes[1]

    def _weight_along(self, weight: Symbol, axis: str) -> Panels:
        """The weight itself or its copy, whichever has its panels along the axis."""
        return self.layout.matrix(stored_name(weight) if self._along(weight) == axis else copy_name(weight))

    def units_of(self, axes: tuple[str, ...]) -> int:
        """Independent pieces of work of a parameter: blocks of a weight, panels of a bias."""
        pieces = 1
        for axis in axes:
            pieces *= -(-self.sizes[axis] // self.lanes.panel)
        return pieces

    def _divide_rows(self) -> None:
        """Samples in tiles of two sizes that differ by one; an even number of tiles, so that two threads share them."""
        tiles = -(-self.batch // self.target.tile_rows)
        tiles += tiles % 2 if tiles > 1 else 0
        self.tiles = min(tiles, self.batch)
        self.tile_rows, self.longer_tiles = divmod(self.batch, self.tiles)

    def first_row(self, f: Function, tile: Index) -> Index:
        """The first sample of a tile."""
        return f.add(f.multiply(tile, self.tile_rows), f.minimum(tile, self.longer_tiles) if self.longer_tiles else 0)

    # ---- the function ----
    def _emit(self) -> str:
        arguments = [("ptr", "context"), ("i64", "start"), ("i64", "stop"), ("i64", "thread"), ("i64", "threads")]
        f = self.function = Function(arguments, exported=True)
        self.names = {name: f.load("ptr", f.at("%context", k, "ptr"), 8) for k, name in enumerate(self.context_names)}
        # The barrier reads these by name.
        f.lines.append(f"  %counter = getelementptr i8, ptr {self.names['counter']}, i64 0")
        f.lines.append(f"  %give_way = getelementptr i8, ptr {self.names['give_way']}, i64 0")
        self.computed_scalars = f.reserve(self.lanes.scalar, max(len(self.environment.computed), 1), 8)
        self.local_totals = f.reserve("double", max(len(self.schedule.totals), 1), 8)
        self.parameter_stages = ParameterStages(self)
        low = f.divide(f.multiply("%thread", self.tiles), "%threads")
        high = f.divide(f.multiply(f.add("%thread", 1), self.tiles), "%threads")
        self._my_tiles = low, high
        f.loop("%start", "%stop", self._step, carried=[("i64", "0")])
        f.do("ret void")
        self.module.add(f, "run")
        return self.module.text

    def _step(self, t: Index, state: list[str]) -> list[str]:
        f, arrived = self.function, state[0]
        self.samples = f.load("i64", f.at(self.names["count"], t, "i64"), 8)
        self.order = f.at(self.names["order"], f.load("i64", f.at(self.names["first"], t, "i64"), 8), "i64")
        self.scalars = f.at(self.names["table"], f.multiply(t, max(len(self.schedule.table), 1)), self.lanes.scalar)
        self.keys = f.at(self.names["keys"], f.multiply(t, 4 * max(len(self.schedule.masks), 1)), "i32")
        self._cut_to_batch()
        self._gather()
        for stage in self.schedule.rows:
            if isinstance(stage, RowMap):
                self._map(stage)
            elif stage.axis in self.layout.narrow:
                self._dot_product(stage)
            else:
                self._row_product(stage)
        if not any(self.schedule.levels):
            return [arrived]
        for number, level in enumerate(self.schedule.levels):
            arrived = emit_barrier(f, self.target, arrived)
            if number == 0:
                self._first_thread(self._row_totals)
            emit_computed_scalars(self, self.schedule.computed[number])
            self.parameter_stages.emit(level)
        arrived = emit_barrier(f, self.target, arrived)
        self._first_thread(lambda: self._report(t))
        return [arrived]

    def _first_thread(self, body: Callable[[], object]) -> None:
        if self.schedule.totals:
            self.function.when(self.function.value("icmp eq i64 %thread, 0"), body)

    def _cut_to_batch(self) -> None:
        """My tiles and samples of a batch that may be shorter than the largest."""
        f, (low, high) = self.function, self._my_tiles
        longer = self.longer_tiles * (self.tile_rows + 1)
        in_longer = f.divide(f.add(self.samples, self.tile_rows), self.tile_rows + 1)
        active: Index = in_longer
        if self.longer_tiles < self.tiles:
            past = f.subtract(f.value(f"call i64 @llvm.umax.i64(i64 {self.samples}, i64 {longer})"), longer)
            in_shorter = f.add(f.divide(f.add(past, self.tile_rows - 1), self.tile_rows), self.longer_tiles)
            active = in_shorter
            if self.longer_tiles:
                many = f.less(longer, self.samples)
                active = f.value(f"select i1 {many}, i64 {in_shorter}, i64 {in_longer}")
        self.low, self.high = f.minimum(low, active), f.minimum(high, active)
        self.first, self.last = (f.minimum(self.first_row(f, tile), self.samples) for tile in (self.low, self.high))

    # ---- stages over the samples ----
    def _gather(self) -> None:
        for symbol in self.schedule.inputs:
            place, data = self.layout.places[stored_name(symbol)], self.names[f"data {symbol.name}"]
            if isinstance(place, Line):
                self._gather_by(gathering.numbers(self.lanes), symbol, [data])
                continue
            dense = gathering.dense_rows(self.lanes, self.target, place)
            if symbol.name == "Y":
                codes = gathering.class_rows(self.lanes, self.target, place)
                self._gather_either(symbol, codes, [self.names["classes"]], dense, data)
            elif symbol.name == "X" and isinstance(place, Panels):
                compressed = gathering.sparse_rows(self.lanes, self.target, place)
                arrays = [data, self.names["columns"], self.names["starts"]]
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
        f, place = self.function, self.layout.places[stored_name(symbol)]
        name = self.module.add(kernel, f"gather_{symbol.name}")
        data, *more = arrays
        f.do(
            f"call void @{name}(ptr {data}, ptr {self.order}, ptr {self.pointer(place.offset)}, "
            f"i64 {self.first}, i64 {self.last}, i64 {self.samples}{''.join(f', ptr {array}' for array in more)})"
        )

    def pointer(self, offset: Index) -> str:
        """An address in the program's memory."""
        return self.function.at(self.names["memory"], offset, self.lanes.scalar)

    def _tiles_of(self, call: Callable[[int, Index], None]) -> None:
        """call(rows, first sample) for each of my tiles."""
        f, longer = self.function, self.longer_tiles
        if longer:
            rows = self.tile_rows + 1
            f.loop(self.low, f.minimum(self.high, longer), lambda t, _: call(rows, f.multiply(t, rows)))
        if longer < self.tiles:
            start = f.value(f"call i64 @llvm.umax.i64(i64 {self.low}, i64 {longer})") if longer else self.low
            f.loop(start, self.high, lambda t, _: call(self.tile_rows, f.add(f.multiply(t, self.tile_rows), longer)))

    def _panels_of(self, axis: str, body: Callable[[Index, tuple[int, ...]], None]) -> None:
        """body(panel, valid lanes of its vectors), as narrow as the target's tiles: (panel, vector) pairs."""
        width, panel = self.sizes[axis], self.lanes.panel
        self.function.loop(0, width // panel, lambda j, _: body(j, lane_counts(self.lanes, panel)))
        if width % panel:
            body(width // panel, lane_counts(self.lanes, width % panel))

    def _row_product(self, stage: RowProduct) -> None:
        f, lanes = self.function, self.lanes
        left, weight = self.layout.samples(stage.left), self._weight_along(stage.weight, stage.axis)

        def part(panel: Index, valid: tuple[int, ...], begin: int) -> None:
            def tile(rows: int, row: Index) -> None:
                kernel = row_tile(self.environment, stage, rows, valid, self.sizes[stage.over], left)
                name = self.module.add(kernel.function, f"{stage.result.name}_{rows}x{len(valid)}")
                a = left.at(f, 0, row)
                b = f.add(weight.at(f, panel, 0), begin)
                operands = [self.pointer(a), self.pointer(b)]
                self.call_tile(name, kernel, operands, panel, row, begin)

            self._tiles_of(tile)

        def whole(panel: Index, valid: tuple[int, ...]) -> None:
            for k in range(0, len(valid), self._tile_vectors(stage)):
                part(panel, valid[k : k + self._tile_vectors(stage)], k * lanes.count)

        self._panels_of(stage.axis, whole)

    def _tile_vectors(self, stage: RowProduct) -> int:
        """A stage that draws masks takes a whole panel, because one draw serves its two vectors."""
        drawn = any(symbol.name in self.environment.masks for let in stage.lets for symbol in let.uses)
        return 2 if drawn else self.target.tile_vectors

    def call_tile(
        self,
        name: str,
        kernel: TileKernel,
        operands: Sequence[str],
        panel: Index,
        row: Index,
        begin: int,
        totals: Sequence[str] = (),
    ) -> None:
        """Call a kernel on the tile at a panel (from lane `begin` of it) and a row."""
        f, arguments = self.function, list(operands)
        for symbol in kernel.memory:
            place = self.layout.places[stored_name(symbol)]
            if isinstance(place, Panels):
                offset = f.add(place.at(f, panel, row), begin)
            elif isinstance(place, Line) and SAMPLES in symbol.axes:
                offset = place.at(f, row)
            elif isinstance(place, Line):
                offset = f.add(place.at(f, f.multiply(panel, self.lanes.panel)), begin)
            else:
                raise CompilationUnsupported(f"{symbol.name}: a narrow value within a product of another layer")
            arguments.append(self.pointer(offset))
        unit = f.multiply(panel, self.lanes.panel)
        typed = [argument if " " in argument else f"ptr {argument}" for argument in [*arguments, *totals]]
        typed += [
            f"ptr {self.scalars}",
            f"ptr {self.computed_scalars}",
            f"ptr {self.keys}",
            f"i64 {row}",
            f"i64 {unit}",
        ]
        f.do(f"call void @{name}({', '.join(typed)})")

    def _dot_product(self, stage: RowProduct) -> None:
        f = self.function
        left, weight = self.layout.matrix(stored_name(stage.left)), self._weight_along(stage.weight, stage.over)
        result = self.layout.samples(stage.result)
        if not isinstance(result, Columns):
            raise CompilationUnsupported(f"{stage.result.name}: a narrow product that is not stored in columns")
        at_once = _dot_rows(self.lanes, self.target, result.width)

        def call(rows: int, row: Index) -> None:
            kernel = dot_tile(self.environment, rows, self.sizes[stage.over], left, result)
            name = self.module.add(kernel, f"{stage.result.name}_{rows}x{result.width}")
            pointers = (self.pointer(o) for o in (left.at(f, 0, row), weight.offset, result.at(f, 0, row)))
            f.do(f"call void @{name}({', '.join(f'ptr {p}' for p in pointers)})")

        count = f.subtract(self.last, self.first)
        whole = f.add(self.first, f.multiply(f.divide(count, at_once), at_once))
        f.loop(self.first, whole, lambda row, _: call(at_once, row), step=at_once)
        if at_once > 1:
            f.loop(whole, self.last, lambda row, _: call(1, row))

    def _map(self, stage: RowMap) -> None:
        f, width = self.function, self.sizes[stage.axis]
        build = column_map if stage.axis in self.layout.narrow else panel_map
        kernel = build(self.environment, stage, self.layout.places, width)
        name = self.module.add(kernel.function, f"map_{stage.axis}")
        places = [self.layout.places[stored_name(symbol)].offset for symbol in kernel.memory]
        pointers = "".join(f", ptr {self.pointer(offset)}" for offset in places)
        f.do(f"call void @{name}(i64 {self.first}, i64 {self.last}{pointers}, ptr {self.scalars}, ptr {self.keys})")

    # ---- totals ----
    def total_slot(self, symbol: Symbol) -> str:
        """Where this thread keeps a total, as a double."""
        slot = [total.name for total in self.schedule.totals].index(symbol.name)
        return self.function.at(self.local_totals, slot, "double")

    def sum_into(self, offset: int, count: Index, symbol: Symbol) -> None:
        """Sum numbers of the memory into a total's slot."""
        name = self.module.add(sum_function(self.lanes, self.target), "sum_numbers")
        self.function.do(f"call void @{name}(ptr {self.pointer(offset)}, i64 {count}, ptr {self.total_slot(symbol)})")

    def _row_totals(self) -> None:
        for total, each in self.schedule.row_totals:
            self.sum_into(self.layout.places[each.name].offset, self.samples, total)

    def _report(self, t: Index) -> None:
        """The totals of a step, for the caller."""
        f, totals = self.function, self.schedule.totals
        for total in totals:
            if total.name in self.total_places:
                offset, units = self.total_places[total.name]
                self.sum_into(offset, units * self.lanes.panel, total)
        for slot in range(len(totals)):
            value = f.load("double", f.at(self.local_totals, slot, "double"), 8)
            place = f.at(self.names["totals"], f.add(f.multiply(t, len(totals)), slot), "double")
            f.store("double", value, place, 8)


def _dot_rows(lanes: Lanes, target: Target, width: int) -> int:
    """Samples of a narrow product at once: as many sums as fit into the registers, and into one vector."""
    sums = {"avx512": lanes.count, "avx2": 4, "neon": 4, "sse4": 2}[target.isa]
    return max(1, 1 << ((sums // width).bit_length() - 1)) if sums >= width else 1
