"""A plan as JSON and back; reading checks every value's type and builds nothing but the plan's own values."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from chainrule.tables.columns import (
    BooleanColumn,
    CategoryColumn,
    ColumnPlan,
    DateColumn,
    HashedColumn,
    LeftOutColumn,
    NumberColumn,
)
from chainrule.tables.date_texts import date_formats
from chainrule.tables.errors import TableError, shown
from chainrule.tables.targets import ClassTarget, NumberTarget, Target

FORMAT = "chainrule preparation plan"
VERSION = 1

Parts = tuple[tuple[ColumnPlan, ...], Target | None, tuple[tuple[str, str], ...], int]

_COLUMNS: dict[str, type] = {
    kind.kind: kind for kind in (NumberColumn, BooleanColumn, CategoryColumn, HashedColumn, DateColumn, LeftOutColumn)
}
_CONDITIONS: dict[str, Callable[[Any], bool]] = {  # name of an entry → what must hold beyond its type
    "scale": lambda scale: scale > 0,
    "buckets": lambda buckets: 1 <= buckets <= 1 << 16,
    "form": lambda form: form is None or form in date_formats(),
    "categories": lambda values: len(set(values)) == len(values) > 0,
    "classes": lambda labels: len(set(labels)) == len(labels) > 1,
}
_TARGETS: dict[str, type] = {target.task: target for target in (ClassTarget, NumberTarget)}


def dumps(
    columns: tuple[ColumnPlan, ...], target: Target | None, notes: tuple[tuple[str, str], ...], n_rows: int
) -> str:
    """JSON text of a plan's parts."""
    plan = {
        "format": FORMAT,
        "version": VERSION,
        "n_rows": n_rows,
        "columns": [{"kind": column.kind, **_plain(column)} for column in columns],
        "target": None if target is None else {"task": target.task, **_plain(target)},
        "notes": notes,
    }
    return json.dumps(plan, ensure_ascii=False, allow_nan=False)


def loads(text: str) -> Parts:
    """A plan's parts out of JSON text.

    Raises
    ------
    TableError
        The text is no plan, or a value in it is not what it should be.
    """
    try:
        plan = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise TableError(f"not a preparation plan: {error}") from error
    if not isinstance(plan, dict) or plan.get("format") != FORMAT:
        raise TableError("not a preparation plan: its format is not named")
    if plan.get("version") != VERSION:
        message = f"a preparation plan of version {shown(plan.get('version'))}; this program reads version {VERSION}"
        raise TableError(message)
    if set(plan) != {"format", "version", "n_rows", "columns", "target", "notes"}:
        raise TableError(f"a preparation plan with other entries than it should have: {sorted(plan)}")
    if not isinstance(plan["columns"], list):
        raise TableError("a preparation plan: columns is not a list")
    columns = tuple(_tagged(column, "kind", _COLUMNS, f"columns[{k}]") for k, column in enumerate(plan["columns"]))
    repeated = [name for name, times in Counter(column.name for column in columns).items() if times > 1]
    if repeated:
        raise TableError(f"a preparation plan: two columns are both called {shown(repeated[0])}")
    target = None if plan["target"] is None else _tagged(plan["target"], "task", _TARGETS, "target")
    notes = _checked(plan["notes"], tuple[tuple[str, str], ...], "notes")
    return columns, target, notes, _checked(plan["n_rows"], int, "n_rows")


def _plain(value: Any) -> dict[str, Any]:
    items = {entry.name: getattr(value, entry.name) for entry in fields(value)}
    return {
        name: [_plain(part) if is_dataclass(part) else part for part in item] if isinstance(item, tuple) else item
        for name, item in items.items()
    }


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _tagged(value: Any, tag: str, types: dict[str, type], where: str) -> Any:
    """The value of the type that its entry ``tag`` names."""
    if not isinstance(value, dict) or not isinstance(value.get(tag), str) or value[tag] not in types:
        found = value.get(tag) if isinstance(value, dict) else value
        raise TableError(f"a preparation plan: {where}: {tag} is {shown(found)}; accepted are {', '.join(types)}")
    rest = {name: item for name, item in value.items() if name != tag}
    return _built(rest, types[value[tag]], where)


def _built(value: Any, kind: type, where: str) -> Any:
    hints = {entry.name: get_type_hints(kind)[entry.name] for entry in fields(kind)}
    if not isinstance(value, dict) or set(value) != set(hints):
        raise TableError(f"a preparation plan: {where}: the entries should be {', '.join(hints)}")
    entries = {name: _checked(value[name], hint, f"{where}.{name}") for name, hint in hints.items()}
    for name, entry in entries.items():
        if name in _CONDITIONS and not _CONDITIONS[name](entry):
            raise TableError(f"a preparation plan: {where}.{name} is {shown(entry)}, which it cannot be")
    return kind(**entries)


def _checked(value: Any, hint: Any, where: str) -> Any:
    """``value`` as the type ``hint``, tuples for lists; only the types that plans are made of."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple and isinstance(value, list):
        inner = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(inner) == len(value):
            return tuple(
                _checked(item, kind, f"{where}[{k}]") for k, (item, kind) in enumerate(zip(value, inner, strict=True))
            )
    elif origin is Literal and value in arguments:
        return value
    elif origin in {Union, UnionType} and type(value) in arguments:
        return _checked(value, type(value), where) if value is not None else None
    elif is_dataclass(hint) and isinstance(hint, type):
        return _built(value, hint, where)
    elif hint is float and type(value) in {int, float}:
        if abs(value) <= sys.float_info.max:
            return float(value)
    elif hint in {str, bool, int, NoneType} and type(value) is hint:
        return value
    raise TableError(f"a preparation plan: {where} is {shown(value)}, which it cannot be")
