"""What both estimators say of their parameters and attributes: written once, put into both docstrings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Class = TypeVar("Class", bound=type)

PARAMETERS = """
hidden_layer_sizes : int or sequence of int, default=(100,)
    The widths of the hidden layers; an empty sequence declares none.
activation : str, activation, or a sequence of these, default="relu"
    Of all hidden layers, or of each: "identity", "logistic", "tanh", "relu", "leaky_relu(0.1)", "elu", "selu",
    "gelu", "silu", "mish", "softplus", or a `Function` of one's own.
solver : {"adam", "adamw", "sgd", "lbfgs"}, default="adam"
    The update rule, see `chainrule.Adam`, `chainrule.AdamW` and `chainrule.SGD`; "lbfgs" is SciPy's, over all data.
alpha : float, default=0.0001
    L2 penalty, ½ α Σ‖W‖², which is divided by s like the data term.
batch_size : int or "auto", default="auto"
    "auto" is min(200, n).
learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
    Of "sgd": η; η / (samples seen + 1)^power_t from epoch to epoch; or η until progress stalls, then η/5, η/25, ….
learning_rate_init : float, default=0.001
    η.
power_t : float, default=0.5
max_iter : int, default=200
    Epochs; iterations with "lbfgs".
shuffle : bool, default=True
    Whether rows are reordered before every epoch.
random_state : int, RandomState or None, default=None
    Of starting values, held-out part, order of rows and dropout, in that order.
tol : float, default=0.0001
    What counts as an improvement of the monitored number; with "lbfgs", the largest gradient component at the end.
verbose : bool, default=False
    Whether to print a line per epoch.
warm_start : bool, default=False
    Whether `fit` goes on from the weights of the fit before.
momentum : float, default=0.9
    μ in v⁺ = μ v − η g, W⁺ = W + v⁺, for "sgd".
nesterovs_momentum : bool, default=True
    W⁺ = W + μ v⁺ − η g instead.
early_stopping : bool, default=False
    Whether a part of the data is held out, and its score monitored.
validation_fraction : float, default=0.1
    The size of that part.
beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
    Of Adam: m⁺ = β₁ m + (1 − β₁) g, v⁺ = β₂ v + (1 − β₂) g², W⁺ = W − η √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m⁺/(√v⁺ + ε).
n_iter_no_change : int or inf, default=10
    Training ends after more than so many epochs in a row without improvement.
max_fun : int, default=15000
    Evaluations of the cost at most, for "lbfgs".
"""

OWN_PARAMETERS = """
dropout : float or sequence of float, default=0.0
    The probability p with which a hidden unit is set to 0 in training, D = A ⊙ M / (1 − p); of all layers or of each.
input_dropout : float, default=0.0
    The same for features.
l1 : float, default=0.0
    L1 penalty, α₁ Σ|W|, divided by s too; the derivative of |W| at 0 is 0.
weight_decay : float, default=0.01
    λ of "adamw": W⁺ = W − η λ W − Adam's step; biases do not decay.
max_grad_norm : float or None, default=None
    c: all gradients are multiplied by min(1, c/‖g‖), where ‖g‖ is their global norm.
schedule : str, schedule, callable or None, default=None
    η of every step, with any stochastic solver, instead of `learning_rate`: "constant", "invscaling", "adaptive",
    "cosine" (η (1 + cos πk/K)/2), "one-cycle", "warm-up", a value out of `chainrule.training.schedules`, or a
    function of the step k, from 0.  K counts on `max_iter` epochs.
average : float or None, default=None
    Decay d of the exponential moving average A⁺ = d A + (1 − d) W⁺ of all parameters, which then predicts.
monitor : {"loss", "val_loss", "val_score"} or None, default=None
    What must improve; None is the held-out score if there are held-out data, else the loss.  If it is of held-out
    data, the best epoch's weights are kept.
patience : int, inf or None, default=None
    The same as `n_iter_no_change`, and goes before it.
training_scores : bool, default=False
    Whether the score of the training data, too, is recorded after every epoch, in `history_.training`; it takes a
    prediction of all of them.
callbacks : sequence, default=()
    Listeners of `chainrule.training.callbacks` (a progress bar, checkpoints, a time limit, a log of metrics), or
    functions of the history; called in `fit`, not in `partial_fit`.
dtype : {"float32", "float64"} or None, default=None
    Of weights and arithmetic; None is that of X.
engine : {"auto", "jit", "reference"} or Engine, default="auto"
    What runs the equations: machine code where it can, else NumPy; the environment variable CHAINRULE_ENGINE names
    what "auto" means. With "auto", a fit in float64 whose sizes (widths, batch size, rows times `max_iter`) say that it
    would take NumPy less than about 0.05 s runs on NumPy, because compiling it takes longer; a fit with callbacks, one
    that resumes and `partial_fit` never do. The results differ by rounding only.
n_threads : int or "auto", default=1
"""

ATTRIBUTES = """
coefs_, intercepts_ : list of ndarray
    W of shape (n_in, n_out) and b of shape (n_out,) of every layer.
network_ : Network
    What was declared.
derivation_ : Derivation
    Its equations: forward, cost, gradients, updates.
history_ : History
    Losses, held-out losses and scores, learning rates, the best epoch, and why training ended.
loss_ : float
    The loss of the last epoch; with "lbfgs", J.
loss_curve_ : list of float
    The loss of every epoch, with its penalty, as scikit-learn reports it: squared error is averaged over outputs here
    (while J, whose gradients train, sums them), and a Poisson loss is half the deviance.
validation_loss_curve_, validation_scores_ : list of float, or None
    Of held-out data, without penalty.
best_loss_, best_validation_loss_, best_validation_score_ : float, or None
    The best value of what was monitored; None for the others.
n_iter_, t_ : int
    Epochs of the last call, and samples seen in all.
n_features_in_, feature_names_in_, n_outputs_, n_layers_, out_activation_
    As in scikit-learn.
"""


def documented(**sections: str) -> Callable[[Class], Class]:
    """Put common sections into a class's docstring, where it has their names in braces on lines of their own."""

    def complete(cls: Class) -> Class:
        text = cls.__doc__ or ""
        for name, section in sections.items():
            indented = "\n".join(f"    {line}" if line else "" for line in section.strip().splitlines())
            text = text.replace(f"    {{{name}}}", indented)
        cls.__doc__ = text
        return cls

    return complete
