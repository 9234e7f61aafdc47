"""The compiled program of an estimator: made when needed, kept between calls, never copied or pickled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from chainrule.calculus import Derivation
from chainrule.engines.choosing import compile_with
from chainrule.engines.interface import Program

AT_MOST = 2  # one for dense and one for sparse data


class Compiled:
    """Holds the last programs; a copy, also in another process, starts without any."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._programs: dict[object, Program] = {}

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
            if key not in self._programs:
                for oldest in list(self._programs)[: 1 - AT_MOST]:
                    del self._programs[oldest]
                self._programs[key] = compile_with(derivation=derivation, **how)
            yield self._programs[key]

    def __reduce__(self) -> tuple[type[Compiled], tuple[()]]:
        return Compiled, ()
