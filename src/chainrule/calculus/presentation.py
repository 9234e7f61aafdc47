"""What a reader may choose about the writing of a derivation, as plain values that the equations know nothing of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.expressions.lookup import shown, suggest
from chainrule.expressions.numbers import is_real
from chainrule.network import Network

LAYOUTS = ("columns", "rows", "sample", "index")
PRESETS = ("subscript", "bracket", "delta", "d", "previous")
DETAILS = ("summary", "steps", "full")
NAMED = ("J", "L", "R", "X", "Y", "yhat", "W", "b", "Z", "A", "D", "M", "P", "w", "s", "n", "eta", "alpha", "alpha1",
         "lambda", "mu", "beta", "epsilon")  # fmt: skip
MOST_EXAMPLE_ROWS = 8
Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Example:
    """A small batch to work through with numbers.

    Attributes
    ----------
    X, Y : tuple of tuple of float
        One tuple a sample.
    rate : float
        The learning rate of the one step that is taken.
    """

    X: Rows
    Y: Rows
    rate: float = 0.5


@dataclass(frozen=True)
class Presentation:
    """Letters, detail and example of a derivation that is written down.

    Attributes
    ----------
    symbols : {"subscript", "bracket", "delta", "d", "previous"}
        W₁ and ∂J/∂Z₁; W^{[1]} and a^{[1](i)}; w¹ and δ¹ for the gradient by Z¹; dZ₁ and dW₁; W and W_prev.
    letters : tuple of (str, str)
        Letters in place of the preset's, by names of the code or of an activation: ``(("eta", "α"), ("relu", "g"))``.
    detail : {"summary", "steps", "full"}
    example : Example, optional
    """

    symbols: str = "subscript"
    letters: tuple[tuple[str, str], ...] = ()
    detail: str = "steps"
    example: Example | None = None


def presentation(
    network: Network, symbols: str | Mapping[str, str] | None, detail: str, example: Sequence[Any] | None
) -> Presentation:
    """The choices, checked.

    Raises
    ------
    ValueError
        For an unknown preset, letter or detail, and an example that does not fit the network.
    """
    if detail not in DETAILS:
        raise ValueError(
            f"detail must be one of {', '.join(DETAILS)}, got {shown(detail)}{suggest(str(detail), DETAILS)}"
        )
    letters: dict[str, Any] = {"preset": symbols} if isinstance(symbols, str) else dict(symbols or {})
    preset = letters.pop("preset", "subscript")
    if preset not in PRESETS:
        hint = suggest(str(preset), PRESETS)
        raise ValueError(f"symbols: the preset must be one of {', '.join(PRESETS)}, got {shown(preset)}{hint}")
    named = (*NAMED, *dict.fromkeys(layer.activation.name for layer in network.layers))
    for name, letter in letters.items():
        if name not in named:
            raise ValueError(
                f"symbols: no letter is called {shown(name)}{suggest(str(name), named)}; there are {', '.join(named)}"
            )
        if not isinstance(letter, str) or not 1 <= len(letter) <= 2 or not letter[0].isalpha():
            raise ValueError(f"symbols: {name} must be written with one letter, e.g. 'C' or 'ŷ', got {shown(letter)}")
    read = None if example is None else _example(network, example)
    return Presentation(preset, tuple(letters.items()), detail, read)


def _example(network: Network, example: Sequence[Any]) -> Example:
    if len(example) not in (2, 3):
        raise ValueError(f"example must be (X, Y) or (X, Y, learning rate), got {shown(example)}")
    X = _rows(example[0], "example: X", network.n_inputs)
    Y = _rows(example[1], "example: Y", network.widths[-1])
    if len(X) != len(Y):
        raise ValueError(f"example: X has {len(X)} rows and Y {len(Y)}; they must be as many")
    if not 1 <= len(X) <= MOST_EXAMPLE_ROWS:
        raise ValueError(f"example: 1 to {MOST_EXAMPLE_ROWS} rows are written out, got {len(X)}")
    if len(example) == 2:
        return Example(X, Y)
    rate: Any = example[2]
    if not (is_real(rate) and 0 < rate < math.inf):
        raise ValueError(f"example: the learning rate must be a positive number, got {shown(rate)}")
    return Example(X, Y, float(rate))


def _rows(values: Any, where: str, width: int) -> Rows:
    """Nested numbers, of Python or NumPy, as tuples."""
    listed = values.tolist() if hasattr(values, "tolist") else values
    try:
        rows: tuple[tuple[Any, ...], ...] = tuple(
            tuple(row) if isinstance(row, list | tuple) else (row,) for row in listed
        )
    except TypeError:
        raise ValueError(f"{where} must be rows of numbers, got {shown(values)}") from None
    for row in rows:
        if len(row) != width or not all(is_real(value) and math.isfinite(value) for value in row):
            raise ValueError(f"{where} must have rows of {width} finite numbers, got the row {shown(list(row))}")
    return tuple(tuple(float(value) for value in row) for row in rows)
