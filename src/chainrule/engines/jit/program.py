"""The jit as an engine: a derivation's training step, its gradients and its predictions as machine code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from chainrule.calculus import Derivation
from chainrule.calculus.derivation import dropout_free
from chainrule.calculus.equations import Equations
from chainrule.calculus.forward import COST, DATA_COST, PENALTY, dropout_rates, parameters, prediction
from chainrule.calculus.updates import GLOBAL_NORM, optimiser_memory
from chainrule.engines.interface import Costs, Data, Epoch, Floats, State
from chainrule.engines.jit.assembly import Assembly
from chainrule.engines.jit.compilation import Request, assemble, compiled
from chainrule.engines.jit.execution import Execution
from chainrule.engines.jit.layout import Line, Panels, copy_name
from chainrule.engines.jit.tables import StepScalars
from chainrule.engines.jit.target import host_target
from chainrule.engines.jit.thread_choice import FixedThreads, ThreadChoice, thread_choice
from chainrule.engines.masks import keep_threshold, layer_keys
from chainrule.expressions.terms import SAMPLES, Size, Symbol, Term, symbols, walk

__all__ = ["JitEngine", "JitProgram"]

_PREDICTED_AT_ONCE = 256


class JitEngine:
    """Compiles equations to machine code with LLVM.

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> derivation = derive(Network.parse("4 -> 8 tanh -> 3 softmax", loss="cross-entropy"))
    >>> program = JitEngine().compile(derivation, dtype=np.dtype("float32"), batch_size=32)
    >>> print(program.source.splitlines()[1])
    gather X, Y
    """

    name = "jit"

    def compile(
        self, derivation: Derivation, *, dtype: np.dtype[Any], batch_size: int, n_threads: int | str = 1
    ) -> JitProgram:
        """A program for a derivation; see `chainrule.engines.interface.Engine`.

        Raises
        ------
        CompilationUnsupported
            If an equation has a form that is not compiled; the reference engine runs it.
        ValueError
            If the dtype, the batch size or the number of threads is not accepted.
        """
        return JitProgram(derivation, np.dtype(dtype), batch_size, n_threads)


class _Part:
    """One compiled system of equations: training, gradients or prediction."""

    def __init__(
        self, equations: Equations, wanted: tuple[str, ...], dtype: np.dtype[Any], batch: int, gap: int
    ) -> None:
        drawn = frozenset(symbol.name for symbol in equations.inputs if symbol.name[0] == "M")
        self.request = Request(equations, wanted, drawn, dtype, batch, host_target(), gap)
        self.assembly: Assembly = assemble(self.request)
        self.execution = Execution(self.assembly, compiled(self.assembly, self.request))
        self.memory = self.execution.memory
        self.places = self.assembly.layout.places
        for name, value in self.request.equations.constants:
            self.put(name, np.asarray(value))
        self._divide_table()

    def put(self, name: str, value: NDArray[Any]) -> None:
        """Write a parameter or state, and its transposed copy."""
        for stored in (name, copy_name(Symbol(name))):
            place = self.places.get(stored)
            if isinstance(place, Panels | Line):
                place.pack(self.memory, value)

    @property
    def held(self) -> NDArray[Any]:
        """Everything that outlasts a step: parameters first, then the optimiser's memory."""
        return self.memory[: self.assembly.held]

    def refresh_copies(self) -> None:
        """Transposed copies of weights that were written as they lie."""
        for name in self.places:
            if copy_name(Symbol(name)) in self.places:
                self.put(name, self.get(name))

    def get(self, name: str, rows: int | None = None) -> NDArray[Any]:
        return self.places[name].unpack(self.memory, rows)

    def run(
        self, data: Mapping[str, NDArray[Any]], order: NDArray[np.int64], counts: NDArray[np.int64],
        scalars: Mapping[str, Any], keys: NDArray[np.uint32], threads: ThreadChoice,
    ) -> StepScalars:  # fmt: skip
        """Run steps of consecutive batches; the scalars of each step afterwards."""
        schedule = self.assembly.schedule
        starts = np.cumsum(counts) - counts
        samples = {"w": data["data w"][order]} if "data w" in data else {}
        values = StepScalars(starts, counts, self.assembly.sizes, {**self._constant, **scalars}, samples)
        values.add(self._varying)
        table = np.zeros((len(counts), max(len(schedule.table), 1)), self.assembly.lanes.dtype)
        with np.errstate(over="ignore"):
            for slot, (symbol, _) in enumerate(schedule.table):
                table[:, slot] = values[symbol.name]
        ahead = np.zeros(int(counts.max(initial=0)), np.int64)
        totals = self.execution.run(data, np.concatenate([order, ahead]), starts, counts, table, keys, threads)
        values.know({symbol.name: totals[:, slot] for slot, symbol in enumerate(schedule.totals)})
        values.add(schedule.scalars)
        return values

    def _divide_table(self) -> None:
        """Scalars of the table that no step changes are computed once."""
        constants: dict[str, Any] = dict(self.request.equations.constants)
        once = StepScalars(_NO_STEPS, _NO_STEPS, self.assembly.sizes, constants, {})
        self._varying: list[tuple[Symbol, Term]] = []
        for symbol, term in self.assembly.schedule.table:
            if all(used.name in constants for used in symbols(term)) and not _measures_samples(term):
                once.add([(symbol, term)])
                constants[symbol.name] = once[symbol.name]
            else:
                self._varying.append((symbol, term))
        self._constant = constants


_NO_STEPS = np.zeros(0, np.int64)


def _measures_samples(term: Term) -> bool:
    """Whether a term holds the number of samples of a step."""
    return any(node == Size(SAMPLES) for node in walk(term))


@dataclass(frozen=True)
class _Snapshot:
    """Parameters and the optimiser's memory as they lie, padding and all."""

    values: NDArray[Any]
    t: int


class JitProgram:
    """The state of one training, and the compiled code that moves it.

    Parameters
    ----------
    derivation : Derivation
    dtype : float32 or float64
    batch_size : int
    n_threads : int or "auto"
    gap : int
        Logical vectors between two values in memory, for tests.

    Attributes
    ----------
    source : str
        The schedule of a training step: which equations run in which stage.
    ir : str
        The training step in LLVM's language.
    """

    def __init__(
        self, derivation: Derivation, dtype: np.dtype[Any], batch_size: int, n_threads: int | str = 1, gap: int = 0
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; accepted: at least 1.")
        self._derivation, self._dtype, self._gap = derivation, dtype, gap
        self._threads = thread_choice(n_threads)
        network = derivation.network
        self._parameters = [symbol.name for symbol in parameters(network)]
        self._memory = optimiser_memory(derivation.optimiser, parameters(network))
        self._moving = [*self._parameters, *(memory.symbol.name for memory in self._memory)]
        self._clips = derivation.optimiser.clip_norm is not None
        self._t = 0
        self._training = self._part_for_training(batch_size)
        self._others: dict[tuple[str, int], _Part] = {}

    # ---- what was compiled ----
    @property
    def source(self) -> str:
        return str(self._training.assembly.schedule)

    @property
    def ir(self) -> str:
        return self._training.assembly.text

    def _part_for_training(self, batch: int) -> _Part:
        equations = self._derivation.equations
        moving = tuple(f"{name}+" for name in self._moving)
        wanted = (*moving, COST, DATA_COST, *((PENALTY,) if self._derivation.network.penalty else ()))
        wanted += (GLOBAL_NORM,) if self._clips else ()
        return _Part(equations, wanted, self._dtype, batch, self._gap)

    # ---- state ----
    def load(self, state: Mapping[str, Any]) -> None:
        values = {name: np.asarray(state[name], self._dtype) for name in self._parameters}
        for memory in self._memory:
            parameter = values[memory.parameter.name]
            start = parameter if memory.starts_as_parameter else np.zeros_like(parameter)
            values[memory.symbol.name] = np.asarray(state.get(memory.symbol.name, start), self._dtype)
        for name, value in values.items():
            self._training.put(name, value)
        self._t = int(state.get("t", 0))

    def state(self) -> State:
        copies: State = {name: self._training.get(name) for name in self._moving}
        return copies | {"t": np.array(float(self._t))}

    def snapshot(self) -> object:
        return _Snapshot(self._training.held.copy(), self._t)

    def restore(self, snapshot: object) -> None:
        taken = cast("_Snapshot", snapshot)
        self._training.held[:] = taken.values
        self._training.refresh_copies()
        self._t = taken.t

    def finite(self) -> bool:
        return bool(np.isfinite(self._training.held).all())

    # ---- work ----
    def train(self, data: Data, epoch: Epoch) -> Costs:
        self._check_places(data, epoch.order)
        if epoch.batch_size > self._training.request.batch:
            state = self.state()
            self._training = self._part_for_training(epoch.batch_size)
            self.load(state)
        counts = epoch.sizes.astype(np.int64)
        divisor = self._divisors(data, epoch.order, counts)
        runs = divisor != 0
        kept = np.repeat(runs, counts)
        numbers = np.arange(self._t + 1, self._t + 1 + int(runs.sum()), dtype=np.int64)
        scalars = {"eta": np.asarray(epoch.rates)[runs], "t": numbers.astype(np.float64)}
        order = np.ascontiguousarray(epoch.order[kept], np.int64)
        keys = self._mask_keys(epoch.seed, numbers - 1)
        arrays, self._training.execution.steps_done = self._arrays(data), 0
        try:
            known = self._training.run(arrays, order, counts[runs], scalars, keys, self._threads)
        finally:
            self._t += self._training.execution.steps_done
        nothing = np.zeros(len(counts))
        costs = Costs(nothing.copy(), nothing.copy(), divisor, nothing if self._clips else None)
        costs.data[runs] = known[DATA_COST]
        if costs.norm is not None:
            costs.norm[runs] = known[GLOBAL_NORM]
        if self._derivation.network.penalty:
            costs.penalty[runs] = known[PENALTY]
        return costs

    def _check_width(self, X: Any) -> None:
        """Refuse an X whose rows machine code would read beyond their end."""
        n_inputs = self._derivation.network.n_inputs
        if X.ndim != 2 or X.shape[1] != n_inputs:
            raise ValueError(f"X must have the shape (n, {n_inputs}), got {X.shape}")

    def _check_places(self, data: Data, order: NDArray[np.int64]) -> None:
        """Refuse what machine code would read beside an array."""
        self._check_width(data.X)
        if len(order) and not (order.min() >= 0 and order.max() < len(data)):
            found = f"numbers from {order.min()} to {order.max()}"
            raise ValueError(f"order must hold row numbers from 0 to {len(data) - 1}, got {found}")

    def gradients(self, data: Data) -> tuple[float, State]:
        self._check_places(data, np.arange(len(data)))
        bare = dropout_free(self._derivation)
        names = tuple(f"d{name}" for name in self._parameters)
        part = self._other("gradients", bare.gradients, (*names, COST), len(data))
        everything = np.arange(len(data), dtype=np.int64)
        counts = np.array([len(data)], np.int64)
        known = part.run(self._arrays(data), everything, counts, {}, self._mask_keys(0, counts), FixedThreads(1))
        return float(np.asarray(known[COST]).ravel()[0]), {name: part.get(name) for name in names}

    def predict(self, X: Any) -> Floats:
        self._check_width(X)
        equations = self._derivation.prediction
        output = prediction(self._derivation.network).name
        part = self._other("prediction", equations, (output,), _PREDICTED_AT_ONCE)
        rows = X.shape[0]
        result = np.empty((rows, self._derivation.network.widths[-1]), self._dtype)
        arrays = self._inputs(X)
        for begin in range(0, rows, _PREDICTED_AT_ONCE):
            order = np.arange(begin, min(begin + _PREDICTED_AT_ONCE, rows), dtype=np.int64)
            counts = np.array([len(order)], np.int64)
            part.run(arrays, order, counts, {}, np.zeros((1, 1, 4), np.uint32), FixedThreads(1))
            result[begin : begin + len(order)] = part.get(output, len(order))
        return result

    def _other(self, name: str, equations: Equations, wanted: tuple[str, ...], batch: int) -> _Part:
        """A part with its own memory, at the current parameters."""
        if (name, batch) not in self._others:
            self._others[name, batch] = _Part(equations, wanted, self._dtype, batch, self._gap)
        part = self._others[name, batch]
        for parameter in self._parameters:
            part.put(parameter, self._training.get(parameter))
        return part

    def _divisors(self, data: Data, order: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
        if self._derivation.network.reduction == "sum":
            return np.ones(len(counts))
        if data.weight is None:
            return counts.astype(np.float64)
        starts = np.cumsum(counts) - counts
        return np.add.reduceat(data.weight[order].astype(np.float64), starts) if len(counts) else np.zeros(0)

    def _arrays(self, data: Data) -> dict[str, NDArray[Any]]:
        """The data as the emitted code reads them."""
        n, n_outputs = len(data), self._derivation.network.widths[-1]
        arrays = self._inputs(data.X)
        labels = np.asarray(data.Y)
        if labels.ndim == 1 and labels.dtype.kind in "iu":
            if n and not 0 <= int(labels.min()) <= int(labels.max()) < n_outputs:
                raise ValueError(f"Y holds classes up to {labels.max()}; accepted: 0 to {n_outputs - 1}.")
            arrays["classes"] = np.ascontiguousarray(labels, np.int64)
        else:
            arrays["data Y"] = np.ascontiguousarray(labels.reshape(n, n_outputs), self._dtype)
        if data.weight is not None:
            arrays["data w"] = np.ascontiguousarray(data.weight, self._dtype)
        return arrays

    def _inputs(self, X: Any) -> dict[str, NDArray[Any]]:
        if isinstance(X, np.ndarray):
            return {"data X": np.ascontiguousarray(X, self._dtype)}
        X = csr_array(X)
        X.sum_duplicates()
        return {
            "data X": np.ascontiguousarray(X.data, self._dtype),
            "columns": np.ascontiguousarray(X.indices, np.int64),
            "starts": np.ascontiguousarray(X.indptr, np.int64),
        }

    def _mask_keys(self, seed: int, steps: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Key and threshold of every drawn mask in every step."""
        masks = self._training.assembly.schedule.masks
        keys = np.zeros((len(steps), max(len(masks), 1), 4), np.uint32)
        rates = dropout_rates(self._derivation.network)
        for number, mask in enumerate(masks):
            layer = int(mask.name[1:])
            keys[:, number, 0], keys[:, number, 1] = layer_keys(seed, steps, layer)
            keys[:, number, 2] = keep_threshold(rates[layer])
        return keys
