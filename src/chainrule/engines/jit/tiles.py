"""The tail of a kernel: a stage's pointwise statements on a tile of rows and vectors, and its stores.

Short statements run on the accumulators in registers. Long ones (an exponential, Adam's root and quotient) would be
written out for each of the tile's 28 vectors, so the accumulators go to a scratch tile in the first-level cache and a
loop over its rows follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chainrule.engines.jit.draws import draw_pair
from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.lanes import VECTOR_BYTES, Lanes
from chainrule.engines.jit.layout import stored_name
from chainrule.engines.jit.pointwise import Place, Pointwise, cost_of
from chainrule.engines.jit.stages import ParameterStage, RowStage, Total
from chainrule.engines.jit.target import Target
from chainrule.engines.jit.vectors import Vectors
from chainrule.expressions.terms import Symbol, Term, symbols

__all__ = ["Environment", "TileKernel", "map_tile", "memory_symbols"]

_INLINE_COST = 8
_DRAW_COST = 60


@dataclass(frozen=True)
class Environment:
    """What all kernels of a program share.

    Attributes
    ----------
    slots : dict
        Scalar's name -> its place in the table of a step.
    computed : dict
        Name of a scalar computed by the program -> its place among those.
    masks : dict
        Name of a drawn mask -> its number.
    """

    lanes: Lanes
    target: Target
    slots: dict[str, int]
    computed: dict[str, int]
    masks: dict[str, int]


def _terms(stage: RowStage | ParameterStage) -> list[Term]:
    totals: list[Total] = getattr(stage, "totals", [])
    return [let.term for let in stage.lets] + [total.term for total in totals]


def memory_symbols(
    stage: RowStage | ParameterStage, environment: Environment, extra: Sequence[Symbol] = ()
) -> list[Symbol]:
    """The values that a stage's statements read from or write to memory, one symbol for each place."""
    own = {let.symbol.name for let in stage.lets} | {symbol.name for symbol in extra}
    read = [
        symbol
        for term in _terms(stage)
        for symbol in symbols(term)
        if symbol.axes and symbol.name not in own and symbol.name not in environment.masks
    ]
    unique: dict[str, Symbol] = {}
    for symbol in [*read, *stage.stores]:
        unique.setdefault(stored_name(symbol), symbol)
    return list(unique.values())


def drawn_symbols(stage: RowStage | ParameterStage, environment: Environment) -> list[Symbol]:
    """The masks that a stage draws."""
    return list(dict.fromkeys(s for term in _terms(stage) for s in symbols(term) if s.name in environment.masks))


class TileKernel:
    """One kernel function whose tail runs a stage's statements on a tile.

    The function's arguments are the operands given, one pointer per value in memory (at the tile's first row and
    vector), then ``scalars``, ``computed``, ``keys``, and the tile's first row and unit for drawn masks.

    Parameters
    ----------
    stage : stage
    operands : sequence of (type, name)
    result : Symbol or None
        What the accumulators are.
    row_axis, vector_axis : str
        The tile's axes; `vector_axis` lies along the vectors.
    valid : sequence of int
        Per vector of the tile, the lanes that are not padding.
    """

    def __init__(
        self,
        environment: Environment,
        stage: RowStage | ParameterStage,
        operands: Sequence[tuple[str, str]],
        result: Symbol | None,
        row_axis: str,
        vector_axis: str,
        valid: Sequence[int],
    ) -> None:
        self.environment = environment
        self.stage = stage
        self.result = result
        self.row_axis, self.vector_axis, self.valid = row_axis, vector_axis, tuple(valid)
        self.memory = memory_symbols(stage, environment, [result] if result else [])
        self._names = {stored_name(symbol): f"%p{k}" for k, symbol in enumerate(self.memory)}
        self._lets = {let.symbol.name: let for let in stage.lets}
        self.draws = bool(drawn_symbols(stage, environment))
        self.totals: list[Total] = getattr(stage, "totals", [])
        arguments = [*operands, *(("ptr", f"p{k}") for k in range(len(self.memory)))]
        arguments += [("ptr", f"t{k}") for k in range(len(self.totals))]
        arguments += [("ptr", "scalars"), ("ptr", "computed"), ("ptr", "keys"), ("i64", "row"), ("i64", "unit")]
        self.function = Function(arguments)
        self.vectors = Vectors(self.function, environment.lanes, environment.target)
        self.pointwise = Pointwise(self.vectors, self._read)

    # ---- reading ----
    def _read(self, evaluator: Pointwise, symbol: Symbol, place: Place) -> str:
        if symbol.name in self._lets:
            return evaluator.value(self._lets[symbol.name].term, place)
        if not symbol.axes:
            return self._scalar(symbol)
        if symbol.name in self.environment.masks:
            return self._draw(evaluator, symbol, place)
        if self.vector_axis in symbol.axes:
            return self.vectors.load(self.address(symbol, place))
        return self.vectors.load_splat(self.address(symbol, place))

    def _scalar(self, symbol: Symbol) -> str:
        f, lanes = self.function, self.environment.lanes
        if symbol.name in self.environment.computed:
            pointer = f.at("%computed", self.environment.computed[symbol.name], lanes.scalar)
        else:
            pointer = f.at("%scalars", self.environment.slots[symbol.name], lanes.scalar)
        return self.vectors.load_splat(pointer)

    def _draw(self, evaluator: Pointwise, symbol: Symbol, place: Place) -> str:
        f = self.function
        key = f.at("%keys", 4 * self.environment.masks[symbol.name], "i32")
        row = f.add("%row", _index(place[self.row_axis]))
        pair = draw_pair(self.vectors, key, str(row), "%unit")
        for vector, value in enumerate(pair):
            evaluator.assign(symbol, {**place, self.vector_axis: vector}, value)
        return pair[int(str(place[self.vector_axis]))]

    def address(self, symbol: Symbol, place: Place) -> str:
        """The address of a value at a place of the tile."""
        f, lanes = self.function, self.environment.lanes
        pointer = self._names[stored_name(symbol)]
        offset: Index = 0
        if self.vector_axis in symbol.axes:
            offset = int(str(place[self.vector_axis])) * lanes.count
        if self.row_axis in symbol.axes:
            stride = lanes.panel if self.vector_axis in symbol.axes else 1
            offset = f.add(f.multiply(_index(place[self.row_axis]), stride), offset)
        return f.at(pointer, offset, lanes.scalar)

    # ---- the tail ----
    def _cost(self) -> int:
        drawn = _DRAW_COST if self.draws else 0
        return drawn + sum(cost_of(term) for term in _terms(self.stage))

    def _warm(self) -> None:
        """Scalars are loaded before any loop, so that each is loaded once."""
        for term in _terms(self.stage):
            for symbol in symbols(term):
                if not symbol.axes:
                    self.pointwise.value(symbol, {})

    def finish(self, accumulators: Sequence[str], rows: int) -> Function:
        """Statements, totals and stores for the accumulators (row by row), and the return."""
        vectors = len(self.valid)
        self._warm()
        if rows == 1 or (self._cost() <= _INLINE_COST and not self.totals):
            sums = [self.vectors.load(self._total(k, j)) for k in range(len(self.totals)) for j in range(vectors)]
            for row in range(rows):
                sums = self._row(self.pointwise, row, accumulators[row * vectors : (row + 1) * vectors], sums)
            for number, value in enumerate(sums):
                self.vectors.store(value, self._total(*divmod(number, vectors)))
        else:
            self._loop_over_scratch(accumulators, rows)
        self.function.do("ret void")
        return self.function

    def _loop_over_scratch(self, accumulators: Sequence[str], rows: int) -> None:
        f, v, lanes = self.function, self.vectors, self.environment.lanes
        vectors, scratch = len(self.valid), ""
        if accumulators:
            scratch = f.reserve(lanes.vector, len(accumulators), VECTOR_BYTES)
            for number, accumulator in enumerate(accumulators):
                v.store(accumulator, f.at(scratch, number * lanes.count, lanes.scalar))

        def results(row: Index) -> list[str]:
            begin = f.multiply(row, vectors * lanes.count)
            return [v.load(f.at(scratch, f.add(begin, k * lanes.count), lanes.scalar)) for k in range(vectors)]

        self.loop_rows(0, rows, results if accumulators else lambda row: [])

    def finish_vector(self, row: Index, vector: int, scratch: str) -> None:
        """The tail for one vector of a row, a run-time number, of accumulators that lie in scratch."""
        f, v, count = self.function, self.vectors, self.environment.lanes.count
        begin = f.add(f.multiply(row, len(self.valid) * count), vector * count)
        result = v.load(f.at(scratch, begin, v.lanes.scalar))
        place = {self.row_axis: row, self.vector_axis: vector}
        sums = [v.load(self._total(k, vector)) for k in range(len(self.totals))]
        for k, value in enumerate(self._at_places(self.pointwise.nested(), [place], [result], sums)):
            v.store(value, self._total(k, vector))

    def fetch_row(self, row: Index, distance: str) -> None:
        """Bring one row of the values that the statements use, `distance` numbers on, into the cache."""
        f, lanes = self.function, self.environment.lanes
        for symbol in self.memory:
            if {self.row_axis, self.vector_axis} <= set(symbol.axes):
                for vector in range(len(self.valid)):
                    address = self.address(symbol, {self.row_axis: row, self.vector_axis: vector})
                    f.prefetch(f.at(address, distance, lanes.scalar))

    def loop_rows(self, start: Index, stop: Index, results: Callable[[Index], Sequence[str]]) -> None:
        """The tail for a run-time range of rows; ``results(row)`` gives the result's vectors of a row."""
        f, v = self.function, self.vectors
        places = [(k, vector) for k in range(len(self.totals)) for vector in range(len(self.valid))]
        carried = [(v.lanes.vector, v.load(self._total(k, vector))) for k, vector in places]

        def body(row: Index, sums: list[str]) -> list[str]:
            inner = self.pointwise.nested()
            return self._row(inner, row, results(row), sums)

        for (k, vector), value in zip(places, f.loop(start, stop, body, carried=carried), strict=True):
            v.store(value, self._total(k, vector))

    def _total(self, k: int, vector: int) -> str:
        return self.function.at(f"%t{k}", vector * self.environment.lanes.count, self.environment.lanes.scalar)

    def _row(self, evaluator: Pointwise, row: Index, results: Sequence[str], sums: Sequence[str]) -> list[str]:
        """One row, all its vectors; the totals afterwards, those of one total side by side."""
        places = [{self.row_axis: row, self.vector_axis: vector} for vector in range(len(self.valid))]
        return self._at_places(evaluator, places, results, sums)

    def _at_places(
        self, evaluator: Pointwise, places: Sequence[Place], results: Sequence[str], sums: Sequence[str]
    ) -> list[str]:
        """The stores and totals of some vectors.

        Everything is computed before anything is stored, because new values replace old ones.
        """
        if self.result is not None:
            for place, value in zip(places, results, strict=True):
                evaluator.assign(self.result, place, value)
        stores = [(symbol, place, evaluator.value(symbol, place)) for symbol in self.stage.stores for place in places]
        added = [(self._padded(evaluator.value(total.term, place), place)) for total in self.totals for place in places]
        for symbol, place, value in stores:
            self.vectors.store(self._padded(value, place), self.address(symbol, place))
        return [self.vectors.add(old, value) for old, value in zip(sums, added, strict=True)]

    def _padded(self, value: str, place: Place) -> str:
        """Padding is zero and stays zero."""
        valid, count = self.valid[int(str(place[self.vector_axis]))], self.environment.lanes.count
        if valid == count:
            return value
        keep = "<" + ", ".join(f"i1 {int(lane < valid)}" for lane in range(count)) + ">"
        return self.vectors.select(keep, value, self.vectors.constant(0.0))


def map_tile(
    environment: Environment,
    stage: RowStage | ParameterStage,
    row_axis: str,
    vector_axis: str,
    valid: Sequence[int],
    rows: int,
) -> TileKernel:
    """A stage's statements on a tile without a product."""
    kernel = TileKernel(environment, stage, [], None, row_axis, vector_axis, valid)
    kernel.finish([], rows)
    return kernel


def _index(place: object) -> Index:
    return place if isinstance(place, int) else str(place)
