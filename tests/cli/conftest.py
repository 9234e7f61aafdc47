"""Commands as a user runs them: in a process of their own, or, where that changes nothing, in this one."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chainrule.cli.app import app

START = "import sys; from chainrule.cli.app import main; sys.argv[0] = 'chainrule'; main()"


@dataclass(frozen=True)
class Ran:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture
def chainrule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: object) -> Ran:
        ran = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="chainrule")
        return Ran(ran.exit_code, ran.stdout, ran.stderr)

    return run


@pytest.fixture
def chainrule_process(tmp_path: Path) -> Command:
    """Runs a command in a process of its own, in an empty folder; `env` and `stdout` as for subprocess.run."""

    def run(*arguments: object, env: dict[str, str] | None = None, stdout: object = subprocess.PIPE) -> Ran:
        ran = subprocess.run(
            [sys.executable, "-c", START, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "80", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,  # type: ignore[call-overload]
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
        return Ran(ran.returncode, ran.stdout or "", ran.stderr)

    return run


@pytest.fixture
def examples(repository: Path) -> Path:
    """The folder of example tables."""
    return repository / "examples"
