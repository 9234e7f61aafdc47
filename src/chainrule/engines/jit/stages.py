"""The stages of a schedule: what one piece of emitted code computes, in the words of the equations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chainrule.engines.jit.statements import Statement
from chainrule.expressions.printing import plain
from chainrule.expressions.terms import Symbol, Term

__all__ = [
    "BiasSum",
    "ParameterMap",
    "ParameterStage",
    "RowMap",
    "RowProduct",
    "RowStage",
    "Schedule",
    "Total",
    "WeightProduct",
]


@dataclass
class RowProduct:
    """result[i, axis] = sum over ``over`` of left · weight, then pointwise statements on the tile in registers.

    With ``by_columns`` each thread takes its own columns for all samples, between two barriers.
    """

    result: Symbol
    left: Symbol
    weight: Symbol
    over: str
    axis: str
    lets: list[Statement] = field(default_factory=list)
    stores: list[Symbol] = field(default_factory=list)
    by_columns: bool = False

    def __str__(self) -> str:
        title = f"product {self.result.name} = sum[{self.over}]({self.left.name} * {self.weight.name})"
        return _lines(title + " -- each thread its columns, between barriers" * self.by_columns, self)


@dataclass
class RowMap:
    """Pointwise statements and reductions along one units axis, sample by sample."""

    axis: str
    lets: list[Statement] = field(default_factory=list)
    stores: list[Symbol] = field(default_factory=list)

    def __str__(self) -> str:
        return _lines(f"map over the samples, axis {self.axis}", self)


@dataclass(frozen=True)
class Total:
    """A sum over all axes of a term of parameters, to be finished after all tiles are done."""

    symbol: Symbol
    term: Term

    def __str__(self) -> str:
        return f"total {self.symbol.name} += {plain(self.term)}"


@dataclass
class WeightProduct:
    """result[a, b] = sum over the samples of first[i, a] · second[i, b], then statements on the tile in registers."""

    result: Symbol
    first: Symbol
    second: Symbol
    lets: list[Statement] = field(default_factory=list)
    stores: list[Symbol] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)

    @property
    def axes(self) -> tuple[str, ...]:
        return self.result.axes

    def __str__(self) -> str:
        return _lines(f"product {self.result.name} = sum[i]({self.first.name} * {self.second.name})", self)


@dataclass
class BiasSum:
    """result[u] = sum over the samples of operand[i, u], then statements on the vector."""

    result: Symbol
    operand: Symbol
    lets: list[Statement] = field(default_factory=list)
    stores: list[Symbol] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)

    @property
    def axes(self) -> tuple[str, ...]:
        return self.result.axes

    def __str__(self) -> str:
        return _lines(f"column sums {self.result.name} = sum[i]({self.operand.name})", self)


@dataclass
class ParameterMap:
    """Statements over a parameter's axes that had to wait for a total (clipping)."""

    axes: tuple[str, ...]
    lets: list[Statement] = field(default_factory=list)
    stores: list[Symbol] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)

    def __str__(self) -> str:
        return _lines(f"map over the parameters, axes {', '.join(self.axes)}", self)


RowStage = RowProduct | RowMap
ParameterStage = WeightProduct | BiasSum | ParameterMap


def _lines(title: str, stage: RowStage | ParameterStage) -> str:
    lines = [title, *(f"    {let}" for let in stage.lets)]
    if not isinstance(stage, RowProduct | RowMap):
        lines += [f"    {total}" for total in stage.totals]
    if stage.stores:
        lines.append(f"    store {', '.join(symbol.name for symbol in stage.stores)}")
    return "\n".join(lines)


@dataclass(frozen=True)
class Schedule:
    """What one step of a program does, in order.

    Attributes
    ----------
    inputs : tuple of Symbol
        Values over the samples that are gathered into the batch: X, Y, w, given masks.
    masks : tuple of Symbol
        Dropout masks that are drawn, not gathered.
    rows : tuple of RowStage
        Each thread runs all of them on its own samples.
    row_totals : tuple of (Symbol, Symbol)
        (total, value per sample): sums over the samples, taken after a barrier.
    levels : tuple of tuple of ParameterStage
        Each thread runs them on its own tiles; a barrier stands between two levels.
    computed : tuple of tuple of Statement
        Scalars that each thread computes before a level, from totals of the levels before.
    table : tuple of (Symbol, Term)
        Scalars that the caller computes for every step.
    scalars : tuple of (Symbol, Term)
        Scalars that the caller computes afterwards from totals and the table.
    """

    inputs: tuple[Symbol, ...]
    masks: tuple[Symbol, ...]
    rows: tuple[RowStage, ...]
    row_totals: tuple[tuple[Symbol, Symbol], ...]
    levels: tuple[tuple[ParameterStage, ...], ...]
    computed: tuple[tuple[Statement, ...], ...]
    table: tuple[tuple[Symbol, Term], ...]
    scalars: tuple[tuple[Symbol, Term], ...]

    @property
    def totals(self) -> tuple[Symbol, ...]:
        """All totals: of the samples first, then of the parameters."""
        stages = [stage for level in self.levels for stage in level]
        return (*(total for total, _ in self.row_totals), *(t.symbol for stage in stages for t in stage.totals))

    def __str__(self) -> str:
        parts = ["before: " + "; ".join(f"{symbol.name} = {plain(term)}" for symbol, term in self.table)]
        parts.append("gather " + ", ".join(symbol.name for symbol in self.inputs))
        parts += _block("each thread on its samples", self.rows)
        for number, level in enumerate(self.levels):
            parts += ["-- barrier --"]
            if number == 0 and self.row_totals:
                parts += [f"sum over the samples: {', '.join(total.name for total, _ in self.row_totals)}"]
            parts += [str(statement) for statement in self.computed[number]]
            parts += _block("each thread on its tiles", level)
        parts.append("-- barrier --")
        parts += [f"after: {symbol.name} = {plain(term)}" for symbol, term in self.scalars]
        return "\n".join(parts)


def _block(title: str, stages: Iterable[RowStage | ParameterStage]) -> list[str]:
    return [title + ":", *("  " + line for stage in stages for line in str(stage).splitlines())]
