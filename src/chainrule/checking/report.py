"""What a check found, array by array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_HEAD = ("array", "shape", "relative error", "resolution", "verdict")


@dataclass(frozen=True)
class ArrayCheck:
    """The verdict on the gradient of one parameter array.

    Attributes
    ----------
    name : str
        ``"dW1"``.
    shape : tuple of int
    error : float
        The largest difference from the numeric derivative, relative to the array's own size.
    resolution : float
        What the numeric derivative can resolve, in the same unit; an error below it means nothing.
    right : bool
    note : str
        What else was seen: kinks stepped around, a gradient of nothing but zeros.
    """

    name: str
    shape: tuple[int, ...]
    error: float
    resolution: float
    right: bool
    note: str = ""


@dataclass(frozen=True)
class CheckReport:
    """The verdicts on all arrays.

    Examples
    --------
    >>> from chainrule import Network, check_gradients
    >>> report = check_gradients(Network.parse("3 -> 2 tanh -> 1 sigmoid", loss="bce"))
    >>> report.right
    True
    >>> [item.name for item in report.items]
    ['dW1', 'db1', 'dW2', 'db2']
    """

    network: str
    items: tuple[ArrayCheck, ...]

    @property
    def right(self) -> bool:
        """Whether every array is right."""
        return all(item.right for item in self.items)

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        table = [_HEAD, *map(_cells, self.items)]
        widths = [max(len(row[column]) for row in table) for column in range(len(_HEAD) - 1)]
        lines = ["  ".join([*map(str.ljust, row[:-1], widths), row[-1]]).rstrip() for row in table]
        return "\n".join([self.network, *lines, self._summary()])

    def _summary(self) -> str:
        wrong = [item.name for item in self.items if not item.right]
        return f"wrong: {', '.join(wrong)}" if wrong else "all gradients are right"

    def _repr_html_(self) -> str:
        from chainrule.checking.html_table import html_table

        rows = [(_cells(item), item.right) for item in self.items]
        return html_table(self.network, _HEAD, rows, [self._summary()])

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "schema": 1,
            "network": self.network,
            "right": self.right,
            "items": [
                {
                    "name": item.name,
                    "shape": list(item.shape),
                    "error": item.error,
                    "resolution": item.resolution,
                    "right": item.right,
                    "note": item.note,
                }
                for item in self.items
            ],
        }


def _cells(item: ArrayCheck) -> tuple[str, ...]:
    verdict = ("right" if item.right else "WRONG") + (f" ({item.note})" if item.note else "")
    return (item.name, str(item.shape), f"{item.error:.1e}", f"{item.resolution:.1e}", verdict)
