"""Formulas in the documentation are what the command prints.  After a change: pytest THIS_FILE --update-snapshots."""

import doctest
import re
import shlex

import pytest
from typer.testing import CliRunner

from chainrule.cli.app import app

BLOCK = re.compile(r"(<!-- derived: (?P<what>.*?) -->\n```text\n)(?P<shown>.*?)(```\n)", re.DOTALL)
RUN_BY_OTHERS = re.compile(r"(?:<!-- (?:generated|page|report|command): .*?-->\n)?```\w*\n.*?```\n", re.DOTALL)
EQUATION = re.compile(r"(?:∂\w/∂\S+|\bd[ZWbA]\w*|(?<!`)\bJ|δ\S*) = ")
PAGES = ["README.md", "docs/deriving.md", "docs/equations.md"]


def printed(what):
    """The lines that a command prints: all, those of a section, or those in it that match."""
    arguments, _, rest = what.partition(" | ")
    section, _, pattern = rest.partition(" | ")
    ran = CliRunner().invoke(app, ["derive", *shlex.split(arguments)], prog_name="chainrule")
    assert ran.exit_code == 0, ran.stderr
    text = ran.stdout
    if section:
        parts = re.split(r"^(.+)\n-+\n", text, flags=re.MULTILINE)
        text = parts[parts.index(section) + 1].strip("\n") + "\n"
    if pattern:
        text = "".join(line for line in text.splitlines(keepends=True) if re.search(pattern, line))
    assert text.strip(), what
    return text


@pytest.mark.parametrize("page", PAGES)
def test_formulas_are_what_the_command_prints(repository, request, page):
    path = repository / page
    text = path.read_text(encoding="utf-8")
    current = BLOCK.sub(lambda block: block[1] + printed(block["what"]) + block[4], text)
    if request.config.getoption("--update-snapshots"):
        path.write_text(current, encoding="utf-8")
        return
    assert current == text, f"{page} is out of date: pytest {request.node.nodeid.split('::')[0]} --update-snapshots"


@pytest.mark.parametrize("page", PAGES)
def test_no_equation_stands_outside_what_is_generated_or_run(repository, page):
    text = (repository / page).read_text(encoding="utf-8")
    prose = RUN_BY_OTHERS.sub("", BLOCK.sub("", text))
    assert EQUATION.findall(prose) == []


def test_examples_in_python_run(repository):
    ran = doctest.testfile(
        str(repository / "docs" / "deriving.md"),
        module_relative=False,
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert (ran.failed, ran.attempted > 5) == (0, True)
