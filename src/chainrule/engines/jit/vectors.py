"""Arithmetic on logical vectors inside a function under construction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.lanes import VECTOR_BYTES, Lanes
from chainrule.engines.jit.target import Target

__all__ = ["Vectors"]


class Vectors:
    """Writes vector instructions of one format into one function; every method gives the name of its result."""

    def __init__(self, function: Function, lanes: Lanes, target: Target) -> None:
        self.function = function
        self.lanes = lanes
        self.target = target
        self._value = function.value

    # ---- constants and memory ----
    def constant(self, number: float) -> str:
        return self.lanes.constant(number)

    def splat(self, scalar: str) -> str:
        """A scalar in every lane."""
        vector = self.lanes.vector
        first = self._value(f"insertelement {vector} poison, {self.lanes.scalar} {scalar}, i64 0")
        zeros = f"<{self.lanes.count} x i32> zeroinitializer"
        return self._value(f"shufflevector {vector} {first}, {vector} poison, {zeros}")

    def splat_integer(self, scalar: str) -> str:
        kind = self.lanes.integers
        first = self._value(f"insertelement {kind} poison, {self.lanes.integer} {scalar}, i64 0")
        zeros = f"<{self.lanes.count} x i32> zeroinitializer"
        return self._value(f"shufflevector {kind} {first}, {kind} poison, {zeros}")

    def load(self, pointer: str, align: int = VECTOR_BYTES) -> str:
        return self.function.load(self.lanes.vector, pointer, align)

    def load_splat(self, pointer: str) -> str:
        return self.splat(self.function.load(self.lanes.scalar, pointer, self.lanes.bytes))

    def store(self, value: str, pointer: str, align: int = VECTOR_BYTES) -> None:
        self.function.store(self.lanes.vector, value, pointer, align)

    # ---- arithmetic ----
    def _binary(self, operation: str, a: str, b: str) -> str:
        return self._value(f"{operation} {self.lanes.vector} {a}, {b}")

    def add(self, a: str, b: str) -> str:
        return self._binary("fadd", a, b)

    def subtract(self, a: str, b: str) -> str:
        return self._binary("fsub", a, b)

    def multiply(self, a: str, b: str) -> str:
        return self._binary("fmul", a, b)

    def divide(self, a: str, b: str) -> str:
        return self._binary("fdiv", a, b)

    def negate(self, a: str) -> str:
        return self._value(f"fneg {self.lanes.vector} {a}")

    def intrinsic(self, name: str, *values: str) -> str:
        vector = self.lanes.vector
        arguments = f"{vector} " + f", {vector} ".join(values)
        return self._value(f"call {vector} @llvm.{name}.{self.lanes.suffix}({arguments})")

    def fma(self, a: str, b: str, c: str) -> str:
        """a b + c, rounded once where the processor can (a library call would cost a hundred times more)."""
        if self.target.has_fma:
            return self.intrinsic("fma", a, b, c)
        return self.add(self.multiply(a, b), c)

    def polynomial(self, x: str, coefficients: Sequence[float]) -> str:
        """c0 + c1 x + c2 x^2 + ... by Horner's rule."""
        result = self.constant(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            result = self.fma(result, x, self.constant(coefficient))
        return result

    # ---- comparison ----
    def compare(self, relation: str, a: str, b: str) -> str:
        """A mask; ``relation`` is LLVM's: olt, ogt, oeq are false where an operand is NaN, uno is true there."""
        return self._value(f"fcmp {relation} {self.lanes.vector} {a}, {b}")

    def select(self, mask: str, a: str, b: str) -> str:
        vector = self.lanes.vector
        return self._value(f"select {self.lanes.mask} {mask}, {vector} {a}, {vector} {b}")

    def maximum(self, a: str, b: str) -> str:
        """The greater; NaN where either is NaN."""
        return self._or_nan(self.select(self.compare("ogt", a, b), a, b), a)

    def minimum(self, a: str, b: str) -> str:
        """The smaller; NaN where either is NaN."""
        return self._or_nan(self.select(self.compare("olt", a, b), a, b), a)

    def _or_nan(self, chosen: str, a: str) -> str:
        # The comparison is false where a or b is NaN, which chooses b: only a NaN in a must be put back.
        return self.select(self.compare("uno", a, a), a, chosen)

    def clamp(self, x: str, low: float, high: float) -> str:
        """x within [low, high]; NaN stays NaN."""
        floor, ceiling = self.constant(low), self.constant(high)
        raised = self.select(self.compare("olt", x, floor), floor, x)
        return self.select(self.compare("ogt", raised, ceiling), ceiling, raised)

    def lanes_below(self, count: Index) -> str:
        """A mask of the first `count` lanes (all of them if there are fewer)."""
        kind, lanes = self.lanes.integer, self.lanes.count
        capped = self.function.minimum(count, lanes)
        scalar = str(capped) if kind == "i64" else self._value(f"trunc i64 {capped} to i32")
        numbers = "<" + ", ".join(f"{kind} {j}" for j in range(lanes)) + ">"
        return self._value(f"icmp ult {self.lanes.integers} {numbers}, {self.splat_integer(scalar)}")

    def store_where(self, mask: str, value: str, pointer: str) -> None:
        """Store the lanes of a mask; the others' memory is not touched."""
        lanes = self.lanes
        self.function.do(
            f"call void @llvm.masked.store.{lanes.suffix}.p0("
            f"{lanes.vector} {value}, ptr {pointer}, i32 {lanes.bytes}, {lanes.mask} {mask})"
        )

    def load_where(self, mask: str, pointer: str) -> str:
        """Load the lanes of a mask, zeros elsewhere; the others' memory is not touched."""
        lanes = self.lanes
        return self._value(
            f"call {lanes.vector} @llvm.masked.load.{lanes.suffix}.p0("
            f"ptr {pointer}, i32 {lanes.bytes}, {lanes.mask} {mask}, {lanes.vector} zeroinitializer)"
        )

    # ---- bits ----
    def to_bits(self, a: str) -> str:
        return self._value(f"bitcast {self.lanes.vector} {a} to {self.lanes.integers}")

    def from_bits(self, a: str) -> str:
        return self._value(f"bitcast {self.lanes.integers} {a} to {self.lanes.vector}")

    def bits(self, operation: str, a: str, b: str | int) -> str:
        """An integer operation on bits: add, sub, and, or, xor, shl, lshr, ashr."""
        second = self.lanes.integer_constant(b) if isinstance(b, int) else b
        return self._value(f"{operation} {self.lanes.integers} {a}, {second}")

    def bits_of(self, number: float) -> str:
        """The bits of a constant."""
        scalar = np.array(number, self.lanes.dtype).view(f"i{self.lanes.bytes}")
        return self.lanes.integer_constant(int(scalar))

    def compare_bits(self, relation: str, a: str, b: str) -> str:
        """A mask from bits as integers; ``relation`` is LLVM's, such as ult."""
        return self._value(f"icmp {relation} {self.lanes.integers} {a}, {b}")

    # ---- across lanes ----
    def sum_lanes(self, a: str) -> str:
        """The sum of the lanes as a scalar, halves added to halves: the same tree on every processor."""
        return self._tree(a, "fadd")

    def maximum_lane(self, a: str) -> str:
        """The greatest lane in every lane; NaN if any lane is NaN."""
        width = self.lanes.count
        while width > 1:
            width //= 2
            a = self.maximum(a, self._rotate(a, width))
        return a

    def _rotate(self, a: str, by: int) -> str:
        order = ", ".join(f"i32 {(j + by) % self.lanes.count}" for j in range(self.lanes.count))
        vector = self.lanes.vector
        return self._value(f"shufflevector {vector} {a}, {vector} poison, <{self.lanes.count} x i32> <{order}>")

    def _tree(self, a: str, operation: str) -> str:
        width = self.lanes.count
        kind = self.lanes.vector
        while width > 1:
            half = f"<{width // 2} x {self.lanes.scalar}>"
            parts = []
            for begin in (0, width // 2):
                order = ", ".join(f"i32 {begin + j}" for j in range(width // 2))
                parts.append(self._value(f"shufflevector {kind} {a}, {kind} poison, <{width // 2} x i32> <{order}>"))
            a = self._value(f"{operation} {half} {parts[0]}, {parts[1]}")
            kind, width = half, width // 2
        return self._value(f"extractelement {kind} {a}, i64 0")

    def sum_each(self, vectors: Sequence[str]) -> tuple[str, int]:
        """The sums of the lanes of up to as many vectors as there are lanes, in one vector, and its length.

        Neighbouring lanes are added, then neighbouring sums: one tree, however many vectors are summed together.
        Two vectors at a time become one of their half sums, which takes a third of the shuffles of separate sums.
        """
        count, scalar = self.lanes.count, self.lanes.scalar
        wanted = 1 << (len(vectors) - 1).bit_length()
        level = [*vectors, *["zeroinitializer"] * (wanted - len(vectors))]
        kind = self.lanes.vector
        while len(level) > 1:
            level = [self._half_sums(kind, count, a, b) for a, b in zip(level[::2], level[1::2], strict=True)]
        value, width = level[0], count
        while width > wanted:
            half = f"<{width // 2} x {scalar}>"
            even, odd = (self._pick(f"<{width} x {scalar}>", value, None, range(k, width, 2)) for k in (0, 1))
            value, width = self._value(f"fadd {half} {even}, {odd}"), width // 2
        return value, width

    def _half_sums(self, kind: str, count: int, a: str, b: str) -> str:
        even = self._pick(kind, a, b, range(0, 2 * count, 2))
        odd = self._pick(kind, a, b, range(1, 2 * count, 2))
        return self._value(f"fadd {kind} {even}, {odd}")

    def _pick(self, kind: str, a: str, b: str | None, lanes: Sequence[int]) -> str:
        order = ", ".join(f"i32 {lane}" for lane in lanes)
        return self._value(f"shufflevector {kind} {a}, {kind} {b or 'poison'}, <{len(lanes)} x i32> <{order}>")
