"""Checkpoints: what they hold, that a training goes on from them to the bit, and damaged files."""

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.interface import Data
from chainrule.engines.reference import ReferenceEngine
from chainrule.network import SGD, Adam, Network
from chainrule.training import Plan, train
from chainrule.training.callbacks import Callback
from chainrule.training.checkpoint import random_state_of, read_checkpoint, set_random_state, write_checkpoint
from chainrule.training.initialisers import initial_parameters
from chainrule.training.schedules import Adaptive, Constant, Cosine

NET = Network.parse("3 dropout(0.1) -> 6 relu dropout(0.4) -> 2 softmax", loss="cross-entropy")
DRAW = np.random.default_rng(0)
DATA = Data(DRAW.normal(size=(20, 3)), DRAW.integers(0, 2, 20))


class Collect(Callback):
    """Keeps every epoch's checkpoint as a file."""

    comes_last = True

    def __init__(self, folder):
        self.folder = folder

    def on_epoch_end(self, training):
        write_checkpoint(self.folder / f"{training.epoch}", training.checkpoint())


def trained(optimiser, schedule, folder=None, resume=None, *, validate=False, patience=3, generator="legacy"):
    program = ReferenceEngine().compile(derive(NET, optimiser=optimiser), dtype=np.dtype(np.float64), batch_size=7)
    program.load(initial_parameters(NET, "he_normal", np.random.default_rng(1)))
    rng = np.random.RandomState(5) if generator == "legacy" else np.random.default_rng(5)
    plan = Plan(
        epochs=12,
        batch_size=7,
        schedule=schedule,
        reorder=rng.permutation,
        rng=rng,
        tol=0.02,
        patience=patience,
        seed=3,
        validate=(lambda program: -program.gradients(DATA)[0]) if validate else None,
        callbacks=[Collect(folder)] if folder else [],
    )
    history = train(program, DATA, plan, resume=None if resume is None else read_checkpoint(resume))
    return history, program.state()


@pytest.mark.parametrize("generator", ["modern", pytest.param("legacy", marks=pytest.mark.slow)])
@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize(
    ("optimiser", "schedule"),
    [
        (Adam(average=0.9), Cosine(0.05)),
        (SGD(momentum=0.9, nesterov=True, clip_norm=0.3), Adaptive(0.01)),
        (SGD(), Constant(0.0)),
    ],
    ids=["adam-cosine", "sgd-adaptive", "stalls"],
)
def test_a_resumed_training_is_the_same_to_the_bit(tmp_path, optimiser, schedule, validate, generator):
    history, state = trained(optimiser, schedule, tmp_path, validate=validate, generator=generator)
    assert len(list(tmp_path.iterdir())) == history.epochs
    for epoch in range(1, history.epochs + 1):
        again, same = trained(optimiser, schedule, resume=tmp_path / f"{epoch}", validate=validate, generator=generator)
        assert again == history
        assert all(same[name].tobytes() == state[name].tobytes() for name in state)


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_a_generator_goes_on_from_its_state(make):
    import json

    rng = make(3)
    rng.normal(size=5)  # leaves a second normal number in store
    kept = json.loads(json.dumps(random_state_of(rng)))
    expected = [rng.normal(), rng.permutation(9).tolist()]
    other = make(8)
    set_random_state(other, kept)
    assert [other.normal(), other.permutation(9).tolist()] == expected


def test_infinities_and_nan_survive(tmp_path):
    _, _ = trained(Adam(), Constant(0.01), tmp_path)
    checkpoint = read_checkpoint(tmp_path / "1")
    checkpoint.history.loss.extend([np.inf, np.nan])
    write_checkpoint(tmp_path / "odd", checkpoint)
    loss = read_checkpoint(tmp_path / "odd").history.loss
    assert loss[-2] == np.inf
    assert np.isnan(loss[-1])


def test_damaged_files_are_refused(tmp_path):
    trained(Adam(), Constant(0.01), tmp_path)
    whole = (tmp_path / "1").read_bytes()
    for name, content in {
        "empty": b"",
        "cut short": whole[: len(whole) // 2],
        "header cut": whole[:20],
        "foreign": b"PK\x03\x04" + b"\0" * 100,
        "no metadata": _without_metadata(),
        "other schema": whole.replace(b'{\\"schema\\": 1', b'{\\"schema\\": 9'),
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is not a checkpoint of a training, or damaged"):
            read_checkpoint(path)
    with pytest.raises(FileNotFoundError):
        read_checkpoint(tmp_path / "missing")


def _without_metadata():
    from safetensors.numpy import save

    return save({"order": np.arange(3)})


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    from chainrule.training import checkpoint as module

    trained(Adam(), Constant(0.01), tmp_path)
    before, files = (tmp_path / "1").read_bytes(), set(tmp_path.iterdir())

    def no_space(descriptor):  # noqa: ARG001
        raise OSError("no space left on device")

    monkeypatch.setattr(module.os, "fsync", no_space)
    with pytest.raises(OSError, match="no space"):
        write_checkpoint(tmp_path / "1", read_checkpoint(tmp_path / "2"))
    assert (tmp_path / "1").read_bytes() == before
    assert set(tmp_path.iterdir()) == files
