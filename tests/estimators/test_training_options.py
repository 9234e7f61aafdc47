"""What goes beyond scikit-learn, against costs typed by hand, derived by JAX and stepped by NumPy."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from chainrule import MLPClassifier, MLPRegressor
from chainrule.engines.masks import dropout_mask
from chainrule.expressions.functions import Function
from chainrule.expressions.losses import Loss
from chainrule.expressions.losses import y as y_symbol
from chainrule.expressions.losses import yhat as yhat_symbol
from chainrule.expressions.terms import Symbol, tanh

N, N_FEATURES, EPOCHS, RATE = 23, 4, 4, 0.03
rng = np.random.default_rng(0)
X = rng.normal(size=(N, N_FEATURES))
TARGET = X @ rng.normal(size=(N_FEATURES, 2)) + 0.1 * rng.normal(size=(N, 2))
COUNTS = rng.poisson(2.0, size=(N, 2)).astype(float)
CLASSES = rng.integers(0, 3, N)
LABELS = rng.integers(0, 2, (N, 3))
WEIGHT = rng.uniform(0.5, 2.0, N)
Q = np.array([0.1, 0.5, 0.8] * 2)  # three quantiles of two targets

ACTIVATIONS = {
    "relu": lambda z: jnp.where(z > 0, z, 0.0),
    "tanh": jnp.tanh,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
    "silu": jax.nn.silu,
    "leaky_relu(0.2)": lambda z: jnp.where(z > 0, z, 0.2 * z),
}


def in_the_slow_tier(value):
    return pytest.param(value, marks=pytest.mark.slow)


def log_softmax(z):
    return z - jax.scipy.special.logsumexp(z, axis=1, keepdims=True)


# ℓ of every sample, from the last Z and Y
SAMPLE_LOSSES = {
    "squared_error": lambda z, y: (0.5 * (z - y) ** 2).sum(axis=1),
    "absolute_error": lambda z, y: jnp.abs(z - y).sum(axis=1),
    "huber(delta=0.5)": lambda z, y: jnp.where(
        jnp.abs(z - y) <= 0.5, 0.5 * (z - y) ** 2, 0.5 * (jnp.abs(z - y) - 0.25)
    ).sum(axis=1),
    "quantile(0.9)": lambda z, y: jnp.maximum(0.9 * (y - z), -0.1 * (y - z)).sum(axis=1),
    "quantile(0.1, 0.5, 0.8)": lambda z, y: jnp.maximum(Q * (y - z), (Q - 1) * (y - z)).sum(axis=1),
    "poisson": lambda z, y: (jnp.exp(z) - y * z).sum(axis=1),
    "cross-entropy": lambda z, y: -(y * log_softmax(z)).sum(axis=1),
    "binary": lambda z, y: (jax.nn.softplus(z) - y * z).sum(axis=1),
    "focal": lambda z, y: -(y * (1 - jax.nn.softmax(z)) ** 2 * log_softmax(z)).sum(axis=1),
    "focal(1.5)": lambda z, y: -(y * (1 - jax.nn.softmax(z)) ** 1.5 * log_softmax(z)).sum(axis=1),
    "binary focal": lambda z, y: (
        -(
            y * jax.nn.sigmoid(-z) ** 2 * jax.nn.log_sigmoid(z)
            + (1 - y) * jax.nn.sigmoid(z) ** 2 * jax.nn.log_sigmoid(-z)
        ).sum(axis=1)
    ),
    "targets": lambda z, y: -(y * jnp.hstack([log_softmax(z[:, :3]), log_softmax(z[:, 3:])])).sum(axis=1),
}


def own_J(parameters, M, Y, weight, alpha, l1, *, loss, activations):
    A = X * M[0]
    for number, (W, b) in enumerate(parameters):
        Z = A @ W + b
        if number < len(activations):
            A = ACTIVATIONS[activations[number]](Z) * M[number + 1]
    data = (weight * SAMPLE_LOSSES[loss](Z, Y)).sum()
    penalty = sum(0.5 * alpha * (W**2).sum() + l1 * jnp.abs(W).sum() for W, _ in parameters)
    return (data + penalty) / weight.sum()


gradient_of = jax.jit(jax.grad(own_J), static_argnames=("loss", "activations"))


def hand_trained(start, Y, loss, *, activations=("tanh",), weight=None, step, alpha=1e-4, l1=0.0, masks=None):
    """EPOCHS steps over all samples; `step` turns NumPy's parameters and gradients into the next parameters."""
    weight = np.ones(N) if weight is None else weight
    parameters, memory = start, {}
    for t in range(EPOCHS):
        M = masks(t) if masks else [1.0] * (len(activations) + 1)
        gradients = gradient_of(parameters, M, Y, weight, alpha, l1, loss=loss, activations=activations)
        parameters = step(t, parameters, jax.tree.map(np.asarray, gradients), memory)
    return parameters


def sgd_step(t, parameters, gradients, memory, rate=RATE):  # noqa: ARG001
    return [
        tuple(p - rate * g for p, g in zip(layer, grads, strict=True))
        for layer, grads in zip(parameters, gradients, strict=True)
    ]


def fitted(Estimator, y, *, sample_weight=None, **parameters):
    """An estimator after EPOCHS steps over all samples, and the starting values it drew."""
    given = {
        "hidden_layer_sizes": (5,),
        "activation": "tanh",
        "solver": "sgd",
        "momentum": 0.0,
        "learning_rate_init": RATE,
        "batch_size": N,
        "random_state": 1,
        "shuffle": False,
        "tol": 0.0,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator = Estimator(**(given | parameters), max_iter=EPOCHS).fit(X, y, sample_weight)
        nothing = {"learning_rate_init": 1e-300, "schedule": None, "weight_decay": 0.0}
        start = Estimator(**(given | parameters | nothing), max_iter=1).fit(X, y, sample_weight)
    return estimator, list(zip(start.coefs_, start.intercepts_, strict=True))


def assert_same(estimator, parameters):
    mine = list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
    for got, expected in zip(mine, parameters, strict=True):
        for value, wanted in zip(got, expected, strict=True):
            np.testing.assert_allclose(value, wanted, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("weighted", [True, in_the_slow_tier(False)])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber(delta=0.5)", "quantile(0.9)", "poisson"])
def test_losses_of_the_regressor(loss, weighted):
    y, weight = (COUNTS if loss == "poisson" else TARGET), WEIGHT if weighted else None
    estimator, start = fitted(MLPRegressor, y, loss=loss, sample_weight=weight)
    assert_same(estimator, hand_trained(start, y, loss, weight=weight, step=sgd_step))


@pytest.mark.parametrize("weighted", [True, in_the_slow_tier(False)])
def test_several_quantiles_of_several_targets(weighted):
    loss, weight = "quantile(0.1, 0.5, 0.8)", WEIGHT if weighted else None
    estimator, start = fitted(MLPRegressor, TARGET, loss=loss, sample_weight=weight)
    Y = np.repeat(TARGET, 3, axis=1)
    assert_same(estimator, hand_trained(start, Y, loss, weight=weight, step=sgd_step))


@pytest.mark.parametrize("epsilon", [0.1, in_the_slow_tier(0.0)])
@pytest.mark.parametrize("loss", ["focal", "focal(1.5)"])
def test_focal_loss(loss, epsilon):
    estimator, start = fitted(MLPClassifier, CLASSES, loss=loss, label_smoothing=epsilon)
    Y = (1 - epsilon) * np.eye(3)[CLASSES] + epsilon / 3
    assert_same(estimator, hand_trained(start, Y, loss, step=sgd_step))


def test_focal_loss_of_labels_that_are_there_or_not():
    estimator, start = fitted(MLPClassifier, LABELS, loss="focal", sample_weight=WEIGHT)
    assert_same(estimator, hand_trained(start, LABELS, "binary focal", weight=WEIGHT, step=sgd_step))


@pytest.mark.parametrize("epsilon", [0.2, in_the_slow_tier(0.0)])
def test_a_softmax_for_each_of_several_targets(epsilon):
    other = (CLASSES + LABELS[:, 0]) % 2
    estimator, start = fitted(
        MLPClassifier, np.stack([CLASSES, other], axis=1), label_smoothing=epsilon, sample_weight=WEIGHT
    )
    hot = [(1 - epsilon) * np.eye(k)[codes] + epsilon / k for k, codes in ((3, CLASSES), (2, other))]
    assert_same(estimator, hand_trained(start, np.hstack(hot), "targets", weight=WEIGHT, step=sgd_step))


@pytest.mark.parametrize("loss", ["huber", "quantile(0.2)", "absolute-error"])
def test_the_loss_curve_is_j_where_scikit_learn_has_none(loss):
    estimator, _ = fitted(MLPRegressor, TARGET, loss=loss, alpha=0.0, hidden_layer_sizes=(), learning_rate_init=1e-300)
    difference = np.abs(estimator.predict(X) - TARGET)
    expected = {
        "huber": np.where(difference <= 1, difference**2 / 2, difference - 0.5),
        "quantile(0.2)": np.where(estimator.predict(X) < TARGET, 0.2, 0.8) * difference,
        "absolute-error": difference,
    }[loss]
    assert estimator.loss_ == pytest.approx(expected.sum(axis=1).mean(), rel=1e-12)


@pytest.mark.parametrize("epsilon", [0.2, in_the_slow_tier(0.0)])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_label_smoothing(kind, epsilon):
    y = {"binary": CLASSES > 0, "multiclass": CLASSES, "multilabel": LABELS}[kind]
    hard = {"binary": (CLASSES > 0)[:, None], "multiclass": np.eye(3)[CLASSES], "multilabel": LABELS}[kind]
    Y = (1 - epsilon) * hard + epsilon / (3 if kind == "multiclass" else 2)
    estimator, start = fitted(MLPClassifier, y, label_smoothing=epsilon)
    loss = "cross-entropy" if kind == "multiclass" else "binary"
    assert_same(estimator, hand_trained(start, Y, loss, step=sgd_step))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0, 2: 0.25}])
def test_class_weights_multiply_sample_weights(class_weight, weighted):
    counts = np.bincount(CLASSES)
    of_class = N / (3 * counts) if class_weight == "balanced" else np.array([3.0, 1.0, 0.25])
    weight = of_class[CLASSES] * (WEIGHT if weighted else 1.0)
    estimator, start = fitted(
        MLPClassifier, CLASSES, class_weight=class_weight, sample_weight=WEIGHT if weighted else None
    )
    assert_same(estimator, hand_trained(start, np.eye(3)[CLASSES], "cross-entropy", weight=weight, step=sgd_step))


def test_an_activation_for_every_layer():
    names = ("gelu", "leaky_relu(0.2)", "silu")
    estimator, start = fitted(MLPRegressor, TARGET, hidden_layer_sizes=(6, 5, 3), activation=names)
    assert_same(estimator, hand_trained(start, TARGET, "squared_error", activations=names, step=sgd_step))


def test_ones_own_activation_and_loss():
    z = Symbol("z")
    own = Function("half_tanh", definition=tanh(z) / 2)
    loss = Loss("cubic", (yhat_symbol - y_symbol) ** 4)
    estimator, start = fitted(MLPRegressor, TARGET, activation=own, loss=loss)
    ACTIVATIONS["half_tanh"] = lambda z: jnp.tanh(z) / 2
    SAMPLE_LOSSES["cubic"] = lambda z, y: ((z - y) ** 4).sum(axis=1)
    assert_same(estimator, hand_trained(start, TARGET, "cubic", activations=("half_tanh",), step=sgd_step))


def test_l1_and_l2_penalties():
    estimator, start = fitted(MLPRegressor, TARGET, alpha=0.3, l1=0.7)
    assert_same(estimator, hand_trained(start, TARGET, "squared_error", alpha=0.3, l1=0.7, step=sgd_step))


def test_dropout_of_input_and_layers():
    estimator, start = fitted(MLPRegressor, TARGET, hidden_layer_sizes=(6, 5), dropout=[0.3, 0.5], input_dropout=0.25)
    draws = np.random.RandomState(1)
    for n_in, n_out in ((N_FEATURES, 6), (6, 5), (5, 2)):
        draws.uniform(size=n_in * n_out + n_out)
    seed = draws.randint(2**31)

    def masks(t):
        rates = (0.25, 0.3, 0.5)
        widths = (N_FEATURES, 6, 5)
        return [
            dropout_mask(seed, t, layer, N, width, rate) / (1 - rate)
            for layer, (width, rate) in enumerate(zip(widths, rates, strict=True))
        ]

    assert_same(
        estimator,
        hand_trained(start, TARGET, "squared_error", activations=("tanh", "tanh"), step=sgd_step, masks=masks),
    )


def test_dropout_does_not_touch_prediction():
    estimator, _ = fitted(MLPRegressor, TARGET, dropout=0.5)
    np.testing.assert_array_equal(estimator.predict(X), estimator.predict(X))


@pytest.mark.parametrize("limit", [1e-3, 1e6])
def test_gradients_are_clipped_by_their_global_norm(limit):
    def clipped(t, parameters, gradients, memory):
        norm = np.sqrt(sum((g**2).sum() for layer in gradients for g in layer))
        scale = np.minimum(1.0, limit / norm)
        return sgd_step(t, parameters, [tuple(scale * g for g in layer) for layer in gradients], memory)

    estimator, start = fitted(MLPRegressor, TARGET, max_grad_norm=limit)
    assert_same(estimator, hand_trained(start, TARGET, "squared_error", step=clipped))


def test_adamw_decays_weights_apart_from_the_gradient():
    def adamw(t, parameters, gradients, memory, decay=0.4):
        m, v = memory.get("m", [(0.0, 0.0)] * 2), memory.get("v", [(0.0, 0.0)] * 2)
        memory["m"] = [
            tuple(0.9 * a + 0.1 * g for a, g in zip(A, G, strict=True)) for A, G in zip(m, gradients, strict=True)
        ]
        memory["v"] = [
            tuple(0.999 * a + 0.001 * g**2 for a, g in zip(A, G, strict=True))
            for A, G in zip(v, gradients, strict=True)
        ]
        rate = RATE * np.sqrt(1 - 0.999 ** (t + 1)) / (1 - 0.9 ** (t + 1))
        return [
            tuple(
                p - RATE * decay * p * (p.ndim == 2) - rate * a / (np.sqrt(b) + 1e-8)
                for p, a, b in zip(P, A, B, strict=True)
            )
            for P, A, B in zip(parameters, memory["m"], memory["v"], strict=True)
        ]

    estimator, start = fitted(MLPRegressor, TARGET, solver="adamw", weight_decay=0.4)
    assert_same(estimator, hand_trained(start, TARGET, "squared_error", step=adamw))


def test_the_average_of_the_weights_predicts_and_the_weights_train_on():
    decay, averages = 0.7, []

    def averaged(t, parameters, gradients, memory):
        after = sgd_step(t, parameters, gradients, memory)
        before = averages[-1] if averages else parameters
        averages.append(
            [
                tuple(decay * a + (1 - decay) * p for a, p in zip(A, P, strict=True))
                for A, P in zip(before, after, strict=True)
            ]
        )
        return after

    estimator, start = fitted(MLPRegressor, TARGET, average=decay)
    hand_trained(start, TARGET, "squared_error", step=averaged)
    assert_same(estimator, averages[-1])
    incremental, _ = fitted(MLPRegressor, TARGET, average=decay)
    continued = MLPRegressor(**estimator.get_params())
    for _ in range(EPOCHS):
        continued.partial_fit(X, TARGET)
    assert_same(continued, averages[-1])
    assert_same(incremental, averages[-1])


SCHEDULES = {
    "constant": lambda k: RATE,
    "cosine": lambda k: RATE * (1 + np.cos(np.pi * k / EPOCHS)) / 2,
    "warm-up": lambda k: RATE * min((k + 1) / 1, 1),
    "invscaling": lambda k: RATE if k == 0 else RATE / (N * k + 1) ** 0.5,
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("as_function", [False, True])
def test_schedules(name, as_function):
    given = SCHEDULES[name] if as_function else name
    estimator, start = fitted(MLPRegressor, TARGET, schedule=given)
    step = lambda t, p, g, m: sgd_step(t, p, g, m, rate=SCHEDULES[name](t))  # noqa: E731
    assert_same(estimator, hand_trained(start, TARGET, "squared_error", step=step))
    np.testing.assert_allclose(estimator.history_.rate, [SCHEDULES[name](k) for k in range(EPOCHS)], rtol=1e-12)


def test_a_schedule_goes_on_through_partial_fit():
    whole, _ = fitted(MLPRegressor, TARGET, schedule="cosine")
    pieces = MLPRegressor(**whole.get_params())
    for _ in range(EPOCHS):
        pieces.partial_fit(X, TARGET)
    assert_same(pieces, list(zip(whole.coefs_, whole.intercepts_, strict=True)))


def test_one_cycle_rises_and_falls_with_any_solver():
    estimator, _ = fitted(MLPRegressor, TARGET, schedule="one-cycle", solver="adam")
    rates = estimator.history_.rate
    assert rates[0] < max(rates) <= RATE
    assert rates[-1] < rates[0]
