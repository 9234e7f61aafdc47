"""From an estimator's parameters to declarations: the network, the optimiser, the learning rate's schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from sklearn.utils._param_validation import InvalidParameterError

from chainrule.calculus import Derivation, derive
from chainrule.expressions.activations import ACTIVATION_ALIASES, ACTIVATIONS, Activation
from chainrule.expressions.lookup import activation as find_activation
from chainrule.expressions.losses import Loss
from chainrule.network import SGD, Adam, AdamW, Dense, Network, Optimiser, Penalty
from chainrule.training.schedules import (
    Adaptive,
    Constant,
    Cosine,
    InverseScaling,
    OfStep,
    OneCycle,
    Schedule,
    WarmUp,
)

_derived: Callable[[Network, Optimiser], Derivation] = lru_cache(maxsize=64)(
    lambda network, optimiser: derive(network, optimiser=optimiser)
)

# What L-BFGS, which sees all data at once and chooses its own steps, cannot do: parameter → the value that is nothing.
STOCHASTIC_ONLY: dict[str, Any] = {
    "dropout": 0.0,
    "input_dropout": 0.0,
    "max_grad_norm": None,
    "schedule": None,
    "average": None,
    "callbacks": (),
    "training_scores": False,
    "monitor": None,
}


def derive_for(network: Network, optimiser: Optimiser) -> Derivation:
    """The derivation; the same network is derived once."""
    return _derived(network, optimiser)


def refuse_what_lbfgs_cannot(estimator: Any) -> None:
    """Raise ValueError where a parameter is set that needs steps over batches, and the solver is L-BFGS."""
    if estimator.solver != "lbfgs":
        return
    for name, nothing in STOCHASTIC_ONLY.items():
        value = getattr(estimator, name)
        set_by_user = any(value) if isinstance(value, list | tuple) else value is not None and value != nothing
        if set_by_user:
            raise ValueError(
                f"{name}={value!r} needs a stochastic solver ('sgd', 'adam' or 'adamw'); with solver='lbfgs' leave it "
                f"at {nothing!r}"
            )


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
    try:
        return [find_activation(row) for row in _per_layer(given, n_hidden, "activation", owner)]
    except TypeError as error:
        reason = str(error)
    except InvalidParameterError:
        raise
    except ValueError as error:
        reason = str(error)
    known = sorted({*ACTIVATIONS, *ACTIVATION_ALIASES} - {"softmax"})
    raise InvalidParameterError(
        f"The 'activation' parameter of {owner} must be a str among {{{', '.join(map(repr, known))}}}, an activation "
        f"of one's own, or a list of these with one per hidden layer. Got {given!r} instead ({reason})."
    )


def hidden_dropouts(estimator: Any, n_hidden: int) -> list[float]:
    """The dropout probability of every hidden layer, from `estimator.dropout`."""
    owner = type(estimator).__name__
    given = list(_per_layer(estimator.dropout, n_hidden, "dropout", owner))
    return [_probability(value, "dropout", owner) for value in given]


def _per_layer(given: Any, n_hidden: int, name: str, owner: str) -> Sequence[Any]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        return [given] * n_hidden
    if len(given) != n_hidden:
        raise InvalidParameterError(
            f"The '{name}' parameter of {owner} must have one entry per hidden layer ({n_hidden}). Got {len(given)}: "
            f"{given!r}."
        )
    return given


def _probability(value: Any, name: str, owner: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < 1:
        raise InvalidParameterError(
            f"The '{name}' parameter of {owner} must be a float in the range [0.0, 1.0). Got {value!r} instead."
        )
    return number


def declare_network(
    estimator: Any, n_inputs: int, n_outputs: int, *, output: str | Activation, loss: Loss, sample_weights: bool
) -> Network:
    """The network that an estimator's parameters describe."""
    widths = hidden_widths(estimator.hidden_layer_sizes)
    activations, dropouts = hidden_activations(estimator, len(widths)), hidden_dropouts(estimator, len(widths))
    hidden = [Dense(width, row, dropout) for width, row, dropout in zip(widths, activations, dropouts, strict=True)]
    return Network(
        [*hidden, Dense(n_outputs, output)],
        n_inputs,
        loss,
        penalty=Penalty(l2=float(estimator.alpha), l1=float(estimator.l1)),
        sample_weights=sample_weights,
        input_dropout=_probability(estimator.input_dropout, "input_dropout", type(estimator).__name__),
    )


def declare_optimiser(estimator: Any) -> Optimiser:
    """The update rule; L-BFGS needs the gradients only, so it gets the one without memory."""
    if estimator.solver == "lbfgs":
        return SGD()
    added: dict[str, Any] = {
        "clip_norm": None if estimator.max_grad_norm is None else float(estimator.max_grad_norm),
        "average": None if estimator.average is None else float(estimator.average),
    }
    if estimator.solver == "sgd":
        return SGD(momentum=float(estimator.momentum), nesterov=bool(estimator.nesterovs_momentum), **added)
    added |= {
        "beta1": float(estimator.beta_1),
        "beta2": float(estimator.beta_2),
        "epsilon": float(estimator.epsilon),
    }
    return AdamW(weight_decay=float(estimator.weight_decay), **added) if estimator.solver == "adamw" else Adam(**added)


SCHEDULES: dict[str, Callable[[float, Any], Schedule]] = {
    "constant": lambda rate, estimator: Constant(rate),
    "invscaling": lambda rate, estimator: InverseScaling(rate, float(estimator.power_t)),
    "adaptive": lambda rate, estimator: Adaptive(rate),
    "cosine": lambda rate, estimator: Cosine(rate),
    "one-cycle": lambda rate, estimator: OneCycle(rate),
    "warm-up": lambda rate, estimator: WarmUp(rate),
}


def declare_schedule(estimator: Any) -> Schedule:
    """The learning rate's course: `schedule`, or scikit-learn's `learning_rate`, which speaks of "sgd" only."""
    rate, given = float(estimator.learning_rate_init), estimator.schedule
    if given is None:
        return SCHEDULES[estimator.learning_rate if estimator.solver == "sgd" else "constant"](rate, estimator)
    if isinstance(given, str):
        return SCHEDULES[given](rate, estimator)
    schedule: Schedule = given if hasattr(given, "rates") and hasattr(given, "lowest") else OfStep(given)
    return schedule
