"""Which engine runs a derivation: by name, one's own, or the fastest that accepts it."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.calculus import Derivation
from chainrule.engines.interface import Engine, Program

ENGINE_VARIABLE = "CHAINRULE_ENGINE"  # what "auto" means, for who wants all of a program on one engine

COMPILATION_REPAYS = 0.05  # seconds of the reference engine; compiling, and loading LLVM, takes three times as long

# name → module and class, imported when it is asked for
ENGINES: dict[str, tuple[str, str]] = {
    "jit": ("chainrule.engines.jit", "JitEngine"),
    "reference": ("chainrule.engines.reference", "ReferenceEngine"),
}


class ReferenceEngineUsed(UserWarning):
    """The equations run on the reference engine, which is slow, because the fast one could not take them."""


def find_engine(name: str) -> Engine:
    """The engine of that name.

    Raises
    ------
    ValueError
        For an unknown name.
    ImportError
        If the engine, or a package that it needs, is not installed.

    Examples
    --------
    >>> find_engine("reference").name
    'reference'
    """
    if name not in ENGINES:
        raise ValueError(f"engine must be one of 'auto', {', '.join(map(repr, ENGINES))}, got {name!r}")
    module, attribute = ENGINES[name]
    try:
        engine: Engine = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError) as error:
        raise ImportError(f"engine {name!r} is not available here ({error}); engine='reference' always is") from error
    return engine


def is_small(derivation: Derivation, batch_size: int, steps: int) -> bool:
    """Whether so many steps are too little work to repay a compilation.

    A rule on sizes alone, so that the same call always runs on the same engine: it counts 25 µs for each equation of a
    step (on today's machines the reference engine takes about 10), 0.2 ns for each multiplication of its products and
    20 ns for each activation.

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> derivation = derive(Network.parse("4 -> 8 relu -> 3 softmax", loss="cross-entropy"))
    >>> is_small(derivation, batch_size=32, steps=10), is_small(derivation, batch_size=32, steps=1000)
    (True, False)
    """
    widths = derivation.network.widths
    products = 3 * batch_size * sum(a * b for a, b in pairwise(widths))
    step = 25e-6 * len(derivation.equations) + 0.2e-9 * products + 20e-9 * batch_size * sum(widths)
    return steps * step <= COMPILATION_REPAYS


def compile_with(
    engine: str | Engine,
    derivation: Derivation,
    *,
    dtype: np.dtype[Any],
    batch_size: int,
    n_threads: int | str = 1,
    steps: int | None = None,
    warn: bool = True,
) -> Program:
    """A program for a derivation, by the engine asked for.

    Parameters
    ----------
    engine : {"auto", "jit", "reference"} or Engine
        With "auto", what the environment variable CHAINRULE_ENGINE names; without it, the jit where it is available
        and accepts the equations, else the reference engine; and the reference engine for work in float64 that is
        too small to repay a compilation (`is_small`).
    derivation, dtype, batch_size, n_threads
        As in `Engine.compile`.
    steps : int, optional
        How many steps there will be at most, where that is known.
    warn : bool
        Whether to warn where "auto" falls back to the reference engine.

    Raises
    ------
    ValueError, ImportError
        As `find_engine`.
    NotImplementedError
        If an engine asked for by name does not compile these equations.

    Warns
    -----
    ReferenceEngineUsed
        If "auto" falls back to the reference engine; the message says why.
    """
    arguments: dict[str, Any] = {"dtype": dtype, "batch_size": batch_size, "n_threads": n_threads}
    if engine == "auto":
        engine = os.environ.get(ENGINE_VARIABLE, "auto")
    if not isinstance(engine, str):
        return engine.compile(derivation, **arguments)
    if engine != "auto":
        return find_engine(engine).compile(derivation, **arguments)
    # In float32 the reference engine would compute in float64, and a state that is written and read would be rounded.
    if steps is not None and np.dtype(dtype) == np.float64 and is_small(derivation, batch_size, steps):
        return find_engine("reference").compile(derivation, **arguments)
    try:
        return find_engine("jit").compile(derivation, **arguments)
    except (ImportError, NotImplementedError) as error:
        if warn:
            reason = "the jit engine cannot be used" if isinstance(error, ImportError) else "the jit cannot compile"
            message = f"{reason}: {error}. The reference engine runs instead; its results are the same, but it is slow"
            warnings.warn(message, ReferenceEngineUsed, stacklevel=2)
        return find_engine("reference").compile(derivation, **arguments)
