"""What was found on a page, link by link, and how it is shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, get_args

from chainrule.checking.document.inferred import InferredNetwork
from chainrule.checking.document.offers import Offer
from chainrule.checking.document.verdicts import Verdict

_WIDTH = 100  # of a source line as it is shown


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


@dataclass(frozen=True)
class Item:
    """One link of the page and its verdict.

    Attributes
    ----------
    line : int
        The line of the source in which the formula begins, counted from 1.
    left, right : str
        The two sides as the source has them.
    verdict : {"given", "exact", "scalar", "wrong", "order", "unread"}
    scope : str
        The largest regime in which the link holds.
    slip : str
        For a wrong link, what kind of slip it fits.
    origin : {"", "root", "inherited"}
    correct : str
        In LaTeX: for a wrong link, its right side without the slip, where one edit makes it right; for a scalar link,
        the matrix form that it wants, where one was found.
    follows : bool or None
        Whether the step follows from the side before it in the chain; None for a chain's first step.
    reason : str
        The reason, for people.
    sign : str
        The relation between the sides.
    place : Place or None
        Where the right side stands; for a loop, its first line.
    offer : Offer or None
        A reading of damaged handwriting, with the verdict that it would have; it is never applied.
    """

    line: int
    left: str
    right: str
    verdict: Verdict
    scope: str = ""
    slip: str = ""
    origin: str = ""
    correct: str = ""
    follows: bool | None = None
    reason: str = ""
    sign: str = "="
    place: Place | None = None
    offer: Offer | None = None

    @property
    def latex(self) -> str:
        """The link as the source has it."""
        return f"{self.left} {self.sign} {self.right}" if self.right else self.left


@dataclass(frozen=True)
class DerivationReport:
    """Every link of a page with its verdict, and what was noticed about the page as a whole.

    Attributes
    ----------
    items : tuple of Item
    networks : tuple of InferredNetwork
        What the page defines and is judged by.
    notes : tuple of str
        What was noticed about the page as a whole.
    source : tuple of str
        The lines of the page.
    """

    items: tuple[Item, ...]
    networks: tuple[InferredNetwork, ...]
    notes: tuple[str, ...]
    source: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; what is unread isn't judged."""
        return not any(item.verdict in {"wrong", "order"} for item in self.items)

    def count(self, verdict: Verdict) -> int:
        """How many links have a verdict."""
        return sum(item.verdict == verdict for item in self.items)

    def __str__(self) -> str:
        lines = [line for item in self.items for line in self._shown(item)]
        lines += [f"note: {_printable(note)}" for note in self.notes]
        return "\n".join([*lines, self._summary()])

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"

    def _shown(self, item: Item) -> list[str]:
        number = item.line if item.place is None else item.place.line
        latex = _cut(" ".join(_printable(item.latex).split()))
        lines = [f"{number:>5}  {item.verdict:<6}  {latex}"]
        if item.verdict in {"wrong", "order", "scalar"} and item.place is not None:
            lines += _underlined(self.source[item.place.line - 1], item.place)
        if item.slip:
            came = " (inherited from an earlier line)" if item.origin == "inherited" else ""
            lines.append(f"       slip: {_printable(item.slip)}{came}")
        if item.correct:
            said = "as arrays" if item.verdict == "scalar" else "right"
            lines.append(f"       {said}: {_printable(item.correct)}")
        if item.follows is False:
            lines.append("       it doesn't follow from the step before it")
        if item.reason and item.verdict != "given":
            lines.append(f"       {_printable(item.reason)}")
        if item.offer is not None:
            lines.append(f"       if {_printable(str(item.offer))}")
        return lines

    def _summary(self) -> str:
        counts = Counter(item.verdict for item in self.items)
        said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in get_args(Verdict) if counts[verdict])
        number = len(self.items)
        return f"{number} equation{'' if number == 1 else 's'}{': ' if said else ''}{said}"

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "schema": 1,
            "ok": self.ok,
            "networks": [{**asdict(network), "definitions": list(network.definitions)} for network in self.networks],
            "items": [{"latex": item.latex, **asdict(item)} for item in self.items],
            "notes": list(self.notes),
        }


def _printable(text: str) -> str:
    """The text without letters that move a terminal's cursor or colour it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _underlined(source: str, place: Place) -> list[str]:
    """A source line, or the part of it around a place, with carets below the place."""
    first = max(0, min(place.column - 1 - _WIDTH // 4, len(source) - _WIDTH))
    shown = _printable(source[first : first + _WIDTH])
    at = place.column - 1 - first
    return [f"       | {shown}".rstrip(), f"       | {' ' * at}{'^' * min(place.length, _WIDTH - at)}"]
