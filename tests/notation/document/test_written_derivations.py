"""The five hand derivations: the pages in docs/derivations are today's, and the checker finds every line exact."""

import runpy
import subprocess
import sys
from dataclasses import replace

import pytest

from chainrule.checking.document.derivation import check_derivation

PAGES = ["three-sigmoid-layers", "relu-in-brackets", "regression", "short-names", "one-node", "one-node-relu"]


def test_the_pages_in_docs_are_up_to_date(repository, tmp_path):
    script = repository / "examples" / "written_derivations.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    folder = repository / "docs" / "derivations"
    kept = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    assert set(kept) == {f"{name}.html" for name in PAGES}
    assert written == kept, "out of date: python examples/written_derivations.py"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"({name}.html)" in index for name in PAGES)


@pytest.fixture(scope="module")
def derivations(repository):
    return runpy.run_path(str(repository / "examples" / "written_derivations.py"))["PAGES"]


@pytest.mark.parametrize(
    ("name", "form"),
    [
        pytest.param(name, form, marks=() if (name, form) == ("one-node", "to_markdown") else pytest.mark.slow)
        for name in PAGES
        for form in ("to_markdown", "to_latex", "to_text")
    ],
)
def test_the_checker_finds_every_line_exact(derivations, name, form):
    derivation = derivations[name]
    without_numbers = replace(derivation, presentation=replace(derivation.presentation, example=None))  # are rounded
    report = check_derivation(getattr(without_numbers, form)())
    found = [str(item.verdict) for item in report.items]
    assert [item.latex for item in report.items if str(item.verdict) not in {"exact", "given"}] == []
    assert found.count("exact") >= 50
