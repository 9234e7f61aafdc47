"""Which character separates the columns of a delimited file, and what the columns are called."""

from __future__ import annotations

from collections import Counter

from chainrule.tables.errors import TableError, counted, listed, shown
from chainrule.tables.records import fields, split_first_record

CANDIDATES = (",", ";", "\t", "|")
_SAMPLE_RECORDS = 50
_SAMPLE_BYTES = 1 << 16


def find_delimiter(sample: bytes) -> str:
    r"""The candidate that cuts most records of ``sample`` (UTF-8) into as many fields as the first, and most fields.

    Examples
    --------
    >>> find_delimiter(b"name;price\nbread;2,50\nmilk;1,20\n")
    ';'
    """
    records = _records(sample)

    def score(delimiter: str) -> tuple[float, int]:
        header, *rows = [len(fields(record, delimiter)) for record in records]
        agreeing = sum(n == header for n in rows) / len(rows) if rows else 1.0
        return (agreeing if header > 1 else -1.0, header)

    return max(CANDIDATES, key=score)


def _records(sample: bytes) -> list[bytes]:
    """The first records of the sample, the last one only if it is the only one: it may be cut off."""
    head = sample[:_SAMPLE_BYTES]
    first, rest = split_first_record(head if b"\n" in head else sample)
    records = [first]
    while rest and len(records) <= _SAMPLE_RECORDS:
        record, rest = split_first_record(rest)
        records.append(record)
    return (
        records[:-1] if len(records) > 2 and len(sample) > _SAMPLE_BYTES else [r for r in records if r.strip()] or [b""]
    )


def column_names(header: list[str], source: str) -> tuple[list[str], tuple[str, ...]]:
    """The columns' names out of the fields of the first record, and notes.

    An empty name becomes ``column_K``.

    Raises
    ------
    TableError
        Two columns have the same name.
    """
    names = [name.strip() or f"column_{k}" for k, name in enumerate(header, 1)]
    notes: tuple[str, ...] = ()
    blank = [k for k, name in enumerate(header, 1) if not name.strip()]
    if blank:
        notes = (f"{counted(len(blank), 'column')} without a name, now called {listed(names[k - 1] for k in blank)}",)
    numeric = all(_is_number(name) for name in header)
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        places = [k for k, name in enumerate(names, 1) if name == repeated[0]]
        remedy = (
            "; the first line holds only numbers: the file seems to have no line of column names"
            if numeric
            else "; every column needs a name of its own"
        )
        message = f"columns {places[0]} and {places[1]} are both called {shown(repeated[0])}{remedy}"
        raise TableError(message, source=source)
    if numeric:
        notes += ("the first line holds only numbers; it was taken for the columns' names",)
    return names, notes


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
