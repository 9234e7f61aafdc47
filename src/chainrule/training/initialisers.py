"""Starting values of the parameters.

Glorot and Bengio 2010: variance 2/(n_in + n_out), for tanh and sigmoid.  He et al. 2015: variance 2/n_in, for the
ReLU family.  scikit-learn draws weights and biases alike from Glorot's uniform interval, with its factor 6 replaced
by 2 when the hidden activation is the logistic sigmoid.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.expressions.quoting import suggest
from chainrule.network import Network


class Uniform(Protocol):
    """What is asked of a random generator; NumPy's `Generator` and `RandomState` both have it."""

    def uniform(self, low: float, high: float, size: Any) -> NDArray[np.float64]: ...

    def normal(self, loc: float, scale: float, size: Any) -> NDArray[np.float64]: ...


Draw = Callable[[Any, int, int], NDArray[np.float64]]

INITIALISERS: dict[str, Draw] = {
    "glorot_uniform": lambda rng, i, o: _uniform(rng, math.sqrt(6 / (i + o)), (i, o)),
    "glorot_normal": lambda rng, i, o: rng.normal(0.0, math.sqrt(2 / (i + o)), (i, o)),
    "he_uniform": lambda rng, i, o: _uniform(rng, math.sqrt(6 / i), (i, o)),
    "he_normal": lambda rng, i, o: rng.normal(0.0, math.sqrt(2 / i), (i, o)),
}


def _uniform(rng: Uniform, bound: float, size: Any) -> NDArray[np.float64]:
    return rng.uniform(-bound, bound, size)


def initial_parameters(
    network: Network,
    initialiser: str,
    rng: Uniform,
    dtype: np.dtype[Any] | type = np.float64,
    *,
    logistic: bool = False,
) -> dict[str, NDArray[Any]]:
    """Starting values for all parameters.

    Parameters
    ----------
    network : Network
    initialiser : {"glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "sklearn"}
        With "sklearn", biases are drawn like weights; else they start at 0.
    rng : numpy.random.Generator or RandomState
        Layers are drawn in order, weights before biases.
    dtype : dtype
        The numbers are drawn in float64 and rounded.
    logistic : bool
        With "sklearn", whether a network without hidden layers has the factor 2.

    Returns
    -------
    dict of str to ndarray
        ``W1 (n_in, n_out)``, ``b1 (n_out,)``, ….

    Raises
    ------
    ValueError
        For an unknown initialiser.

    Examples
    --------
    >>> import numpy as np
    >>> net = Network.parse("4 -> 2 relu -> 1 sigmoid", loss="bce")
    >>> initial_parameters(net, "he_normal", np.random.default_rng(0))["b1"]
    array([0., 0.])
    """
    known = [*INITIALISERS, "sklearn"]
    if initialiser not in known:
        hint = suggest(initialiser, known)
        raise ValueError(f"initialiser must be one of {', '.join(known)}, got {initialiser!r}{hint}")
    parameters: dict[str, NDArray[Any]] = {}
    sigmoids = [layer.activation.name == "sigmoid" for layer in network.layers[:-1]]
    sigmoids.append(sigmoids[-1] if sigmoids else logistic)  # the output layer goes with the last hidden layer
    for number, (n_in, n_out) in enumerate(zip(network.widths, network.widths[1:], strict=False), 1):
        if initialiser == "sklearn":
            bound = math.sqrt((2.0 if sigmoids[number - 1] else 6.0) / (n_in + n_out))
            W, b = _uniform(rng, bound, (n_in, n_out)), _uniform(rng, bound, n_out)
        else:
            W, b = INITIALISERS[initialiser](rng, n_in, n_out), np.zeros(n_out)
        parameters[f"W{number}"], parameters[f"b{number}"] = W.astype(dtype), b.astype(dtype)
    return parameters
