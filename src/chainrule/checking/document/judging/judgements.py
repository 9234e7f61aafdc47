"""What a link is judged to be, and when two values are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from chainrule.notation.meaning import Array
from chainrule.notation.tree import BigSum, Node, walk

Verdict = Literal["given", "exact", "scalar", "wrong", "order", "unread"]
DRAWS = 2  # of every regime
_RTOL = 1e-8


@dataclass(frozen=True)
class Judgement:
    """A verdict with its reason.

    Attributes
    ----------
    verdict : str
    scope : str
        The largest regime in which the link holds.
    why : str
        For people: what failed, or why nothing was judged.
    ratio : float or None
        For a wrong link: the constant that right / left is in every draw, if it is one.
    """

    verdict: Verdict
    scope: str = ""
    why: str = ""
    ratio: float | None = None
    slip: str = ""


def same(one: Array, other: Array, *, flattened: bool) -> bool:
    """Whether two values agree; with `flattened` a row may be an array laid out otherwise."""
    if not (np.all(np.isfinite(one)) and np.all(np.isfinite(other))):
        return False
    if one.size == other.size == 1:
        return bool(np.allclose(one.ravel(), other.ravel(), rtol=_RTOL, atol=1e-11))
    if one.shape == other.shape:
        return bool(np.allclose(one, other, rtol=_RTOL, atol=1e-11))
    if flattened and other.ndim == 2 and other.shape[0] == 1 and one.size == other.size:
        return bool(np.allclose(one.ravel(), other.ravel(), rtol=_RTOL, atol=1e-11))
    return False


def summed(node: Node) -> set[str]:
    """Indices that a Σ binds."""
    return {index for part in walk(node) if isinstance(part, BigSum) for index in part.indices}
