"""Maps over the samples: statements with reductions along the units, such as a softmax and its loss.

``panel_map`` goes sample by sample, vectors along the units. ``column_map``, for a narrow layer, takes as many samples
at once as a vector has lanes, unit after unit; no lane is then empty, and a softmax adds registers, not lanes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from chainrule.engines.jit.draws import draw_pair
from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.layout import Columns, Line, Panels, Placement, stored_name
from chainrule.engines.jit.pointwise import Place, Pointwise
from chainrule.engines.jit.stages import RowMap
from chainrule.engines.jit.statements import CompilationUnsupported, Statement
from chainrule.engines.jit.tiles import Environment, memory_symbols
from chainrule.engines.jit.vectors import Vectors
from chainrule.expressions.terms import SAMPLES, Symbol, symbols

__all__ = ["MapKernel", "column_map", "panel_map"]

_UNROLLED_PANELS = 2


class MapKernel:
    """A function of a range of samples; arguments ``first``, ``last``, the start of each value in memory,
    ``scalars`` and ``keys``.
    """

    def __init__(self, environment: Environment, stage: RowMap, places: dict[str, Placement]) -> None:
        self.environment = environment
        self.stage = stage
        self.places = places
        self.memory = memory_symbols(stage, environment)
        self._names = {stored_name(symbol): f"%p{k}" for k, symbol in enumerate(self.memory)}
        self.lets = {let.symbol.name: let for let in stage.lets}
        self.reductions = [let for let in stage.lets if let.operation is not None]
        arguments = [("i64", "first"), ("i64", "last"), *(("ptr", f"p{k}") for k in range(len(self.memory)))]
        self.function = Function([*arguments, ("ptr", "scalars"), ("ptr", "keys")])
        self.vectors = Vectors(self.function, environment.lanes, environment.target)

    def pointer(self, symbol: Symbol, offset: Index) -> str:
        return self.function.at(self._names[stored_name(symbol)], offset, self.environment.lanes.scalar)

    def place_of(self, symbol: Symbol) -> Placement:
        return self.places[stored_name(symbol)]

    def warm(self, evaluator: Pointwise) -> None:
        """Scalars are loaded before the loop over the samples."""
        for let in self.stage.lets:
            for symbol in symbols(let.term):
                if not symbol.axes:
                    pointer = self.function.at(
                        "%scalars", self.environment.slots[symbol.name], self.environment.lanes.scalar
                    )
                    evaluator.assign(symbol, {}, self.vectors.load_splat(pointer))

    def combine(self, let: Statement, a: str, b: str) -> str:
        return self.vectors.add(a, b) if let.operation == "sum" else self.vectors.maximum(a, b)


# ---------------------------------------------------------------- vectors along the units
def panel_map(environment: Environment, stage: RowMap, places: dict[str, Placement], width: int) -> MapKernel:
    """The map of a layer stored in panels."""
    return _PanelMap(environment, stage, places, width).kernel


class _PanelMap:
    def __init__(self, environment: Environment, stage: RowMap, places: dict[str, Placement], width: int) -> None:
        self.kernel = MapKernel(environment, stage, places)
        self.width = width
        self.lanes = environment.lanes
        self.axis = stage.axis
        f = self.kernel.function
        outside = Pointwise(self.kernel.vectors, self._read)
        self.kernel.warm(outside)
        f.loop("%first", "%last", lambda row, _: self._sample(outside.nested(), row))
        f.do("ret void")

    def _read(self, evaluator: Pointwise, symbol: Symbol, place: Place) -> str:
        kernel, f, v = self.kernel, self.kernel.function, self.kernel.vectors
        if symbol.name in kernel.lets:
            return evaluator.value(kernel.lets[symbol.name].term, place)
        if symbol.name in kernel.environment.masks:
            return self._draw(evaluator, symbol, place)
        if self.axis not in symbol.axes:
            return v.load_splat(kernel.pointer(symbol, _index(place[SAMPLES])))
        return v.load(kernel.pointer(symbol, self._offset(f, symbol, place)))

    def _offset(self, f: Function, symbol: Symbol, place: Place) -> Index:
        """From the start of the value."""
        panel, vector = _panel_and_vector(place[self.axis])
        where = self.kernel.place_of(symbol)
        begin: Index = f.multiply(panel, self.lanes.panel)
        if isinstance(where, Panels):
            begin = f.multiply(panel, where.panel_stride)
            begin = f.add(begin, f.multiply(_index(place[SAMPLES]), self.lanes.panel))
        return f.add(begin, vector * self.lanes.count)

    def _draw(self, evaluator: Pointwise, symbol: Symbol, place: Place) -> str:
        f = self.kernel.function
        panel, vector = _panel_and_vector(place[self.axis])
        key = f.at("%keys", 4 * self.kernel.environment.masks[symbol.name], "i32")
        unit = str(f.multiply(panel, self.lanes.panel))
        pair = draw_pair(self.kernel.vectors, key, str(place[SAMPLES]), unit)
        for number, value in enumerate(pair):
            evaluator.assign(symbol, {**place, self.axis: (panel, number)}, value)
        return pair[vector]

    # ---- one sample ----
    def _sample(self, evaluator: Pointwise, row: Index) -> None:
        kernel, v = self.kernel, self.kernel.vectors
        for let in kernel.reductions:
            start = v.constant(0.0 if let.operation == "sum" else -math.inf)

            def step(
                inner: Pointwise, place: Place, valid: int, now: str, let: Statement = let, start: str = start
            ) -> str:
                return kernel.combine(let, now, self._valid(inner.value(let.term, place), valid, start))

            total = self._along(evaluator, row, step, start)
            whole = v.splat(v.sum_lanes(total)) if let.operation == "sum" else v.maximum_lane(total)
            evaluator.assign(let.symbol, {SAMPLES: row}, whole)
        along = [symbol for symbol in kernel.stage.stores if self.axis in symbol.axes]

        def store(inner: Pointwise, place: Place, valid: int, now: str) -> str:
            for symbol in along:
                value = self._valid(inner.value(symbol, place), valid, v.constant(0.0))
                v.store(value, kernel.pointer(symbol, self._offset(kernel.function, symbol, place)))
            return now

        if along:
            self._along(evaluator, row, store, v.constant(0.0))
        for symbol in kernel.stage.stores:
            if self.axis not in symbol.axes:
                value = evaluator.value(symbol, {SAMPLES: row})
                scalar = kernel.function.value(f"extractelement {self.lanes.vector} {value}, i64 0")
                kernel.function.store(self.lanes.scalar, scalar, kernel.pointer(symbol, row), self.lanes.bytes)

    def _valid(self, value: str, valid: int, otherwise: str) -> str:
        if valid == self.lanes.count:
            return value
        keep = "<" + ", ".join(f"i1 {int(lane < valid)}" for lane in range(self.lanes.count)) + ">"
        return self.kernel.vectors.select(keep, value, otherwise)

    def _along(
        self, evaluator: Pointwise, row: Index, step: Callable[[Pointwise, Place, int, str], str], start: str
    ) -> str:
        """A fold over the vectors of the axis: written out for narrow layers, a loop over panels for wide ones."""
        panels, count = -(-self.width // self.lanes.panel), self.lanes.count

        def panel(inner: Pointwise, number: Index, vectors: Sequence[int], now: str) -> str:
            for vector, valid in enumerate(vectors):
                now = step(inner, {SAMPLES: row, self.axis: (number, vector)}, valid, now)
            return now

        def valid_in(number: int) -> list[int]:
            rest = min(self.width - number * self.lanes.panel, self.lanes.panel)
            return [min(count, rest - begin) for begin in range(0, rest, count)]

        if panels <= _UNROLLED_PANELS:
            for number in range(panels):
                start = panel(evaluator, number, valid_in(number), start)
            return start
        full = panels - (self.width % self.lanes.panel != 0)
        [now] = self.kernel.function.loop(
            0, full, lambda number, state: [panel(evaluator.nested(), number, [count, count], state[0])],
            carried=[(self.lanes.vector, start)],
        )  # fmt: skip
        return now if full == panels else panel(evaluator.nested(), full, valid_in(full), now)


# ---------------------------------------------------------------- vectors along the samples
def column_map(environment: Environment, stage: RowMap, places: dict[str, Placement], width: int) -> MapKernel:
    """The map of a narrow layer stored in columns."""
    kernel = MapKernel(environment, stage, places)
    f, v, lanes, axis = kernel.function, kernel.vectors, environment.lanes, stage.axis

    def read(evaluator: Pointwise, symbol: Symbol, place: Place) -> str:
        if symbol.name in kernel.lets:
            return evaluator.value(kernel.lets[symbol.name].term, place)
        if symbol.name in environment.masks:
            raise CompilationUnsupported(f"{symbol.name}: dropout on a layer of {width} outputs")
        where = kernel.place_of(symbol)
        if isinstance(where, Line) and SAMPLES not in symbol.axes:
            return v.load_splat(kernel.pointer(symbol, _index(place[axis])))
        return v.load(kernel.pointer(symbol, offset(symbol, place)), lanes.bytes)

    def offset(symbol: Symbol, place: Place) -> Index:
        where = kernel.place_of(symbol)
        row = _index(place[SAMPLES])
        return f.add(f.multiply(_index(place[axis]), where.rows), row) if isinstance(where, Columns) else row

    def block(row: Index, outside: Pointwise) -> None:
        evaluator = outside.nested()
        units: list[Place] = [{SAMPLES: row, axis: u} for u in range(width)]
        for let in kernel.reductions:
            total = evaluator.value(let.term, units[0])
            for place in units[1:]:
                total = kernel.combine(let, total, evaluator.value(let.term, place))
            evaluator.assign(let.symbol, {SAMPLES: row}, total)
        # The last vector may reach into another thread's samples.
        inside = v.lanes_below(f.subtract("%last", row))
        for symbol in stage.stores:
            for place in units if axis in symbol.axes else units[:1]:
                value = evaluator.value(symbol, place)
                v.store_where(inside, value, kernel.pointer(symbol, offset(symbol, place)))

    outside = Pointwise(v, read)
    kernel.warm(outside)
    f.loop("%first", "%last", lambda row, _: block(row, outside), step=lanes.count)
    f.do("ret void")
    return kernel


def _index(place: object) -> Index:
    return place if isinstance(place, int) else str(place)


def _panel_and_vector(place: object) -> tuple[Index, int]:
    """Where a vector stands along the units."""
    if not isinstance(place, tuple):
        raise TypeError(f"a place along the units is a panel and a vector, not {place!r}")
    return _index(place[0]), int(place[1])
