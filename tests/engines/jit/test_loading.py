"""Loading code into a process whose address space other libraries have filled."""

import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="fills the address space as Linux lays it out")
@pytest.mark.slow
@pytest.mark.parametrize("hole", [1, 2, 3])
def test_code_and_constants_far_from_everything_else(repository, hole):
    command = [sys.executable, "-m", "tests.engines.jit.gradients_in_full_memory", str(hole)]
    ran = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=600)
    assert ran.returncode == 0, ran.stderr
