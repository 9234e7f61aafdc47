"""The lines that ``verbose=True`` prints, as scikit-learn prints them."""

from __future__ import annotations

import sys

from chainrule.training.callbacks import Callback
from chainrule.training.loop import Training


class PrintEpochs(Callback):
    """One line per epoch, and one for the score of held-out data."""

    def on_epoch_end(self, training: Training) -> None:
        """Print."""
        history = training.history
        sys.stdout.write(f"Iteration {training.epoch}, loss = {history.loss[-1]:.8f}\n")
        if history.validation:
            sys.stdout.write(f"Validation score: {history.validation[-1]:f}\n")

    def on_fit_end(self, training: Training) -> None:
        """Say why it ended."""
        if training.history.message and training.history.stopped != "epochs":
            sys.stdout.write(f"{training.history.message[:1].upper()}{training.history.message[1:]}. Stopping.\n")
