"""Where every stored value lies: one block of memory, each value in panels, columns or a line.

Panels: a matrix is cut into panels of two logical vectors, each panel row-major, padded with zeros that stay zero.
Every operand of every product is then read in sequence, all strides are constants, and no product masks a lane.

Columns: a value per sample and unit of a narrow axis (an output layer) is stored unit by unit, so that maps run over
the samples side by side: no lane stays empty, and a softmax needs no sums or maxima across lanes.

A weight W[a, b] has its panels along b if b is wide, otherwise along a. The products forward need panels along the
output axis, or along the reduced axis where the output is narrow; so do the products back. Only where both axes are
wide and both products occur, a second, transposed copy is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.lanes import Lanes
from chainrule.engines.jit.statements import CompilationUnsupported
from chainrule.expressions.terms import SAMPLES, Symbol

__all__ = ["NARROW", "Columns", "Layout", "Line", "Panels", "Placement", "stored_name"]

NARROW = 32
"""The widest output axis that is stored in columns.

Measured on whole steps: 6 units 42 % faster than in panels, 10 units 17 %, 26 units 6 %; and each unit adds code.
"""

_PAGE = 4096


def stored_name(symbol: Symbol) -> str:
    """The name of the memory of a value; the next value of W1, ``W1+``, replaces it in place."""
    return symbol.name.removesuffix("+")


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


@dataclass(frozen=True)
class Panels:
    """A matrix cut along one axis.

    Attributes
    ----------
    offset : int
        Of the first number, in numbers from the start of the memory.
    width : int
        Length of the axis along the panels.
    rows : int
        Length of the other axis (for values per sample: the largest batch).
    panel : int
        Numbers of a panel's row.
    transposed : bool
        Whether the panels lie along the first axis of the value.
    """

    offset: int
    width: int
    rows: int
    panel: int
    transposed: bool = False

    @property
    def count(self) -> int:
        return -(-self.width // self.panel)

    @property
    def size(self) -> int:
        return self.count * self.rows * self.panel

    @property
    def panel_stride(self) -> int:
        return self.rows * self.panel

    def at(self, f: Function, panel: Index, row: Index) -> Index:
        """The offset of a panel's row."""
        return f.add(f.add(f.multiply(panel, self.panel_stride), f.multiply(row, self.panel)), self.offset)

    def pack(self, memory: NDArray[np.floating], value: NDArray[np.floating]) -> None:
        """Write a matrix (rows x width, or its transpose) into the memory."""
        matrix = value.T if self.transposed else value
        padded = np.zeros((matrix.shape[0], self.count * self.panel), memory.dtype)
        padded[:, : self.width] = matrix
        panels = padded.reshape(matrix.shape[0], self.count, self.panel).transpose(1, 0, 2)
        memory[self.offset : self.offset + self.size].reshape(self.count, self.rows, self.panel)[:, : len(matrix)] = (
            panels
        )

    def unpack(self, memory: NDArray[np.floating], rows: int | None = None) -> NDArray[np.floating]:
        """The matrix, as a copy; of a value per sample, its first rows."""
        panels = memory[self.offset : self.offset + self.size].reshape(self.count, self.rows, self.panel)[:, :rows]
        matrix = panels.transpose(1, 0, 2).reshape(panels.shape[1], -1)[:, : self.width]
        return np.array(matrix.T if self.transposed else matrix, order="C")


@dataclass(frozen=True)
class Columns:
    """A value per sample and unit, unit by unit."""

    offset: int
    width: int
    rows: int

    @property
    def size(self) -> int:
        return self.width * self.rows

    def at(self, f: Function, unit: Index, row: Index) -> Index:
        return f.add(f.add(f.multiply(unit, self.rows), row), self.offset)

    def unpack(self, memory: NDArray[np.floating], rows: int | None = None) -> NDArray[np.floating]:
        return np.array(
            memory[self.offset : self.offset + self.size].reshape(self.width, self.rows)[:, :rows].T, order="C"
        )


@dataclass(frozen=True)
class Line:
    """A vector: a bias, or one number per sample."""

    offset: int
    width: int
    size: int

    def at(self, f: Function, index: Index) -> Index:
        return f.add(index, self.offset)

    def pack(self, memory: NDArray[np.floating], value: NDArray[np.floating]) -> None:
        memory[self.offset : self.offset + self.width] = value

    def unpack(self, memory: NDArray[np.floating], rows: int | None = None) -> NDArray[np.floating]:
        return memory[self.offset : self.offset + self.width][:rows].copy()


Placement = Panels | Columns | Line


class Layout:
    """Places values one after the other in a block of memory.

    Parameters
    ----------
    lanes : Lanes
    sizes : dict of str to int
        Lengths of the units axes.
    batch : int
        The largest number of samples of a batch.
    narrow : frozenset of str
        Units axes stored in columns.
    gap : int
        Logical vectors left free between two values; tests fill them to catch stray writes.

    Attributes
    ----------
    places : dict of str to Placement
    end : int
        Where the next value would begin.
    """

    def __init__(self, lanes: Lanes, sizes: dict[str, int], batch: int, narrow: frozenset[str], gap: int = 0) -> None:
        self.lanes = lanes
        self.sizes = sizes
        self.batch = batch
        self.narrow = narrow
        self.places: dict[str, Placement] = {}
        self._gap = gap * lanes.count
        self.end = self._gap

    @property
    def size(self) -> int:
        """Numbers in the whole block."""
        return _round_up(self.end, _PAGE // self.lanes.bytes)

    def _claim(self, size: int) -> int:
        offset = self.end
        self.end = _round_up(offset + size, self.lanes.count) + self._gap
        return offset

    def _place(self, name: str, place: Placement) -> Placement:
        self._claim(place.size)
        self.places[name] = place
        return place

    def add(self, symbol: Symbol) -> Placement:
        """Place a value, by its axes; one that has a place keeps it."""
        name = stored_name(symbol)
        if name in self.places:
            return self.places[name]
        panel, begin = self.lanes.panel, self.end
        match symbol.axes:
            case (axis,) if axis == SAMPLES:
                # Whole panels, because maps over columns read full vectors from any row on.
                return self._place(name, Line(begin, self.batch, _round_up(self.batch, panel) + panel))
            case (axis,):
                width = self.sizes[axis]
                return self._place(name, Line(begin, width, _round_up(width, panel)))
            case (samples, axis) if samples == SAMPLES and axis in self.narrow:
                rows = _round_up(self.batch, panel) + panel
                return self._place(name, Columns(begin, self.sizes[axis], rows))
            case (samples, axis) if samples == SAMPLES:
                return self._place(name, Panels(begin, self.sizes[axis], self.batch, panel))
            case (_, b):
                return self._place(name, self._weight(symbol, begin, transposed=b in self.narrow))
        raise ValueError(f"{symbol.name} has the axes {symbol.axes}; a stored value has one or two")

    def add_copy(self, symbol: Symbol) -> Panels:
        """Place the transposed copy of a weight."""
        place = self._weight(symbol, self.end, transposed=True)
        self._place(copy_name(symbol), place)
        return place

    def _weight(self, symbol: Symbol, offset: int, *, transposed: bool) -> Panels:
        a, b = (self.sizes[axis] for axis in symbol.axes)
        width, rows = (a, b) if transposed else (b, a)
        return Panels(offset, width, rows, self.lanes.panel, transposed)

    def matrix(self, name: str) -> Panels:
        """The place of a value that lies in panels."""
        place = self.places[name]
        if not isinstance(place, Panels):
            raise CompilationUnsupported(f"{name}: a product that needs it in panels")
        return place

    def samples(self, symbol: Symbol) -> Panels | Columns:
        """The place of a value per sample and unit."""
        place = self.places[stored_name(symbol)]
        if isinstance(place, Line):
            raise CompilationUnsupported(f"{symbol.name}: a product with one number per sample")
        return place

    def array(self, size: int) -> int:
        """The offset of a plain array of numbers."""
        return self._claim(size)


def copy_name(symbol: Symbol) -> str:
    """The name of a weight's transposed copy."""
    return stored_name(symbol) + " transposed"
