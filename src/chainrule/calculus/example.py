"""A small batch, and parameters, to work a derivation through with numbers: plain values, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.expressions.numbers import is_real
from chainrule.expressions.quoting import shown, suggest
from chainrule.network import Network

MOST_EXAMPLE_ROWS = 8
Rows = tuple[tuple[float, ...], ...]
Parameters = tuple[tuple[str, Rows | tuple[float, ...]], ...]


@dataclass(frozen=True)
class Example:
    """A small batch to work through with numbers.

    Attributes
    ----------
    X, Y : tuple of tuple of float
        One tuple a sample.
    rate : float
        The learning rate of the one step that is taken.
    parameters : tuple of (str, tuple)
        The parameters before the step, ``W1`` of shape (n_in, n_out) and ``b1`` of (n_out,), all of them or none.
    """

    X: Rows
    Y: Rows
    rate: float = 0.5
    parameters: Parameters = ()


def read_example(network: Network, example: Sequence[Any], params: Mapping[str, Any] | None = None) -> Example:
    """The batch and the parameters, checked against the network.

    Raises
    ------
    ValueError
        If a shape does not fit the network, or a value is no finite number.
    """
    if len(example) not in (2, 3):
        raise ValueError(f"example must be (X, Y) or (X, Y, learning rate), got {shown(example)}")
    X = _rows(example[0], "example: X", network.n_inputs)
    Y = _rows(example[1], "example: Y", network.widths[-1])
    if len(X) != len(Y):
        raise ValueError(f"example: X has {len(X)} rows and Y {len(Y)}; they must be as many")
    if not 1 <= len(X) <= MOST_EXAMPLE_ROWS:
        raise ValueError(f"example: 1 to {MOST_EXAMPLE_ROWS} rows are written out, got {len(X)}")
    rate: Any = example[2] if len(example) == 3 else 0.5
    if not (is_real(rate) and 0 < rate < math.inf):
        raise ValueError(f"example: the learning rate must be a positive number, got {shown(rate)}")
    return Example(X, Y, float(rate), () if params is None else _parameters(network, params))


def _parameters(network: Network, params: Mapping[str, Any]) -> Parameters:
    shapes = network.parameter_shapes
    for name in params:
        if name not in shapes:
            hint = suggest(str(name), tuple(shapes))
            raise ValueError(f"params: there is no {shown(name)}{hint}; the network has {', '.join(shapes)}")
    if missing := [name for name in shapes if name not in params]:
        raise ValueError(f"params: {', '.join(missing)} missing; all of {', '.join(shapes)} must be given")
    read: list[tuple[str, Rows | tuple[float, ...]]] = []
    for name, shape in shapes.items():
        if len(shape) == 2:
            rows = _rows(params[name], f"params: {name}", shape[1])
            if len(rows) != shape[0]:
                raise ValueError(f"params: {name} must have the shape {shape}, got {len(rows)} rows")
            read.append((name, rows))
        else:
            (row,) = _rows([_listed(params[name])], f"params: {name}", shape[0])
            read.append((name, row))
    return tuple(read)


def _listed(values: Any) -> Any:
    return values.tolist() if hasattr(values, "tolist") else values


def _rows(values: Any, where: str, width: int) -> Rows:
    """Nested numbers, of Python or NumPy, as tuples."""
    try:
        rows: tuple[tuple[Any, ...], ...] = tuple(
            tuple(row) if isinstance(row, list | tuple) else (row,) for row in _listed(values)
        )
    except TypeError:
        raise ValueError(f"{where} must be rows of numbers, got {shown(values)}") from None
    for row in rows:
        if len(row) != width or not all(is_real(value) and math.isfinite(value) for value in row):
            raise ValueError(f"{where} must have rows of {width} finite numbers, got the row {shown(list(row))}")
    return tuple(tuple(float(value) for value in row) for row in rows)
