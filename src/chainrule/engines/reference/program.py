"""The reference engine as a `Program`: every step evaluates the list of equations, in float64."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

import numpy as np

from chainrule.calculus import Derivation
from chainrule.calculus.derivation import dropout_free
from chainrule.calculus.forward import dropout_rates, parameters, prediction
from chainrule.calculus.updates import GLOBAL_NORM, optimiser_memory
from chainrule.engines.interface import Costs, Data, Epoch, Floats, State
from chainrule.engines.masks import dropout_mask
from chainrule.engines.reference.evaluation import Evaluator
from chainrule.engines.reference.operations import Array

PREDICTED_AT_ONCE = 4096  # rows, so that predicting needs no more memory than training


class ReferenceEngine:
    """Runs equations with NumPy, one after the other."""

    name = "reference"

    def compile(
        self,
        derivation: Derivation,
        *,
        dtype: np.dtype[Any],
        batch_size: int,  # noqa: ARG002  any size is as good
        n_threads: int | str = 1,  # noqa: ARG002  NumPy's own
    ) -> ReferenceProgram:
        """A program for a derivation; it computes in float64 whatever the dtype, and rounds what it gives out."""
        return ReferenceProgram(derivation, np.dtype(dtype))


class ReferenceProgram:
    """The state of one training: a dictionary of arrays."""

    def __init__(self, derivation: Derivation, dtype: np.dtype[Any]) -> None:
        network = derivation.network
        self._derivation, self._dtype = derivation, dtype
        self._parameters = [symbol.name for symbol in parameters(network)]
        self._memory = optimiser_memory(derivation.optimiser, parameters(network))
        self._values: dict[str, Array] = {}
        self._t = 0

    def load(self, state: Mapping[str, Any]) -> None:
        values = {name: np.array(state[name], np.float64) for name in self._parameters}
        for memory in self._memory:
            parameter = values[memory.parameter.name]
            start = parameter if memory.starts_as_parameter else np.zeros_like(parameter)
            values[memory.symbol.name] = np.array(state.get(memory.symbol.name, start), np.float64)
        self._values, self._t = values, int(state.get("t", 0))

    def state(self) -> State:
        return self._rounded() | {"t": np.array(float(self._t))}

    def snapshot(self) -> object:
        return dict(self._values), self._t  # evaluation makes new arrays, so these stay as they are

    def restore(self, snapshot: object) -> None:
        values, self._t = cast("tuple[dict[str, Array], int]", snapshot)
        self._values = dict(values)

    def finite(self) -> bool:
        return all(bool(np.isfinite(value).all()) for value in self._rounded().values())

    def train(self, data: Data, epoch: Epoch) -> Costs:
        steps = len(epoch.rates)
        L, R, s, norm = np.zeros((4, steps))
        moving = [*self._parameters, *(memory.symbol.name for memory in self._memory)]
        for step in range(steps):
            rows = epoch.order[step * epoch.batch_size : (step + 1) * epoch.batch_size]
            batch = self._batch(data, rows)
            s[step] = self._divisor(batch, len(rows))
            if s[step] == 0:
                continue
            masks = self._masks(epoch.seed, len(rows))
            scalars = {"eta": epoch.rates[step], "t": self._t + 1}
            trace = self._step(self._values | batch | masks | scalars)
            L[step], R[step], norm[step] = trace["L"], trace.get("R", 0.0), trace.get(GLOBAL_NORM, 0.0)
            self._values = {name: self._held(trace[f"{name}+"]) for name in moving}
            self._t += 1
        return Costs(L, R, s, norm)

    def gradients(self, data: Data) -> tuple[float, State]:
        batch = self._batch(data, np.arange(len(data)))
        trace = self._gradients(self._values | batch)
        return float(trace["J"]), {f"d{name}": trace[f"d{name}"].astype(self._dtype) for name in self._parameters}

    def predict(self, X: Any) -> Floats:
        network = self._derivation.network
        name, parts = prediction(network).name, []
        for start in range(0, max(X.shape[0], 1), PREDICTED_AT_ONCE):
            values = self._values | {"X": _dense(X[start : start + PREDICTED_AT_ONCE])}
            parts.append(self._prediction(values)[name])
        return np.concatenate(parts).astype(self._dtype)

    @cached_property
    def _step(self) -> Evaluator:
        return Evaluator(self._derivation.equations)

    @cached_property
    def _gradients(self) -> Evaluator:
        return Evaluator(dropout_free(self._derivation).gradients)

    @cached_property
    def _prediction(self) -> Evaluator:
        return Evaluator(self._derivation.prediction)

    def _held(self, value: Array) -> Array:
        """As exact as `state` gives it out, so that whoever loads that goes on to the bit."""
        with np.errstate(over="ignore"):
            return value.astype(self._dtype).astype(np.float64)

    def _rounded(self) -> State:
        """The state in the dtype that is given out, in which a large number may be infinite."""
        with np.errstate(over="ignore"):
            return {name: value.astype(self._dtype) for name, value in self._values.items()}

    def _batch(self, data: Data, rows: Any) -> dict[str, Array]:
        labels = data.Y[rows]
        if labels.ndim == 1:
            n_outputs = self._derivation.network.widths[-1]
            if len(labels) and not 0 <= labels.min() <= labels.max() < n_outputs:
                found = f"{labels.min()} to {labels.max()}"
                raise ValueError(f"Y holds classes from {found}; accepted: 0 to {n_outputs - 1}")
            labels = np.eye(n_outputs)[labels]
        batch = {"X": _dense(data.X[rows]), "Y": np.asarray(labels, np.float64)}
        if data.weight is not None:
            batch["w"] = np.asarray(data.weight[rows], np.float64)
        return batch

    def _divisor(self, batch: Mapping[str, Array], n: int) -> float:
        if self._derivation.network.reduction == "sum":
            return 1.0
        return float(batch["w"].sum()) if "w" in batch else float(n)

    def _masks(self, seed: int, n: int) -> dict[str, Array]:
        network = self._derivation.network
        return {
            f"M{layer}": dropout_mask(seed, self._t, layer, n, width, rate)
            for layer, (width, rate) in enumerate(zip(network.widths, dropout_rates(network), strict=True))
            if rate
        }


def _dense(X: Any) -> Array:
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, np.float64)
