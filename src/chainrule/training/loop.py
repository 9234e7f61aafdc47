"""The loop over epochs: it decides batches, rates and when to stop; the engine's program does the steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chainrule.engines.interface import Costs, Data, Epoch, Program, RowNumbers, State, row_numbers
from chainrule.training.callbacks import Callback, as_callback
from chainrule.training.checkpoint import Checkpoint, random_state_of, set_random_state
from chainrule.training.history import History, StopReason
from chainrule.training.schedules import Constant, Progress, Schedule
from chainrule.training.stopping import Improvement

Order = Callable[[RowNumbers], RowNumbers]
Monitor = Literal["loss", "val_loss", "val_score"]
MONITORED = {"loss": "training loss", "val_loss": "validation loss", "val_score": "validation score"}
DIVERGED = (
    "training diverged in epoch {epoch}, step {step}: the cost, a parameter or the optimiser's memory is no longer "
    "finite; the last finite parameters are kept. Lower the learning rate, scale the inputs (and a regression target) "
    "to unit variance, or clip gradients"
)


def in_order(rows: RowNumbers) -> RowNumbers:
    """The rows as they are."""
    return rows


def shuffled_by(rng: np.random.RandomState | np.random.Generator) -> Order:
    """Shuffles the rows where they lie: the same order as ``rows[rng.permutation(len(rows))]``, without two copies."""

    def reorder(rows: RowNumbers) -> RowNumbers:
        rng.shuffle(rows)
        return rows

    return reorder


def mean_cost(costs: Costs, epoch: Epoch, *, divided: bool = True) -> float:
    """The batches' costs J, averaged over samples; a batch that was skipped (s = 0) does not count.

    J is (L + R)/s, or L/s + R for a network whose penalty is not `divided`.
    """
    L, R, s, sizes, samples = costs.data, costs.penalty, costs.divisor, epoch.sizes, max(len(epoch.order), 1)
    if not s.all():
        done = s != 0
        L, R, s, sizes = L[done], R[done], s[done], sizes[done]
        samples = max(int(sizes.sum()), 1)
    J = (L + R) / s if divided else L / s + R
    return float(J @ sizes) / samples


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to train.

    Parameters
    ----------
    epochs : int
        At most so many.
    batch_size : int
    schedule : Schedule
    planned_epochs : int, optional
        The number of epochs that the schedule counts on, where it is not `epochs`.
    reorder : callable
        From the order of rows in one epoch to that in the next, which may be the same array; shuffling is cumulative,
        as in scikit-learn.
    rng : numpy.random.RandomState or Generator, optional
        What `reorder` draws from, so that a checkpoint can hold its state.
    tol : float
        What counts as an improvement.
    patience : float
        Training stops when more than this many epochs in a row did not improve.
    loss : callable
        The reported loss of an epoch, from its costs and what was decided about it; for a penalty that is not divided
        by s, ``partial(mean_cost, divided=False)``.
    validate : callable, optional
        The score of the current parameters on held-out data, higher is better.
    validation_loss : callable, optional
        The loss of the current parameters on held-out data.
    score_training : callable, optional
        The score of the current parameters on the training data, to be recorded.
    monitor : {"loss", "val_loss", "val_score"}, optional
        What must improve; by default the score if there is `validate`, else the loss.  If it is of held-out data, the
        best epoch's parameters are kept.
    seed : int
        Of the dropout masks.
    callbacks : sequence of Callback or callable
        A callable is called after every epoch with the history; a true value stops.
    identity : mapping
        JSON values that a checkpoint carries, by which the training that resumes it is recognised.
    """

    epochs: int = 200
    batch_size: int = 200
    schedule: Schedule = field(default_factory=lambda: Constant(1e-3))
    planned_epochs: int | None = None
    reorder: Order = in_order
    rng: Any = None
    tol: float = 1e-4
    patience: float = 10
    loss: Callable[[Costs, Epoch], float] = mean_cost
    validate: Callable[[Program], float] | None = None
    validation_loss: Callable[[Program], float] | None = None
    score_training: Callable[[Program], float] | None = None
    monitor: Monitor | None = None
    seed: int = 0
    callbacks: Sequence[Callback | Callable[[History], bool | None]] = ()
    identity: Mapping[str, Any] = field(default_factory=dict)

    @property
    def monitored(self) -> Monitor:
        """What must improve."""
        return self.monitor or ("val_score" if self.validate else "loss")


class Training:
    """One training, under way; callbacks see it.

    Attributes
    ----------
    history : History
    plan : Plan
    """

    def __init__(
        self, program: Program, n_samples: int, plan: Plan, history: History, improvement: Improvement | None
    ) -> None:
        self.plan, self.history = plan, history
        self._program, self._n = program, n_samples
        higher = plan.monitored == "val_score"
        self._improvement = improvement or Improvement(plan.tol, higher_is_better=higher)
        self._order = row_numbers(n_samples)
        self._begun = history.epochs
        self._last_finite = self._best = program.snapshot()
        history.stopped, history.message = "", ""

    @property
    def epoch(self) -> int:
        """The number of epochs that this training has done."""
        return self.history.epochs - self._begun

    def weights(self) -> State:
        """Copies of the current parameters: ``W1``, ``b1``, …."""
        return {name: value for name, value in self._program.state().items() if "_" not in name and name != "t"}

    def checkpoint(self) -> Checkpoint:
        """All that is needed to go on from here."""
        now, best = self._program.snapshot(), None
        if self.plan.monitored != "loss":
            self._program.restore(self._best)
            best = self._program.state()
            self._program.restore(now)
        return Checkpoint(
            state=self._program.state(),
            best=best,
            order=self._order,
            history=self.history,
            begun=self._begun,
            best_value=self._improvement.best,
            stalled=self._improvement.stalled,
            random_state=None if self.plan.rng is None else random_state_of(self.plan.rng),
            identity=self.plan.identity,
        )

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from where a checkpoint was taken; what a callback ended there goes on too."""
        if checkpoint.best is not None:
            self._program.load(checkpoint.best)
            self._best = self._program.snapshot()
        self._program.load(checkpoint.state)
        self._last_finite = self._program.snapshot()
        self._order, self._begun = checkpoint.order.astype(self._order.dtype), checkpoint.begun
        vars(self.history).update(vars(checkpoint.history))
        if self.history.stopped == "callback":
            self.history.stopped, self.history.message = "", ""
        self._improvement.best, self._improvement.stalled = checkpoint.best_value, checkpoint.stalled
        if checkpoint.random_state is not None:
            set_random_state(self.plan.rng, checkpoint.random_state)

    def ended(self) -> bool:
        """Whether there is no further epoch; a rate that falls with stalling may fall here instead."""
        plan, history = self.plan, self.history
        if not history.stopped and self.epoch and self._improvement.stalled > plan.patience:
            lowest = plan.schedule.lowest
            if lowest is None or history.rate[-1] <= lowest:
                what = MONITORED[plan.monitored]
                message = f"{what} did not improve by more than {plan.tol:g} in {plan.patience} epochs in a row"
                self._end("converged", message)
            else:
                history.reductions, self._improvement.stalled = history.reductions + 1, 0
        if not history.stopped and self.epoch >= plan.epochs:
            self._end("epochs", f"the limit of {plan.epochs} epochs was reached before convergence")
        return bool(history.stopped)

    def run_epoch(self, data: Data) -> None:
        """One pass over the data, and what it says about stopping."""
        plan, history, program = self.plan, self.history, self._program
        self._order = plan.reorder(self._order)
        n_steps = math.ceil(self._n / plan.batch_size)
        total = n_steps * (plan.planned_epochs or plan.epochs)
        progress = Progress(history.steps, n_steps, total, history.samples, history.reductions)
        coming = Epoch(self._order, plan.batch_size, plan.schedule.rates(progress), plan.seed)
        costs = program.train(data, coming)
        history.steps += n_steps
        history.samples += self._n
        history.rate.append(float(coming.rates[-1]))
        history.loss.append(plan.loss(costs, coming))
        finite = costs.finite and program.finite()
        if plan.validate is not None:
            history.validation.append(plan.validate(program) if finite else math.nan)
        if plan.validation_loss is not None:
            history.validation_loss.append(plan.validation_loss(program) if finite else math.nan)
        if plan.score_training is not None:
            history.training.append(plan.score_training(program) if finite else math.nan)
        if not finite:
            program.restore(self._last_finite)
            self._end("diverged", DIVERGED.format(epoch=self.epoch, step=_first_bad_step(costs)))
            return
        self._last_finite = program.snapshot()
        series = {"loss": history.loss, "val_loss": history.validation_loss, "val_score": history.validation}
        if self._improvement.update(series[plan.monitored][-1]):
            history.best_epoch, self._best = history.epochs, self._last_finite

    def ask(self, callbacks: Iterable[Callback]) -> None:
        """Call all of the callbacks; whether one of them stops is settled before those are called that come last."""
        for late in (False, True):
            asked = [callback.on_epoch_end(self) for callback in callbacks if callback.comes_last is late]
            if any(asked) and not self.history.stopped:
                self._end("callback", "a callback asked to stop")

    def interrupt(self) -> None:
        """The user wants no more."""
        if not self._program.finite():
            self._program.restore(self._last_finite)
        self._end("interrupted", "interrupted by the user")

    def keep_best(self) -> None:
        """Go back to the best epoch, if held-out data say which it was."""
        if self.plan.monitored != "loss":
            self._program.restore(self._best)

    def _end(self, stopped: StopReason, message: str) -> None:
        self.history.stopped, self.history.message = stopped, message


def train(
    program: Program,
    data: Data,
    plan: Plan,
    history: History | None = None,
    improvement: Improvement | None = None,
    resume: Checkpoint | None = None,
) -> History:
    """Train a program on data.

    Parameters
    ----------
    program : Program
        Loaded with starting values; it holds the result.
    data : Data
    plan : Plan
    history, improvement : optional
        Of an earlier training that this one continues.  Schedules go on from `history.steps` and
        `history.reductions`, which whoever starts the optimiser anew sets to 0.
    resume : Checkpoint, optional
        Of the same training, which was cut off; the result is the same to the bit as if it had not been.

    Returns
    -------
    History
        Its `stopped` and `message` say why the training ended.  After divergence the program holds the last finite
        parameters; nothing is raised.
    """
    training = Training(program, len(data), plan, History() if history is None else history, improvement)
    if resume is not None:
        training.resume(resume)
    callbacks = [as_callback(callback) for callback in plan.callbacks]
    try:
        for callback in callbacks:
            callback.on_fit_begin(training)
        while not training.ended():
            training.run_epoch(data)
            if training.history.stopped != "diverged":
                training.ask(callbacks)
    except KeyboardInterrupt:
        training.interrupt()
    finally:
        training.keep_best()
        for callback in callbacks:
            callback.on_fit_end(training)
    return training.history


def _first_bad_step(costs: Costs) -> int:
    """The step of the epoch, from 1, that saw a cost that is not finite; the last, whose update nobody saw, if none."""
    finite = costs.finite_steps
    return int(np.argmin(finite)) + 1 if not finite.all() else len(finite)
