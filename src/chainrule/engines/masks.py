"""Dropout masks: zeros and ones that every engine draws alike.

A mask is a function of where it stands, not of what was drawn before: Threefry-2x32 with 20 rounds (Salmon, Moraes,
Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011) encrypts the position under a key made of seed,
step and layer. So it does not matter which thread, in which order, or how many units at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARITY", "ROTATIONS", "dropout_mask", "keep_threshold", "layer_keys", "threefry"]

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA

Words = NDArray[np.uint32]


def threefry(key: tuple[Words, Words], counter: tuple[Words, Words]) -> tuple[Words, Words]:
    """Two random words for a key of two words and a counter of two words; arrays broadcast.

    Examples
    --------
    >>> zero = np.zeros(1, np.uint32)
    >>> [hex(word[0]) for word in threefry((zero, zero), (zero, zero))]
    ['0x6b200159', '0x99ba4efe']
    """
    schedule = (key[0], key[1], key[0] ^ key[1] ^ np.uint32(PARITY))
    x0, x1 = counter[0] + schedule[0], counter[1] + schedule[1]
    for block in range(5):
        for turn in range(4):
            rotation = np.uint32(ROTATIONS[4 * (block % 2) + turn])
            x0 = x0 + x1
            x1 = (x1 << rotation) | (x1 >> (np.uint32(32) - rotation))
            x1 = x1 ^ x0
        x0 = x0 + schedule[(block + 1) % 3]
        x1 = x1 + schedule[(block + 2) % 3] + np.uint32(block + 1)
    return x0, x1


def _words(number: int) -> tuple[Words, Words]:
    bits = number % 2**64
    return np.array([bits % 2**32], np.uint32), np.array([bits // 2**32], np.uint32)


def layer_keys(seed: int, steps: NDArray[np.int64], layer: int) -> tuple[Words, Words]:
    """The keys of one layer's masks in some steps.

    Parameters
    ----------
    seed : int
        Taken modulo 2^64.
    steps : int64 ndarray of shape (n_steps,)
        The numbers of the steps since training began, from 0; taken modulo 2^32.
    layer : int
        The layer whose outputs are dropped; 0 is the input.

    Returns
    -------
    two uint32 ndarrays of shape (n_steps,)
    """
    return threefry(_words(seed), ((steps % 2**32).astype(np.uint32), np.array([layer], np.uint32)))


def keep_threshold(probability: float) -> int:
    """A unit is kept where its random word is at least this; `probability` is that of being dropped."""
    return min(round(probability * 2.0**32), 2**32 - 1)


def dropout_mask(
    seed: int, step: int, layer: int, n_rows: int, n_units: int, probability: float
) -> NDArray[np.float64]:
    """The mask of one layer in one step: 1 where a unit is kept, 0 where it is dropped.

    Parameters
    ----------
    seed, step, layer : int
        See `layer_keys`; one step.
    n_rows : int
        Rows of the batch. Row r has the same mask however many rows follow.
    n_units : int
        Units of the layer.
    probability : float
        Of being dropped, in [0, 1).

    Returns
    -------
    ndarray of float64, shape (n_rows, n_units)
        Units 2j and 2j + 1 of row r take the two words of the counter (r, j).

    Raises
    ------
    ValueError
        If the probability is outside [0, 1).

    Examples
    --------
    >>> dropout_mask(seed=1, step=0, layer=1, n_rows=2, n_units=5, probability=0.5)
    array([[0., 0., 0., 0., 0.],
           [0., 0., 1., 1., 0.]])
    """
    if not 0 <= probability < 1:
        raise ValueError(f"dropout probability is {probability!r}; accepted: at least 0 and below 1.")
    key = layer_keys(seed, np.array([step], np.int64), layer)
    pairs = -(-n_units // 2)
    counter = (np.arange(n_rows, dtype=np.uint32)[:, None], np.arange(pairs, dtype=np.uint32)[None, :])
    words = np.stack(threefry(key, counter), axis=-1).reshape(n_rows, 2 * pairs)[:, :n_units]
    return (words >= np.uint32(keep_threshold(probability))).astype(np.float64)
