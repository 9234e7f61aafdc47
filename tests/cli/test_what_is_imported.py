"""Commands start fast: what takes long to import waits until it is needed."""

import subprocess
import sys

import pytest

SHOWS = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def packages_after(statement):
    result = subprocess.run([sys.executable, "-c", f"{statement}\n{SHOWS}"], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import chainrule.cli.app", {"sklearn", "scipy", "polars", "sympy", "llvmlite", "numpy"}),
        ("from chainrule import load_model", {"sklearn", "scipy", "sympy", "llvmlite"}),
        ("import chainrule.engines.jit, chainrule.engines.reference", {"sklearn", "scipy", "sympy"}),
    ],
)
def test_nothing_that_takes_long_is_imported_early(statement, absent):
    assert not packages_after(statement) & absent
