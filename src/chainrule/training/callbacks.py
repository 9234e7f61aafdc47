"""What may listen to a training: a small protocol, and the callbacks that are shipped.

A callback sees the training's history and copies of its weights; it may ask to stop.
"""

from __future__ import annotations

import csv
import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from chainrule.training.checkpoint import write_checkpoint
from chainrule.training.history import History

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from chainrule.training.loop import Training


class Callback:
    """Listens to a training; override what is of interest.

    Attributes
    ----------
    comes_last : bool
        Called after the others, when it is settled whether the training stops.

    Examples
    --------
    >>> class Quiet(Callback):
    ...     def on_epoch_end(self, training):
    ...         return training.history.loss[-1] < 0.1  # a true value stops
    """

    comes_last = False

    def on_fit_begin(self, training: Training) -> None:
        """Before the first epoch; also where a training is resumed."""

    def on_epoch_end(self, training: Training) -> bool | None:  # noqa: ARG002
        """After every epoch; a true value asks to stop."""
        return None

    def on_fit_end(self, training: Training) -> None:
        """After the last epoch, with the parameters that are kept; also after an error."""


class _OfHistory(Callback):
    """A function of the history, called after every epoch."""

    def __init__(self, function: Callable[[History], bool | None]) -> None:
        self._function = function

    def on_epoch_end(self, training: Training) -> bool | None:
        return self._function(training.history)


def as_callback(value: Callback | Callable[[History], bool | None]) -> Callback:
    """A callback as it is; a function of the history as a callback.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if all(callable(getattr(value, name, None)) for name in ("on_fit_begin", "on_epoch_end", "on_fit_end")):
        if not hasattr(value, "comes_last"):
            raise TypeError(f"callback {value!r} lacks the attribute comes_last; inherit from Callback")
        return value  # type: ignore[return-value]
    if not callable(value):
        raise TypeError(f"a callback is a Callback or a function of the history, got {value!r}")
    return _OfHistory(value)


class EarlyStop(Callback):
    """Stops when a number has not been better than before for some epochs.

    Parameters
    ----------
    monitor : {"loss", "val_loss", "val_score"}
        Losses should fall, the score should rise.
    patience : int
        Stops after this many epochs in a row without a new best.
    min_delta : float
        How much better a new best must be.
    """

    def __init__(self, monitor: str = "loss", patience: int = 10, min_delta: float = 0.0) -> None:
        if monitor not in SERIES:
            raise ValueError(f"EarlyStop: monitor must be one of {', '.join(SERIES)}, got {monitor!r}")
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta

    def on_epoch_end(self, training: Training) -> bool:
        """Stop when the best epoch is too long ago."""
        values = series(training.history, self.monitor)
        sign = -1 if self.monitor == "val_score" else 1
        best, since = math.inf, 0
        for value in values[len(values) - training.epoch :]:
            better = sign * value < best - self.min_delta
            best, since = (sign * value, 0) if better else (best, since + 1)
        return since >= self.patience


class TimeLimit(Callback):
    """Stops after the first epoch that ends later than this.

    Parameters
    ----------
    seconds : float
        Of wall time since `fit` began, or was resumed.
    """

    def __init__(self, seconds: float) -> None:
        if not seconds > 0:
            raise ValueError(f"TimeLimit: seconds must be a number above 0, got {seconds!r}")
        self.seconds = seconds
        self._begun = math.inf

    def on_fit_begin(self, training: Training) -> None:  # noqa: ARG002
        """Start the clock."""
        self._begun = time.monotonic()

    def on_epoch_end(self, training: Training) -> bool:  # noqa: ARG002
        """Whether the time is over."""
        return time.monotonic() - self._begun >= self.seconds


class MetricLogger(Callback):
    """Writes a line per epoch: epoch, loss, train_score, val_loss, val_score, rate, seconds.

    Parameters
    ----------
    path : path
        Ends in ``.csv`` or ``.jsonl``; an existing file is written anew.  Where a training is resumed, its earlier
        epochs are written first, without their seconds.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if Path(path).suffix not in {".csv", ".jsonl"}:
            raise ValueError(f"MetricLogger: path must end in .csv or .jsonl, got {os.fspath(path)!r}")
        self.path = Path(path)
        self._file: IO[str] | None = None
        self._begun = 0.0

    def on_fit_begin(self, training: Training) -> None:
        """Open the file, and write what is known already."""
        self._begun = time.monotonic()
        self._file = self.path.open("w", encoding="utf-8", newline="")
        if self.path.suffix == ".csv":
            csv.writer(self._file).writerow(COLUMNS)
        first = training.history.epochs - training.epoch
        for index in range(first, training.history.epochs):
            self._write(training.history, index, None)

    def on_epoch_end(self, training: Training) -> None:
        """Write the epoch's line."""
        self._write(training.history, training.history.epochs - 1, round(time.monotonic() - self._begun, 6))

    def on_fit_end(self, training: Training) -> None:  # noqa: ARG002
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, history: History, index: int, seconds: float | None) -> None:
        if self._file is None:
            return
        row = epoch_row(history, index) | {"seconds": seconds}
        if self.path.suffix == ".csv":
            csv.writer(self._file).writerow("" if row[name] is None else row[name] for name in COLUMNS)
        else:
            json.dump({name: _json_number(row[name]) for name in COLUMNS}, self._file)
            self._file.write("\n")
        self._file.flush()


class Checkpoints(Callback):
    """Writes the whole state of the training to a file; ``fit(…, resume=path)`` goes on from it, to the bit.

    The file is replaced only when the new one is complete, so that it is whole whenever the process ends.

    Parameters
    ----------
    path : path
        safetensors, with JSON in its metadata.
    every : int
        So many epochs lie between two writes.
    minutes : float, optional
        Write when this much time has passed instead.
    """

    comes_last = True

    def __init__(self, path: str | os.PathLike[str], every: int = 1, minutes: float | None = None) -> None:
        if every < 1:
            raise ValueError(f"Checkpoints: every must be a number of epochs of at least 1, got {every!r}")
        self.path, self.every, self.minutes = Path(path), every, minutes
        self._written = 0.0

    def on_fit_begin(self, training: Training) -> None:  # noqa: ARG002
        """Start the clock."""
        self._written = time.monotonic()

    def on_epoch_end(self, training: Training) -> None:
        """Write, if it is time."""
        if self.minutes is None:
            due = training.epoch % self.every == 0
        else:
            due = time.monotonic() - self._written >= 60 * self.minutes
        if due or training.history.stopped:
            write_checkpoint(self.path, training.checkpoint())
            self._written = time.monotonic()


class ProgressBar(Callback):
    """A bar in a terminal; in a pipe, a log file or a notebook, one plain line now and then.

    Parameters
    ----------
    every : float
        Seconds between two plain lines.
    file : text file, optional
        By default standard error; in a notebook, which would colour that like an error, standard output.
    """

    def __init__(self, every: float = 5.0, file: IO[str] | None = None) -> None:
        self.every, self._file = every, file
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._last = 0.0

    def on_fit_begin(self, training: Training) -> None:
        """Show the bar, if this is a terminal."""
        self._last = time.monotonic()
        if not self._out.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        numbers = TextColumn("{task.fields[numbers]}")
        columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), numbers)
        self._bar = Progress(*columns, console=Console(file=self._out))
        self._task = self._bar.add_task("", total=training.plan.epochs, completed=training.epoch, numbers="")
        self._bar.start()

    def on_epoch_end(self, training: Training) -> None:
        """Move the bar, or write a line."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=training.epoch, numbers=_in_words(training.history))
        elif time.monotonic() - self._last >= self.every:
            self._last = time.monotonic()
            self._line(training)

    def on_fit_end(self, training: Training) -> None:
        """Take the bar away, and say how it ended."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if training.history.epochs:
            self._line(training)

    @property
    def _out(self) -> IO[str]:
        in_notebook = type(sys.stderr).__module__.partition(".")[0] == "ipykernel"
        return self._file or (sys.stdout if in_notebook else sys.stderr)

    def _line(self, training: Training) -> None:
        why = f"; {training.history.message}" if training.history.message else ""
        self._out.write(f"epoch {training.epoch}/{training.plan.epochs}: {_in_words(training.history)}{why}\n")
        self._out.flush()


COLUMNS = ("epoch", "loss", "train_score", "val_loss", "val_score", "rate", "seconds")
SERIES = {"loss": "loss", "val_loss": "validation_loss", "val_score": "validation"}


def series(history: History, monitor: str) -> list[float]:
    """The numbers of all epochs by the name that `monitor` has for them.

    Raises
    ------
    ValueError
        If there are none: the training has no held-out data.
    """
    values: list[float] = getattr(history, SERIES[monitor])
    if len(values) < history.epochs:
        raise ValueError(f"monitor={monitor!r} needs held-out data: early_stopping=True, or X_val and y_val in fit")
    return values


def epoch_row(history: History, index: int) -> dict[str, Any]:
    """One epoch's numbers; None where there are none."""
    row: dict[str, Any] = {"epoch": index + 1, "rate": history.rate[index]}
    for name, attribute in (SERIES | {"train_score": "training"}).items():
        values = getattr(history, attribute)
        row[name] = values[index] if index < len(values) else None
    return row


def _json_number(value: Any) -> Any:
    """JSON knows neither NaN nor infinity."""
    return value if value is None or math.isfinite(value) else None


def _in_words(history: History) -> str:
    row = epoch_row(history, history.epochs - 1)
    return ", ".join(f"{name} {row[name]:.5g}" for name in SERIES if row[name] is not None)
