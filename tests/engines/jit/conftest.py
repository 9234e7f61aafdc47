"""Compiled objects of these tests go to a folder of their own."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """A fresh cache for the session, so that every kernel is compiled by the code under test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path_factory.mktemp("jit") / "cache"))
        yield


@pytest.fixture
def runnable():
    """A function from an instruction set's name to its target; skips where this machine lacks it."""
    from chainrule.engines.jit.target import _NARROWER, _host_isa, target_named

    def target(isa):
        if isa not in _NARROWER[_host_isa()]:
            pytest.skip(f"this machine has no {isa}")
        return target_named(isa)

    return target
