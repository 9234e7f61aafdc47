"""Data in somebody's own form, brought into the core's arrangement; and drawn data where none is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.checking.drawing import Values, complete_values, draw_labels
from chainrule.checking.forms import Form
from chainrule.checking.reading import readings
from chainrule.network import Network

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Given:
    """What a reader passes to `check_backward`, as it is; None where nothing is given."""

    params: Any = None
    X: ArrayLike | None = None
    Y: ArrayLike | None = None
    sample_weight: ArrayLike | None = None
    masks: Mapping[str, ArrayLike] | None = None

    @property
    def as_is(self) -> dict[str, Any]:
        """What the function is given without any change."""
        given = {"params": self.params, "X": self.X, "Y": self.Y}
        return {name: value for name, value in given.items() if value is not None}

    def misfit(self, network: Network) -> str:
        """That no form fits, and which shapes met."""
        shapes = [f"{name} {np.shape(value)}" for name, value in (("X", self.X), ("Y", self.Y)) if value is not None]
        if self.params is not None:
            shapes.append("params as given")
        widths = f"{network.n_inputs} inputs and {network.widths[-1]} outputs"
        return f"{', '.join(shapes)}: no layout fits a network of {widths}, with weights {network.parameter_shapes}"


def drawn_values(network: Network, rng: np.random.Generator, samples: int | None = None) -> Values:
    """Drawn values with labels as readers have them: one-hot, 0 and 1, or real."""
    values = complete_values(network, rng, Values(), samples)
    n, width = len(np.asarray(values.Y)), network.widths[-1]
    if network.distributions:
        sizes = [part.stop - part.start for part in network.distributions]
        labels: Array = np.hstack([np.eye(size)[rng.permutation(n) % size] for size in sizes])
    elif network.loss.labels.high == 1:
        labels = (np.arange(n * width) % 2).astype(np.float64).reshape(n, width)
    else:
        labels = draw_labels(network, rng, n)
    return Values(values.params, values.X, labels, values.sample_weight, values.masks)


def given_values(network: Network, form: Form, given: Given, drawn: Values, names: Mapping[str, str]) -> Values | None:
    """All values in the core's arrangement, if what is given fits the form; else None.

    Raises
    ------
    ValueError
        If only one of X and Y is given, or parameters cannot be read.
    """
    if (given.X is None) != (given.Y is None):
        raise ValueError("X and Y are given together, or both drawn")
    if all(value is None for value in vars(given).values()):
        return drawn
    params, X, Y, weight, masks = drawn.params, drawn.X, drawn.Y, drawn.sample_weight, drawn.masks
    if given.X is not None and given.Y is not None:
        fitting_X = _samples_in_rows(np.asarray(given.X), form, network.n_inputs)
        if fitting_X is None:
            return None
        fitting_Y = _labels(np.asarray(given.Y), form, network, len(fitting_X))
        if fitting_Y is None:
            return None
        X, Y = fitting_X, fitting_Y
        fresh = complete_values(network, np.random.default_rng(0), Values(params, X, Y))
        weight, masks = fresh.sample_weight, fresh.masks
    if given.params is not None:
        params = _parameters(given.params, form, network, names)
        if params is None:
            return None
    weight = weight if given.sample_weight is None else given.sample_weight
    return Values(params, X, Y, weight, masks if given.masks is None else given.masks)


def _samples_in_rows(array: NDArray[Any], form: Form, width: int) -> NDArray[Any] | None:
    if form.samples == "one" and array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        return None
    rows = array if form.samples == "rows" else array.T
    return rows if rows.shape[1] == width else None


def _labels(array: NDArray[Any], form: Form, network: Network, n: int) -> NDArray[Any] | None:
    width = network.widths[-1]
    if array.ndim == 1 and form.samples != "one":
        if len(array) != n:
            return None
        return array[:, None] if width == 1 else _one_hot(array, width)
    rows = _samples_in_rows(array, form, width)
    return rows if rows is not None and len(rows) == n else None


def _one_hot(classes: NDArray[Any], width: int) -> NDArray[Any] | None:
    if not np.isin(classes, np.arange(width)).all():
        return None
    return np.asarray(np.eye(width)[classes.astype(int)])


def _parameters(given: Any, form: Form, network: Network, names: Mapping[str, str]) -> dict[str, NDArray[Any]] | None:
    for reading in readings(given, network, names):
        found = {}
        for name, shape in network.parameter_shapes.items():
            array = np.asarray(reading.get(f"d{name}", np.nan))
            if name[0] == "W" and array.ndim == 2:
                array = array if form.weights == "in-out" else array.T
            elif name[0] == "b":
                array = array.reshape(-1)
            if array.shape == shape:
                found[name] = array
        if len(found) == len(network.parameter_shapes):
            return found
    return None
