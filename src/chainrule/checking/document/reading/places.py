"""Where something stands in the source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where something stands in the source: line and column from 1, and how many characters of that line it takes."""

    line: int
    column: int
    length: int

    @classmethod
    def between(cls, text: str, start: int, end: int) -> Place:
        """The place of ``text[start:end]``; of several lines, the first."""
        begin = text.rfind("\n", 0, start) + 1
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        return cls(text.count("\n", 0, start) + 1, start - begin + 1, max(min(end, stop) - start, 1))
