"""The gate passes what is right and fails at the stage that finds the fault, planted in a made-up project."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RIGHT = {
    "pyproject.toml": (
        '[tool.ruff.lint]\nselect = ["F"]\n[tool.mypy]\nfiles = ["src"]\nstrict = true\n'
        '[tool.pytest.ini_options]\nmarkers = ["slow"]\naddopts = ["-m", "not slow"]\nfilterwarnings = ["error"]\n'
    ),
    "src/double.py": 'def double(x: int) -> int:\n    return 2 * x\n\n\nNAME = "double"\n',
    "tests/test_double.py": (
        "import pytest\n\n\ndef test_double():\n    assert 2 * 3 == 6\n\n\n"
        "@pytest.mark.slow\ndef test_slow():\n    assert 2 * 4 == 8\n"
    ),
}
FAULTS = {
    "format": ("src/double.py", '"double"', "'double'"),
    "lint": ("src/double.py", "def double", "import os\n\n\ndef double"),
    "types": ("src/double.py", "x: int", "x: str"),
    "tests": ("tests/test_double.py", "2 * 3 == 6", "2 * 3 == 7"),
}


def gate(repository: Path, project: Path, files: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (project / "scripts").mkdir()
    shutil.copy(repository / "scripts" / "check", project / "scripts" / "check")
    command = [sys.executable, str(project / "scripts" / "check"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def failed_stages(output: str) -> list[str]:
    lines = [line.split() for line in output.splitlines()]
    return [words[0] for words in lines if words[1:2] == ["FAILED"]]


@pytest.mark.slow
@pytest.mark.parametrize("stage", FAULTS)
def test_a_fault_fails_its_stage(repository: Path, tmp_path: Path, stage: str) -> None:
    name, right, wrong = FAULTS[stage]
    assert right in RIGHT[name]
    ran = gate(repository, tmp_path, RIGHT | {name: RIGHT[name].replace(right, wrong)})
    assert failed_stages(ran.stdout) == [stage]
    assert ran.returncode == 1


@pytest.mark.slow
def test_a_warning_in_a_test_fails(repository: Path, tmp_path: Path) -> None:
    name = "tests/test_double.py"
    warning = RIGHT[name].replace("    assert 2 * 3", '    import warnings\n\n    warnings.warn("x")\n    assert 2 * 3')
    ran = gate(repository, tmp_path, RIGHT | {name: warning})
    assert failed_stages(ran.stdout) == ["tests"]


@pytest.mark.slow
@pytest.mark.parametrize(("options", "tests"), [((), 1), (("--all",), 2)])
def test_what_is_right_passes(repository: Path, tmp_path: Path, options: tuple[str, ...], tests: int) -> None:
    ran = gate(repository, tmp_path, RIGHT, *options)
    assert ran.returncode == 0, ran.stdout
    assert failed_stages(ran.stdout) == []
    assert f" {tests} passed in " in ran.stdout.splitlines()[-1], "pytest's closing line is the last one"
