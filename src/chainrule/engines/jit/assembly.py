"""The function that runs steps: gathers, calls the kernels of each stage on its tiles, and waits at the barriers.

Emitted signature: ``run(context, start, stop, thread, threads)``. The context is an array of addresses in the order of
`Assembly.context_names`; each thread calls the function with the same steps and its own number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from chainrule.engines.jit.barrier import emit_barrier
from chainrule.engines.jit.decayed_memory import STEPS_BETWEEN, clear_subnormal
from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.lanes import VECTOR_BYTES, Lanes
from chainrule.engines.jit.layout import Layout, Line, Panels, copy_name, stored_name
from chainrule.engines.jit.module import Module
from chainrule.engines.jit.parameter_stages import ParameterStages
from chainrule.engines.jit.row_stages import RowStages, is_shared_by_columns, tiles_of_rows
from chainrule.engines.jit.stages import RowProduct, Schedule
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
    "request",
    "limit",
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
    decaying : sequence of str
        The optimiser's memory, of which subnormal numbers are cleared now and then.

    Attributes
    ----------
    context_names : tuple of str
        What the context array holds, in order.
    row_tiles : (int, int)
        Tiles of samples, and the rows of each; every value per sample has room for all of them.
    held : int
        Parameters and state are the first so many numbers of the memory.
    second_copies : dict of Symbol to int
        Inputs that each of two threads gathers for itself, and the distance from one's numbers to the other's.
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
        decaying: Sequence[str] = (),
    ) -> None:
        self.schedule, self.sizes, self.batch = schedule, sizes, batch
        self._decaying = tuple(decaying)
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
        self.row_tiles = tiles_of_rows(batch, target.tile_rows)
        self.layout = Layout(lanes, sizes, self.row_tiles[0] * self.row_tiles[1], narrow, gap)
        self._place_values(kept)
        self.second_copies: dict[Symbol, int] = {}
        self._share_first_layer()
        self.total_places = {
            total.symbol.name: (self.layout.array(self.units_of(stage.axes) * lanes.panel), self.units_of(stage.axes))
            for level in schedule.levels
            for stage in level
            for total in stage.totals
        }
        self.context_names = (*_FIXED_CONTEXT, *(f"data {symbol.name}" for symbol in schedule.inputs))

    @cached_property
    def text(self) -> str:
        """The module in LLVM's language."""
        return self._emit()

    # ---- places ----
    def _place_values(self, kept: Sequence[Symbol]) -> None:
        for symbol in kept:
            self.layout.add(symbol)
        self.held = self.layout.end
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

    def _share_first_layer(self) -> None:
        """Mark a first product that the threads had better share by columns; only a step that writes its weight."""
        stages, trained = self.schedule.rows[:1], any(self.schedule.levels)
        for stage in stages:
            if trained and isinstance(stage, RowProduct) and stage.left in self.schedule.inputs:
                inputs, weight = self.sizes[stage.over], self.layout.matrix(stored_name(stage.weight))
                narrow = stage.axis in self.layout.narrow
                size = weight.size * self.lanes.bytes
                stage.by_columns = not narrow and is_shared_by_columns(inputs, self.batch, size)
                if stage.by_columns:
                    place = self.layout.matrix(stored_name(stage.left))
                    self.second_copies[stage.left] = self.layout.array(place.size) - place.offset

    def _along(self, weight: Symbol) -> str:
        place = self.layout.matrix(stored_name(weight))
        return weight.axes[0] if place.transposed else weight.axes[1]

    def weight_along(self, weight: Symbol, axis: str) -> Panels:
        """The weight itself or its copy, whichever has its panels along the axis."""
        return self.layout.matrix(stored_name(weight) if self._along(weight) == axis else copy_name(weight))

    def units_of(self, axes: tuple[str, ...]) -> int:
        """Independent pieces of work of a parameter: blocks of a weight, panels of a bias."""
        pieces = 1
        for axis in axes:
            pieces *= -(-self.sizes[axis] // self.lanes.panel)
        return pieces

    # ---- the function ----
    def _emit(self) -> str:
        arguments = [("ptr", "context"), ("i64", "start"), ("i64", "stop"), ("i64", "thread"), ("i64", "threads")]
        f = self.function = Function(arguments, exported=True, optimised=False)
        self.names = {name: f.load("ptr", f.at("%context", k, "ptr"), 8) for k, name in enumerate(self.context_names)}
        # The barrier reads these by name.
        f.lines.append(f"  %counter = getelementptr i8, ptr {self.names['counter']}, i64 0")
        f.lines.append(f"  %give_way = getelementptr i8, ptr {self.names['give_way']}, i64 0")
        self.computed_scalars = f.reserve(self.lanes.scalar, max(len(self.environment.computed), 1), 8)
        self.scratch = f.reserve(self.lanes.vector, self.target.tile_rows * self.target.tile_vectors, VECTOR_BYTES)
        self.local_totals = f.reserve("double", max(len(self.schedule.totals), 1), 8)
        self.are_two = f.value("icmp eq i64 %threads, 2") if self.second_copies else "false"
        self._second = f.value(f"select i1 {self.are_two}, i64 %thread, i64 0") if self.second_copies else "0"
        self.parameter_stages = ParameterStages(self)
        self.row_stages = RowStages(self)
        f.loop("%start", "%stop", self._step, carried=[("i64", "0")], limit=self._limit)
        f.do("ret void")
        self.module.add(f, "run")
        return self.module.text

    def _step(self, t: Index, state: list[str]) -> list[str]:
        f, arrived = self.function, state[0]
        self.samples = f.load("i64", f.at(self.names["count"], t, "i64"), 8)
        self.order = f.at(self.names["order"], f.load("i64", f.at(self.names["first"], t, "i64"), 8), "i32")
        self.scalars = f.at(self.names["table"], f.multiply(t, max(len(self.schedule.table), 1)), self.lanes.scalar)
        self.keys = f.at(self.names["keys"], f.multiply(t, 4 * max(len(self.schedule.masks), 1)), "i32")
        self._clear_decayed_memory(t)
        arrived = self.row_stages.emit(arrived)
        if not any(self.schedule.levels):
            return [arrived]
        for number, level in enumerate(self.schedule.levels):
            arrived = emit_barrier(f, self.target, arrived)
            if number == 0:
                self._first_thread(self._row_totals)
            emit_computed_scalars(self, self.schedule.computed[number])
            self.parameter_stages.emit(level)
        self._heed_request(t)
        arrived = emit_barrier(f, self.target, arrived)
        self._first_thread(lambda: self._report(t))
        return [arrived]

    def _clear_decayed_memory(self, t: Index) -> None:
        """Now and then, by the first thread: no stage over the samples touches this memory."""
        f = self.function
        if not self._decaying:
            return
        due = f.value(f"icmp eq i64 {f.value(f'and i64 {t}, {STEPS_BETWEEN - 1}')}, {STEPS_BETWEEN - 1}")
        mine = f.value(f"and i1 {due}, {f.value('icmp eq i64 %thread, 0')}")
        name = self.module.add(clear_subnormal(self.lanes, self.target), "clear_subnormal")

        def clear() -> None:
            for memory in self._decaying:
                place = self.layout.places[memory]
                f.do(f"call void @{name}(ptr {self.pointer(place.offset)}, i64 {place.size})")

        f.when(mine, clear)

    def _heed_request(self, t: Index) -> None:
        """Where the caller asks for it, the first thread decides that this step is the last for all.

        The others read the limit after the barrier that follows, and the first thread writes it again only after they
        have arrived at the next.
        """
        f = self.function
        asked = f.value(f"load atomic i64, ptr {self.names['request']} monotonic, align 8")
        mine = f.value(f"icmp ult i64 %thread, {asked}")  # asked is 0, or 1: only thread 0 is below it
        last = f.add(t, 1)
        f.when(mine, lambda: f.do(f"store atomic i64 {last}, ptr {self.names['limit']} monotonic, align 8"))

    def _limit(self) -> Index:
        return self.function.value(f"load atomic i64, ptr {self.names['limit']} monotonic, align 8")

    def _first_thread(self, body: Callable[[], object]) -> None:
        if self.schedule.totals:
            self.function.when(self.function.value("icmp eq i64 %thread, 0"), body)

    # ---- what the stages use ----
    def is_gathered_by_each(self, symbol: Symbol) -> bool:
        """Whether each of two threads gathers all rows of an input for itself."""
        return symbol in self.second_copies

    def own_copy(self, symbol: Symbol) -> Index:
        """Numbers from a value's place to this thread's own copy of it; 0 where the threads share one."""
        return self.function.multiply(self._second, self.second_copies.get(symbol, 0))

    def pointer(self, offset: Index) -> str:
        """An address in the program's memory."""
        return self.function.at(self.names["memory"], offset, self.lanes.scalar)

    def call_tile(
        self,
        name: str,
        kernel: TileKernel,
        operands: Sequence[str],
        panel: Index,
        row: Index,
        begin: Index,
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
