"""What the code generator must know about a processor: its features, registers and tile sizes.

The environment variable ``CHAINRULE_ISA`` (``avx512``, ``avx2``, ``sse4`` or ``neon``) narrows the host to one
instruction set, so that the code for an older processor can be run and tested on a newer one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import llvmlite.binding as llvm

__all__ = ["ISA_VARIABLE", "Target", "host_target", "target_named"]

ISA_VARIABLE = "CHAINRULE_ISA"

_AVX2 = ("sse4.1", "sse4.2", "popcnt", "avx", "avx2", "fma", "bmi", "bmi2", "lzcnt")
_AVX512 = ("avx512f", "avx512vl", "avx512dq", "avx512bw", "avx512cd")


@dataclass(frozen=True)
class Target:
    """A processor as the code generator sees it.

    Attributes
    ----------
    isa : str
        ``"avx512"``, ``"avx2"``, ``"sse4"`` or ``"neon"``.
    triple, cpu, features : str
        What LLVM is told. Features are listed one by one: LLVM's name for a processor may know fewer.
    tile_rows : int
        Rows of a register tile.
    tile_vectors : int
        Logical vectors (64 bytes) of a register tile. rows x vectors accumulators, the vectors of one operand and
        one broadcast number must fit into the registers.
    has_fma : bool
        Whether a product and a sum are rounded once. Only SSE4 lacks it, and only there may results differ in
        their last bits from the other instruction sets.
    """

    isa: str
    triple: str
    cpu: str
    features: str
    tile_rows: int
    tile_vectors: int
    has_fma: bool

    @property
    def is_x86(self) -> bool:
        return self.isa != "neon"

    @property
    def function_attributes(self) -> str:
        """The attribute group of every emitted function."""
        wide = ' "prefer-vector-width"="512" "min-legal-vector-width"="512"' if self.isa == "avx512" else ""
        return f'nounwind "target-cpu"="{self.cpu}" "target-features"="{self.features}"{wide}'


def _flags(names: tuple[str, ...]) -> str:
    return ",".join("+" + name for name in names)


def target_named(isa: str, triple: str | None = None) -> Target:
    """The target for one instruction set, whether or not this machine has it.

    Parameters
    ----------
    isa : {"avx512", "avx2", "sse4", "neon"}
    triple : str, optional
        Default: this process's triple, or ``aarch64-unknown-linux-gnu`` for NEON on another machine.

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> target_named("avx2").tile_rows
    6
    """
    here = llvm.get_process_triple()
    if isa == "avx512":
        return Target(isa, triple or here, "x86-64-v4", _flags(_AVX2 + _AVX512), 13, 2, True)
    if isa == "avx2":
        return Target(isa, triple or here, "x86-64-v3", _flags(_AVX2), 6, 1, True)
    if isa == "sse4":
        return Target(isa, triple or here, "x86-64-v2", _flags(("sse4.1", "sse4.2", "popcnt")), 2, 1, False)
    if isa == "neon":
        arm = here if here.startswith(("aarch64", "arm64")) else "aarch64-unknown-linux-gnu"
        return Target(isa, triple or arm, "generic", "+neon,+fp-armv8", 6, 1, True)
    raise ValueError(f"{ISA_VARIABLE} is {isa!r}; accepted: 'avx512', 'avx2', 'sse4', 'neon'.")


def _host_isa() -> str:
    if llvm.get_process_triple().startswith(("aarch64", "arm64")):
        return "neon"
    host = llvm.get_host_cpu_features()
    if all(host.get(name) for name in _AVX2 + _AVX512):
        return "avx512"
    return "avx2" if all(host.get(name) for name in _AVX2) else "sse4"


_NARROWER = {"avx512": ("avx512", "avx2", "sse4"), "avx2": ("avx2", "sse4"), "sse4": ("sse4",), "neon": ("neon",)}


def host_target() -> Target:
    """The target of this machine, or the narrower one that ``CHAINRULE_ISA`` asks for.

    Raises
    ------
    ValueError
        If ``CHAINRULE_ISA`` names an instruction set that this machine cannot run.
    """
    host = _host_isa()
    wanted = os.environ.get(ISA_VARIABLE, "") or host
    target = target_named(wanted)
    if wanted not in _NARROWER[host]:
        raise ValueError(f"{ISA_VARIABLE} is {wanted!r}; this machine runs: {', '.join(_NARROWER[host])}.")
    return target
