"""Numbers and matrices as a page multiplies and adds them: shapes must fit, and 𝟏 is as long as its neighbour needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.notation.text import to_text
from chainrule.notation.tree import Node

Array = np.ndarray[Any, np.dtype[Any]]
Function = Callable[[Array], Array]


class MeaningError(ValueError):
    """A formula that has no value as written; the message says which part, and why."""


class ShapeError(MeaningError):
    """Two shapes that met and don't fit.

    Attributes
    ----------
    shapes : tuple of tuple of int
        The two shapes, left one first.
    """

    def __init__(self, what: str, left: tuple[int, ...], right: tuple[int, ...]) -> None:
        super().__init__(f"{what}: {shape_text(left)} meets {shape_text(right)}")
        self.shapes = (left, right)


class IndexRangeError(MeaningError):
    """An index beyond the array that it chooses from."""


@dataclass(frozen=True)
class Value:
    """A number (no axes) or a matrix; a stretched axis is stored with length 1 and repeats as often as needed."""

    array: Array
    stretched: tuple[bool, bool] = (False, False)

    @property
    def is_number(self) -> bool:
        return self.array.ndim == 0


def number(value: float) -> Value:
    """A number as a value."""
    return Value(np.asarray(value))


def mapped(function: Function, value: Value) -> Value:
    """The function of every entry."""
    return Value(function(value.array), value.stretched)


def elementwise(
    function: Callable[[Array, Array], Array], left: Value, right: Value, node: Node, *, repeats: bool = False
) -> Value:
    """Entry by entry; numbers and 𝟏 fit anything, and with `repeats` a column or row fits a matrix beside it."""
    if left.is_number or right.is_number:
        stretched = right.stretched if left.is_number else left.stretched
        return Value(function(left.array, right.array), stretched)
    fits = []
    for axis in (0, 1):
        sizes = (left.array.shape[axis], right.array.shape[axis])
        free = left.stretched[axis] or right.stretched[axis]
        fits.append(sizes[0] == sizes[1] or free)
    one_sided = all(small in (1, big) for small, big in zip(left.array.shape, right.array.shape, strict=True)) or all(
        small in (1, big) for small, big in zip(right.array.shape, left.array.shape, strict=True)
    )
    if not all(fits) and not (repeats and any(fits) and one_sided):
        raise ShapeError(f"entry by entry in {to_text(node)}", left.array.shape, right.array.shape)
    both = (left.stretched[0] and right.stretched[0], left.stretched[1] and right.stretched[1])
    return Value(function(left.array, right.array), both)


def times(left: Value, right: Value, node: Node, *, lenient: bool, numbers: bool = False) -> Value:
    """The matrix product; a number scales."""
    if left.is_number or right.is_number:
        return elementwise(np.multiply, left, right, node)
    if left.stretched[1] and right.stretched[0]:
        raise MeaningError(f"nothing says how long 𝟏 is in {to_text(node)}")
    first, second = left.array, right.array
    if left.stretched[1]:
        first = np.broadcast_to(first, (first.shape[0], second.shape[0]))
    if right.stretched[0]:
        second = np.broadcast_to(second, (first.shape[1], second.shape[1]))
    if first.shape[1] != second.shape[0]:
        if lenient and first.shape == second.shape:
            return elementwise(np.multiply, left, right, node)
        if numbers and (1, 1) in {first.shape, second.shape}:
            return Value(first * second)
        raise ShapeError(f"the product {to_text(node)}", first.shape, second.shape)
    return Value(first @ second, (left.stretched[0], right.stretched[1]))


def absolute(z: Array) -> Array:
    """|z|, of complex numbers by the sign of their real part."""
    return np.where(z.real < 0, -z, z)


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape for people: 3×4, or a number."""
    return "×".join(str(size) for size in shape) if shape else "a number"
