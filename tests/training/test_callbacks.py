"""Callbacks: when they are called, what they see, and the ones that are shipped."""

import csv
import io
import json
import sys

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.interface import Data
from chainrule.engines.reference import ReferenceEngine
from chainrule.network import Adam, Network
from chainrule.training import History, Plan, train
from chainrule.training.callbacks import (
    Callback,
    Checkpoints,
    EarlyStop,
    MetricLogger,
    ProgressBar,
    TimeLimit,
    as_callback,
    series,
)
from chainrule.training.initialisers import initial_parameters

NET = Network.parse("2 -> 3 tanh -> 1 sigmoid", loss="bce")
RNG = np.random.default_rng(0)
DATA = Data(RNG.normal(size=(8, 2)), RNG.uniform(0.1, 0.9, (8, 1)))


def program():
    made = ReferenceEngine().compile(derive(NET, optimiser=Adam()), dtype=np.dtype(np.float64), batch_size=4)
    made.load(initial_parameters(NET, "glorot_uniform", np.random.default_rng(1)))
    return made


def run(*callbacks, epochs=3, **plan):
    return train(program(), DATA, Plan(epochs=epochs, batch_size=4, callbacks=callbacks, **plan))


class Listener(Callback):
    def __init__(self, heard, stop_at=None):
        self.heard, self.stop_at = heard, stop_at

    def on_fit_begin(self, training):
        self.heard.append(("begin", training.epoch))

    def on_epoch_end(self, training):
        self.heard.append(("epoch", training.epoch))
        return training.epoch == self.stop_at

    def on_fit_end(self, training):
        self.heard.append(("end", training.history.stopped))


def test_the_order_of_calls():
    heard = []
    run(Listener(heard), epochs=2)
    assert heard == [("begin", 0), ("epoch", 1), ("epoch", 2), ("end", "epochs")]


def test_a_callback_may_stop_and_the_others_still_hear_of_the_epoch():
    first, second = [], []
    history = run(Listener(first, stop_at=2), Listener(second), epochs=5)
    assert (history.stopped, history.epochs) == ("callback", 2)
    assert first == second == [("begin", 0), ("epoch", 1), ("epoch", 2), ("end", "callback")]


def test_on_fit_end_is_called_after_an_error_and_after_an_interrupt():
    for error, stopped in ((RuntimeError, ""), (KeyboardInterrupt, "interrupted")):
        heard = []

        def fail(history, error=error):  # noqa: ARG001
            raise error

        if error is RuntimeError:
            with pytest.raises(RuntimeError):
                run(Listener(heard), fail)
        else:
            run(Listener(heard), fail)
        assert heard[-1] == ("end", stopped)


def test_weights_are_copies():
    seen = []

    class Spoiler(Callback):
        def on_epoch_end(self, training):
            weights = training.weights()
            seen.append({name: value.copy() for name, value in weights.items()})
            for value in weights.values():
                value[...] = np.nan

    assert run(Spoiler(), epochs=3).stopped == "epochs"
    assert set(seen[0]) == set(NET.parameter_shapes)
    assert all(np.isfinite(value).all() for weights in seen for value in weights.values())
    assert not np.array_equal(seen[0]["W1"], seen[1]["W1"])


@pytest.mark.parametrize("value", [3, "loss", object()])
def test_what_is_no_callback(value):
    with pytest.raises(TypeError, match="a callback is a Callback or a function of the history"):
        as_callback(value)


def test_a_callback_of_another_family_is_told_what_it_lacks():
    class Foreign:
        def on_fit_begin(self, training): ...
        def on_epoch_end(self, training): ...
        def on_fit_end(self, training): ...

    with pytest.raises(TypeError, match="lacks the attribute comes_last"):
        as_callback(Foreign())


@pytest.mark.parametrize(
    ("values", "patience", "min_delta", "stops_at"),
    [([3, 2, 2, 2, 1], 2, 0.0, 4), ([3, 2, 1, 0.5, 0.4], 2, 0.0, None), ([3, 2.9, 2.8, 2.7, 2.6], 2, 0.5, 3)],
)
def test_early_stop(values, patience, min_delta, stops_at):
    scripted = iter(values)
    plan = {"epochs": len(values), "loss": lambda costs, epoch: float(next(scripted))}
    history = run(EarlyStop("loss", patience, min_delta), **plan)
    assert history.epochs == (stops_at or len(values))
    assert history.stopped == ("callback" if stops_at else "epochs")


def test_early_stop_on_a_score_that_should_rise():
    scores = iter([0.1, 0.5, 0.4, 0.45, 0.6])
    plan = {"epochs": 5, "validate": lambda program: next(scores), "monitor": "loss"}
    assert run(EarlyStop("val_score", patience=2), **plan).epochs == 4


def test_early_stop_needs_the_numbers():
    with pytest.raises(ValueError, match="monitor='val_loss' needs held-out data"):
        run(EarlyStop("val_loss"))
    with pytest.raises(ValueError, match="monitor must be one of loss, val_loss, val_score"):
        EarlyStop("accuracy")
    assert series(History(loss=[1.0]), "loss") == [1.0]


def test_time_limit():
    assert run(TimeLimit(1e-9), epochs=50).epochs == 1
    assert run(TimeLimit(1e9), epochs=3).epochs == 3
    with pytest.raises(ValueError, match="seconds must be a number above 0"):
        TimeLimit(0)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_metric_logger(tmp_path, suffix):
    path = tmp_path / f"metrics.{suffix}"
    scores = iter([0.5, 0.75, 1.0])
    plan = {"validation_loss": lambda program: np.nan, "score_training": lambda program: next(scores)}
    history = run(MetricLogger(path), epochs=3, **plan)
    text = path.read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text))) if suffix == "csv" else [json.loads(r) for r in text.splitlines()]
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["loss"]) for row in rows] == history.loss
    assert [float(row["train_score"]) for row in rows] == history.training == [0.5, 0.75, 1.0]
    assert [row["val_loss"] for row in rows] == (["nan"] * 3 if suffix == "csv" else [None] * 3)
    assert [row["val_score"] for row in rows] == ([""] * 3 if suffix == "csv" else [None] * 3)
    assert float(rows[-1]["seconds"]) >= float(rows[0]["seconds"]) >= 0


def test_metric_logger_refuses_other_kinds():
    with pytest.raises(ValueError, match=r"must end in \.csv or \.jsonl"):
        MetricLogger("metrics.xlsx")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_bar_in_a_pipe_is_plain_lines():
    out = io.StringIO()
    run(ProgressBar(every=0, file=out), epochs=2)
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("epoch 1/2: loss 0.")
    assert lines[-1].endswith("; the limit of 2 epochs was reached before convergence")


def test_progress_bar_in_a_notebook_is_not_coloured_like_an_error(monkeypatch, capsys):
    errors = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    monkeypatch.setattr(sys, "stderr", errors)
    run(ProgressBar(every=0), epochs=2)
    assert not errors.getvalue()
    assert capsys.readouterr().out.startswith("epoch 1/2: ")


def test_progress_bar_in_a_pipe_is_quiet_between():
    out = io.StringIO()
    run(ProgressBar(every=1e9, file=out), epochs=20)
    assert len(out.getvalue().splitlines()) == 1


def test_progress_bar_in_a_terminal():
    out = Terminal()
    run(ProgressBar(file=out), epochs=2)
    assert "training" in out.getvalue()
    assert "2/2" in out.getvalue()


def test_checkpoints_refuse_what_makes_no_sense():
    with pytest.raises(ValueError, match="every must be a number of epochs"):
        Checkpoints("x", every=0)


@pytest.mark.parametrize(("every", "epochs", "written_at"), [(1, 3, 3), (2, 5, 4), (10, 3, None)])
def test_checkpoints_are_written_every_so_many_epochs(tmp_path, every, epochs, written_at):
    from chainrule.training.checkpoint import read_checkpoint

    path = tmp_path / "training.checkpoint"
    run(Checkpoints(path, every), epochs=epochs)
    assert path.exists() == (written_at is not None)
    if written_at:
        assert read_checkpoint(path).history.epochs == written_at


def test_checkpoints_by_time(tmp_path):
    run(Checkpoints(tmp_path / "never", minutes=1e9), epochs=3)
    run(Checkpoints(tmp_path / "always", minutes=0), epochs=3)
    assert [path.name for path in tmp_path.iterdir()] == ["always"]
