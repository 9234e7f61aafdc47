"""What can be wrong with written mathematics before its meaning is asked for."""

from __future__ import annotations

from dataclasses import dataclass


class NotationError(ValueError):
    """A formula that could not be read: what was found, what would be accepted, and where.

    Attributes
    ----------
    position : int
        Where in the text, counted in characters from its beginning.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} (at character {position + 1})")
        self.position = position


@dataclass(frozen=True)
class Problem:
    """A damaged place that was stepped over, with what was wrong there."""

    message: str
    start: int
    end: int
