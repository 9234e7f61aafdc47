"""Checking gradients against central differences of the cost."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.calculus import derive
from chainrule.calculus.forward import dropout_rates
from chainrule.checking.differences import Slope, slope
from chainrule.checking.report import ArrayCheck, CheckReport
from chainrule.engines.reference import Trace, evaluate
from chainrule.expressions.terms import Call, Interval, symbols, walk
from chainrule.network import Network

Array = NDArray[np.float64]

TOLERANCE = 1e-6  # relative to the array's own size
CERTAINTY = 10.0  # an error counts when it is this many times what the differences can resolve
SAMPLES_DRAWN = 5


def check_gradients(
    network: Network,
    params: Mapping[str, ArrayLike] | None = None,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    masks: Mapping[str, ArrayLike] | None = None,
    gradients: Mapping[str, ArrayLike] | None = None,
    directions: int = 3,
    full: bool = False,
    seed: int = 0,
) -> CheckReport:
    """Compare gradients with central differences of the cost J, in float64, array by array.

    Parameters
    ----------
    network : Network
    params : mapping of str to array, optional
        ``W1 (n_in, n_out)``, ``b1 (n_out,)``, …; drawn when not given, as is all other data.
    X : array of shape (n, n_inputs), optional
    Y : array of shape (n, n_outputs), optional
    sample_weight : array of shape (n,), optional
    masks : mapping of str to array, optional
        Dropout masks.
    gradients : mapping of str to array, optional
        The gradients to check: ``dW1``, ``db1``, …, any of them; the derivation's own by default.
    directions : int
        Along how many random directions per array, besides the direction of the gradient itself.
    full : bool
        Check along every single coordinate in place of random directions.
    seed : int

    Returns
    -------
    CheckReport

    Raises
    ------
    ValueError
        If data is given in part, or an array has the wrong shape.

    Notes
    -----
    Errors are relative to the norm of the array that is checked, so small gradients are judged as strictly as large
    ones.  Steps are kept from crossing kinks (of ReLU, or of an absolute error).

    Examples
    --------
    >>> from chainrule import Network
    >>> net = Network.parse("3 -> 2 relu -> 1 identity", loss="squared-error")
    >>> bool(check_gradients(net))
    True
    """
    rng = np.random.default_rng(seed)
    values = _values(network, rng, params, X, Y, sample_weight, masks)
    reference = network.trace(*values)
    claimed = {name: np.asarray(value, np.float64) for name, value in (gradients or {}).items()}
    names = [f"d{name}" for name in network.parameter_shapes]
    if unknown := set(claimed) - set(names):
        raise ValueError(f"gradients: unknown names {sorted(unknown)}; accepted: {', '.join(names)}")
    items = []
    for name in names:
        if claimed and name not in claimed:
            continue
        gradient = claimed.get(name, reference[name])
        if gradient.shape != reference[name].shape:
            raise ValueError(f"gradients: {name} must have the shape {reference[name].shape}, got {gradient.shape}")
        line = _Line(network, values[0], values[1:], name.removeprefix("d"), reference)
        items.append(_check_array(name, gradient, line, rng, directions, full))
    return CheckReport(str(network), tuple(items))


class _Line:
    """The cost along straight lines through one parameter array."""

    def __init__(
        self, network: Network, params: Mapping[str, ArrayLike], data: tuple[Any, ...], name: str, reference: Trace
    ) -> None:
        self._network, self._data, self._name = network, data, name
        self._params = {key: np.asarray(value, np.float64) for key, value in params.items()}
        self._system = derive(network).objective
        self._inputs = {symbol.name: reference[symbol.name] for symbol in self._system.inputs}
        self._kinks = _kinks(network)

    @property
    def size(self) -> float:
        """The size of the parameter array, as a scale for steps."""
        return float(np.linalg.norm(self._params[self._name])) or 1.0

    def slope(self, direction: Array, step: float) -> Slope:
        """∂J along a unit direction."""
        start = self._params[self._name]

        def along(distance: float) -> tuple[float, Hashable]:
            trace = evaluate(self._system, self._inputs | {self._name: start + distance * direction})
            sides = tuple((trace[value] > kink).tobytes() for value, kink in self._kinks)
            if self._network.loss.kinks or self._network.loss.name == "huber":
                sides += ((_residual(self._network, trace) > 0).tobytes(),)
            return float(trace["J"]), sides

        return slope(along, step)


def _kinks(network: Network) -> list[tuple[str, float]]:
    """Which values have a kink where: every argument of a function with kinks."""
    return [
        (symbols(node.argument)[0].name, kink)
        for equation in derive(network).forward
        for node in walk(equation.right)
        if isinstance(node, Call)
        for kink in node.function.kinks
    ]


def _residual(network: Network, trace: Trace) -> Array:
    return trace[f"A{network.depth}"] - trace["Y"]


def _check_array(
    name: str, gradient: Array, line: _Line, rng: np.random.Generator, directions: int, full: bool
) -> ArrayCheck:
    size = float(np.linalg.norm(gradient))
    if full:
        lines = list(np.eye(gradient.size).reshape(-1, *gradient.shape))
    else:
        lines = [_unit(rng.standard_normal(gradient.shape)) for _ in range(directions)]
        lines += [gradient / size] if 0 < size < np.inf else []
    worst = ArrayCheck(name, gradient.shape, 0.0, 0.0, np.isfinite(size))
    if not worst.right:
        return ArrayCheck(name, gradient.shape, np.inf, 0.0, False, "not finite")
    notes = set()
    for direction in lines:
        measured = line.slope(direction, 0.1 * max(line.size, 1e-3))
        if not np.isfinite(measured.error):
            notes.add("a direction lies on a kink")
            continue
        if measured.shrunk:
            notes.add("kinks stepped around")
        difference = abs(measured.value - float(np.sum(gradient * direction)))
        scale = max(size, abs(measured.value))
        if scale == 0:
            continue
        error, resolution = difference / scale, measured.error / scale
        # along one direction of n, an error shows by 1/√n of its size
        tolerance = TOLERANCE / (1.0 if full else np.sqrt(gradient.size))
        right = error <= max(tolerance, CERTAINTY * resolution)
        if (not right, error) > (not worst.right, worst.error):
            worst = ArrayCheck(name, gradient.shape, error, resolution, right)
    if size == 0:
        notes.add("all zeros")
    return ArrayCheck(name, gradient.shape, worst.error, worst.resolution, worst.right, ", ".join(sorted(notes)))


def _unit(direction: Array) -> Array:
    return direction / np.linalg.norm(direction)


def _values(
    network: Network,
    rng: np.random.Generator,
    params: Mapping[str, ArrayLike] | None,
    X: ArrayLike | None,
    Y: ArrayLike | None,
    sample_weight: ArrayLike | None,
    masks: Mapping[str, ArrayLike] | None,
) -> tuple[Any, ...]:
    """What is given, and drawn values for what is not."""
    if (X is None) != (Y is None):
        raise ValueError("X and Y are given together, or both drawn")
    n = SAMPLES_DRAWN if X is None else np.asarray(X).shape[0]
    if params is None:
        params = {
            name: rng.standard_normal(shape) / (np.sqrt(shape[0]) if len(shape) == 2 else 2.0)
            for name, shape in network.parameter_shapes.items()
        }
    if X is None:
        X, Y = rng.standard_normal((n, network.n_inputs)), draw_labels(network, rng, n)
    if sample_weight is None and network.sample_weights:
        sample_weight = rng.uniform(0.5, 1.5, n)
    if masks is None:
        masks = {
            f"M{layer}": (rng.uniform(size=(n, width)) >= rate).astype(np.float64)
            for layer, (width, rate) in enumerate(zip(network.widths, dropout_rates(network), strict=True))
            if rate
        }
    return params, X, Y, sample_weight, masks


def draw_labels(network: Network, rng: np.random.Generator, n: int) -> Array:
    """Real-valued labels that the loss admits, of shape (n, n_outputs)."""
    width, accepted = network.widths[-1], network.loss.labels
    if network.loss.name == "cross-entropy":
        return rng.dirichlet(np.ones(width), size=n)
    wide = Interval(-2.0, 2.0)
    low = max(accepted.low, wide.low) + 0.1
    high = min(accepted.high, wide.high) - 0.1
    return rng.uniform(low, high, (n, width))
