"""What a call of fit asks for, what it leaves for the next, and that it leaves nothing when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from chainrule.network import Optimiser
from chainrule.training.checkpoint import Checkpoint, read_checkpoint

# What a fit that begins anew must not find.
OF_EARLIER_FITS = (
    "loss_curve_",
    "validation_loss_curve_",
    "validation_scores_",
    "best_loss_",
    "best_validation_loss_",
    "best_validation_score_",
    "history_",
    "_optimizer",
)


# attribute → what is monitored where it is not None
BESTS = {"best_loss_": "loss", "best_validation_loss_": "val_loss", "best_validation_score_": "val_score"}


@dataclass(frozen=True)
class OptimiserMemory:
    """What an optimiser remembers from one `partial_fit` to the next.

    Parameters
    ----------
    optimiser : Optimiser
        Whose memory it is.
    state : dict of str to ndarray
        ``m_W1``, …, the step number ``t``; also the parameters themselves where their average predicts.
    steps, reductions : int
        Where the learning rate's schedule stands.
    """

    optimiser: Optimiser
    state: dict[str, NDArray[Any]]
    steps: int = 0
    reductions: int = 0


@dataclass(frozen=True)
class Request:
    """What a call of `fit` or `partial_fit` asks for, beside the data.

    Parameters
    ----------
    incremental : bool
        Whether this is `partial_fit`.
    classes : array, optional
        The classes that may come, in `partial_fit`.
    held_out : tuple, optional
        X_val, y_val and sample_weight_val.
    resume : Checkpoint, optional
    """

    incremental: bool = False
    classes: Any = None
    held_out: tuple[Any, Any, Any] | None = None
    resume: Checkpoint | None = None


def request_for_fit(X_val: Any, y_val: Any, sample_weight_val: Any, resume: Any) -> Request:
    """What the keyword arguments of `fit` ask for."""
    given = X_val is not None or y_val is not None or sample_weight_val is not None
    return Request(
        held_out=(X_val, y_val, sample_weight_val) if given else None,
        resume=None if resume is None else read_checkpoint(resume),
    )


@contextmanager
def unchanged_on_error(estimator: BaseEstimator) -> Iterator[None]:
    """Whatever a fit has set is taken back when it fails: an estimator is never half fitted."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
