"""What every test may use: where the repository is, the shared material beside it, snapshots."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# JAX judges gradients in float64 and on the CPU. Set before anything imports it.
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"

# Time is never asserted, and a run today finds what a run tomorrow finds.
settings.register_profile(
    "chainrule", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("chainrule")

# Nothing that is imported or collected is garbage, but looking for some there took a twentieth of the tests' time.
gc.disable()

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="write tests/snapshots anew; review the diff")


@pytest.fixture(scope="session", autouse=True)
def cache_of_compiled_programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled programs are kept for this run of the tests, away from the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path_factory.mktemp("compiled") / "cache"))
        yield


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of derivations and data sets beside the repository; tests that need it skip without it."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder shared/ does not stand beside the repository")
    return folder


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/snapshots/NAME, or write it there under --update-snapshots."""

    def compare(name: str, text: str) -> None:
        path = REPOSITORY / "tests" / "snapshots" / name
        if request.config.getoption("--update-snapshots"):
            path.write_text(text, encoding="utf-8")
        remedy = f"{name} is out of date: pytest {request.node.nodeid.split('::')[0]} --update-snapshots"
        assert path.exists(), remedy
        assert text == path.read_text(encoding="utf-8"), remedy

    return compare


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the garbage collector looks only through what tests make."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names with an address in them: tests that run side by side must have the same names in every process."""
    named = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if named:
        raise pytest.UsageError(f"give these parameters ids that are the same in every run: {', '.join(named[:5])}")
