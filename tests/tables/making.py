"""Small tables for tests."""

from pathlib import Path

import polars as pl

from chainrule.tables import Table, read_table


def table_of(**columns: list[object]) -> Table:
    """A table of text columns as from a file; None is missing."""
    cells = {
        name: pl.Series([None if cell is None else str(cell) for cell in column], dtype=pl.String)
        for name, column in columns.items()
    }
    return Table(pl.DataFrame(cells), source="test.csv", delimiter=",")


def read_text(folder: Path, text: str | bytes, name: str = "test.csv", **options: str) -> Table:
    """What read_table makes of a file with this content."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_table(path, **options)
