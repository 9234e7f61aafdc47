"""The example tables are what their script writes."""

import runpy
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["breast_cancer.csv", "iris.csv", "diabetes.csv"])
def test_example_is_what_the_script_writes(repository: Path, name: str) -> None:
    script = runpy.run_path(str(repository / "examples" / "make_examples.py"))
    written = dict(script["example_tables"]())
    assert (repository / "examples" / name).read_text(encoding="utf-8") == written[name]


def test_every_table_is_made_by_the_script(repository: Path) -> None:
    script = runpy.run_path(str(repository / "examples" / "make_examples.py"))
    names = {path.name for path in (repository / "examples").glob("*.csv")}
    assert names == set(dict(script["example_tables"]()))
