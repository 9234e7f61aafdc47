"""An independent judge: networks and costs written in jax.numpy from the textbook definitions, differentiated by JAX.

Nothing here reads chainrule's expressions: activations and losses are jax.nn's own, or typed from their papers.
"""

import os
from functools import lru_cache, partial

# Every network is compiled once and run once: XLA's optimisations would cost more than they give.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import jax
import jax.numpy as jnp


def parts(z, sizes):
    """The columns of z in groups, or all of them together."""
    return jnp.split(z, [int(sum(sizes[:count])) for count in range(1, len(sizes))], axis=-1)


ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "selu": jax.nn.selu,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
    "silu": jax.nn.silu,
    "mish": jax.nn.mish,
    "softplus": jax.nn.softplus,
    "exp": jnp.exp,
    "softmax": lambda z, *groups: jnp.hstack([jax.nn.softmax(part, axis=-1) for part in parts(z, groups)]),
}
LOSSES = {
    "binary-cross-entropy": lambda p, y: -(y * jnp.log(p) + (1 - y) * jnp.log1p(-p)),
    "cross-entropy": lambda p, y: -y * jnp.log(p),
    "binary-focal": lambda p, y, g: -(y * (1 - p) ** g * jnp.log(p) + (1 - y) * p**g * jnp.log1p(-p)),
    "focal": lambda p, y, g: -y * (1 - p) ** g * jnp.log(p),
    "squared-error": lambda p, y: 0.5 * jnp.square(p - y),
    "mse": lambda p, y: jnp.square(p - y),
    "absolute-error": lambda p, y: jnp.abs(p - y),
    "huber": lambda p, y, d: jnp.where(jnp.abs(p - y) < d, 0.5 * (p - y) ** 2, d * jnp.abs(p - y) - 0.5 * d * d),
    "quantile": lambda p, y, *q: jnp.maximum(jnp.array(q) * (y - p), (jnp.array(q) - 1) * (y - p)),
    "poisson": lambda p, y: p - y * jnp.log(p),
}


def cost(net, params, X, Y, weight=None, masks=None):
    """J of a batch."""
    masks = masks or {}
    A = X
    if net.input_dropout:
        A = A * masks["M0"] / (1 - net.input_dropout)
    for number, layer in enumerate(net.layers, 1):
        Z = A @ params[f"W{number}"] + params[f"b{number}"]
        A = ACTIVATIONS[layer.activation.name](Z, *(value for _, value in layer.activation.parameters))
        if layer.dropout:
            A = A * masks[f"M{number}"] / (1 - layer.dropout)
    if net.loss.name == "cross-entropy" and net.layers[-1].activation.name == "identity":
        A = jax.nn.softmax(A, axis=-1)
    each = LOSSES[net.loss.name](A, Y, *(value for _, value in net.loss.parameters)).sum(axis=-1)
    w = jnp.ones(len(X)) if weight is None else weight
    s = 1.0 if net.reduction == "sum" else w.sum()
    Ws = [params[f"W{number}"] for number in range(1, net.depth + 1)]
    penalty = sum(0.5 * net.penalty.l2 * jnp.sum(W**2) + net.penalty.l1 * jnp.sum(jnp.abs(W)) for W in Ws)
    data = jnp.sum(w * each)
    return (data + penalty) / s if net.penalty.divided else data / s + penalty


def cost_and_gradients(net, params, X, Y, weight=None, masks=None):
    """J, and ∂J/∂ of every parameter."""
    return _compiled(net)(params, X, Y, weight, masks)


@lru_cache(maxsize=64)
def _compiled(net):
    """The cost and its gradients as XLA runs them, kept: compiling takes a hundred times as long as running."""
    return jax.jit(jax.value_and_grad(partial(cost, net)))
