"""The examples of the guides do what they show."""

import doctest

import pytest

GUIDES = ("training.md", "machine-code.md")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("guide", GUIDES)
def test_the_examples_of_a_guide(guide, repository, monkeypatch):
    monkeypatch.chdir(repository)
    failed, tried = doctest.testfile(str(repository / "docs" / guide), module_relative=False)
    assert tried
    assert not failed
