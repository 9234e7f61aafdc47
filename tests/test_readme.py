"""The README's commands and examples do what it says."""

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest


def command(readme: str, name: str) -> str:
    """The code block that follows <!-- command: NAME -->."""
    blocks = re.findall(rf"<!-- command: {name} -->\n```\w*\n(.*?)```", readme, flags=re.DOTALL)
    assert len(blocks) == 1, f"the README has {len(blocks)} commands marked {name!r}"
    return str(blocks[0]).strip()


@pytest.fixture(scope="module")
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text(encoding="utf-8")


def test_the_second_command_installs_the_test_extra_and_runs_the_gate(readme: str) -> None:
    assert command(readme, "test") == 'pip install ".[test]" && scripts/check --all'


@pytest.mark.slow
def test_the_first_command_trains_and_writes_a_model(repository: Path, readme: str, tmp_path: Path) -> None:
    install, train = command(readme, "train").split(" && ")
    assert install == "pip install ."
    (tmp_path / "examples").symlink_to(repository / "examples")
    predict = re.findall(r"^chainrule predict .*$", readme, flags=re.MULTILINE)[0]
    for line in (train, predict):
        chainrule = [sys.executable, "-c", "from chainrule.cli.app import main; main()", *shlex.split(line)[1:]]
        ran = subprocess.run(chainrule, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        if line == train:
            assert re.search(r"network +9[5-9]\.\d%", ran.stdout)
            assert re.search(r"majority class +63\.2%", ran.stdout)
    assert (tmp_path / "cancer.chainrule").exists()
    assert len((tmp_path / "predictions.csv").read_text(encoding="utf-8").splitlines()) == 570


@pytest.mark.slow  # makes a virtual environment
def test_ci_runs_the_second_command_of_the_readme(repository: Path, readme: str, tmp_path: Path) -> None:
    """CI finds the command in the README itself: a README with another command makes it run that one."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_bytes((repository / ".ci" / "run").read_bytes())
    changed = readme.replace(command(readme, "test"), "python -c 'import sys; print(sys.prefix)'\necho closing")
    (tmp_path / "README.md").write_text(changed, encoding="utf-8")
    ran = subprocess.run(
        ["bash", str(tmp_path / ".ci" / "run")],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=True,
    )
    *_, prefix, closing = ran.stdout.splitlines()
    assert closing == "closing"
    assert prefix.endswith("/venv")
    assert not Path(prefix).exists(), "CI leaves its environment behind"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".ci", "README.md"]


def test_its_examples_print_what_it_shows(readme: str) -> None:
    examples = doctest.DocTestParser().get_doctest(readme, {}, "README", "README.md", 0)
    report: list[str] = []
    result = doctest.DocTestRunner().run(examples, out=report.append)
    assert result.attempted > 0
    assert result.failed == 0, "".join(report)


def test_links_lead_somewhere(repository: Path, readme: str) -> None:
    prose = re.sub(r"```.*?```", "", readme, flags=re.DOTALL)
    targets = [link for link in re.findall(r"\]\(([^)#]+)", prose) if "://" not in link]
    assert targets
    assert [link for link in targets if not (repository / link).exists()] == []
