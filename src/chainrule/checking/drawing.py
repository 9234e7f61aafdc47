"""Values to check a network with: what somebody gives, and drawn values for what is not given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.calculus.forward import dropout_rates
from chainrule.engines.reference import Trace
from chainrule.engines.reference.evaluation import real_array
from chainrule.expressions.intervals import Interval
from chainrule.network import Network

Array = NDArray[np.float64]

SAMPLES_DRAWN = 5
FARTHEST_LABEL = 2.0
BLUNT = 0.1  # labels keep this distance from the ends of what a loss accepts


@dataclass(frozen=True)
class Values:
    """One batch and the parameters, as `Network.trace` takes them; None where nothing is given."""

    params: Mapping[str, ArrayLike] | None = None
    X: ArrayLike | None = None
    Y: ArrayLike | None = None
    sample_weight: ArrayLike | None = None
    masks: Mapping[str, ArrayLike] | None = None

    def trace(self, network: Network) -> Trace:
        """Every value of one step.

        Raises
        ------
        ValueError
            If something is missing, of the wrong shape, or not finite.
        """
        if self.params is None or self.X is None or self.Y is None:
            raise ValueError("params, X and Y are needed for a trace")
        trace = network.trace(self.params, self.X, self.Y, self.sample_weight, self.masks)
        given = {"X": self.X, "Y": self.Y, "sample_weight": self.sample_weight, **self.params}
        for name, value in given.items():
            if value is not None and not np.isfinite(real_array(value, name)).all():
                raise ValueError(f"{name} must be finite; it holds NaN or infinities")
        return trace


def complete_values(network: Network, rng: np.random.Generator, given: Values, samples: int | None = None) -> Values:
    """What is given, and drawn values for the rest; `samples` is their number where X is drawn.

    Raises
    ------
    ValueError
        If only one of X and Y is given.
    """
    if (given.X is None) != (given.Y is None):
        raise ValueError("X and Y are given together, or both drawn")
    X, Y = given.X, given.Y
    if X is None or Y is None:
        n = samples_drawn(network) if samples is None else samples
        X, Y = rng.standard_normal((n, network.n_inputs)), draw_labels(network, rng, n)
    n = len(real_array(X, "X"))
    weight = given.sample_weight
    if weight is None and network.sample_weights:
        weight = rng.uniform(0.5, 1.5, n)
    params = draw_parameters(network, rng) if given.params is None else given.params
    masks = draw_masks(network, rng, n) if given.masks is None else given.masks
    return Values(params, X, Y, weight, masks)


def samples_drawn(network: Network) -> int:
    """A number of samples that is no layer's width, so that no axis can be taken for another."""
    fewest = max(SAMPLES_DRAWN, network.widths[-1])  # so that every class occurs
    return next(n for n in range(fewest, fewest + len(network.widths) + 1) if n not in network.widths)


def draw_parameters(network: Network, rng: np.random.Generator) -> dict[str, Array]:
    """Weights of variance 1/n_in, and biases that are not 0."""
    return {
        name: rng.standard_normal(shape) / (np.sqrt(shape[0]) if len(shape) == 2 else 2.0)
        for name, shape in network.parameter_shapes.items()
    }


def draw_labels(network: Network, rng: np.random.Generator, n: int) -> Array:
    """Real-valued labels that the loss admits, of shape (n, n_outputs)."""
    width, accepted = network.widths[-1], network.loss.labels
    if network.distributions:
        return np.hstack([rng.dirichlet(np.ones(part.stop - part.start), size=n) for part in network.distributions])
    wide = Interval(-FARTHEST_LABEL, FARTHEST_LABEL)
    low = max(accepted.low, wide.low) + BLUNT
    high = min(accepted.high, wide.high) - BLUNT
    return rng.uniform(low, high, (n, width))


def draw_masks(network: Network, rng: np.random.Generator, n: int) -> dict[str, Array]:
    """A dropout mask for every layer that declares dropout."""
    return {
        f"M{layer}": (rng.uniform(size=(n, width)) >= rate).astype(np.float64)
        for layer, (width, rate) in enumerate(zip(network.widths, dropout_rates(network), strict=True))
        if rate
    }
