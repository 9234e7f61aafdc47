"""Finding the columns of a plan in another table: in any order, beside others, under a slightly other name."""

from __future__ import annotations

import re

from chainrule.tables.errors import counted, listed, nearest, shown
from chainrule.tables.table import Table


def match_columns(wanted: list[str], known: set[str], table: Table) -> tuple[dict[str, str], tuple[str, ...]]:
    """The table's name of every wanted column, and what was noticed.

    A column that differs only in case, spaces and punctuation is taken, and said; extra columns are passed over, and
    said.

    Parameters
    ----------
    wanted : list of str
        The columns that the plan needs.
    known : set of str
        Every column that the plan has seen, needed or not.
    table : Table

    Raises
    ------
    TableError
        Columns are missing; each is named, with the most similar one present.
    """
    present = set(table.names)
    spare: dict[str, list[str]] = {}
    for name in table.names:
        if name not in known:
            spare.setdefault(_bare(name), []).append(name)
    found, notes, missing = {}, [], []
    for name in wanted:
        alike = spare.get(_bare(name), [])
        if name in present:
            found[name] = name
        elif len(alike) == 1:
            found[name] = alike[0]
            notes.append(f"column {shown(name)} is called {shown(alike[0])} here")
        else:
            missing.append(name)
    if missing:
        others = [name for name in table.names if name not in known]
        hint = nearest(missing[0], others) if others else ""
        raise table.error(f"missing column{'s' * (len(missing) > 1)} {listed(missing)}{hint}")
    taken = set(found.values())
    extra = [name for name in table.names if name not in known and name not in taken]
    if extra:
        notes.append(f"not used: {counted(len(extra), 'column')} unknown in training: {listed(extra)}")
    return found, tuple(notes)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
