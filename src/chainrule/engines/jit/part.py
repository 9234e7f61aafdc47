"""One compiled system of equations, such as a training step, with the memory that it works in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.equations import Equations
from chainrule.engines.interface import RowNumbers
from chainrule.engines.jit.compilation import Request, assemble, compiled
from chainrule.engines.jit.execution import Execution, aligned_zeros
from chainrule.engines.jit.layout import Line, Panels, copy_name
from chainrule.engines.jit.tables import Formula, StepScalars, formulas
from chainrule.engines.jit.target import host_target
from chainrule.engines.jit.thread_choice import ThreadChoice
from chainrule.expressions.terms import SAMPLES, Size, Symbol, Term, symbols, walk

__all__ = ["Part"]

_NO_STEPS = np.zeros(0, np.int64)


class Part:
    """Equations, laid out in memory at once, and compiled when they first run.

    Parameters
    ----------
    equations : Equations
    wanted : tuple of str
        Names that are read afterwards.
    dtype : float32 or float64
    batch : int
        The largest number of samples of a step.
    gap : int
        Logical vectors between two values in memory, for tests.
    varying : collection of str
        Constants of the equations that differ from step to step: `run` is given their values.
    decaying : tuple of str
        The optimiser's memory, of which subnormal numbers are cleared now and then.

    Raises
    ------
    CompilationUnsupported
        If an equation has a form that is not compiled.
    """

    def __init__(
        self,
        equations: Equations,
        wanted: tuple[str, ...],
        dtype: np.dtype[Any],
        batch: int,
        gap: int = 0,
        varying: Collection[str] = (),
        decaying: tuple[str, ...] = (),
    ) -> None:
        drawn = frozenset(symbol.name for symbol in equations.inputs if symbol.name[0] == "M")
        self.request = Request(equations, wanted, drawn, dtype, batch, host_target(), gap, decaying)
        self.assembly = assemble(self.request)
        self.memory = aligned_zeros(self.assembly.layout.size, dtype)
        self.places = self.assembly.layout.places
        self._constants = {name: value for name, value in equations.constants if name not in varying}
        for name, value in self._constants.items():
            self.put(name, np.asarray(value))
        self._by_sizes, self._by_step = self._divided_table()
        self._after = formulas(self.assembly.schedule.scalars)
        self._slots = {symbol.name: slot for slot, (symbol, _) in enumerate(self.assembly.schedule.table)}
        self._totals = tuple(symbol.name for symbol in self.assembly.schedule.totals)
        self._batches: _Batches | None = None

    @cached_property
    def execution(self) -> Execution:
        """The compiled code."""
        return Execution(self.assembly, compiled(self.assembly, self.request), self.memory)

    # ---- values that stay
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
        """A copy of a value, as an array of its axes."""
        return self.places[name].unpack(self.memory, rows)

    def clear(self, name: str) -> None:
        """Set a value to zero."""
        place = self.places[name]
        self.memory[place.offset : place.offset + place.size] = 0

    # ---- steps
    def run(
        self,
        data: Mapping[str, NDArray[Any]],
        order: RowNumbers,
        counts: NDArray[np.int64],
        scalars: Mapping[str, Any],
        keys: NDArray[np.uint32],
        threads: ThreadChoice,
        *,
        size: int | None = None,
    ) -> StepScalars:
        """Run steps of consecutive batches; the scalars of each step afterwards.

        Parameters
        ----------
        data, keys, threads
            As in `Execution.run`.
        order : ndarray of int
            The rows of all steps.
        counts : int64 ndarray of shape (n_steps,)
            The number of rows of each step.
        scalars : mapping of str to float or ndarray of shape (n_steps,)
        size : int, optional
            What the equations take for the number of samples, where it is not that of the step.
        """
        batches = self._batches_of(counts, size)
        samples = {"w": data["data w"][order]} if "data w" in data else {}
        values = StepScalars(batches.starts, batches.sizes, self.assembly.sizes, {**batches.known, **scalars}, samples)
        values.add(self._by_step)
        self._fill(batches.table, values, (name for name in self._slots if name not in batches.known))
        rows = np.ascontiguousarray(order, np.int32)
        self.execution.run(data, rows, batches.starts, counts, batches.table, keys, batches.totals, threads)
        values.know({name: batches.totals[:, slot].copy() for slot, name in enumerate(self._totals)})
        values.add(self._after)
        return values

    def _batches_of(self, counts: NDArray[np.int64], size: int | None) -> _Batches:
        """What belongs to these numbers of rows; they are mostly those of the last epoch."""
        kept = self._batches
        if kept is None or kept.counts is not counts or kept.size != size or counts.flags.writeable:
            starts, steps = np.cumsum(counts) - counts, len(counts)
            sizes = counts if size is None else np.full(steps, size)
            values = StepScalars(starts, sizes, self.assembly.sizes, self._constants, {})
            values.add(self._by_sizes)
            table = np.zeros((steps, max(len(self._slots), 1)), self.assembly.lanes.dtype)
            self._fill(table, values, (name for name in self._slots if name in values.known))
            totals = np.zeros((steps, max(len(self._totals), 1)))
            kept = self._batches = _Batches(counts, size, starts, sizes, values.known, table, totals)
        return kept

    def _fill(self, table: NDArray[Any], values: StepScalars, names: Iterable[str]) -> None:
        with np.errstate(over="ignore"):
            for name in names:
                table[:, self._slots[name]] = values[name]

    def _divided_table(self) -> tuple[list[Formula], list[Formula]]:
        """The scalars that differ with the numbers of rows, and those that differ from step to step.

        The others are computed here, once, and become constants.
        """
        once = StepScalars(_NO_STEPS, _NO_STEPS, self.assembly.sizes, self._constants, {})
        by_sizes: list[tuple[Symbol, Term]] = []
        by_step: list[tuple[Symbol, Term]] = []
        for symbol, term in self.assembly.schedule.table:
            known = {used.name for used in symbols(term)} <= once.known.keys() | {later.name for later, _ in by_sizes}
            if known and (_measures_samples(term) or any(later in symbols(term) for later, _ in by_sizes)):
                by_sizes.append((symbol, term))
            elif known:
                once.add(formulas([(symbol, term)]))
            else:
                by_step.append((symbol, term))
        self._constants = once.known
        return formulas(by_sizes), formulas(by_step)


@dataclass(frozen=True)
class _Batches:
    """What is the same whenever the steps have these numbers of rows, and room for what is not.

    Attributes
    ----------
    counts : int64 ndarray of shape (n_steps,)
    size : int, optional
        As in `Part.run`.
    starts, sizes : int64 ndarray of shape (n_steps,)
        Where each step's rows begin, and what the equations take for their number.
    known : dict
        Scalars by name.
    table : ndarray of shape (n_steps, n_scalars)
        Filled with what is known.
    totals : float64 ndarray of shape (n_steps, n_totals)
    """

    counts: NDArray[np.int64]
    size: int | None
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    known: dict[str, Any]
    table: NDArray[Any]
    totals: NDArray[np.float64]


def _measures_samples(term: Term) -> bool:
    """Whether a term holds the number of samples of a step."""
    return any(node == Size(SAMPLES) for node in walk(term))
