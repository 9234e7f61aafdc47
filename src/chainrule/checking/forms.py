"""How somebody's code arranges arrays: where samples are, which way round weights are, whether biases are flat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.expressions.terms import SAMPLES, Axes

Array = NDArray[np.float64]

OTHER_SAMPLES = "j"  # a second run through the samples: what broadcasting (n,) against (n, 1) makes


@dataclass(frozen=True)
class Form:
    """An arrangement.

    Attributes
    ----------
    samples : {"rows", "columns", "one"}
        Where samples are in X; "one" is a single sample, as a column where `bias` is "matrix", else as a vector.
    weights : {"in-out", "out-in"}
        The shape of W: (n_in, n_out) or (n_out, n_in).
    bias : {"vector", "matrix", "number"}
        b of shape (n_out,), of shape (1, n_out) or (n_out, 1), or a plain number.
    labels : {"matrix", "vector", "classes"}
        Y like the outputs, of shape (n,), or as whole numbers that name the class.
    """

    samples: Literal["rows", "columns", "one"] = "rows"
    weights: Literal["in-out", "out-in"] = "in-out"
    bias: Literal["vector", "matrix", "number"] = "vector"
    labels: Literal["matrix", "vector", "classes"] = "matrix"

    def order(self, axes: Axes) -> Axes:
        """The axes in the order in which an array of this form has them."""
        units = sorted((axis for axis in axes if axis[0] == "u"), key=lambda axis: int(axis[1:]))
        units = units if self.weights == "in-out" else units[::-1]
        samples = [SAMPLES] if SAMPLES in axes else []
        ordered = [*units, *samples] if self.samples != "rows" else [*samples, *units]
        return (*ordered, *(axis for axis in axes if axis not in ordered))

    def arranged(self, axes: Axes, value: Array) -> Array:
        """An array whose axes are in the core's order, in this form's."""
        return np.transpose(value, [axes.index(axis) for axis in self.order(axes)]) if axes else value

    def data(self, axes: Axes, value: Array) -> Array:
        """Samples, or one of their activations."""
        arranged = self.arranged(axes, value)
        one_vector = self.samples == "one" and self.bias == "vector" and arranged.ndim == 2
        return arranged[:, 0] if one_vector else arranged

    def biased(self, value: Array) -> Any:
        """A bias of shape (n_out,)."""
        match self.bias:
            case "number":
                return float(value[0])
            case "matrix":
                return value[None, :] if self.samples == "rows" else value[:, None]
        return value

    def labelled(self, value: Array) -> Any:
        """Labels of shape (n, n_out)."""
        match self.labels:
            case "vector":
                return value[:, 0]
            case "classes":
                return np.argmax(value, axis=1)
        return self.data((SAMPLES, "u1"), value)

    def __str__(self) -> str:
        shapes = {"in-out": "W (n_in, n_out)", "out-in": "W (n_out, n_in)"}[self.weights]
        samples = {"rows": "samples in rows", "columns": "samples in columns", "one": "one sample at a time"}
        bias = {"vector": "b (n_out,)", "number": "b a number"}.get(self.bias)
        bias = bias or ("b (1, n_out)" if self.samples == "rows" else "b (n_out, 1)")
        labels = {"matrix": "", "vector": ", Y (n,)", "classes": ", Y as class numbers"}[self.labels]
        return f"{samples[self.samples]}, {shapes}, {bias}{labels}"
