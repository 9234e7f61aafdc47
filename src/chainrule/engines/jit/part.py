"""One compiled system of equations, such as a training step, with the memory that it works in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.equations import Equations
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
    ) -> None:
        drawn = frozenset(symbol.name for symbol in equations.inputs if symbol.name[0] == "M")
        self.request = Request(equations, wanted, drawn, dtype, batch, host_target(), gap)
        self.assembly = assemble(self.request)
        self.memory = aligned_zeros(self.assembly.layout.size, dtype)
        self.places = self.assembly.layout.places
        self._constants = {name: value for name, value in equations.constants if name not in varying}
        for name, value in self._constants.items():
            self.put(name, np.asarray(value))
        self._before, self._after = self._divided_table(), formulas(self.assembly.schedule.scalars)

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
        order: NDArray[np.int64],
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
        order : int64 ndarray
            The rows of all steps.
        counts : int64 ndarray of shape (n_steps,)
            The number of rows of each step.
        scalars : mapping of str to float or ndarray of shape (n_steps,)
        size : int, optional
            What the equations take for the number of samples, where it is not that of the step.
        """
        schedule = self.assembly.schedule
        starts = np.cumsum(counts) - counts
        samples = {"w": data["data w"][order]} if "data w" in data else {}
        sizes = counts if size is None else np.full(len(counts), size)
        values = StepScalars(starts, sizes, self.assembly.sizes, {**self._constants, **scalars}, samples)
        values.add(self._before)
        table = np.zeros((len(counts), max(len(schedule.table), 1)), self.assembly.lanes.dtype)
        with np.errstate(over="ignore"):
            for slot, (symbol, _) in enumerate(schedule.table):
                table[:, slot] = values[symbol.name]
        order = np.ascontiguousarray(order, np.int64)
        totals = self.execution.run(data, order, starts, counts, table, keys, threads)
        values.know({symbol.name: totals[:, slot] for slot, symbol in enumerate(schedule.totals)})
        values.add(self._after)
        return values

    def _divided_table(self) -> list[Formula]:
        """The scalars that differ from step to step; the others are computed here, once, and become constants."""
        once = StepScalars(_NO_STEPS, _NO_STEPS, self.assembly.sizes, self._constants, {})
        varying: list[tuple[Symbol, Term]] = []
        for symbol, term in self.assembly.schedule.table:
            if all(used.name in once.known for used in symbols(term)) and not _measures_samples(term):
                once.add(formulas([(symbol, term)]))
            else:
                varying.append((symbol, term))
        self._constants = once.known
        return formulas(varying)


def _measures_samples(term: Term) -> bool:
    """Whether a term holds the number of samples of a step."""
    return any(node == Size(SAMPLES) for node in walk(term))
