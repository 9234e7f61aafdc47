"""Files as they come: delimiters, encodings, compression, quotes, Parquet, data frames."""

import bz2
import gzip
import lzma
import os
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from chainrule.tables import TableError, as_table, read_table, stream_table
from chainrule.tables import reading as reading_module
from tests.tables.making import read_text

ROWS = [("1", "x y"), ("2", None)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str, end: str) -> None:
    text = end.join([delimiter.join(line) for line in (("a", "b"), ("1", "x y"), ("2", ""))])
    table = read_text(tmp_path, text)
    assert (table.names, table.frame.rows(), table.delimiter) == (("a", "b"), ROWS, delimiter)


def test_decimal_commas_do_not_hide_the_delimiter(tmp_path: Path) -> None:
    assert read_text(tmp_path, "a;b\n1,5;2,5\n3,5;4,5\n").frame.rows() == [("1,5", "2,5"), ("3,5", "4,5")]


def test_a_delimiter_can_be_named(tmp_path: Path) -> None:
    assert read_text(tmp_path, "a:b,c\n1:2\n", delimiter=":").names == ("a", "b,c")
    with pytest.raises(TableError, match="delimiter='::' is not one ASCII character"):
        read_text(tmp_path, "a::b\n1::2\n", delimiter="::")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings_are_found(tmp_path: Path, encoding: str) -> None:
    table = read_text(tmp_path, "näme,b\nfive €,x y\nsix,\n".encode(encoding))
    assert table.names == ("näme", "b")
    assert table.frame.rows() == [("five €", "x y"), ("six", None)]
    assert bool(table.notes) == (encoding == "cp1252")  # a guess is said


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    assert read_text(tmp_path, "a,b\nżółw,1\n".encode("cp1250"), encoding="cp1250").frame.rows() == [("żółw", "1")]
    with pytest.raises(TableError, match="line 2: 0x9F is not ascii"):
        read_text(tmp_path, "a,b\nżółw,1\n".encode("cp1250").replace(b"\xbf", b"\x9f"), encoding="ascii")
    with pytest.raises(TableError, match="no encoding 'klingon'"):
        read_text(tmp_path, "a,b\n1,2\n", encoding="klingon")


def test_utf8_that_breaks_off_is_an_error_and_not_a_guess(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="line 3: 0xE4 is not utf-8"):
        read_text(tmp_path, "a,b\nä,1\n".encode() + b"\xe4,2\n")


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, bz2.compress])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_compressed_files_are_known_by_their_content(tmp_path: Path, compress, kind: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "plain"
    frame = pl.DataFrame({"a": ["1", "2"], "b": ["x y", None]})
    frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
    assert read_text(tmp_path, compress(path.read_bytes()), name="packed").frame.rows() == ROWS


def test_quotes_hold_delimiters_newlines_and_quotes(tmp_path: Path) -> None:
    table = read_text(tmp_path, '"a ""q""\nb",c\n"1,2","x\ny"\n"say ""hi""",""\n')
    assert table.names == ('a "q"\nb', "c")
    assert table.frame.rows() == [("1,2", "x\ny"), ('say "hi"', None)]


def test_quotes_inside_a_field_are_letters(tmp_path: Path) -> None:
    table = read_text(tmp_path, 'a,b\n5" pipe,1\n6" pipe, "x,\ny"\n"q ""z""",3\n')
    assert table.frame.rows() == [('5" pipe', "1"), ('6" pipe', "x,\ny"), ('q "z"', "3")]


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    assert read_text(tmp_path, "\na,b\n\n1,2\n\r\n3,4\n\n").frame.rows() == [("1", "2"), ("3", "4")]


def test_columns_without_names_get_one(tmp_path: Path) -> None:
    table = read_text(tmp_path, ",a\n0,5\n1,6\n")
    assert table.names == ("column_1", "a")
    assert "without a name" in table.notes[0]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_where_a_block_ends_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(reading_module, "BLOCK_BYTES", size)
    text = "a,é\r\n" + "1,2\r\n" * 20 + '"1,\r\n2",ü\r\n\r\n"q ""z""",\r\n5,"€"\r\n'
    expected = [("1", "2")] * 20 + [("1,\n2", "ü"), ('q "z"', None), ("5", "€")]
    assert read_text(tmp_path, text).frame.rows() == expected
    assert read_text(tmp_path, text + '6" pipe,ß\n').frame.rows() == [*expected, ('6" pipe', "ß")]
    for encoding in ("utf-16", "cp1252"):
        assert read_text(tmp_path, text.encode(encoding)).frame.rows() == expected


def test_batches_are_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "BLOCK_BYTES", 1000)
    frame = pl.DataFrame({"a": [str(k) for k in range(5000)], "b": ["x"] * 5000})
    frame.write_csv(tmp_path / "long.csv")
    batches = list(stream_table(tmp_path / "long.csv", batch_rows=100))
    assert max(len(batch) for batch in batches) <= 100
    assert [batch.first_row for batch in batches] == list(np.cumsum([1] + [len(batch) for batch in batches[:-1]]))
    assert pl.concat([batch.frame for batch in batches]).equals(frame)
    frame.write_parquet(tmp_path / "long.parquet", row_group_size=333)
    batches = list(stream_table(tmp_path / "long.parquet", batch_rows=400))
    assert [len(batch) for batch in batches] == [400] * 12 + [200]
    assert pl.concat([batch.frame for batch in batches]).equals(frame)


def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for content in (b"a,b\n1,2\n", _parquet_bytes(tmp_path)):
        writer = threading.Thread(target=pipe.write_bytes, args=(content,))
        writer.start()
        assert read_table(pipe).names == ("a", "b")
        writer.join()


def _parquet_bytes(folder: Path) -> bytes:
    pl.DataFrame({"a": [1], "b": [2]}).write_parquet(folder / "small.parquet")
    return (folder / "small.parquet").read_bytes()


def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    read_text(tmp_path, "a,b\n1,2\n", name="real.csv")
    (tmp_path / "link.csv").symlink_to("real.csv")
    assert read_table(tmp_path / "link.csv").names == ("a", "b")


COLUMNS = {"n": [1.5, None, 3.0], "k": [1, 2, 3], "t": ["a", None, "b"], "f": [True, False, True]}


@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame, pa.table, lambda columns: pl.DataFrame(columns).lazy()])
def test_data_frames_of_every_library(make) -> None:  # type: ignore[no-untyped-def]
    table = as_table(make(COLUMNS))
    assert table.names == ("n", "k", "t", "f")
    assert table.frame.rows() == list(zip(*COLUMNS.values(), strict=True))
    assert as_table(table) is table


def test_data_frames_with_unusual_types() -> None:
    mixed = pd.DataFrame({"m": [1, "a", None], 5: [1, 2, 3], "c": pd.Categorical(["u", "v", None])})
    table = as_table(mixed)
    assert table.names == ("m", "5", "c")
    assert table.frame["m"].to_list() == ["1", "a", None]
    assert table.frame["c"].to_list() == ["u", "v", None]
    moment = pl.datetime(2024, 5, 1, 13, time_zone="Asia/Tokyo")
    frame = as_table(pl.select(d=pl.duration(minutes=1), z=moment, t=pl.time(18, 30))).frame
    assert frame["d"].to_list() == [60.0]
    assert str(frame["z"][0]) == "2024-05-01 13:00:00"
    assert frame["t"].to_list() == [18.5]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1, 2], "builtins.list is not a data frame"),
        (pd.DataFrame({"a": []}), "there are no rows"),
        (pd.DataFrame(), "there are no columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "a"),
        (pd.DataFrame([[1, 2]], columns=["1", 1]), "both called '1'"),
    ],
)
def test_what_is_no_table_is_refused(data: object, message: str) -> None:
    with pytest.raises(TableError, match=message):
        as_table(data)
