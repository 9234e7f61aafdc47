"""The model file: whole or refused, whatever was done to it; and nothing in it is executed."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.export.model_file import load_model, save_model
from chainrule.export.safetensors_bytes import LENGTH_BYTES, pack

ROWS = 60
FRAME = pl.DataFrame(
    {
        "size": [0.5 * k for k in range(ROWS)],
        "colour": ["red", "green", "blue"] * (ROWS // 3),
        "kind": ["a" if k < ROWS / 2 else "b" for k in range(ROWS)],
        "price": [3.0 * k + 1 for k in range(ROWS)],
    }
)
Texts = dict[str, str]
Arrays = dict[str, Any]


@pytest.fixture(scope="module")
def model() -> cr.Model:
    return cr.train_table(FRAME, "kind", hidden=(5,), epochs=3, drop=["price"])


@pytest.fixture(scope="module")
def whole(model: cr.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "kind.chainrule"
    model.save(path)
    return path


def contents(path: Path) -> tuple[Texts, Arrays]:
    """Metadata without the checksum, and arrays."""
    data = path.read_bytes()
    length = int.from_bytes(data[:LENGTH_BYTES], "little")
    texts = json.loads(data[LENGTH_BYTES : LENGTH_BYTES + length])["__metadata__"]
    del texts["sha256"]
    return texts, safetensors.numpy.load(data)


@pytest.mark.parametrize("target", ["kind", "colour", "price"])
def test_what_is_loaded_is_what_was_saved(target: str, tmp_path: Path) -> None:
    saved = cr.train_table(FRAME, target, epochs=2)
    saved.save(tmp_path / "m")
    loaded = cr.load_model(tmp_path / "m")
    assert (loaded.network, loaded.plan, loaded.training) == (saved.network, saved.plan, saved.training)
    assert loaded.dtype == saved.dtype == np.float32
    for name, value in saved.parameters.items():
        np.testing.assert_array_equal(loaded.parameters[name], value)
        assert loaded.parameters[name].dtype == value.dtype
    np.testing.assert_array_equal(loaded.predict(FRAME), saved.predict(FRAME))


def test_float64_stays_float64(model: cr.Model, tmp_path: Path) -> None:
    parameters = {name: value.astype(np.float64) / 3 for name, value in model.parameters.items()}
    save_model(cr.Model(model.network, parameters, model.plan, model.training), tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    assert loaded.dtype == np.float64
    np.testing.assert_array_equal(loaded.parameters["W1"], parameters["W1"])


def test_the_same_model_is_the_same_bytes(model: cr.Model, whole: Path, tmp_path: Path) -> None:
    for number in range(3):
        model.save(tmp_path / str(number))
        assert (tmp_path / str(number)).read_bytes() == whole.read_bytes()


def test_other_programs_read_the_weights(model: cr.Model, whole: Path) -> None:
    arrays = safetensors.numpy.load_file(whole)
    assert set(arrays) == set(model.parameters)
    np.testing.assert_array_equal(arrays["W2"], model.parameters["W2"])


def test_a_truncated_file_is_refused_at_every_length(whole: Path, tmp_path: Path) -> None:
    data, path = whole.read_bytes(), tmp_path / "cut"
    for length in [*range(24), *range(24, len(data), 37), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(cr.ModelFileError) as caught:
            load_model(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)


@given(place=st.integers(min_value=0), byte=st.integers(1, 255))
def test_a_changed_byte_is_refused_or_means_the_same(
    whole: Path, model: cr.Model, tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    data = bytearray(whole.read_bytes())
    data[place % len(data)] ^= byte
    path = tmp_path_factory.getbasetemp() / "changed"
    path.write_bytes(data)
    try:
        loaded = load_model(path)
    except cr.ModelFileError:
        return
    assert (loaded.network, loaded.plan, loaded.training) == (model.network, model.plan, model.training)
    assert all((loaded.parameters[name] == value).all() for name, value in model.parameters.items())


@given(junk=st.binary(max_size=300), at=st.integers(0, 3000), cut=st.integers(0, 3000))
def test_spliced_bytes_are_refused(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int, cut: int
) -> None:
    data = whole.read_bytes()
    spliced = data[:at] + junk + data[at + cut :]
    path = tmp_path_factory.getbasetemp() / "spliced"
    path.write_bytes(spliced)
    if spliced == data:
        assert load_model(path)
        return
    with pytest.raises(cr.ModelFileError):
        load_model(path)


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "arbitrary"
    path.write_bytes(data)
    with pytest.raises(cr.ModelFileError, match=r"empty|not a model file"):
        load_model(path)


def changed_json(name: str, change: Callable[[Any], object]) -> Callable[[Texts, Arrays], None]:
    def apply(texts: Texts, _: Arrays) -> None:
        value = json.loads(texts[name])
        change(value)
        texts[name] = json.dumps(value)

    return apply


# What a tamperer who also renews the checksum may try → what the message says
TAMPERED: list[tuple[Callable[[Texts, Arrays], object], str]] = [
    (lambda t, a: t.update(schema="2", chainrule="9.1"), r"newer chainrule \(9.1, schema 2\).*install a newer"),
    (lambda t, a: t.update(schema="0"), "schema '0', which none has"),
    (lambda t, a: t.update(schema="²"), "which none has"),
    (lambda t, a: t.update(schema="9" * 5000), "newer chainrule"),
    (lambda t, a: t.update(format="another"), "not a model file of chainrule"),
    (lambda t, a: t.pop("plan"), "whose entries are not"),
    (lambda t, a: t.update(extra="1"), "whose entries are not"),
    (lambda t, a: t.update(network="{"), "network: "),
    (lambda t, a: t.update(network="[" * 100_000), "network: "),
    (lambda t, a: t.update(plan="[" * 100_000), "plan: "),
    (lambda t, a: t.update(training="null"), "training: .* should have entries"),
    (changed_json("network", lambda n: n.update(schema=7)), "network: .*schema is 7"),
    (changed_json("network", lambda n: n["layers"][0].update(width=6)), r"W1 should have shape \(4, 6\)"),
    (changed_json("network", lambda n: n["layers"][0].update(width=10**15)), "network: width must be"),
    (changed_json("network", lambda n: n["layers"][0].update(activation="__import__('os')")), "network: "),
    (changed_json("network", lambda n: n["layers"].pop()), "network: "),
    (changed_json("network", lambda n: n.update(n_inputs=5)), "plan prepares 4 inputs"),
    (changed_json("plan", lambda p: p["columns"].pop(0)), "plan prepares 3 inputs"),
    (changed_json("plan", lambda p: p.update(target=None)), "plan has no target"),
    (
        changed_json(
            "plan",
            lambda p: p["columns"].append({"kind": "hashed", "name": "h", "buckets": 10**15, "flag_missing": False}),
        ),
        "plan",
    ),
    (changed_json("plan", lambda p: p["target"]["classes"].append("c")), "1 outputs, but the target is 3 classes"),
    (changed_json("training", lambda t: t["scores"].update(network={"auc": "1"})), "scores: network: auc"),
    (changed_json("training", lambda t: t["history"].update(loss=3)), "history: loss"),
    (changed_json("training", lambda t: t["history"].update(stopped="x")), "history: stopped"),
    (changed_json("training", lambda t: t.update(notes=[1])), "notes"),
    (lambda t, a: a.update(W1=a["W1"].T.copy()), r"W1 should have shape \(4, 5\), found \(5, 4\)"),
    (lambda t, a: a["b1"].fill(np.nan), "b1 holds a value that is not finite"),
    (lambda t, a: a["b2"].fill(np.inf), "b2 holds a value that is not finite"),
    (lambda t, a: a.update(W3=a["W1"]), "parameters should be W1, b1, W2, b2; found"),
    (lambda t, a: a.pop("b1"), "parameters should be"),
    (lambda t, a: a.update(b1=a["b1"].astype(np.float64)), "all float32 or all float64"),
    (lambda t, a: a.update(b1=a["b1"].astype(np.int32)), "b1 is of type I32"),
    (lambda t, a: a.clear(), "parameters should be"),
]


@pytest.mark.parametrize(("change", "message"), TAMPERED)
def test_a_tampered_file_is_refused(
    whole: Path, tmp_path: Path, change: Callable[[Texts, Arrays], object], message: str
) -> None:
    texts, arrays = contents(whole)
    arrays = {name: array.copy() for name, array in arrays.items()}
    change(texts, arrays)
    (tmp_path / "m").write_bytes(pack(texts, arrays))
    with pytest.raises(cr.ModelFileError, match=message) as caught:
        load_model(tmp_path / "m")
    assert len(str(caught.value)) < 600


def test_the_same_contents_packed_anew_are_accepted(whole: Path, tmp_path: Path) -> None:
    """The cases above fail by what they change, not by how they are packed."""
    (tmp_path / "m").write_bytes(pack(*contents(whole)))
    assert load_model(tmp_path / "m").target == "kind"


def test_a_file_without_its_checksum_is_refused(whole: Path, tmp_path: Path) -> None:
    texts, arrays = contents(whole)
    (tmp_path / "m").write_bytes(safetensors.numpy.save(arrays, {**texts, "sha256": "0" * 64}))
    with pytest.raises(cr.ModelFileError, match="checksum differs"):
        load_model(tmp_path / "m")


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    safetensors.numpy.save_file({"weight": np.ones(3, np.float32)}, tmp_path / "plain")
    safetensors.numpy.save_file({"weight": np.ones(3, np.float32)}, tmp_path / "other", {"format": "pt"})
    (tmp_path / "table.csv").write_text("a,b\n1,2\n" * 100, encoding="utf-8")
    for name in ("plain", "other", "table.csv"):
        with pytest.raises(cr.ModelFileError, match="not a model file of chainrule"):
            load_model(tmp_path / name)


def test_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path / "missing", "No such file"),
        (tmp_path, "not a file"),
        (tmp_path / "pipe", "not a file"),
        ("nul\0", "no path may have"),
    ]:
        with pytest.raises(cr.ModelFileError, match=message):
            load_model(path)


@pytest.mark.parametrize("path", ["missing/m.chainrule", "."])
def test_what_cannot_be_written_leaves_nothing(model: cr.Model, tmp_path: Path, path: str) -> None:
    with pytest.raises(cr.ModelFileError):
        model.save(tmp_path / path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_in_one_line(model: cr.Model) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    with pytest.raises(cr.ModelFileError, match="No space left") as caught:
        model.save(full)
    assert "\n" not in str(caught.value)


def test_an_interrupted_write_keeps_the_old_file(
    model: cr.Model, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m"
    path.write_bytes(whole.read_bytes())

    def fails(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(cr.ModelFileError, match="No space left"):
        model.save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m"]
    assert path.read_bytes() == whole.read_bytes()
