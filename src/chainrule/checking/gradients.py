"""Checking gradients against central differences of the cost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.calculus import Derivation, derive
from chainrule.calculus.equations import Rule
from chainrule.checking.branches import HeldCost, Movement, hold_branches
from chainrule.checking.differences import slopes
from chainrule.checking.drawing import Values, complete_values
from chainrule.checking.report import ArrayCheck, CheckReport
from chainrule.engines.reference import Trace
from chainrule.engines.reference.evaluation import real_array
from chainrule.expressions.quoting import suggest
from chainrule.expressions.terms import Call, symbols, walk
from chainrule.network import Network

Array = NDArray[np.float64]

TOLERANCE = 1e-6  # relative to the array's own size
CERTAINTY = 10.0  # an error counts when it is this many times what the differences can resolve
REACH = 0.5  # the largest steps move some Z by this much: what activations do changes at distances of about 1
TRIAL_STEPS = 2.0 ** -np.arange(-20, 44, 4)
LINES_AT_ONCE = 64
UNRESOLVED = 1e-3


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
    TypeError
        If the network is no `Network`.
    ValueError
        If data is given in part, an array has the wrong shape or holds NaN or infinities, or the cost is not finite.

    Notes
    -----
    Errors are relative to the norm of the array that is checked, so small gradients are judged as strictly as large
    ones.  Every ReLU, absolute value or quantile stays on the piece that it is on, so that no difference crosses a
    kink; a value exactly on a kink is on the piece that the definition puts it on, so ReLU′(0) must be 0.

    Examples
    --------
    >>> from chainrule import Network
    >>> net = Network.parse("3 -> 2 relu -> 1 identity", loss="squared-error")
    >>> bool(check_gradients(net))
    True
    """
    derivation = derive(network)
    rng = np.random.default_rng(seed)
    if directions < 1:
        raise ValueError(f"directions must be at least 1, got {directions}")
    values = complete_values(network, rng, Values(params, X, Y, sample_weight, masks))
    reference = values.trace(network)
    if not np.isfinite(reference["J"]):
        raise ValueError(f"the cost J is {float(reference['J'])} for these values; there is no gradient to check")
    names = [f"d{name}" for name in network.parameter_shapes]
    claimed = _claimed(gradients, names, reference)
    objective = derivation.objective
    cost = hold_branches(objective, {symbol.name: reference[symbol.name] for symbol in objective.inputs})
    kinks = _on_kinks(derivation, reference)
    noise = _noise(derivation, reference)
    items = [
        _check(name, claimed[name], cost, noise, kinks, rng, 0 if full else directions)
        for name in names
        if name in claimed
    ]
    return CheckReport(str(network), tuple(items))


def _claimed(gradients: Mapping[str, ArrayLike] | None, names: list[str], reference: Trace) -> dict[str, Array]:
    if gradients is None:
        return {name: reference[name] for name in names}
    claimed = {}
    for name, value in gradients.items():
        if name not in names:
            raise ValueError(f"gradients: {name!r} is unknown{suggest(str(name), names)}; accepted: {', '.join(names)}")
        claimed[name] = real_array(value, f"gradients: {name}")
        if claimed[name].shape != reference[name].shape:
            found, expected = claimed[name].shape, reference[name].shape
            raise ValueError(f"gradients: {name} must have the shape {expected}, got {found}")
    if not claimed:
        raise ValueError(f"gradients is empty; accepted: any of {', '.join(names)}")
    return claimed


def _on_kinks(derivation: Derivation, reference: Trace) -> int:
    """How many values lie exactly on a kink of an activation, or predictions on their labels under a loss with one."""
    network, forward = derivation.network, derivation.objective.part("forward")
    arguments = [
        (symbols(node.argument)[0].name, kink)
        for equation in forward
        for node in walk(equation.right)
        if isinstance(node, Call)
        for kink in node.function.kinks
    ]
    count = sum(int(np.sum(reference[name] == kink)) for name, kink in arguments)
    ties = reference[f"A{network.depth}"] == reference["Y"] if network.loss.has_kink else False
    return count + int(np.sum(ties))


def _noise(derivation: Derivation, reference: Trace) -> float:
    """How far rounding may move J: rounding of every Z, and what J makes of it."""
    moved = abs(float(reference["J"]))
    for equation in derivation.objective.part("forward"):
        if equation.reason.rule is Rule.AFFINE:
            previous, W, b = (np.abs(reference[symbol.name]) for symbol in symbols(equation.right))
            moved += float(np.sum((previous @ W + b) * np.abs(reference[f"d{equation.left.name}"])))
    return 4 * float(np.finfo(float).eps) * moved


def _check(
    name: str, gradient: Array, cost: HeldCost, noise: float, kinks: int, rng: np.random.Generator, directions: int
) -> ArrayCheck:
    """The verdict on one array: the worst of all directions; along every coordinate if their number is 0."""
    size = float(np.linalg.norm(gradient))
    if not np.isfinite(size):
        return ArrayCheck(name, gradient.shape, np.inf, 0.0, False, "not finite")
    full = directions == 0
    if full:
        lines = np.eye(gradient.size).reshape(-1, *gradient.shape)
    else:
        lines = rng.standard_normal((directions, *gradient.shape))
        lines = np.concatenate([lines, gradient[None]]) if size > 0 else lines
        lines /= np.linalg.norm(lines.reshape(len(lines), -1), axis=1).reshape(-1, *[1] * gradient.ndim)
    measured, errors = _measured(name.removeprefix("d"), lines, cost, noise)
    scale = np.maximum(size, np.nanmax(np.abs(measured), initial=0.0)) or 1.0
    difference = np.abs(measured - np.tensordot(lines, gradient, gradient.ndim)) / scale
    resolution = errors / scale
    # along one direction of n, an error shows by 1/√n of its size
    tolerance = TOLERANCE / (1.0 if full else np.sqrt(gradient.size))
    excess = difference / np.maximum(tolerance, CERTAINTY * resolution)
    worst = int(np.argmax(np.nan_to_num(excess, nan=np.inf)))
    notes = [f"{kinks} values on a kink"] if kinks else []
    notes += ["all zeros"] if size == 0 else []
    notes += ["beyond what differences resolve"] if resolution[worst] > UNRESOLVED else []
    return ArrayCheck(
        name,
        gradient.shape,
        float(difference[worst]),
        float(resolution[worst]),
        bool(excess[worst] <= 1),
        ", ".join(notes),
    )


def _measured(parameter: str, lines: Array, cost: HeldCost, noise: float) -> tuple[Array, Array]:
    """∂J along unit directions of shape (lines, *parameter shape), and how far each can be trusted."""
    start = cost.start[parameter]
    values, errors = [], []
    for first in range(0, len(lines), LINES_AT_ONCE):
        some = lines[first : first + LINES_AT_ONCE]

        def moved(distances: Array, some: Array = some) -> Movement:
            moves = distances.reshape(*distances.shape, *[1] * start.ndim) * some[:, None]
            found = cost.along(parameter, (start + moves).reshape(-1, *start.shape))
            return Movement(found.costs.reshape(distances.shape), found.reaches.reshape(distances.shape))

        reaches = moved(np.tile(TRIAL_STEPS, (len(some), 1))).reaches
        found = slopes(lambda distances, moved=moved: moved(distances).costs, _largest_steps(reaches), noise)  # type: ignore[misc]
        values.append(found.values)
        errors.append(found.errors)
    return np.concatenate(values), np.concatenate(errors)


def _largest_steps(reaches: Array) -> Array:
    """How far to go along each line so that no Z moves by more than `REACH`, given what the trial steps did."""
    near = np.nan_to_num(reaches, nan=np.inf) <= REACH
    chosen = np.where(near.any(axis=1), np.argmax(near, axis=1), len(TRIAL_STEPS) - 1)
    reach = np.take_along_axis(reaches, chosen[:, None], 1)[:, 0]
    growth = np.divide(REACH, reach, out=np.ones_like(reach), where=reach > 0)
    return np.asarray(TRIAL_STEPS[chosen] * np.clip(growth, 1.0, TRIAL_STEPS[0] / TRIAL_STEPS[1]))
