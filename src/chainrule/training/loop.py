"""The loop over epochs: it decides batches, rates and when to stop; the engine's program does the steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.interface import Costs, Data, Epoch, Program
from chainrule.training.history import History
from chainrule.training.schedules import Constant, Progress, Schedule
from chainrule.training.stopping import Improvement

Order = Callable[[NDArray[np.int64]], NDArray[np.int64]]
Callback = Callable[[History], bool | None]
DIVERGED = (
    "training diverged in epoch {epoch}, step {step}: the cost or a parameter is no longer finite; the last finite "
    "parameters are kept. Lower the learning rate, scale the inputs (and a regression target) to unit variance, or "
    "clip gradients"
)


def in_order(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows as they are."""
    return rows


def mean_cost(costs: Costs, epoch: Epoch) -> float:
    """The batches' costs J = (L + R)/s, averaged over samples; a batch that was skipped (s = 0) does not count."""
    done, sizes = costs.divisor != 0, epoch.sizes
    J = (costs.data[done] + costs.penalty[done]) / costs.divisor[done]
    return float(J @ sizes[done] / max(int(sizes[done].sum()), 1))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to train.

    Parameters
    ----------
    epochs : int
        At most so many.
    batch_size : int
    schedule : Schedule
    reorder : callable
        From the order of rows in one epoch to that in the next; shuffling is cumulative, as in scikit-learn.
    tol : float
        What counts as an improvement.
    patience : int
        Training stops when more than this many epochs in a row did not improve.
    loss : callable
        The reported loss of an epoch, from its costs and what was decided about it.
    validate : callable, optional
        The score of the current parameters on held-out data, higher is better.  It then decides about stopping, and
        the best epoch's parameters are kept.
    seed : int
        Of the dropout masks.
    callbacks : sequence of callable
        Called after every epoch with the history; a true value stops.
    """

    epochs: int = 200
    batch_size: int = 200
    schedule: Schedule = field(default_factory=lambda: Constant(1e-3))
    reorder: Order = in_order
    tol: float = 1e-4
    patience: int = 10
    loss: Callable[[Costs, Epoch], float] = mean_cost
    validate: Callable[[Program], float] | None = None
    seed: int = 0
    callbacks: Sequence[Callback] = ()


def train(
    program: Program, data: Data, plan: Plan, history: History | None = None, improvement: Improvement | None = None
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

    Returns
    -------
    History
        Its `stopped` and `message` say why the training ended.  After divergence the program holds the last finite
        parameters; nothing is raised.
    """
    history = History() if history is None else history
    improvement = improvement or Improvement(plan.tol, higher_is_better=plan.validate is not None)
    order = np.arange(len(data))
    n_steps = math.ceil(len(data) / plan.batch_size)
    last_finite = best = program.snapshot()
    try:
        for epoch in range(1, plan.epochs + 1):
            order = plan.reorder(order)
            progress = Progress(history.steps, n_steps, n_steps * plan.epochs, history.samples, history.reductions)
            coming = Epoch(order, plan.batch_size, plan.schedule.rates(progress), plan.seed)
            costs = program.train(data, coming)
            history.steps += n_steps
            history.samples += len(data)
            history.rate.append(float(coming.rates[-1]))
            history.loss.append(plan.loss(costs, coming))
            if not (costs.finite and program.finite()):
                program.restore(last_finite)
                if plan.validate is not None:
                    history.validation.append(math.nan)
                return _end(history, "diverged", DIVERGED.format(epoch=epoch, step=_first_bad_step(costs)))
            last_finite = program.snapshot()
            value = history.loss[-1]
            if plan.validate is not None:
                value = plan.validate(program)
                history.validation.append(value)
            if improvement.update(value):
                history.best_epoch, best = history.epochs, last_finite
            asked_to_stop = [callback(history) for callback in plan.callbacks]  # all of them are called
            if any(asked_to_stop):
                return _end(history, "callback", "a callback asked to stop")
            if improvement.stalled > plan.patience:
                lowest = plan.schedule.lowest
                if lowest is None or coming.rates[-1] <= lowest:
                    what = "validation score" if plan.validate else "training loss"
                    message = f"{what} did not improve by more than {plan.tol:g} in {plan.patience} epochs in a row"
                    return _end(history, "converged", message)
                history.reductions, improvement.stalled = history.reductions + 1, 0
        return _end(history, "epochs", f"the limit of {plan.epochs} epochs was reached before convergence")
    except KeyboardInterrupt:
        if not program.finite():
            program.restore(last_finite)
        return _end(history, "interrupted", "interrupted by the user")
    finally:
        if plan.validate is not None:
            program.restore(best)


def _first_bad_step(costs: Costs) -> int:
    """The step of the epoch, from 1, that saw a cost that is not finite; the last, whose update nobody saw, if none."""
    finite = np.isfinite(costs.data) & np.isfinite(costs.penalty)
    return int(np.argmin(finite)) + 1 if not finite.all() else len(finite)


def _end(history: History, stopped: str, message: str) -> History:
    history.stopped, history.message = stopped, message  # type: ignore[assignment]
    return history
