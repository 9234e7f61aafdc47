"""From an estimator's parameters to declarations: the network, the optimiser, the learning rate's schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sklearn.utils._param_validation import InvalidParameterError

from chainrule.calculus import Derivation, derive
from chainrule.expressions.activations import ACTIVATION_ALIASES, ACTIVATIONS, Activation
from chainrule.expressions.lookup import activation as find_activation
from chainrule.expressions.losses import Loss
from chainrule.network import SGD, Adam, Dense, Network, Optimiser, Penalty
from chainrule.training.schedules import Adaptive, Constant, InverseScaling, Schedule

derivation_of = lru_cache(maxsize=64)(lambda network, optimiser: derive(network, optimiser=optimiser))


def hidden_widths(hidden_layer_sizes: Any) -> list[Any]:
    """The widths of the hidden layers, of which there may be none.

    Raises
    ------
    ValueError
        If one is below 1.
    """
    widths = list(hidden_layer_sizes) if isinstance(hidden_layer_sizes, Iterable) else [hidden_layer_sizes]
    if any(width <= 0 for width in widths):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {widths}.")
    return widths


def hidden_activations(estimator: Any, n_hidden: int) -> list[Activation]:
    """One activation per hidden layer, from `estimator.activation`.

    Raises
    ------
    InvalidParameterError
        If one is unknown, or their number is not that of the hidden layers.
    """
    given, owner = estimator.activation, type(estimator).__name__
    many = isinstance(given, Sequence) and not isinstance(given, str)
    if many and len(given) != n_hidden:
        raise InvalidParameterError(
            f"The 'activation' parameter of {owner} must have one entry per hidden layer ({n_hidden}). "
            f"Got {len(given)}: {given!r}."
        )
    try:
        return [find_activation(row) for row in (given if many else [given] * n_hidden)]
    except (TypeError, ValueError) as error:
        known = sorted({*ACTIVATIONS, *ACTIVATION_ALIASES} - {"softmax"})
        raise InvalidParameterError(
            f"The 'activation' parameter of {owner} must be a str among {{{', '.join(map(repr, known))}}}, an "
            f"activation of one's own, or a list of these with one per hidden layer. Got {given!r} instead ({error})."
        ) from error


def declare_network(
    estimator: Any, n_inputs: int, n_outputs: int, *, output: str, loss: str | Loss, sample_weights: bool
) -> Network:
    """The network that an estimator's parameters describe."""
    widths = hidden_widths(estimator.hidden_layer_sizes)
    activations = hidden_activations(estimator, len(widths))
    hidden = [Dense(width, row) for width, row in zip(widths, activations, strict=True)]
    return Network(
        [*hidden, Dense(n_outputs, output)],
        n_inputs,
        loss,
        penalty=Penalty(l2=float(estimator.alpha)),
        sample_weights=sample_weights,
    )


def declare_optimiser(estimator: Any) -> Optimiser:
    """The update rule; L-BFGS needs the gradients only, so it gets the one without memory."""
    if estimator.solver == "adam":
        return Adam(beta1=float(estimator.beta_1), beta2=float(estimator.beta_2), epsilon=float(estimator.epsilon))
    if estimator.solver == "sgd":
        return SGD(momentum=float(estimator.momentum), nesterov=bool(estimator.nesterovs_momentum))
    return SGD()


def declare_schedule(estimator: Any) -> Schedule:
    """The learning rate's course; scikit-learn's `learning_rate` speaks of "sgd" only."""
    rate = float(estimator.learning_rate_init)
    if estimator.solver == "sgd" and estimator.learning_rate == "invscaling":
        return InverseScaling(rate, float(estimator.power_t))
    if estimator.solver == "sgd" and estimator.learning_rate == "adaptive":
        return Adaptive(rate)
    return Constant(rate)


def derive_for(network: Network, optimiser: Optimiser) -> Derivation:
    """The derivation; the same network is derived once."""
    derivation: Derivation = derivation_of(network, optimiser)
    return derivation
