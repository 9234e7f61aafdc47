"""Logical vectors: 64 bytes on every processor, so that every reduction has the same lanes and the same order.

A processor with narrower registers holds one logical vector in two or four of them; LLVM splits the operations.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import DTypeLike

__all__ = ["VECTOR_BYTES", "Lanes", "lanes_of"]

VECTOR_BYTES = 64


@dataclass(frozen=True)
class Lanes:
    """Names and numbers of one floating-point format in LLVM's terms."""

    scalar: str
    integer: str
    bytes: int
    mantissa_bits: int
    exponent_bias: int

    @cached_property
    def count(self) -> int:
        """Numbers in a logical vector: 16 of float32, 8 of float64."""
        return VECTOR_BYTES // self.bytes

    @cached_property
    def panel(self) -> int:
        """Columns of a panel: two logical vectors."""
        return 2 * self.count

    @cached_property
    def vector(self) -> str:
        return f"<{self.count} x {self.scalar}>"

    @cached_property
    def integers(self) -> str:
        return f"<{self.count} x {self.integer}>"

    @cached_property
    def mask(self) -> str:
        return f"<{self.count} x i1>"

    @cached_property
    def suffix(self) -> str:
        """How overloaded intrinsics spell the vector type."""
        return f"v{self.count}f{8 * self.bytes}"

    @cached_property
    def dtype(self) -> np.dtype[np.floating]:
        return np.dtype(np.float32 if self.bytes == 4 else np.float64)

    def literal(self, number: float) -> str:
        """A scalar constant, rounded to this format, as the hexadecimal double that LLVM reads exactly."""
        rounded = float(self.dtype.type(number))
        return f"0x{struct.unpack('<Q', struct.pack('<d', rounded))[0]:016X}"

    def constant(self, number: float) -> str:
        """A vector constant with the same number in each lane."""
        if number == 0.0 and str(number)[0] != "-":
            return "zeroinitializer"
        return "<" + ", ".join([f"{self.scalar} {self.literal(number)}"] * self.count) + ">"

    def integer_constant(self, number: int) -> str:
        return "<" + ", ".join([f"{self.integer} {number}"] * self.count) + ">"


_FLOAT32 = Lanes("float", "i32", 4, 23, 127)
_FLOAT64 = Lanes("double", "i64", 8, 52, 1023)


def lanes_of(dtype: DTypeLike) -> Lanes:
    """The lanes for float32 or float64.

    Raises
    ------
    ValueError
        For any other dtype.
    """
    wanted = np.dtype(dtype)
    if wanted == np.float32:
        return _FLOAT32
    if wanted == np.float64:
        return _FLOAT64
    raise ValueError(f"dtype is {wanted}; accepted: float32, float64.")
