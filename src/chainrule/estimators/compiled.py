"""The compiled program of an estimator: made when needed, kept between calls, never copied or pickled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

from chainrule.calculus import Derivation, derive
from chainrule.engines.choosing import compile_with
from chainrule.engines.interface import Program
from chainrule.engines.reference.few_rows import FewRows
from chainrule.network import Network


class ProgramPool:
    """Programs that one fit after the other uses, each in one thread at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._idle: dict[object, list[Program]] = {}
        self._compiling: dict[object, Lock] = {}

    @contextmanager
    def lent(self, derivation: Derivation, **how: Any) -> Iterator[Program]:
        """A program that nobody uses now; compiled if there is none."""
        key = (derivation, tuple(how.items()))
        with self._lock:
            idle = self._idle.setdefault(key, [])
            program = idle.pop() if idle else None
            compiling = self._compiling.setdefault(key, Lock())
        if program is None:
            with compiling:  # who comes second finds the machine code of the first
                program = compile_with(derivation=derivation, **how)
        yield program  # after an error its state may be anything, and it is dropped
        with self._lock:
            idle.append(program)


_pool: ContextVar[ProgramPool | None] = ContextVar("program pool", default=None)


@contextmanager
def sharing(pool: ProgramPool) -> Iterator[None]:
    """Within it, in this thread, estimators take their programs from a pool, and keep none."""
    token = _pool.set(pool)
    try:
        yield
    finally:
        _pool.reset(token)


class Compiled:
    """Holds at most one program; a copy, also in another process, starts without one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._key: object = None
        self._program: Program | None = None
        self._few_rows: tuple[Network, FewRows] | None = None

    @contextmanager
    def program(self, derivation: Derivation, **how: Any) -> Iterator[Program]:
        """The program of a derivation, for one thread at a time.

        Parameters
        ----------
        derivation : Derivation
        **how
            As in `compile_with`.
        """
        pool = _pool.get()
        if pool is not None:
            with pool.lent(derivation, **how) as program:
                yield program
            return
        with self._lock:
            key = (derivation, tuple(how.items()))
            if self._program is None or key != self._key:
                said = self._program is not None  # one fit warns once that the reference engine runs
                self._program, self._key = compile_with(derivation=derivation, warn=not said, **how), key
            yield self._program

    def few_rows(self, network: Network) -> FewRows:
        """The function that predicts few rows."""
        held = self._few_rows
        if held is None or held[0] is not network:
            held = self._few_rows = (network, FewRows(derive(network)))
        return held[1]

    def __reduce__(self) -> tuple[type[Compiled], tuple[()]]:
        return Compiled, ()
