"""The compiled program of an estimator: made when needed, kept between calls, never copied or pickled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from chainrule.calculus import Derivation, derive
from chainrule.engines.choosing import compile_with
from chainrule.engines.interface import Program
from chainrule.engines.reference.few_rows import FewRows
from chainrule.network import Network


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
