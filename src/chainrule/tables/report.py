"""What preparing met, and the plan as a short table; rows of text that others print."""

from __future__ import annotations

from dataclasses import dataclass, field

from chainrule.tables.cells import Noticed
from chainrule.tables.columns import (
    BooleanColumn,
    CategoryColumn,
    ColumnPlan,
    DateColumn,
    HashedColumn,
    LeftOutColumn,
    NumberColumn,
)
from chainrule.tables.errors import counted, listed, shown
from chainrule.tables.targets import ClassTarget, Target


@dataclass
class PreparationReport:
    """What was met while preparing a table, or the batches of one.

    Attributes
    ----------
    n_rows : int
    noticed : dict of str to Noticed
        Missing, unseen and unreadable cells of every input column.
    notes : tuple of str
        Renamed and extra columns.
    """

    n_rows: int = 0
    noticed: dict[str, Noticed] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def add(self, other: PreparationReport) -> None:
        """Count another batch."""
        self.n_rows += other.n_rows
        for name, noticed in other.noticed.items():
            self.noticed.setdefault(name, Noticed()).add(noticed)
        self.notes += tuple(note for note in other.notes if note not in self.notes)

    def lines(self) -> list[str]:
        """One sentence per thing that a reader should know."""
        lines = list(self.notes)
        for name, cells in self.noticed.items():
            column, examples = f"column {shown(name)}", listed(cells.examples, 3)
            if cells.unseen:
                lines.append(f"{column}: {counted(cells.unseen, 'cell')} with values unseen in training ({examples})")
            if cells.unreadable:
                cells_met = counted(cells.unreadable, "unreadable cell")
                lines.append(f"{column}: {cells_met}, counted as missing ({examples})")
        return lines


def summary_rows(columns: tuple[ColumnPlan, ...], target: Target | None) -> list[tuple[str, ...]]:
    """Header and rows: column, what it is, what becomes of it, how many columns of X."""
    rows: list[tuple[str, ...]] = [("column", "kind", "preparation", "inputs")]
    rows += [(column.name, column.kind, _described(column), str(len(column.feature_names))) for column in columns]
    if isinstance(target, ClassTarget):
        rows.append((target.name, "target", f"{len(target.classes)} classes: {listed(target.classes)}", ""))
    elif target is not None:
        rows.append((target.name, "target", _standardised("y", target.mean, target.scale), ""))
    return rows


def _standardised(letter: str, center: float, scale: float) -> str:
    """How a number is shifted and scaled: (x − 29.48) / 17.21, (x + 0.1453) / 1.002."""
    return f"({letter} {'+' if center < 0 else '−'} {abs(center):.4g}) / {scale:.4g}"


def _described(column: ColumnPlan) -> str:
    if isinstance(column, LeftOutColumn):
        return column.reason
    flag = "; flag where missing" if column.flag_missing else ""
    if isinstance(column, NumberColumn):
        clip = ", smoothly clipped" if column.smooth_clip else ""
        mark = ", decimal comma" if column.decimal == "," else ""
        median = f"; missing = {column.median:.4g}" if column.flag_missing else ""
        return f"{_standardised('x', column.center, column.scale)}{clip}{mark}{median}{flag}"
    if isinstance(column, BooleanColumn):
        return f"{column.no} −1, {column.yes} +1{flag}"
    if isinstance(column, CategoryColumn):
        grouped = f" and {len(column.grouped)} grouped" if column.grouped else ""
        return f"{listed(column.categories, 3)}{grouped}{flag}"
    if isinstance(column, HashedColumn):
        return f"hashed into {column.buckets} columns{flag}"
    if isinstance(column, DateColumn):
        written = f", written {column.form}" if column.form else ""
        return f"{', '.join(part.part for part in column.parts)}{written}{flag}"
    raise TypeError(column)
