"""From statements to stages: the fusing passes.

* A product takes the pointwise statements on its result with it, so they run on the tile in registers: bias and
  activation on the way forward, f' on the way back, the optimiser on the gradient of a weight.
* Statements with a reduction along the units, such as a softmax, run in a map over the samples.
* A sum over all values of a weight is gathered tile by tile in the stage that holds these values already.
* Only what another stage reads is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chainrule.calculus.equations import Equations
from chainrule.engines.jit.small_gradients import without_small_gradients
from chainrule.engines.jit.stages import (
    BiasSum,
    ParameterMap,
    ParameterStage,
    RowMap,
    RowProduct,
    RowStage,
    Schedule,
    Total,
    WeightProduct,
)  # fmt: skip
from chainrule.engines.jit.statements import CompilationUnsupported, Statement, Statements, statements_of
from chainrule.engines.jit.wide_range import with_large_squares_apart
from chainrule.expressions.terms import SAMPLES, Apply, Symbol, symbols

__all__ = ["Schedule", "schedule_of"]


def _units(axes: Sequence[str]) -> tuple[str, ...]:
    return tuple(axis for axis in axes if axis != SAMPLES)


def _product_operands(statement: Statement) -> tuple[Symbol, Symbol] | None:
    match statement.term:
        case Apply("mul", (Symbol() as left, Symbol() as right)) if statement.operation == "sum":
            return left, right
    return None


class _Scheduler:
    def __init__(self, program: Statements, inputs: Sequence[Symbol], drawn: frozenset[str]) -> None:
        self.program = program
        self.inputs = {symbol.name: symbol for symbol in inputs}
        self.drawn = drawn
        self.rows: list[RowStage] = []
        self.row_totals: list[tuple[Symbol, Symbol]] = []
        self.levels: list[list[ParameterStage]] = [[]]
        self.waiting_totals: list[Total] = []
        self._made_in: dict[str, RowStage] = {}
        self._level: dict[str, int] = {}

    # ---- rows ----
    def row_statement(self, statement: Statement) -> None:
        operands = _product_operands(statement)
        if operands and SAMPLES not in statement.over and len(statement.symbol.axes) == 2:
            left, weight = operands if SAMPLES in operands[0].axes else operands[::-1]
            over, axis = statement.over[0], _units(statement.symbol.axes)[0]
            self._add(RowProduct(statement.symbol, left, weight, over, axis), statement)
            return
        axes = _units(statement.term.axes) or _units(statement.symbol.axes)
        stage = self._latest(axes, statement)
        stage.lets.append(statement)
        self._made_in[statement.symbol.name] = stage

    def _add(self, stage: RowStage, statement: Statement) -> None:
        self.rows.append(stage)
        self._made_in[statement.symbol.name] = stage

    def _latest(self, axes: tuple[str, ...], statement: Statement) -> RowStage:
        """The last stage of this axis, if nothing that the statement uses is made after it."""
        if len(axes) > 1:
            raise CompilationUnsupported(f"{statement}: a value with more than one units axis per sample")
        makers = [self.rows.index(self._made_in[used.name]) for used in statement.uses if used.name in self._made_in]
        for number in range(len(self.rows) - 1, max(makers, default=-1) - 1, -1):
            stage = self.rows[number] if number >= 0 else None
            if stage is not None and (not axes or stage.axis == axes[0]):
                return stage
        if not axes:
            raise CompilationUnsupported(f"{statement}: a value per sample that belongs to no layer")
        stage = RowMap(axes[0])
        self.rows.append(stage)
        return stage

    def row_total(self, statement: Statement) -> None:
        """A sum over samples and units: along the units within the map, over the samples after the barrier."""
        each = Symbol(f"{statement.symbol.name}[i]", (SAMPLES,))
        over = _units(statement.over)
        if over:
            self.row_statement(Statement(each, statement.term, "sum", over))
        else:
            self.row_statement(Statement(each, statement.term))
        self.row_totals.append((statement.symbol, each))

    # ---- parameters ----
    def level_of(self, used: Iterable[Symbol]) -> int:
        return max((self._level.get(symbol.name, 0) for symbol in used), default=0)

    def parameter_statement(self, statement: Statement) -> None:
        operands = _product_operands(statement)
        if statement.operation == "sum" and statement.over == (SAMPLES,):
            if operands and len(statement.symbol.axes) == 2:
                a, _ = statement.symbol.axes
                first, second = operands if a in operands[0].axes else operands[::-1]
                self.levels[0].append(WeightProduct(statement.symbol, first, second))
                return
            if isinstance(statement.term, Symbol):
                self.levels[0].append(BiasSum(statement.symbol, statement.term))
                return
        if statement.operation is not None:
            raise CompilationUnsupported(f"{statement}: a reduction of this form")
        level = self.level_of(statement.uses)
        self._level[statement.symbol.name] = level
        self._parameter_stage(statement.symbol.axes, level).lets.append(statement)

    def _parameter_stage(self, axes: tuple[str, ...], level: int) -> ParameterStage:
        while len(self.levels) <= level:
            self.levels.append([])
        for stage in reversed(self.levels[level]):
            if stage.axes == axes:
                return stage
        if level == 0:
            raise CompilationUnsupported(f"a value over {', '.join(axes)} that depends on no gradient")
        stage = ParameterMap(axes)
        self.levels[level].append(stage)
        return stage

    def attach_totals(self) -> None:
        """Sums of W^2 and the like, gathered where the gradient of W is computed."""
        for total in self.waiting_totals:
            level = self.level_of(symbols(total.term))
            self._parameter_stage(total.term.axes, level).totals.append(total)

    # ---- scalars that the running program needs ----
    def computed_scalars(self) -> list[list[Statement]]:
        """Per level, the scalars that its statements use and that depend on totals."""
        used = {symbol.name for statement in self.program.statements for symbol in statement.uses}
        wanted: list[Statement] = []
        for symbol, term in reversed(self.program.scalars):
            if symbol.name in used:
                wanted.insert(0, Statement(symbol, term))
                used |= {inner.name for inner in symbols(term)}
        for statement in wanted:
            self._level[statement.symbol.name] = 1
        return [[], wanted] if wanted else [[]]

    def run(self) -> None:
        totals = {s.symbol.name for s in self.program.statements if not s.symbol.axes}
        self.computed = self.computed_scalars()
        for level in self.computed:
            for statement in level:
                if not all(symbol.name in totals | set(self._level) or not symbol.axes for symbol in statement.uses):
                    raise CompilationUnsupported(f"{statement}: a scalar of this form")
        for statement in self.program.statements:
            if SAMPLES in statement.symbol.axes:
                self.row_statement(statement)
            elif statement.symbol.axes:
                self.parameter_statement(statement)
            elif SAMPLES in statement.over:
                self.row_total(statement)
            elif statement.operation == "sum":
                self.waiting_totals.append(Total(statement.symbol, statement.term))
            else:
                raise CompilationUnsupported(f"{statement}: a scalar of this form")
        self.attach_totals()
        while len(self.computed) < len(self.levels):
            self.computed.append([])


def _divide_maps(rows: list[RowStage], narrow: frozenset[str]) -> list[RowStage]:
    """Products whose statements reduce along the units, or whose axis is narrow, keep none: a map follows them."""
    result: list[RowStage] = []
    for stage in rows:
        if isinstance(stage, RowProduct):
            reducing = any(
                let.operation is not None or SAMPLES not in let.symbol.axes or len(let.symbol.axes) == 1
                for let in stage.lets
            )
            kept = [] if stage.axis in narrow else stage.lets[:1] if reducing else stage.lets
            rest = stage.lets[len(kept) :]
            result.append(RowProduct(stage.result, stage.left, stage.weight, stage.over, stage.axis, kept))
            if rest:
                result.append(RowMap(stage.axis, rest))
        else:
            result.append(stage)
    return result


def _defined(stage: RowStage | ParameterStage) -> list[Symbol]:
    own = [] if isinstance(stage, RowMap | ParameterMap) else [stage.result]
    return own + [let.symbol for let in stage.lets]


def _read(stage: RowStage | ParameterStage) -> set[str]:
    used: set[str] = {symbol.name for let in stage.lets for symbol in let.uses}
    match stage:
        case RowProduct():
            used |= {stage.left.name, stage.weight.name}
        case WeightProduct():
            used |= {stage.first.name, stage.second.name}
        case BiasSum():
            used |= {stage.operand.name}
    if not isinstance(stage, RowProduct | RowMap):
        used |= {symbol.name for total in stage.totals for symbol in symbols(total.term)}
    return used


def _decide_stores(stages: Sequence[RowStage | ParameterStage], wanted: frozenset[str]) -> None:
    reads = [_read(stage) for stage in stages]
    for number, stage in enumerate(stages):
        elsewhere = wanted.union(*reads[:number], *reads[number + 1 :])
        stage.stores = [symbol for symbol in _defined(stage) if symbol.name in elsewhere]


def schedule_of(
    equations: Equations,
    wanted: Sequence[str],
    narrow: frozenset[str],
    drawn: frozenset[str] = frozenset(),
    *,
    number_bytes: int = 8,
) -> Schedule:
    """The stages that compute the wanted names.

    Parameters
    ----------
    equations : Equations
    wanted : sequence of str
        Names that the caller reads afterwards.
    narrow : frozenset of str
        Units axes whose values are stored unit by unit, samples side by side.
    drawn : frozenset of str
        Names of the dropout masks that the program draws itself.
    number_bytes : {4, 8}
        Of a number: squares of finite numbers may overflow in float32.

    Raises
    ------
    CompilationUnsupported
        If an equation has a form that no stage computes.
    """
    program = statements_of(equations, wanted)
    program = with_large_squares_apart(program) if number_bytes == 4 else program
    program = without_small_gradients(program, number_bytes)
    scheduler = _Scheduler(program, equations.inputs, drawn)
    scheduler.run()
    rows = _divide_maps(scheduler.rows, narrow)
    stages: list[RowStage | ParameterStage] = [*rows, *(stage for level in scheduler.levels for stage in level)]
    _decide_stores(stages, frozenset(wanted) | {each.name for _, each in scheduler.row_totals})
    used: set[str] = set().union(*(_read(stage) for stage in stages))
    batch = [symbol for symbol in equations.inputs if SAMPLES in symbol.axes and symbol.name in used]
    table = dict(program.table)
    totals = {statement.symbol for statement in program.statements}
    for level in scheduler.computed:
        made = {statement.symbol for statement in level}
        table |= {s: s for statement in level for s in statement.uses if s not in totals | made and s not in table}
    computed_names = {statement.symbol.name for level in scheduler.computed for statement in level}
    return Schedule(
        inputs=tuple(symbol for symbol in batch if symbol.name not in drawn),
        masks=tuple(symbol for symbol in batch if symbol.name in drawn),
        rows=tuple(rows),
        row_totals=tuple(scheduler.row_totals),
        levels=tuple(tuple(level) for level in scheduler.levels),
        computed=tuple(tuple(level) for level in scheduler.computed),
        table=tuple(table.items()),
        scalars=tuple((s, t) for s, t in program.scalars if s.name in wanted or s.name not in computed_names),
    )
