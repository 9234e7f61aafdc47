"""What happened in a training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

StopReason = Literal["", "converged", "epochs", "diverged", "interrupted", "callback"]


@dataclass
class History:
    """One entry per epoch, and why the training stopped.

    Attributes
    ----------
    loss : list of float
        The reported loss of every epoch.
    validation, validation_loss : list of float
        The score and the loss on held-out data of every epoch, if there are such.
    training : list of float
        The score on the training data of every epoch, if it was asked for.
    rate : list of float
        The learning rate of the last step of every epoch.
    best_epoch : int
        The epoch (from 1) with the best value of what is monitored; if that is of held-out data, its parameters are
        kept.
    stopped : str
        "converged" (no more improvement), "epochs" (the limit), "diverged", "interrupted", "callback".
    steps : int
        Steps done since the optimiser started.
    samples : int
        Samples seen, counting repeats.
    reductions : int
        How often the learning rate was reduced because progress stalled.
    message : str
        The reason in words, with the remedy where there is one.
    """

    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    training: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    best_epoch: int = 0
    stopped: StopReason = ""
    steps: int = 0
    samples: int = 0
    reductions: int = 0
    message: str = ""

    @property
    def epochs(self) -> int:
        """The number of epochs done."""
        return len(self.loss)
