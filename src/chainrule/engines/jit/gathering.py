"""Gathering a batch: rows of the data, in the order of the permutation, into the layout of the products."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.engines.jit.emit import Function, Index
from chainrule.engines.jit.lanes import Lanes
from chainrule.engines.jit.layout import Columns, Panels
from chainrule.engines.jit.target import Target
from chainrule.engines.jit.vectors import Vectors

__all__ = ["class_rows", "dense_rows", "numbers", "sparse_rows"]

_ARGUMENTS = [("ptr", "data"), ("ptr", "order"), ("ptr", "place"), ("i64", "first"), ("i64", "last")]


def _rows(f: Function, body: Callable[[Index, list[str]], None]) -> None:
    f.loop("%first", "%last", body)
    f.do("ret void")


def _number(f: Function, i: Index) -> str:
    return _widened(f, "%order", i)


def _widened(f: Function, array: str, i: Index) -> str:
    """A number of an array of i32, of rows or columns: there are fewer than 2^31 of both."""
    return f.value(f"sext i32 {f.load('i32', f.at(array, i, 'i32'), 4)} to i64")


def numbers(lanes: Lanes) -> Function:
    """One number per sample, such as its weight."""
    f = Function(_ARGUMENTS)

    def one(i: Index, _: list[str]) -> None:
        value = f.load(lanes.scalar, f.at("%data", _number(f, i), lanes.scalar), lanes.bytes)
        f.store(lanes.scalar, value, f.at("%place", i, lanes.scalar), lanes.bytes)

    _rows(f, one)
    return f


def dense_rows(lanes: Lanes, target: Target, place: Panels | Columns) -> Function:
    """Rows of a row-major matrix."""
    f = Function(_ARGUMENTS)
    v, width = Vectors(f, lanes, target), place.width

    def one(i: Index, _: list[str]) -> None:
        source = f.at("%data", f.multiply(_number(f, i), width), lanes.scalar)
        if isinstance(place, Columns):
            for u in range(width):
                value = f.load(lanes.scalar, f.at(source, u, lanes.scalar), lanes.bytes)
                target_ = f.at("%place", f.add(i, u * place.rows), lanes.scalar)
                f.store(lanes.scalar, value, target_, lanes.bytes)
            return
        row = f.at("%place", f.multiply(i, lanes.panel), lanes.scalar)
        whole = width // lanes.panel

        def panel(j: Index, _: list[str]) -> None:
            for k in range(2):
                begin = f.add(f.multiply(j, lanes.panel), k * lanes.count)
                value = v.load(f.at(source, begin, lanes.scalar), lanes.bytes)
                v.store(value, f.at(row, f.add(f.multiply(j, place.panel_stride), k * lanes.count), lanes.scalar))

        f.loop(0, whole, panel)
        for begin in range(whole * lanes.panel, width, lanes.count):
            at = f.at(source, begin, lanes.scalar)
            valid = min(lanes.count, width - begin)
            keep = "<" + ", ".join(f"i1 {int(lane < valid)}" for lane in range(lanes.count)) + ">"
            value = v.load(at, lanes.bytes) if valid == lanes.count else v.load_where(keep, at)
            v.store(value, f.at(row, whole * place.panel_stride + begin - whole * lanes.panel, lanes.scalar))

    _rows(f, one)
    return f


def class_rows(lanes: Lanes, target: Target, place: Panels | Columns) -> Function:
    """One-hot rows from class numbers (i64)."""
    f = Function(_ARGUMENTS)
    v, one_ = Vectors(f, lanes, target), lanes.literal(1.0)

    def one(i: Index, _: list[str]) -> None:
        code = f.load("i64", f.at("%data", _number(f, i), "i64"), 8)
        if isinstance(place, Columns):
            for u in range(place.width):
                hot = f.value(f"icmp eq i64 {code}, {u}")
                value = f.value(f"select i1 {hot}, {lanes.scalar} {one_}, {lanes.scalar} 0.0")
                f.store(lanes.scalar, value, f.at("%place", f.add(i, u * place.rows), lanes.scalar), lanes.bytes)
            return
        row = f.at("%place", f.multiply(i, lanes.panel), lanes.scalar)
        _clear(v, row, place)
        _put(f, lanes, row, place, code, one_)

    _rows(f, one)
    return f


def sparse_rows(lanes: Lanes, target: Target, place: Panels) -> Function:
    """Rows of a matrix in compressed sparse rows: numbers, their columns (i32), and where each row starts (i64)."""
    f = Function([*_ARGUMENTS, ("ptr", "columns"), ("ptr", "starts")])
    v = Vectors(f, lanes, target)

    def one(i: Index, _: list[str]) -> None:
        row = f.at("%place", f.multiply(i, lanes.panel), lanes.scalar)
        _clear(v, row, place)
        start = f.at("%starts", _number(f, i), "i64")
        begin, end = f.load("i64", start, 8), f.load("i64", f.at(start, 1, "i64"), 8)

        def entry(k: Index, _: list[str]) -> None:
            column = _widened(f, "%columns", k)
            value = f.load(lanes.scalar, f.at("%data", k, lanes.scalar), lanes.bytes)
            _put(f, lanes, row, place, column, value)

        f.loop(begin, end, entry)

    _rows(f, one)
    return f


def _clear(v: Vectors, row: str, place: Panels) -> None:
    """Zeros into one sample's row of all panels."""
    f, lanes = v.function, v.lanes

    def panel(j: Index, _: list[str]) -> None:
        for k in range(2):
            at = f.add(f.multiply(j, place.panel_stride), k * lanes.count)
            v.store("zeroinitializer", f.at(row, at, lanes.scalar))

    f.loop(0, place.count, panel)


def _put(f: Function, lanes: Lanes, row: str, place: Panels, unit: Index, value: str) -> None:
    """A number at a unit of one sample's row."""
    panel, lane = f.divide(unit, lanes.panel), f.remainder(unit, lanes.panel)
    at = f.add(f.multiply(panel, place.panel_stride), lane)
    f.store(lanes.scalar, value, f.at(row, at, lanes.scalar), lanes.bytes)
