"""Tables made by hypothesis: whatever they hold, they are read as they are, prepared finitely, or refused clearly."""

import csv
import gzip
import io
import lzma
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.tables import PreparationPlan, Table, TableError, read_table, stream_table, with_target, write_table

PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=6)
CELLS = st.one_of(
    PLAIN,
    st.sampled_from(
        ["", " ", "NA", "?", "0", "1", "-1", "1,5", "1.5", "5 %", "1e308", "nan", "true", "x\ny", 'q"q', "=1+1"]
    ),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_infinity=False, allow_nan=False).map(str),
    st.dates().map(str),
    st.datetimes().map(str),
)
ONE_KIND = st.sampled_from(
    [
        st.integers(-5, 5).map(str),
        st.floats(-1e3, 1e3).map(lambda value: f"{value:.3f}"),
        st.floats(-1e3, 1e3).map(lambda value: f"{value:.2f}".replace(".", ",")),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["yes", "no", ""]),
        st.dates().map(str),
        st.just("same"),
        st.just(""),
        CELLS,
    ]
)
NAMES = st.lists(
    st.one_of(st.sampled_from(["id", "y", "date", 'n"q', "a\nb", "=f()", " s"]), PLAIN).filter(
        lambda name: name.strip()
    ),
    min_size=1,
    max_size=5,
    unique_by=str.strip,
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    names = draw(NAMES)
    n_rows = draw(st.integers(1, 30))
    columns = [draw(st.lists(draw(ONE_KIND), min_size=n_rows, max_size=n_rows)) for _ in names]
    return names, [list(row) for row in zip(*columns, strict=True)]


def as_csv(names: list[str], rows: list[list[str]], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([names, *rows])
    return text.getvalue()


@given(
    table=tables(),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    compress=st.sampled_from([bytes, gzip.compress, lzma.compress]),
)
def test_a_file_is_read_as_it_was_written(table, delimiter: str, encoding: str, compress) -> None:  # type: ignore[no-untyped-def]
    names, rows = table
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t")
        path.write_bytes(compress(as_csv(names, rows, delimiter).encode(encoding)))
        read = read_table(path, delimiter=delimiter)
    assert list(read.names) == [name.strip() for name in names]
    assert [[cell or "" for cell in row] for row in read.frame.rows()] == rows


@pytest.mark.slow
@given(tables())
def test_what_is_written_is_read_again(table: tuple[list[str], list[list[str]]]) -> None:
    names, rows = table
    frame = pl.DataFrame(rows, schema=[name.strip() for name in names], orient="row").with_columns(
        pl.all().replace("", None)
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in ("t.csv", "t.parquet"):
            path = Path(folder, name)
            write_table(path, [frame], formulas="keep", delimiter=",")
            if name == "t.parquet" or (len(names) > 1 and not frame.select(pl.all().is_null().all()).row(0)[0]):
                assert read_table(path, delimiter=",").frame.rows() == frame.rows()


@pytest.mark.slow
@settings(max_examples=300)
@given(table=tables(), n_train=st.integers(1, 30), with_y=st.booleans())
def test_a_plan_is_finite_and_survives_everything(table, n_train: int, with_y: bool) -> None:  # type: ignore[no-untyped-def]
    names, rows = table
    cells = {name.strip(): [row[k] or None for row in rows] for k, name in enumerate(names)}
    everything = Table(pl.DataFrame({name: pl.Series(column, dtype=pl.String) for name, column in cells.items()}))
    train = everything.rows(np.arange(min(n_train, len(rows))))
    target = everything.names[0] if with_y else None
    try:
        plan = PreparationPlan.fit(train, target)
    except TableError as error:
        plan, refusal = None, str(error)
    if plan is None:
        assert "\n" not in refusal
        return
    X = plan.transform(train)
    assert X.shape == (len(train), plan.n_features)
    assert np.isfinite(X).all()
    again = PreparationPlan.from_json(plan.to_json())
    assert again == plan
    assert np.array_equal(again.transform(train), X)
    assert [len(row) for row in plan.summary()] == [4] * (len(plan.columns) + 1 + with_y)
    backwards = Table(train.frame.select(train.names[::-1]))
    assert np.array_equal(plan.transform(backwards), X)
    if target is not None:
        y = plan.transform_target(with_target(train, target))
        assert np.isfinite(y).all()
        assert len(plan.inverse_target(y)) == len(y)
    halves = [everything.rows(part) for part in np.array_split(np.arange(len(rows)), 2)]
    try:
        whole = plan.transform(everything)
        parts = [plan.transform(half) for half in halves]
    except TableError as error:
        whole, refusal = None, str(error)
    if whole is None:
        assert ", row " in refusal
        return
    assert np.isfinite(whole).all()
    assert np.array_equal(np.concatenate(parts), whole)


@settings(max_examples=300)
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.text(st.sampled_from('a1,;\t|"\n\r \x00é€'), max_size=60).map(str.encode),
        st.text(st.sampled_from('a1,"\n'), max_size=60).map(str.encode),
    ),
    wrap=st.sampled_from([bytes, gzip.compress, lambda data: gzip.compress(data)[:-5], lambda data: b"PAR1" + data]),
)
def test_any_bytes_are_a_table_or_a_clear_error(content: bytes, wrap) -> None:  # type: ignore[no-untyped-def]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t")
        path.write_bytes(wrap(content))
        try:
            table = read_table(path)
        except TableError as error:
            table, refusal = None, str(error)
        if table is None:
            assert "\n" not in refusal
        else:
            assert len(table) > 0
            assert sum(len(batch) for batch in stream_table(path, batch_rows=2)) == len(table)
