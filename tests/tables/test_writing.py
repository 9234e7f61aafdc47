"""Files are written whole or not at all, in constant memory, and hold no formula."""

import gzip
import lzma
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from chainrule.tables import TableError, Written, read_table, with_predictions, write_table
from chainrule.tables.formula_guard import guarded
from tests.tables.making import table_of

FRAME = pl.DataFrame({"a": ["x, y", 'say "hi"', None], "b": ["1", "two\nlines", "3"]})


UNPACK = {
    "t.csv": bytes,
    "t.tsv": bytes,
    "t.csv.gz": gzip.decompress,
    "t.tsv.xz": lzma.decompress,
    "t.parquet": bytes,
}


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("name", "unpack"), UNPACK.items())
def test_what_is_written_is_read_again(tmp_path: Path, name: str, unpack) -> None:  # type: ignore[no-untyped-def]
    assert write_table(tmp_path / name, [FRAME, FRAME[:1]]) == Written(4)
    assert unpack((tmp_path / name).read_bytes())
    table = read_table(tmp_path / name)
    assert table.frame.equals(pl.concat([FRAME, FRAME[:1]]))
    assert table.delimiter == {"c": ",", "t": "\t", "p": None}[name[2]]
    assert files_in(tmp_path) == [name]


def test_formulas_are_guarded() -> None:
    risky = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1"]
    cells = [*risky, "-5", "+1.5e3", "-1.000,5", "-", "a=b", None]
    frame = pl.DataFrame({"=x": cells, "n": [-1.0] * 12})
    safe, count = guarded(frame)
    assert safe.columns == ["'=x", "n"]
    assert count == 7
    assert safe["'=x"].to_list() == [f"'{cell}" for cell in risky] + cells[6:]
    assert safe["n"].to_list() == [-1.0] * 12


def test_guarding_may_be_left_off(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": ["=1"]})
    assert write_table(tmp_path / "t.csv", [frame]) == Written(1, 1)
    assert (tmp_path / "t.csv").read_text() == "a\n'=1\n"
    assert write_table(tmp_path / "t.csv", [frame], formulas="keep") == Written(1, 0)
    assert (tmp_path / "t.csv").read_text() == "a\n=1\n"


def failing() -> Iterator[pl.DataFrame]:
    yield FRAME
    raise TableError("line 4 is bad")


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_an_error_on_the_way_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("old")
    with pytest.raises(TableError, match="line 4 is bad"):
        write_table(tmp_path / name, failing())
    assert (tmp_path / name).read_text() == "old"
    assert files_in(tmp_path) == [name]


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    def batches() -> Iterator[pl.DataFrame]:
        yield FRAME
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_table(tmp_path / "t.csv", batches())
    assert files_in(tmp_path) == []


FULL_DISK = """
import resource, sys
import polars as pl
from chainrule.tables import TableError, write_table
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_table(sys.argv[1], [pl.DataFrame({"a": [str(k * 7919) for k in range(100_000)]})])
except TableError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_disk_without_room(tmp_path: Path, name: str) -> None:
    """A limit on the size of files stands for the full disk: the system refuses to write on."""
    path = tmp_path / name
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"{path}: cannot be written ("), done.stderr
    assert path.read_text() == "old"
    assert files_in(tmp_path) == [name]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for path, message in (
        (tmp_path / "no" / "t.csv", "No such file or directory"),
        (tmp_path, "this is a folder"),
        (tmp_path / "loop", "cannot be written"),
    ):
        with pytest.raises(TableError, match=message):
            write_table(path, [FRAME])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(TableError, match="Permission denied"):
        write_table(tmp_path / "t.csv", [FRAME])


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_table(link, [FRAME])
    assert link.is_symlink()
    assert read_table(real).frame.equals(FRAME)
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_lists_have_no_form_as_text(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"column 'a': holds List\(Int64\), which has no form as text"):
        write_table(tmp_path / "t.csv", [pl.DataFrame({"a": [[1]]})])


def test_predictions_stand_beside_their_rows() -> None:
    table = table_of(x=["1", "2"], prediction=["old", "older"])
    frame = with_predictions(table, np.array(["b", "a"]), [[0.25, 0.75], [1, 0]], ("a", "b"))
    assert frame.columns == ["x", "prediction", "prediction_", "probability of a", "probability of b"]
    assert frame.rows() == [("1", "old", "b", 0.25, 0.75), ("2", "older", "a", 1.0, 0.0)]
    assert with_predictions(table, np.array([1.5, 2.0]))["prediction_"].to_list() == [1.5, 2.0]
    with pytest.raises(ValueError, match=r"predictions has shape \(1,\); the table has 2 rows"):
        with_predictions(table, [1])
    with pytest.raises(ValueError, match=r"probabilities has shape \(2, 1\); expected is \(2, 2\)"):
        with_predictions(table, [1, 2], [[1], [1]], ("a", "b"))
