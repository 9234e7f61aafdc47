"""The emitted code on another processor: cross-compiled to AArch64, run in an emulator, compared with this machine.

    pip install unicorn pyelftools
    python benchmarks/run_on_aarch64.py

Each network trains one epoch with Adam twice, from the same numbers: here, and as NEON code inside Unicorn (QEMU's
processor as a library). Gradients and parameters must be the same bits wherever this machine fuses multiply and add.
"""

from __future__ import annotations

import struct
import sys

import numpy as np

from chainrule import Network, derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit.compilation import Request, assemble
from chainrule.engines.jit.execution import Execution, aligned_zeros
from chainrule.engines.jit.machine import compile_object
from chainrule.engines.jit.program import JitProgram
from chainrule.engines.jit.target import host_target, target_named
from chainrule.network import Adam, Penalty

NETWORKS = [
    ("20 -> 33 relu -> 17 tanh -> 5 softmax", "cross-entropy"),
    ("7 -> 40 gelu -> 1 sigmoid", "bce"),
    ("9 -> 12 silu dropout(0.25) -> 3 identity", "huber"),
]
CODE, STACK, HEAP, PAGE = 0x10_0000, 0x4000_0000, 0x8000_0000, 0x1000
RETURN = 0xFFF_F000


def main():
    mismatches = 0
    for text, loss in NETWORKS:
        for dtype in ("float32", "float64"):
            mismatches += not compare(text, loss, np.dtype(dtype))
    sys.exit(mismatches)


def compare(text, loss, dtype):
    """Print how far the two machines' states are apart; whether they are the same bits."""
    network = Network.parse(text, loss=loss, penalty=Penalty(l2=0.1))
    derivation, rng = derive(network, optimiser=Adam()), np.random.default_rng(0)
    params = {name: 0.5 * rng.standard_normal(shape) for name, shape in network.parameter_shapes.items()}
    X = rng.standard_normal((50, network.n_inputs)).astype(dtype)
    Y = rng.dirichlet(np.ones(network.widths[-1] + 1), 50)[:, :-1].astype(dtype)
    states = []
    for processor in (None, "neon"):
        program = JitProgram(derivation, dtype, 16)
        if processor:
            emulate(program)
        program.load(params)
        costs = program.train(Data(X, Y), Epoch(np.arange(50), 16, np.full(4, 1e-2), seed=3))
        states.append(program.state() | {"L": costs.data, "R": costs.penalty})
    worst = max(float(np.max(np.abs(states[0][name] - states[1][name]))) for name in states[0])
    same = all(np.array_equal(states[0][name], states[1][name]) for name in states[0])
    print(f"{text:45} {loss:14} {dtype}  {host_target().isa} and neon: ", end="")
    print("the same bits" if same else f"largest difference {worst:.2e}", flush=True)
    return same


def emulate(program):
    """Let a program's training run as NEON code in the emulator."""
    part = program._training
    request = part.request
    neon = Request(
        request.equations, request.wanted, request.drawn, request.dtype, request.batch, target_named("neon")
    )  # fmt: skip
    assembly = assemble(neon)
    part.assembly, part.places = assembly, assembly.layout.places
    part.memory = aligned_zeros(assembly.layout.size, neon.dtype)
    part.execution = EmulatedExecution(assembly, compile_object(assembly.text, neon.target), part.memory)


class EmulatedExecution(Execution):
    """Runs a schedule's machine code for AArch64."""

    def __init__(self, assembly, code, memory):
        super().__init__(assembly, _NoLibrary(), memory)
        self._object = code

    def run(self, data, order, first, count, table, keys, totals, threads):  # noqa: ARG002
        self._run_arrays(data, order, first, count, table, keys, totals)
        self.steps_done = len(count)

    def _run_arrays(self, data, order, first, count, table, keys, totals):
        from unicorn import UC_ARCH_ARM64, UC_MODE_ARM, Uc
        from unicorn import arm64_const as arm

        machine = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
        entry = load_object_at(machine, self._object, CODE)
        arrays = {
            "memory": self.memory, "order": order, "first": first, "count": count, "table": table, "keys": keys,
            "totals": totals, "counter": np.zeros(8, np.int64), "request": np.zeros(8, np.int64),
            "limit": np.full(8, len(count), np.int64), **data,
        }  # fmt: skip
        places, at = {}, HEAP
        for name, array in arrays.items():
            places[name], length = at, -(-max(array.nbytes, 1) // PAGE) * PAGE
            machine.mem_map(at, length + PAGE)
            machine.mem_write(at, np.ascontiguousarray(array).tobytes())
            at += length + 2 * PAGE
        context = np.array([places.get(name, 0) for name in self.assembly.context_names], np.uint64)
        machine.mem_map(at, PAGE)
        machine.mem_write(at, context.tobytes())
        machine.mem_map(STACK, 64 * PAGE)
        machine.mem_map(RETURN, PAGE)
        for number, value in enumerate((at, 0, len(count), 0, 1)):
            machine.reg_write(getattr(arm, f"UC_ARM64_REG_X{number}"), value)
        machine.reg_write(arm.UC_ARM64_REG_SP, STACK + 63 * PAGE)
        machine.reg_write(arm.UC_ARM64_REG_LR, RETURN)
        machine.emu_start(entry, RETURN)
        for name in ("memory", "totals"):
            read = machine.mem_read(places[name], arrays[name].nbytes)
            arrays[name].reshape(-1)[:] = np.frombuffer(bytes(read), arrays[name].dtype)


class _NoLibrary:
    """In place of code for this machine."""

    def function(self, *_):
        return None


def load_object_at(machine, code, base):
    """Map an object file's sections into the emulator, relocate them, and give the address of ``run``."""
    import io

    from elftools.elf.elffile import ELFFile
    from elftools.elf.relocation import RelocationSection

    elf = ELFFile(io.BytesIO(code))
    images, starts, at = {}, {}, base
    for number, section in enumerate(elf.iter_sections()):
        if section["sh_flags"] & 2 and section["sh_size"]:  # part of the program in memory
            at = -(-at // PAGE) * PAGE
            starts[number], images[number] = at, bytearray(section.data())
            at += section["sh_size"]
    symbols = elf.get_section_by_name(".symtab")

    def address(symbol):
        return starts[symbol["st_shndx"]] + symbol["st_value"]

    for section in elf.iter_sections():
        if isinstance(section, RelocationSection) and section["sh_info"] in images:
            for entry in section.iter_relocations():
                goal = address(symbols.get_symbol(entry["r_info_sym"])) + entry["r_addend"]
                offset = entry["r_offset"]
                place = starts[section["sh_info"]] + offset
                _relocate(images[section["sh_info"]], offset, place, goal, entry["r_info_type"])
    length = -(-(at - base) // PAGE) * PAGE
    machine.mem_map(base, length)
    for number, image in images.items():
        machine.mem_write(starts[number], bytes(image))
    return next(address(symbol) for symbol in symbols.iter_symbols() if symbol.name == "run")


# "ELF for the Arm 64-bit Architecture", section 5.7: relocation types as numbers
_PAGE_ADDRESS, _ADD_LOW, _JUMP, _CALL, _RELATIVE_32 = 275, 277, 282, 283, 261
_LOAD_LOW = {278: 0, 284: 1, 285: 2, 286: 3, 299: 4}  # by the logarithm of the size that is loaded


def _relocate(image, offset, place, goal, kind):
    [word] = struct.unpack_from("<I", image, offset)
    if kind == _PAGE_ADDRESS:
        pages = (goal // PAGE - place // PAGE) & 0x1F_FFFF
        word |= (pages & 3) << 29 | (pages >> 2) << 5
    elif kind == _ADD_LOW:
        word |= (goal % PAGE) << 10
    elif kind in _LOAD_LOW:
        word |= (goal % PAGE >> _LOAD_LOW[kind]) << 10
    elif kind in {_JUMP, _CALL}:
        word |= (goal - place) // 4 & 0x3FF_FFFF
    elif kind == _RELATIVE_32:
        word = (goal - place) & 0xFFFF_FFFF
    else:
        raise NotImplementedError(f"relocation type {kind}")
    struct.pack_into("<I", image, offset, word)


if __name__ == "__main__":
    main()
