"""Dropout masks inside the emitted code: `chainrule.engines.masks` on vectors."""

from __future__ import annotations

from chainrule.engines.jit.vectors import Vectors
from chainrule.engines.masks import PARITY, ROTATIONS

__all__ = ["draw_pair"]


class _Words:
    """Vectors of 32-bit words, as many as the format has lanes."""

    def __init__(self, v: Vectors) -> None:
        self.function = v.function
        self.count = v.lanes.count
        self.kind = f"<{self.count} x i32>"

    def operation(self, name: str, a: str, b: str) -> str:
        return self.function.value(f"{name} {self.kind} {a}, {b}")

    def constant(self, number: int) -> str:
        return "<" + ", ".join([f"i32 {number}"] * self.count) + ">"

    def splat(self, scalar: str) -> str:
        first = self.function.value(f"insertelement {self.kind} poison, i32 {scalar}, i64 0")
        return self.function.value(
            f"shufflevector {self.kind} {first}, {self.kind} poison, {self.kind} zeroinitializer"
        )

    def rotate(self, a: str, by: int) -> str:
        name = f"llvm.fshl.v{self.count}i32"
        return self.function.value(
            f"call {self.kind} @{name}({self.kind} {a}, {self.kind} {a}, {self.kind} {self.constant(by)})"
        )


def _threefry(w: _Words, key: tuple[str, str], counter: tuple[str, str]) -> tuple[str, str]:
    both = w.operation("xor", key[0], key[1])
    schedule = (key[0], key[1], w.operation("xor", both, w.constant(PARITY)))
    x0, x1 = w.operation("add", counter[0], schedule[0]), w.operation("add", counter[1], schedule[1])
    for block in range(5):
        for turn in range(4):
            x0 = w.operation("add", x0, x1)
            x1 = w.operation("xor", w.rotate(x1, ROTATIONS[4 * (block % 2) + turn]), x0)
        x0 = w.operation("add", x0, schedule[(block + 1) % 3])
        x1 = w.operation("add", w.operation("add", x1, schedule[(block + 2) % 3]), w.constant(block + 1))
    return x0, x1


def draw_pair(v: Vectors, key: str, row: str, first_unit: str) -> tuple[str, str]:
    """The mask of one row at two neighbouring vectors of units.

    Parameters
    ----------
    key : str
        Pointer to three 32-bit words: the layer's key, and the threshold from which on a unit is kept.
    row, first_unit : str
        i64: the row in the batch, the first unit of the panel (even).
    """
    f, w = v.function, _Words(v)
    words = [w.splat(f.load("i32", f.at(key, k, "i32"), 4)) for k in range(3)]
    row_word = f.value(f"trunc i64 {row} to i32")
    pair = f.value(f"trunc i64 {f.value(f'lshr i64 {first_unit}, 1')} to i32")
    lane_numbers = "<" + ", ".join(f"i32 {j}" for j in range(w.count)) + ">"
    counter = w.splat(row_word), w.operation("add", w.splat(pair), lane_numbers)
    first, second = _threefry(w, (words[0], words[1]), counter)
    result = []
    for half in range(2):
        picks = [half * w.count // 2 + j // 2 + (j % 2) * w.count for j in range(w.count)]
        order = ", ".join(f"i32 {pick}" for pick in picks)
        bits = f.value(f"shufflevector {w.kind} {first}, {w.kind} {second}, {w.kind} <{order}>")
        kept = f.value(f"icmp uge {w.kind} {bits}, {words[2]}")
        result.append(v.select(kept, v.constant(1.0), v.constant(0.0)))
    return result[0], result[1]
