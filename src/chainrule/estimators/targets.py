"""What targets may be for which loss, and what the network puts out for it."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.utils._param_validation import InvalidParameterError

from chainrule.expressions.lookup import activation, text_of
from chainrule.expressions.lookup import loss as find_loss
from chainrule.expressions.losses import Loss

# network outputs that reach a loss's whole domain, in the order of preference; scikit-learn's names
OUTPUTS = {"identity": "identity", "exp": "exp", "logistic": "sigmoid"}
# a classifier's losses: of labels that are there or not, and of classes that exclude each other
FOR_CLASSES = {"log-loss": ("binary-cross-entropy", "cross-entropy"), "focal": ("binary-focal", "focal")}


def regression_loss(loss: str | Loss) -> tuple[Loss, str]:
    """A regressor's loss, and the output activation that reaches the predictions it is defined for.

    Raises
    ------
    InvalidParameterError
        If the loss is unknown, or one of classes.

    Examples
    --------
    >>> regression_loss("poisson")[1]
    'exp'
    """
    try:
        row = find_loss(loss)
    except ValueError as error:
        raise InvalidParameterError(f"The 'loss' parameter of MLPRegressor is not accepted: {error}") from error
    for output, name in OUTPUTS.items():
        reach = activation(name).range
        if reach is not None and reach.inside(row.domain) and not row.labels_sum_to_one:
            return row, output
    raise InvalidParameterError(f"The 'loss' parameter of MLPRegressor is one of classes, got {text_of(row)!r}")


def classification_loss(loss: str | Loss, *, multiclass: bool) -> Loss:
    """A classifier's loss: of independent labels, or of classes that exclude each other.

    Raises
    ------
    InvalidParameterError
        If the loss is unknown, or not one of probabilities.
    """
    if isinstance(loss, Loss):
        return loss
    name, bracket, values = loss.replace("_", "-").partition("(")
    pair = FOR_CLASSES.get(name)
    if pair is None:
        known = ", ".join(repr(name.replace("-", "_")) for name in FOR_CLASSES)
        raise InvalidParameterError(
            f"The 'loss' parameter of MLPClassifier must be {known} or a Loss of one's own. Got {loss!r} instead."
        )
    try:
        return find_loss(pair[multiclass] + bracket + values)
    except ValueError as error:
        raise InvalidParameterError(f"The 'loss' parameter of MLPClassifier is not accepted: {error}") from error


def check_targets(targets: NDArray[Any], loss: Loss) -> None:
    """Raise ValueError where a target lies outside what the loss is meant for."""
    low, high = loss.labels.low, loss.labels.high
    wrong = (targets < low) | (targets > high) | (loss.labels.low_open & (targets == low))
    if wrong.any():
        raise ValueError(
            f"y must lie in {loss.labels} for the loss {text_of(loss)!r}, found {float(targets[wrong][0]):g}; choose "
            "another loss, or transform y"
        )


def smoothed(labels: NDArray[Any], smoothing: float, classes: int) -> NDArray[Any]:
    """(1 − ε) y + ε/K, where K is the number of classes; 2 for a label that is there or not (Szegedy et al. 2016)."""
    if not smoothing:
        return labels
    result: NDArray[Any] = ((1 - smoothing) * labels + smoothing / classes).astype(labels.dtype)
    return result
