"""Gradient descent "until convergence": the rule by which it ends, and a warning where it ends otherwise."""

from __future__ import annotations

import math
import warnings

import numpy as np

from chainrule.engines.interface import Data, Program
from chainrule.training.history import History
from chainrule.training.loop import Plan, in_order, shuffled_by, train
from chainrule.training.schedules import Constant


class NotConverged(UserWarning):
    """Gradient descent ended, but not at a minimum."""


def descend(
    program: Program,
    data: Data,
    *,
    rate: float,
    tol: float = 1e-4,
    patience: int = 10,
    max_epochs: int = 1000,
    batch_size: int | None = None,
    rng: np.random.Generator | None = None,
) -> History:
    """Steps at a constant rate until J falls no more; the program holds the result.

    It has converged when J was not below its lowest value by more than `tol` in more than `patience` epochs in a row.

    Parameters
    ----------
    program : Program
        Loaded with starting values; its optimiser is the derivation's, plain gradient descent by default.
    data : Data
    rate : float
        The learning rate η.
    tol : float
        On J as the network declares it: with ``reduction="sum"`` it, and 1/`rate`, grow with the number of samples.
    patience : int
    max_epochs : int
        The limit; reaching it warns.
    batch_size : int, optional
        All samples in one step by default.  With smaller batches, J is their mean.
    rng : numpy.random.Generator, optional
        Shuffles the samples before every epoch; without it they stay in order.

    Returns
    -------
    History
        ``loss`` is J at the beginning of every epoch; ``stopped`` is "converged", "epochs", "diverged" or
        "interrupted".

    Raises
    ------
    ValueError
        If an argument is not accepted; the message names it and what would be.

    Warns
    -----
    NotConverged
        If the limit was reached, if J or a parameter became infinite (the last finite parameters are kept), if J has
        risen, or if it never moved because every gradient is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule import Network, derive
    >>> from chainrule.engines.reference import ReferenceEngine
    >>> net = Network.parse("1 -> 1 identity", loss="squared-error")
    >>> program = ReferenceEngine().compile(derive(net), dtype=np.dtype(float), batch_size=3)
    >>> program.load({"W1": np.zeros((1, 1)), "b1": np.zeros(1)})
    >>> x = np.array([[-1.0], [0.0], [1.0]])
    >>> descend(program, Data(x, 2 * x + 1), rate=0.5, tol=1e-9).stopped
    'converged'
    >>> program.state()["W1"].round(3), program.state()["b1"].round(3)
    (array([[2.]]), array([1.]))
    """
    batch_size = len(data) if batch_size is None else batch_size
    for name, value, accepted, what in (
        ("rate", rate, 0 < rate < math.inf, "a number in (0, inf)"),
        ("tol", tol, 0 <= tol < math.inf, "a number in [0, inf)"),
        ("patience", patience, patience >= 0, "a number of epochs, at least 0"),
        ("max_epochs", max_epochs, max_epochs >= 1, "a number of epochs, at least 1"),
        ("batch_size", batch_size, batch_size >= 1, "a number of samples, at least 1"),
    ):
        if not accepted:
            raise ValueError(f"{name} must be {what}, got {value!r}")
    plan = Plan(
        epochs=max_epochs,
        batch_size=batch_size,
        schedule=Constant(rate),
        reorder=in_order if rng is None else shuffled_by(rng),
        tol=tol,
        patience=patience,
    )
    history = train(program, data, plan)
    if trouble := _trouble(history, plan, full_batch=plan.batch_size >= len(data)):
        warnings.warn(trouble, NotConverged, stacklevel=2)
    return history


def _trouble(history: History, plan: Plan, *, full_batch: bool) -> str:
    """What went wrong, with the remedy; nothing if it converged or was interrupted."""
    costs = history.loss
    if history.stopped == "diverged":
        return history.message
    if history.epochs > 1 and min(costs) == max(costs):
        return f"J stayed {costs[0]:.6g} in every epoch: all gradients are 0. Start from other parameters (dead ReLUs?)"
    if history.stopped == "epochs":
        return f"{history.message}; J is {costs[-1]:.6g}. Raise max_epochs, or the rate, or accept a larger tol"
    # batches that differ make J go up and down even near a minimum
    if history.stopped == "converged" and full_batch and costs[-1] > min(costs) + plan.tol:
        return f"J rose to {costs[-1]:.6g} after {min(costs):.6g}: lower the rate"
    return ""
