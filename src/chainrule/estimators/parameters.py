"""What every parameter may be, declared as scikit-learn declares it, so that errors read as scikit-learn's."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from chainrule.estimators.declaring import SCHEDULES
from chainrule.training.loop import MONITORED

_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_BELOW_ONE = Interval(Real, 0, 1, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": "no_validation",  # type: ignore[dict-item]  # `hidden_activations` names what is accepted
    "solver": [StrOptions({"lbfgs", "sgd", "adam", "adamw"})],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [_POSITIVE],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_COUNT],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_BELOW_ONE],
    "beta_1": [_BELOW_ONE],
    "beta_2": [_BELOW_ONE],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
    "max_fun": [_COUNT],
    "dropout": "no_validation",  # type: ignore[dict-item]  # one or several: `hidden_dropouts` judges them
    "input_dropout": [_BELOW_ONE],
    "l1": [_NOT_NEGATIVE],
    "weight_decay": [_NOT_NEGATIVE],
    "max_grad_norm": [_POSITIVE, None],
    "schedule": [StrOptions(set(SCHEDULES)), callable, HasMethods("rates"), None],
    "average": [_BELOW_ONE, None],
    "monitor": [StrOptions(set(MONITORED)), None],
    "patience": [_COUNT, Options(Real, {np.inf}), None],
    "training_scores": ["boolean"],
    "callbacks": [list, tuple],
    "dtype": [StrOptions({"float32", "float64"}), Options(type, {np.float32, np.float64}), None],
    "engine": [StrOptions({"auto", "jit", "reference"}), HasMethods("compile")],
    "n_threads": [_COUNT, StrOptions({"auto"})],
}
