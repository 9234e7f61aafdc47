"""The jit as an engine: a derivation's training step, its gradients and its predictions as machine code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus import Derivation
from chainrule.calculus.backward import adjoint_of
from chainrule.calculus.derivation import dropout_free
from chainrule.calculus.equations import Equation, Reason, Rule
from chainrule.calculus.forward import COST, DATA_COST, PENALTY, WEIGHT_SUM, dropout_rates, parameters, prediction
from chainrule.calculus.updates import GLOBAL_NORM, next_value, optimiser_memory, state_of
from chainrule.engines.interface import Costs, Data, Epoch, Floats, RowNumbers, State, row_numbers
from chainrule.engines.jit.decayed_memory import STEPS_BETWEEN
from chainrule.engines.jit.part import Part
from chainrule.engines.jit.tables import StepScalars, formulas
from chainrule.engines.jit.thread_choice import FixedThreads, thread_choice
from chainrule.engines.masks import keep_threshold, layer_keys
from chainrule.expressions.terms import Symbol

__all__ = ["JitEngine", "JitProgram"]

_MOST_ROWS = np.iinfo(np.int32).max
_ROWS_AT_ONCE = 256  # in gradients of all rows and in predictions
_STRENGTHS = ("alpha", "alpha1")
_NO_KEYS = np.zeros((1, 1, 4), np.uint32)


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
        self._threads, self._threads_of_blocks = thread_choice(n_threads), thread_choice(n_threads)
        network = derivation.network
        self._parameters = [symbol.name for symbol in parameters(network)]
        self._memory = optimiser_memory(derivation.optimiser, parameters(network))
        self._moving = [*self._parameters, *(memory.symbol.name for memory in self._memory)]
        self._clips = derivation.optimiser.clip_norm is not None
        self._penalty_names = (PENALTY,) if network.penalty else ()
        self._t = 0
        self._training = self._part_for_training(batch_size)
        self._others: dict[str, Part] = {}

    # ---- what was compiled ----
    @property
    def source(self) -> str:
        return str(self._training.assembly.schedule)

    @property
    def ir(self) -> str:
        return self._training.assembly.text

    def _part_for_training(self, batch: int) -> Part:
        equations = self._derivation.equations
        moving = tuple(f"{name}+" for name in self._moving)
        wanted = (*moving, DATA_COST, *self._penalty_names, *((GLOBAL_NORM,) if self._clips else ()))
        decaying = tuple(memory.symbol.name for memory in self._memory)
        return Part(equations, wanted, self._dtype, batch, self._gap, decaying=decaying)

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
        order, counts, rates = epoch.order, epoch.sizes, epoch.rates
        divisor = self._divisors(data, order, counts)
        runs: NDArray[np.bool_] | slice = slice(None)
        if data.weight is not None and not divisor.all():
            runs = positive = divisor != 0
            order, counts, rates = order[np.repeat(positive, counts)], counts[positive], rates[positive]
        numbers = np.arange(self._t + 1, self._t + 1 + len(counts), dtype=np.int64)
        scalars = {"eta": rates, "t": numbers.astype(np.float64)}
        keys = self._mask_keys(epoch.seed, numbers - 1)
        arrays, self._training.execution.steps_done = self._arrays(data), 0
        try:
            known = self._training.run(arrays, order, counts, scalars, keys, self._threads)
        finally:
            before, self._t = self._t, self._t + self._training.execution.steps_done
        if len(counts) < STEPS_BETWEEN and before // STEPS_BETWEEN != self._t // STEPS_BETWEEN:
            self._clear_subnormal_memory()
        norm = np.zeros(len(divisor)) if self._clips else None
        costs = Costs(np.zeros(len(divisor)), np.zeros(len(divisor)), divisor, norm)
        costs.data[runs] = known[DATA_COST]
        if norm is not None:
            norm[runs] = known[GLOBAL_NORM]
        if self._penalty_names:
            costs.penalty[runs] = known[PENALTY]
        return costs

    def _clear_subnormal_memory(self) -> None:
        """As compiled code does in longer epochs (`decayed_memory`)."""
        for memory in self._memory:
            place = self._training.places[memory.symbol.name]
            values = self._training.memory[place.offset : place.offset + place.size]
            values[np.abs(values) < np.finfo(self._dtype).tiny] = 0

    def _check_rows(self, X: Any) -> None:
        """Refuse an X whose rows machine code would read beyond their end, or has no numbers for."""
        n_inputs = self._derivation.network.n_inputs
        if X.ndim != 2 or X.shape[1] != n_inputs:
            raise ValueError(f"X must have the shape (n, {n_inputs}), got {X.shape}")
        if X.shape[0] > _MOST_ROWS:
            raise ValueError(f"X must have at most {_MOST_ROWS} rows, got {X.shape[0]}: give them in parts")

    def _check_places(self, data: Data, order: RowNumbers) -> None:
        """Refuse an order that leaves the rows."""
        self._check_rows(data.X)
        if len(order) and not (np.minimum.reduce(order) >= 0 and np.maximum.reduce(order) < len(data)):
            found = f"numbers from {order.min()} to {order.max()}"
            raise ValueError(f"order must hold row numbers from 0 to {len(data) - 1}, got {found}")

    def gradients(self, data: Data) -> tuple[float, State]:
        self._check_rows(data.X)
        if not len(data):
            raise ValueError("data must have at least one row, got none: J would be divided by 0")
        part, n = self._other("gradients", self._part_for_gradients), len(data)
        sums = {name: state_of("sum", Symbol(name)).name for name in self._parameters}
        for total in sums.values():
            part.clear(total)
        counts = np.minimum(_ROWS_AT_ONCE, n - np.arange(0, n, _ROWS_AT_ONCE))
        order = row_numbers(n)
        divisor = float(self._divisors(data, order, np.array([n]))[0])
        scalars: dict[str, Any] = {WEIGHT_SUM: divisor}
        for name, alpha in self._strengths().items():
            scalars[name] = np.where(np.arange(len(counts)) == 0, alpha, 0.0)
        known = part.run(self._arrays(data), order, counts, scalars, _NO_KEYS, self._threads_of_blocks, size=n)
        whole = {DATA_COST: known[DATA_COST].sum(), WEIGHT_SUM: divisor} | {
            name: known[name][0] for name in self._penalty_names
        }
        cost = StepScalars(np.zeros(1, np.int64), np.array([n]), {}, whole, {})
        cost.add(formulas([(Symbol(COST), self._derivation.equations[COST].right)]))
        gradients = {f"d{name}": part.get(total) for name, total in sums.items()}
        return float(np.ravel(cost[COST])[0]), gradients

    def predict(self, X: Any) -> Floats:
        self._check_rows(X)
        output = prediction(self._derivation.network).name
        part = self._other("prediction", self._part_for_prediction)
        rows = X.shape[0]
        result = np.empty((rows, self._derivation.network.widths[-1]), self._dtype)
        arrays = self._inputs(X)
        for begin in range(0, rows, _ROWS_AT_ONCE):
            order = np.arange(begin, min(begin + _ROWS_AT_ONCE, rows), dtype=np.int32)
            counts = np.array([len(order)], np.int64)
            part.run(arrays, order, counts, {}, _NO_KEYS, FixedThreads(1))
            result[begin : begin + len(order)] = part.get(output, len(order))
        return result

    def _part_for_gradients(self) -> Part:
        """Cost and gradients of a block of rows, each gradient added to a sum over the blocks.

        The first block alone has the penalty; all are divided by the s of all rows.
        """
        bare = dropout_free(self._derivation)
        system, sums, adding = bare.gradients, [], []
        for symbol in parameters(bare.network):
            total = state_of("sum", symbol)
            reason = Reason(Rule.COST_DERIVATIVE, f"by {symbol.name}, block after block")
            sums.append(total)
            adding.append(Equation(next_value(total), total + adjoint_of(symbol), "update", reason))
        system = replace(system, inputs=(*system.inputs, *sums), equations=(*system.equations, *adding))
        wanted = (*(equation.left.name for equation in adding), DATA_COST, *self._penalty_names)
        return Part(system, wanted, self._dtype, _ROWS_AT_ONCE, self._gap, varying=self._strengths())

    def _strengths(self) -> dict[str, Any]:
        """alpha and alpha1, where the network has them."""
        return {name: value for name, value in self._derivation.equations.constants if name in _STRENGTHS}

    def _part_for_prediction(self) -> Part:
        output = prediction(self._derivation.network).name
        return Part(self._derivation.prediction, (output,), self._dtype, _ROWS_AT_ONCE, self._gap)

    def _other(self, name: str, make: Callable[[], Part]) -> Part:
        """A part with its own memory, at the current parameters."""
        if name not in self._others:
            self._others[name] = make()
        part = self._others[name]
        for parameter in self._parameters:
            part.put(parameter, self._training.get(parameter))
        return part

    def _divisors(self, data: Data, order: RowNumbers, counts: NDArray[np.int64]) -> NDArray[np.float64]:
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
        from scipy.sparse import csr_array  # SciPy takes long to import, and few need it here

        X = csr_array(X)
        X.sum_duplicates()
        return {
            "data X": np.ascontiguousarray(X.data, self._dtype),
            "columns": np.ascontiguousarray(X.indices, np.int32),  # SciPy's own, but beyond 2^31 entries
            "starts": np.ascontiguousarray(X.indptr, np.int64),
        }

    def _mask_keys(self, seed: int, steps: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Key and threshold of every drawn mask in every step."""
        masks = self._training.assembly.schedule.masks
        if not masks:
            return _NO_KEYS
        keys = np.zeros((len(steps), len(masks), 4), np.uint32)
        rates = dropout_rates(self._derivation.network)
        for number, mask in enumerate(masks):
            layer = int(mask.name[1:])
            keys[:, number, 0], keys[:, number, 1] = layer_keys(seed, steps, layer)
            keys[:, number, 2] = keep_threshold(rates[layer])
        return keys
