"""Cells that a spreadsheet would execute get an apostrophe in front: what we write is never a formula.

OWASP, "CSV injection": cells that begin with =, +, -, @, a tab or a carriage return. Numbers keep their sign.
"""

from __future__ import annotations

import polars as pl

from chainrule.tables.number_texts import parse_numbers

_SUSPECT = r"^\s*[=@+\-＝＋－＠]|^[\t\r\n]"
_HARMLESS = r"^[+\-]+$"


def guarded(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The frame with an apostrophe before every name and text that could be a formula, and how many they are.

    Examples
    --------
    >>> frame, n = guarded(pl.DataFrame({"a": ["=1+1", "-5", "-x"], "@b": ["ok", None, "-"]}))
    >>> frame.rows(), frame.columns, n
    ([("'=1+1", 'ok'), ('-5', None), ("'-x", '-')], ['a', "'@b"], 3)
    """
    columns, count = [], 0
    for series in frame.get_columns():
        safe, changed = _guarded_text(series) if series.dtype == pl.String else (series, 0)
        columns.append(safe)
        count += changed
    names, changed = _guarded_text(pl.Series(frame.columns, dtype=pl.String))
    if names.n_unique() < len(names):
        names = names + pl.Series([f" ({k})" for k in range(1, len(names) + 1)])
    safe_columns = [series.alias(name) for series, name in zip(columns, names, strict=True)]
    return pl.DataFrame(safe_columns), count + changed


def _guarded_text(text: pl.Series) -> tuple[pl.Series, int]:
    """The column with apostrophes, and how many."""
    places = text.str.contains(_SUSPECT).arg_true()
    if not len(places):
        return text, 0
    places = places.filter(text.gather(places).cast(pl.Float64, strict=False).is_null())
    suspects = text.gather(places)
    harmless = suspects.str.contains(_HARMLESS)
    for mark in (".", ","):
        harmless |= parse_numbers(suspects, mark).is_not_null()
    places = places.filter(~harmless)
    return (text.scatter(places, "'" + text.gather(places)) if len(places) else text), len(places)
