"""Every bad file is one clear line that names the place; nothing else is raised."""

import gzip
import lzma
import os
from pathlib import Path

import polars as pl
import pytest

from chainrule.tables import PreparationPlan, TableError, read_table
from tests.tables.making import read_text

BAD = [
    (b"", "the file is empty"),
    (b"\n \n\n", "the file is empty"),
    (b"a,y\n", "column names but no rows"),
    (b"a,y", "column names but no rows"),
    (b"a,y\n1,2\n3\n4,5\n", "line 3 has 1 field where the first line names 2 columns"),
    (b"a,y\n1,2\n3,4,5\n", "line 3 has 3 fields where the first line names 2 columns"),
    (b'a,y\n1,2\n"x\ny",4\n3\n', "line 5 has 1 field"),
    (b'a,y\n5" x,2\n\n3\n', "line 4 has 1 field"),
    (b"a,y\n" + b"1,2\n" * 3000 + b"\0", "NUL byte"),
    (bytes(range(256)) * 4, "binary file"),
    (b"a,y\r1,2\r", "CR alone"),
    (b'a,y\n1,2\n"3,4\n5,6\n', "line 3: a quote that is opened here is never closed"),
    (b'a,y\n5" x,2\n"3,4\n5,6\n', "line 3: a quote that is opened here is never closed"),
    (b'"a,y\n1,2\n', "line 1: a quote that is opened here is never closed"),
    (b"a,b,a\n1,2,3\n", "columns 1 and 3 are both called 'a'"),
    (b"1,2,2\n1,2,3\n", "seems to have no line of column names"),
    (b"PK\x03\x04....", "Excel workbook"),
    (b"PAR1....PAR", "Parquet file is cut off"),
    (b"\x1f\x8bnot gzip", "compressed file is damaged"),
    (gzip.compress(b"a,y\n1,2\n" * 100, mtime=0)[:-9], "compressed file is cut off"),
    (lzma.compress(b"a,y\n1,2\n" * 100)[:-9], "compressed file is cut off"),
]


@pytest.mark.parametrize(("content", "message"), BAD)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message) as caught:
        read_text(tmp_path, content)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "test.csv") in str(caught.value)


def test_a_truncated_parquet_file(tmp_path: Path) -> None:
    pl.DataFrame({"a": range(1000)}).write_parquet(tmp_path / "t.parquet")
    whole = (tmp_path / "t.parquet").read_bytes()
    for content in (whole[:200], whole[:-1], whole[:4], gzip.compress(whole)[:-20], gzip.compress(whole[:200])):
        with pytest.raises(TableError, match="cut off"):
            read_text(tmp_path, content)
    damaged = bytearray(whole)
    damaged[-60:-8] = b"\xff" * 52
    with pytest.raises(TableError, match="damaged"):
        read_text(tmp_path, bytes(damaged))


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nowhere")
    for name, message in (
        ("missing", "no such file"),
        ("gone", "no such file"),
        ("loop", "cannot be opened"),
        (".", "cannot be opened"),
    ):
        with pytest.raises(TableError, match=message):
            read_table(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (tmp_path / "secret.csv").chmod(0)
    with pytest.raises(TableError, match="cannot be opened"):
        read_table(tmp_path / "secret.csv")


UNFIT = [
    ("a,y\n1,2\n", r"1 row with a target"),
    ("a,y\n1,\n2,\n", r"0 rows with a target"),
    ("a,y\n1,x\n2,x\n", "every target is 'x'"),
    ("a,y\n1,3\n2,3\n", "column 'y': every target is"),
    ("a,y\n1,2\n1,3\n", "no column is left to learn from .'a': every cell is 1"),
    ("y\n2\n3\n", "no column beside the target"),
    ("a,b,y\n,1,2\n,2,3\n,inf,4\n", "row 3, column 'b': an infinite value"),
    ("a,b,y\n,1,2\n,1e999,3\n", "row 2, column 'b': an infinite value"),
    ("a,y\n1,inf\n2,3\n", "row 1, column 'y': an infinite value"),
    ("a,y\n1,2024-01-01\n2,2024-01-02\n", "dates cannot be predicted"),
    ("a,z\n1,2\n2,3\n", "there is no column 'y'; the columns are 'a', 'z'"),
    ("a,Yy\n1,2\n2,3\n", "there is no column 'y'"),
]


@pytest.mark.parametrize(("text", "message"), UNFIT)
def test_a_table_that_cannot_be_learnt_from(tmp_path: Path, text: str, message: str) -> None:
    table = read_text(tmp_path, text)
    with pytest.raises(TableError, match=message) as caught:
        PreparationPlan.fit(table, "y")
    assert "\n" not in str(caught.value)


def wide(n_columns: int) -> str:
    cells = [[str((k * 7 + j * 13) % 31) for k in range(n_columns)] for j in range(12)]
    return "\n".join(",".join(line) for line in [[f"c{k}" for k in range(n_columns)], *cells])


def test_many_columns(tmp_path: Path) -> None:
    table = read_text(tmp_path, wide(1000))
    plan = PreparationPlan.fit(table, "c0", task="regression")
    assert len(plan.inputs) == 31  # the others repeat these
    assert plan.transform(table).shape == (12, plan.n_features)


@pytest.mark.slow
def test_a_hundred_thousand_columns_are_read(tmp_path: Path) -> None:
    table = read_text(tmp_path, wide(100_000))
    assert table.frame.shape == (12, 100_000)
    few = [f"c{k}" for k in range(1, 20)]
    assert PreparationPlan.fit(table, "c0", task="regression", features=few).n_features == 19
