"""From equations to a loaded program, by way of the memory of this process and the cache on disk."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import llvmlite
import numpy as np

from chainrule.calculus.equations import Equations
from chainrule.engines.jit.assembly import Assembly
from chainrule.engines.jit.cache import ObjectCache, cache_folder
from chainrule.engines.jit.lanes import lanes_of
from chainrule.engines.jit.layout import NARROW
from chainrule.engines.jit.machine import Library, compile_object, load_object
from chainrule.engines.jit.schedule import Schedule, schedule_of
from chainrule.engines.jit.target import Target
from chainrule.expressions.terms import SAMPLES

__all__ = ["Request", "assemble", "compiled"]

_KEPT_IN_MEMORY = 64
_libraries: OrderedDict[str, Library] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Request:
    """What to compile.

    Attributes
    ----------
    equations : Equations
    wanted : tuple of str
        Names read afterwards.
    drawn : frozenset of str
        Dropout masks that the program draws.
    dtype : numpy dtype
    batch : int
        The largest number of samples of a step.
    target : Target
    gap : int
        Logical vectors between two values, for tests.
    decaying : tuple of str
        The optimiser's memory.
    """

    equations: Equations
    wanted: tuple[str, ...]
    drawn: frozenset[str]
    dtype: np.dtype[np.floating]
    batch: int
    target: Target
    gap: int = 0
    decaying: tuple[str, ...] = ()


def _narrow_axes(request: Request) -> frozenset[str]:
    """The output axis, if it is narrow and the layer before it is not the only other one in columns."""
    axes = [axis for axis, _ in request.equations.sizes]
    sizes = dict(request.equations.sizes)
    return frozenset(axes[-1:]) if sizes[axes[-1]] <= NARROW else frozenset()


@functools.lru_cache(maxsize=_KEPT_IN_MEMORY)
def _schedule(
    equations: Equations, wanted: tuple[str, ...], narrow: frozenset[str], drawn: frozenset[str], number_bytes: int
) -> Schedule:
    """The stages of equations: whoever declares a network again, for another fold or batch, finds them here."""
    return schedule_of(equations, wanted, narrow, drawn, number_bytes=number_bytes)


def assemble(request: Request) -> Assembly:
    """The program of a request, laid out; its text is written when it is asked for."""
    narrow = _narrow_axes(request)
    schedule = _schedule(request.equations, request.wanted, narrow, request.drawn, request.dtype.itemsize)
    # Parameters before the optimiser's memory (m_W1, …): whether they are finite is then one look at one piece.
    lasting = [symbol for symbol in request.equations.inputs if symbol.axes and SAMPLES not in symbol.axes]
    kept = sorted(lasting, key=lambda symbol: "_" in symbol.name)
    sizes = dict(request.equations.sizes)
    return Assembly(
        schedule, sizes, request.batch, lanes_of(request.dtype), request.target, narrow, kept, request.gap,
        request.decaying,
    )  # fmt: skip


@functools.cache
def _generator() -> str:
    """A digest of the code that writes code: an object of another version of it is never used."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def _key(request: Request, assembly: Assembly) -> str:
    versions = f"generator {_generator()}, llvmlite {llvmlite.__version__}"
    return "\n".join(
        [versions, repr(request.target), str(request.dtype), str(request.batch), str(request.gap),
         str(request.decaying),
         repr(request.equations.sizes), repr(assembly.schedule.masks), repr(assembly.schedule.row_totals),
         str(assembly.schedule)]
    )  # fmt: skip


def compiled(assembly: Assembly, request: Request) -> Library:
    """The machine code of an assembly: from memory, from the disk, or compiled now."""
    key = _key(request, assembly)
    with _lock:
        if key in _libraries:
            _libraries.move_to_end(key)
            return _libraries[key]
    cache = ObjectCache(cache_folder())
    library = _from_disk(cache, key)
    if library is None:
        code = compile_object(assembly.text, request.target)
        library = load_object(code, ["run"])
        cache.store(key, code)
    with _lock:
        _libraries[key] = library
        while len(_libraries) > _KEPT_IN_MEMORY:
            _libraries.popitem(last=False)
    return library


def _from_disk(cache: ObjectCache, key: str) -> Library | None:
    code = cache.load(key)
    return None if code is None else load_object(code, ["run"])
