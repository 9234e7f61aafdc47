"""What the output looks like where it goes: a terminal or not, wide or narrow, with colours or without, ASCII."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.cli.training_progress import TrainingProgress
from chainrule.training import History
from tests.cli.conftest import START, Command

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
TRAIN = ("--target", "species", "--epochs", "30", "--hidden", "8")


def on_a_terminal(folder: Path, *arguments: object, columns: int = 80, **env: str) -> str:
    """What a terminal of that width receives."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", START, *map(str, arguments)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env={
            **{name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "CI"}},
            "TERM": "xterm-256color",
            "COLUMNS": str(columns),
            **env,
        },
    )
    os.close(slave)
    received = b""
    while True:
        try:
            block = os.read(master, 65536)
        except OSError:  # Linux's way of saying that the other end is closed
            break
        if not block:
            break
        received += block
    os.close(master)
    assert process.wait() == 0, received
    return received.decode("utf-8")


COLOURS = re.compile(r"\x1b\[[0-9;]*3[0-9](?:;5;\d+)?m")


@pytest.mark.slow
def test_a_terminal_gets_a_bar_and_colours(examples: Path, tmp_path: Path) -> None:
    received = on_a_terminal(tmp_path, "train", examples / "iris.csv", *TRAIN)
    assert "epoch 30 of 30 at most" in received
    assert "━" in received
    assert COLOURS.search(received)
    assert "\x1b[?25h" in received, "the cursor is shown again"


@pytest.mark.slow
def test_no_color_is_respected(examples: Path, tmp_path: Path) -> None:
    received = on_a_terminal(tmp_path, "train", examples / "iris.csv", *TRAIN, NO_COLOR="1")
    assert "held-out rows" in received
    assert not COLOURS.search(received)


@pytest.mark.slow
def test_a_wide_terminal_is_used(examples: Path, tmp_path: Path) -> None:
    received = on_a_terminal(tmp_path, "train", examples / "iris.csv", *TRAIN, columns=120)
    assert "18 to decide when to stop, 30 held out for the scores\r\n" in received
    assert "─" * 82 in received


@pytest.mark.slow
def test_an_ascii_terminal_gets_ascii(chainrule_process: Command, examples: Path) -> None:
    ran = chainrule_process("train", examples / "iris.csv", *TRAIN, env={"PYTHONIOENCODING": "ascii"})
    assert ran.status == 0, ran.err
    assert ran.out.isascii()
    assert "* training   o validation" in ran.out
    assert "(x - 5.8" in ran.out
    assert "?" not in ran.out


def test_elsewhere_progress_is_a_few_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    history = History()
    with TrainingProgress(Console(width=80), epochs=1000) as progress:
        for epoch in range(1, 301):
            history.loss.append(1 / epoch)
            progress.epoch(history)
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[1]) for line in lines] == [1, 2, 5, 10, 20, 50, 100, 200]
    assert lines[-1] == "epoch 200 of 1000 at most  loss 0.005"


def test_help_has_examples(chainrule: Command) -> None:
    for command in ("train", "predict", "derive"):
        ran = chainrule(command, "--help")
        assert ran.status == 0
        assert ran.out.count(f"$ chainrule {command} ") >= 2
    assert chainrule("--version").out.startswith("chainrule 0.")


def test_the_package_runs_as_the_command() -> None:
    ran = subprocess.run([sys.executable, "-m", "chainrule", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("chainrule 0.")


def test_help_loads_little() -> None:
    code = "import sys, chainrule.cli.app; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(ran.stdout.split()) & {"numpy", "polars", "sklearn", "llvmlite"}


@pytest.mark.slow
def test_verdicts_have_colours_on_a_terminal_only(tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text(r"$z = w x + b$, $L = (z - y)^2$, $\frac{\partial L}{\partial z} = 2 (z - y)$", encoding="utf-8")
    received = on_a_terminal(tmp_path, "check", "notes.md")
    assert COLOURS.search(received)
    plain = on_a_terminal(tmp_path, "check", "notes.md", NO_COLOR="1")
    assert not COLOURS.search(plain)
    assert "3 equations: 2 given, 1 exact" in plain
