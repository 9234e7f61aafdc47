"""CONTRIBUTING.md speaks of the house as it stands."""

import re
from pathlib import Path

import pytest

from tests.test_architecture import ROOMS


@pytest.fixture(scope="module")
def contributing(repository: Path) -> str:
    return (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_paths_it_names_exist(repository: Path, contributing: str) -> None:
    named = re.findall(r"`((?:src|tests|scripts|examples|benchmarks|docs)/[^`\s]*)`", contributing)
    assert named
    assert [path for path in named if not (repository / path).exists()] == []


def test_every_room_is_listed_in_order(repository: Path, contributing: str) -> None:
    listed = re.findall(r"^\| `(\w+)/` \|", contributing, flags=re.MULTILINE)
    package = repository / "src" / "chainrule"
    missing = {room for room in ROOMS if any((package / room).rglob("*.py"))} - set(listed)
    assert not missing
    assert listed == [room for room in ROOMS if room in listed]
