"""From LLVM's text to functions in memory: verify, compile to an object, load it."""

from __future__ import annotations

import ctypes
import functools
import itertools
import os
import threading
from collections.abc import Sequence
from typing import Any

import llvmlite.binding as llvm

from chainrule.engines.jit.target import Target

__all__ = ["Library", "compile_object", "load_object"]

_lock = threading.Lock()
_numbers = itertools.count()
_initialised: set[str] = set()


def _initialise(everything: bool) -> None:
    kind = "all" if everything else "native"
    if kind in _initialised:
        return
    if everything:
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
    else:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    _initialised.add(kind)


def compile_object(text: str, target: Target) -> bytes:
    """Machine code of a module of LLVM text, as an object file.

    Parameters
    ----------
    text : str
        The module; it is verified.
    target : Target

    Raises
    ------
    RuntimeError
        If LLVM refuses the text, with LLVM's message.
    """
    with _lock:
        _initialise(everything=target.triple != llvm.get_process_triple())
        context = llvm.create_context()
        module = llvm.parse_assembly(text, context)
        module.verify()
        # LLVM's optimisation passes gained nothing measurable on this code and double the time to compile.
        machine = llvm.Target.from_triple(target.triple).create_target_machine(
            cpu=target.cpu, features=target.features, opt=2, reloc="pic", codemodel="small"
        )
        code: bytes = machine.emit_object(module)
        return code


class Library:
    """Loaded machine code. Its functions live as long as it does."""

    def __init__(self, tracker: Any, addresses: dict[str, int]) -> None:
        self._tracker = tracker
        self.addresses = addresses

    def function(self, name: str, arguments: Sequence[Any]) -> Any:
        """The function as a ctypes callable that returns nothing and releases the interpreter lock."""
        return ctypes.CFUNCTYPE(None, *arguments)(self.addresses[name])


@functools.cache
def _loader() -> Any:
    """The one loader of this process.

    JITLink gives the parts of an object one piece of memory. RuntimeDyld, the other linker, may place code and its
    constants more than 2 GiB apart where the address space is full of other libraries' memory, and then ends the
    process; only on Windows, whose objects JITLink does not read well, is there no choice.
    """
    return llvm.create_lljit_compiler(use_jit_link=os.name != "nt")


def load_object(code: bytes, names: Sequence[str]) -> Library:
    """Load an object file for this machine and look up its functions."""
    with _lock:
        _initialise(everything=False)
        builder = llvm.JITLibraryBuilder().add_object_img(code)
        for name in names:
            builder = builder.export_symbol(name)
        tracker = builder.link(_loader(), f"chainrule{next(_numbers)}")
        return Library(tracker, {name: tracker[name] for name in names})
