"""Progress of a training: a bar on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chainrule.training import History


def state_in_words(history: History) -> str:
    """Where a training stands: 'loss 0.0412  validation 0.0713'."""
    words = f"loss {history.loss[-1]:.4g}"
    return f"{words}  validation {-history.validation[-1]:.4g}" if history.validation else words


class TrainingProgress:
    """Shows every epoch; a context manager whose `epoch` is a callback of the training loop."""

    def __init__(self, console: Console, epochs: int, n_folds: int = 0) -> None:
        self._console, self._epochs, self._next = console, epochs, 1
        self._n_folds, self._training = n_folds, 0
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.fields[which]}epoch {task.completed:.0f} of {task.total:.0f} at most"),
                BarColumn(bar_width=None),
                TextColumn("{task.fields[state]}"),
                TimeElapsedColumn(),
                console=console,
                transient=True,
                expand=True,
            )
            self._task = self._bar.add_task("", total=epochs, state="", which="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def epoch(self, history: History) -> None:
        """Show where the training stands."""
        done = history.epochs
        if done == 1:
            self._training, self._next = self._training + 1, 1
        fold = f"fold {self._training} of {self._n_folds}" if self._training <= self._n_folds else "all rows"
        which = f"{fold}, " if self._n_folds else ""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, state=state_in_words(history), which=which)
        elif done >= self._next:  # epochs 1, 2, 5, 10, 20, 50, …
            self._next = next(m * 10**k for k in range(10) for m in (1, 2, 5) if m * 10**k > done)
            self._console.print(
                f"{which}epoch {done} of {self._epochs} at most  {state_in_words(history)}", soft_wrap=True
            )
