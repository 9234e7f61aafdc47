"""The kinds of slips, and how a teacher would name one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "sign",
    "constant factor",
    "1/m",
    "missing factor",
    "stray factor",
    "sum",
    "bracket",
    "power",
    "letter",
    "layer",
    "index",
    "argument",
    "variable",
    "transpose",
    "product",
    "order",
    "diagonal",
    "differential",
    "update order",
    "unknown",
]

SIGN = "wrong sign"
UNKNOWN = "no single slip explains it"
_TIMES = {2.0: "twice what is right", 0.5: "half of what is right"}


@dataclass(frozen=True)
class Change:
    """What a line that holds for numbers only wants, or what slip it has, in words, and of which kind that is."""

    kind: Kind
    words: str
    is_slip: bool = False


def instead(written: str, meant: str, kind: Kind = "letter", function: str = "") -> str:
    """What is said of something that stands in the place of something else.

    Examples
    --------
    >>> instead("z₁", "a₁"), instead("a₁", "z₁", "argument", "tanh′")
    ('z₁ instead of a₁', 'tanh′ at a₁ instead of z₁')
    """
    said = f"{written} instead of {meant}"
    match kind:
        case "argument":
            return f"{function} at {said}"
        case "variable":
            return f"differentiated by {said}"
        case "layer":
            return f"{said} (another layer)"
        case "index":
            return f"{said} (another index)"
        case _:
            return said


def missing(factor: str) -> str:
    """What is said of a factor that has been left out."""
    return f"missing factor {factor}"


def missing_sum(indices: Sequence[str]) -> str:
    """What is said of a Σ that has been left out."""
    return f"missing sum over {', '.join(indices)}"


def stray(factor: str) -> str:
    """What is said of a factor that is one too many."""
    return f"one factor {factor} too many" if factor else "one factor too many"


def times(ratio: float) -> str:
    """What is said of a side that is a multiple of what is right.

    Examples
    --------
    >>> times(2.0), times(-1.0), times(3.0)
    ('twice what is right', 'wrong sign', '3 times what is right')
    """
    return SIGN if ratio == -1 else _TIMES.get(ratio, f"{ratio:g} times what is right")


def of_ratio(ratio: float) -> Kind:
    """The kind of slip of a side that is a multiple of what is right."""
    return "sign" if ratio == -1 else "constant factor"


def said_of(changes: Sequence[Change]) -> str:
    """Changes in words: slips first, then what is wanted.

    Examples
    --------
    >>> said_of([Change("product", "⊙"), Change("letter", "z₁ instead of a₁", is_slip=True)])
    'z₁ instead of a₁; it wants ⊙'
    """
    slips = dict.fromkeys(change.words for change in changes if change.is_slip)
    wants = dict.fromkeys(change.words for change in changes if not change.is_slip)
    wanted = f"it wants {', '.join(wants) or 'other brackets'}" if wants or not slips else ""
    return "; ".join(filter(None, [*slips, wanted]))


def kinds_of(changes: Sequence[Change]) -> tuple[Kind, ...]:
    """The kinds of several changes, each once."""
    return tuple(dict.fromkeys(change.kind for change in changes))
