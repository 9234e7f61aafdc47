"""The estimators are judged on the reference engine; that the jit gives the same is judged in test_engines.py."""

import pytest


@pytest.fixture(autouse=True)
def reference_engine(monkeypatch):
    """What engine="auto" means in these tests."""
    monkeypatch.setenv("CHAINRULE_ENGINE", "reference")
