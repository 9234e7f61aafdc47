"""Compiled objects on disk: what is damaged or not ours is compiled anew, and the folder stays small."""

import multiprocessing
import os

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit import compilation
from chainrule.engines.jit.cache import ObjectCache, cache_folder
from chainrule.engines.jit.program import JitProgram
from chainrule.network import Adam, Network

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(compilation, "_libraries", type(compilation._libraries)())
    return tmp_path / "cache"


def program():
    """One that has trained, because code is compiled when it first runs."""
    derivation = derive(Network.parse("3 -> 5 relu -> 2 softmax", loss="cross-entropy"), optimiser=Adam())
    made = JitProgram(derivation, np.dtype("float32"), 8)
    made.train(Data(np.zeros((8, 3)), np.zeros(8, np.int64)), Epoch(np.arange(8), 8, np.ones(1)))
    return made


def forget():
    compilation._libraries.clear()


def test_the_second_compilation_comes_from_the_disk(folder, monkeypatch):
    program()
    forget()
    monkeypatch.setattr(compilation, "compile_object", lambda *_: pytest.fail("compiled again"))
    program()
    assert len(list(folder.glob("*.object"))) == 1


def test_a_damaged_entry_is_compiled_anew(folder):
    program()
    [entry] = folder.glob("*.object")
    whole = entry.read_bytes()
    for damaged in (b"", whole[:100], whole[:-1] + bytes([whole[-1] ^ 1])):
        entry.write_bytes(damaged)
        forget()
        program()
        assert entry.read_bytes() == whole


def test_an_entry_under_another_name_is_not_used(tmp_path):
    cache = ObjectCache(tmp_path / "cache")
    cache.store("one", b"code")
    [entry] = (tmp_path / "cache").glob("*.object")
    entry.rename(cache._path("two"))
    assert cache.load("two") is None
    assert cache.load("one") is None


@posix
def test_the_folder_belongs_to_the_user_alone(folder):
    program()
    assert folder.stat().st_mode & 0o777 == 0o700


@posix
def test_a_folder_that_others_can_write_is_not_used(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    cache = ObjectCache(tmp_path / "cache")
    cache.store("key", b"code")
    assert cache.load("key") is None
    assert not list((tmp_path / "cache").iterdir())


@posix
def test_a_link_to_a_folder_is_not_used(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    cache = ObjectCache(tmp_path / "link")
    cache.store("key", b"code")
    assert cache.load("key") is None


def test_without_a_folder_programs_are_compiled(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "file"))
    forget()
    program()


def test_the_oldest_entries_go_first(tmp_path):
    cache = ObjectCache(tmp_path / "cache", largest=1000)
    for number in range(8):
        cache.store(f"key {number}", bytes(300))
        os.utime(cache._path(f"key {number}"), (number, number))
    assert cache.load("key 0") is None
    assert cache.load("key 7") == bytes(300)
    assert sum(entry.stat().st_size for entry in (tmp_path / "cache").iterdir()) <= 1000


def _write_often(folder, number):
    cache = ObjectCache(folder)
    for _ in range(50):
        cache.store("shared", bytes([number]) * 10_000)


def test_writers_at_once_leave_a_whole_entry(tmp_path):
    folder = tmp_path / "cache"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_often, args=(folder, number)) for number in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    code = ObjectCache(folder).load("shared")
    assert code in {bytes([number]) * 10_000 for number in (1, 2)}
    assert not list(folder.glob("*.part"))


def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path))
    assert cache_folder() == tmp_path


@pytest.mark.usefixtures("folder")
def test_a_network_declared_again_is_not_scheduled_again(monkeypatch):
    first = program()
    monkeypatch.setattr(compilation, "schedule_of", None)
    assert program().source == first.source
