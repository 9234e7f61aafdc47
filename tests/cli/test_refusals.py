"""A user's mistake is one clear line and status 2; nothing is written; a bug says that it is one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.conftest import START, Command

ROWS = "x,y\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(60))


def write(text: str | bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(text.encode() if isinstance(text, str) else text)


BAD_TABLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "no such file"),
    "empty": (write(""), "the file is empty"),
    "header only": (write("x,y\n"), "no rows"),
    "one row": (write("x,y\n1,a\n"), "at least two are needed"),
    "ragged": (write("x,y\n1,a\n1,2,3\n"), "line 3"),
    "binary": (write(bytes(range(256)) * 20), "binary"),
    "a folder": (lambda path: path.mkdir(), "directory"),
    "truncated gzip": (write(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03KL"), ""),
    "truncated Parquet": (write(b"PAR1" + b"\0" * 50), ""),
    "no target column": (write(ROWS.replace("x,y", "x,z")), "there is no column 'y'"),
    "one class": (write(ROWS.replace(",b", ",a")), "one class is nothing to learn"),
    "no target": (write("x,y\n" + "1,\n" * 30), "0 rows with a target"),
    "free text": (write("x,y\n" + "".join(f"{k},name {k}\n" for k in range(3000))), "too many for classes"),
    "10,000 classes": (
        write("x,y\n" + "".join(f"{k},name {k % 10_000}\n" for k in range(25_000))),
        "10000 classes; at most 1000",
    ),
    "an infinite number": (write("x,y\n" + "inf,a\n1,b\n2,a\n3,b\n" * 20), "column 'x'"),
    "nothing to learn from": (write("x,y\n" + "1,a\n1,b\n" * 20), "no column is left"),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_table_that_cannot_be_learnt_is_one_line(chainrule: Command, tmp_path: Path, name: str) -> None:
    make, message = BAD_TABLES[name]
    make(tmp_path / "t.csv")
    before = sorted(tmp_path.iterdir())
    ran = chainrule("train", "t.csv", "--target", "y")
    assert (ran.status, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert line.startswith("chainrule: t.csv")
    assert message.lower() in line.lower()
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "."], "this is a folder"),
        (["--model", "nowhere/m"], "there is no folder"),
        (["--model", "t.csv"], "this is the table itself"),
        (["--drop", "z"], "there is no column 'z'"),
        (["--drop", "y"], "target is named"),
        (["--features", "x,z"], "there is no column 'z'"),
        (["--task", "regression"], "'a' is not a number"),
    ],
)
def test_what_cannot_be_done_is_one_line(chainrule: Command, table: Path, options: list[str], message: str) -> None:
    ran = chainrule("train", "t.csv", "-t", "y", *options)
    assert (ran.status, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert message in line
    assert table.read_text(encoding="utf-8") == ROWS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage: chainrule"),
        (["trian"], "No such command"),
        (["train", "t.csv"], "Missing option '--target'"),
        (["train", "t.csv", "-t", "y", "--hidden", "8,x"], "'--hidden': '8,x' is not a list of widths"),
        (["train", "t.csv", "-t", "y", "--hidden", "0"], "'--hidden'"),
        (["train", "t.csv", "-t", "y", "--activation", "rellu"], "'--activation': unknown activation 'rellu'"),
        (["train", "t.csv", "-t", "y", "--epochs", "0"], "'--epochs'"),
        (["train", "t.csv", "-t", "y", "--epochs", "ten"], "'--epochs'"),
        (["train", "t.csv", "-t", "y", "--learning-rate", "nan"], "'--learning-rate'"),
        (["train", "t.csv", "-t", "y", "--test-size", "1.5"], "'--test-size'"),
        (["train", "t.csv", "-t", "y", "--engine", "cuda"], "'--engine': engine must be one of auto, jit, reference"),
        (["train", "t.csv", "-t", "y", "--task", "guessing"], "'--task'"),
        (["predict", "m"], "Missing argument 'DATA'"),
        (["derive", "2 -> 1 sigmoid"], "Missing option '--loss'"),
    ],
)
@pytest.mark.usefixtures("table")
def test_usage_errors_name_the_option(chainrule: Command, arguments: list[str], message: str) -> None:
    ran = chainrule(*arguments)
    assert ran.status == 2
    said = " ".join((ran.err + ran.out).replace("│", " ").split())
    assert message in said


@pytest.mark.usefixtures("table")
def test_model_files_of_another_kind_are_refused(chainrule: Command) -> None:
    for arguments, message in [
        (("t.csv", "t.csv"), "t.csv: not a model file of chainrule"),
        (("none", "t.csv"), "none: cannot be read (No such file or directory)"),
        ((".", "t.csv"), "not a file"),
    ]:
        ran = chainrule("predict", *arguments)
        assert (ran.status, ran.out) == (2, "")
        [line] = ran.err.splitlines()
        assert message in line


@pytest.fixture
def model(chainrule: Command, table: Path) -> Path:
    assert chainrule("train", "t.csv", "-t", "y", "--epochs", 1).status == 0
    return table.with_suffix(".chainrule")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["t.chainrule", "none.csv"], "none.csv: there is no such file"),
        (["t.chainrule", "other.csv"], "other.csv: missing column 'x'"),
        (["t.chainrule", "t.csv", "--out", "t.csv"], "this is what is read"),
        (["t.chainrule", "t.csv", "--out", "t.chainrule"], "this is what is read"),
        (["t.chainrule", "t.csv", "--out", "nowhere/o.csv"], "nowhere/o.csv: cannot be written"),
        (["t.chainrule", "late.csv", "--out", "o.csv"], "late.csv"),
    ],
)
@pytest.mark.usefixtures("model")
def test_what_cannot_be_predicted_leaves_nothing(
    chainrule: Command, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "other.csv").write_text("z\n1\n", encoding="utf-8")
    (tmp_path / "late.csv").write_text("x\n" + "1\n" * 70_000 + "1,2\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    ran = chainrule("predict", *arguments)
    assert ran.status == 2
    assert message in ran.err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
@pytest.mark.usefixtures("table")
def test_a_folder_without_permission_is_refused_before_training(chainrule: Command, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    ran = chainrule("train", "t.csv", "-t", "y", "--model", "locked/m")
    assert ran.status == 2
    assert "not permitted" in ran.err


def full_disk() -> Path:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    return Path("/dev/full")


def test_a_full_disk_is_one_line(chainrule: Command, model: Path) -> None:
    for arguments in (("train", "t.csv", "-t", "y", "--model"), ("predict", model, "t.csv", "--out")):
        ran = chainrule(*arguments, full_disk())
        assert ran.status == 2
        assert (
            ran.err.splitlines()[-1] == "chainrule: /dev/full: cannot be written (No space left on device); nothing was"
        )


def test_a_full_standard_output_is_one_line(chainrule_process: Command) -> None:
    with full_disk().open("w") as stdout:
        ran = chainrule_process("derive", "2 -> 1 sigmoid", "--loss", "bce", stdout=stdout)
    assert (ran.status, ran.err) == (2, "chainrule: the output: No space left on device\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
@pytest.mark.parametrize("command", ["derive", "predict"])
def test_a_closed_pipe_is_quiet(model: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "long.csv").write_text("x\n" + "1\n" * 50_000, encoding="utf-8")
    arguments = {"derive": ["2 -> 1 sigmoid", "--loss", "bce"], "predict": [model.name, "long.csv"]}[command]
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [sys.executable, "-c", START, command, *arguments],
        cwd=tmp_path,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (141, "")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts otherwise")
@pytest.mark.usefixtures("table")
def test_control_c_ends_the_training_and_keeps_the_best(tmp_path: Path) -> None:
    start = [sys.executable, "-c", START, "train", "t.csv", "-t", "y", "--epochs", "10000000", "--hidden", "none"]
    process = subprocess.Popen(start, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("epoch 1 of")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode in {130, 0}  # 0: it had converged before the signal came
    assert "Traceback" not in out + err
    assert (tmp_path / "t.chainrule").exists()
    if process.returncode == 130:
        assert "interrupted by the user" in " ".join(out.split())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts otherwise")
def test_control_c_while_reading_leaves_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    start = [sys.executable, "-c", START, "train", "pipe.csv", "-t", "y"]
    process = subprocess.Popen(start, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    writer = (tmp_path / "pipe.csv").open("w", encoding="utf-8")  # opens once the command reads
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    with suppress(BrokenPipeError):
        writer.write("x,y\n")  # what waits for a pipe sees the signal when something comes
        writer.close()
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err == "chainrule: interrupted; nothing was written\n"
    assert [path.name for path in tmp_path.iterdir()] == ["pipe.csv"]


@pytest.mark.usefixtures("table")
def test_a_bug_shows_where_it_is_and_says_that_it_is_one(chainrule: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("chainrule.estimators.table_models.TableTraining.prepare", broken)
    ran = chainrule("train", "t.csv", "-t", "y")
    assert ran.status == 70
    assert "Traceback" in ran.err
    assert "ZeroDivisionError: planted" in ran.err
    assert "this is a bug in chainrule" in ran.err
