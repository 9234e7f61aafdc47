"""A loss curve in characters: dots of a quarter of a character's height, or ASCII."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TRAINING, VALIDATION = "⣿", "○"
ASCII_TRAINING, ASCII_VALIDATION = "*", "o"
_BLANK = 0x2800  # Unicode's braille patterns: eight dots a character, one bit each
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # left and right column, from the top
_EVERY = 3  # so many characters from one mark of the validation curve to the next
_LOGARITHMIC_FROM = 5.0  # ratio of the largest to the smallest value

Floats = NDArray[np.float64]


def loss_curve(
    training: Sequence[float],
    validation: Sequence[float] = (),
    *,
    width: int = 72,
    height: int = 10,
    unicode: bool = True,
) -> list[str]:
    r"""Lines that show one or two series over the epochs; none if there are fewer than two finite values.

    Parameters
    ----------
    training, validation : sequence of float
        One value per epoch; what is not finite is left out.
    width, height : int
        Of the whole picture, in characters and lines, without the line below the axis.
    unicode : bool
        Braille dots and lines, or ASCII.

    Examples
    --------
    >>> print("\n".join(loss_curve([8, 4, 2, 1], width=24, height=4, unicode=False)))
             8 |***
          2.83 |   ***
               |      ****
             1 |          **
               +------------
                1    epoch 4
    """
    series = [np.asarray(values, np.float64) for values in (training, validation)]
    finite = np.concatenate([values[np.isfinite(values)] for values in series])
    if len(finite) < 2 or len(series[0]) < 2:
        return []
    low, high = float(finite.min()), float(finite.max())
    logarithmic = low > 0 and high / low > _LOGARITHMIC_FROM
    if high == low:
        high = low + (abs(low) or 1.0)
    margin = 11  # the longest label is -1.23e-100
    columns, n_epochs = max(width - margin - 1, 8), max(map(len, series))

    def rows(values: Floats, across: int, down: int) -> NDArray[np.int64]:
        """For each of `across` places, which of `down` levels from the top the series has; −1 where it has none."""
        at = np.flatnonzero(np.isfinite(values))
        if len(at) == 0:
            return np.full(across, -1)
        x = np.linspace(0, n_epochs - 1, across)
        y = np.interp(x, at, values[at])
        if logarithmic:
            y, bottom, top = np.log(y), math.log(low), math.log(high)
        else:
            bottom, top = low, high
        heights = (y - bottom) / (top - bottom)
        levels = np.rint((1 - heights) * (down - 1)).astype(np.int64)
        return np.where((x >= at[0]) & (x <= at[-1]), levels, -1)

    if unicode:
        cells = _dots(rows(series[0], 2 * columns, 4 * height), columns, height)
        marks = rows(series[1], columns, height)[::_EVERY]
        for place, level in zip(range(0, columns, _EVERY), marks, strict=True):
            if level >= 0:
                cells[level][place] = VALIDATION
    else:
        cells = [[" "] * columns for _ in range(height)]
        for values, mark in zip(series[::-1], (ASCII_VALIDATION, ASCII_TRAINING), strict=True):
            for place, level in enumerate(rows(values, columns, height)):
                if level >= 0:
                    cells[level][place] = mark
    middle = math.sqrt(low * high) if logarithmic else (low + high) / 2
    labels = {0: f"{high:.3g}", height - 1: f"{low:.3g}"} | ({(height - 1) // 2: f"{middle:.3g}"} if height > 3 else {})
    bar, corner, line = "│└─" if unicode else "|+-"
    lines = [f"{labels.get(number, ''):>{margin - 1}} {bar}{''.join(row)}".rstrip() for number, row in enumerate(cells)]
    last = f"epoch {n_epochs}" if columns > len(f"1 epoch {n_epochs}") else f"{n_epochs}"
    return [*lines, f"{'':>{margin}}{corner}{line * columns}", f"{'':>{margin + 1}}1{last:>{columns - 1}}"]


def _dots(levels: NDArray[np.int64], columns: int, height: int) -> list[list[str]]:
    """A line through one level per dot column, drawn in braille; between two levels it goes straight up or down."""
    bits = np.zeros((height, columns), np.int64)
    before = -1
    for place, level in enumerate(levels.tolist()):
        if level >= 0:
            start = level if before < 0 else before + (1 if level > before else -1 if level < before else 0)
            for dot in range(min(start, level), max(start, level) + 1):
                bits[dot // 4, place // 2] |= _DOTS[place % 2][dot % 4]
        before = level
    return [[chr(_BLANK + int(value)) if value else " " for value in row] for row in bits]
