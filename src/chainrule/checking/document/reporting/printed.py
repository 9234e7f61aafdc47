"""The report as lines of text: each equation, its source with carets below the culprit, its slip and what is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from chainrule.checking.document.judging.verdicts import Verdict
from chainrule.checking.document.reading.places import Place
from chainrule.checking.document.reporting.report import HINTS, DerivationReport, Hint, Item
from chainrule.notation.alphabet import FUNCTIONS
from chainrule.notation.parsing import Conventions, parse
from chainrule.notation.problems import NotationError
from chainrule.notation.text import to_text

Role = Literal["verdict", "source", "carets", "right", "as arrays", "remark", "note", "summary"]
NOT_RIGHT = frozenset({"scalar", "wrong", "order"})
_WIDTH = 100  # of a source line as it is shown
_MARGIN = " " * 7


@dataclass(frozen=True)
class Line:
    """A line of the report, what it says, and the verdict that it belongs to ("" for none)."""

    text: str
    role: Role
    verdict: Verdict | Literal[""] = ""


def printed(report: DerivationReport, level: Hint = "answer") -> Iterator[Line]:
    """The lines of a report, as much as a level tells.

    Raises
    ------
    ValueError
        If the level is not one of "verdict", "line", "kind" and "answer".
    """
    if level not in HINTS:
        raise ValueError(f"level must be one of {', '.join(HINTS)}, got {level!r}")
    if level != "verdict":
        for item in report.items:
            yield from _item(report, item, HINTS.index(level))
        yield from (Line(f"note: {printable(note)}", "note") for note in report.notes)
    yield Line(summary(report), "summary")


def summary(report: DerivationReport) -> str:
    """How many equations have which verdict."""
    counts = Counter(item.verdict for item in report.items)
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in get_args(Verdict) if counts[verdict])
    number = len(report.items)
    return f"{number} equation{'' if number == 1 else 's'}{': ' if said else ''}{said}"


def printable(text: str) -> str:
    """The text without letters that move a terminal's cursor or colour it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def remarks(item: Item, level: Hint) -> Iterator[tuple[Role, str]]:
    """What is said below an equation, as much as a level tells."""
    depth = HINTS.index(level)
    if depth >= HINTS.index("kind"):
        if item.slip:
            came = " (inherited from an earlier line)" if item.origin == "inherited" else ""
            yield "remark", f"slip: {printable(item.slip)}{came}"
        if item.correct and level == "answer":
            role: Role = "as arrays" if item.verdict == "scalar" else "right"
            yield role, f"{role}: {_as_the_page(item, item.correct)}"
        if item.as_arrays and level == "answer":
            yield "as arrays", f"as arrays: {_as_the_page(item, item.as_arrays)}"
        if item.follows is False:
            yield "remark", "it doesn't follow from the step before it"
    told = depth >= HINTS.index("kind") or item.verdict not in NOT_RIGHT
    plain = item.verdict == "given" or (item.verdict == "exact" and item.scope == "one sample")
    if item.reason and told and not plain:
        yield "remark", printable(item.reason)
    if item.offer is not None and level == "answer":
        yield "remark", f"if {printable(str(item.offer))}"


def _as_the_page(item: Item, latex: str) -> str:
    """A formula in LaTeX where the equation is, else as plain text."""
    if "\\" not in item.latex:
        try:
            return to_text(parse(latex, Conventions(functions=FUNCTIONS)))
        except (NotationError, RecursionError):
            pass
    return printable(latex)


def _item(report: DerivationReport, item: Item, depth: int) -> Iterator[Line]:
    number = item.line if item.place is None else item.place.line
    latex = _cut(" ".join(printable(item.latex).split()))
    yield Line(f"{number:>5}  {item.verdict:<6}  {latex}", "verdict", item.verdict)
    if item.verdict in NOT_RIGHT and item.place is not None and depth >= HINTS.index("kind"):
        yield from _underlined(report.source, item.culprits or (item.place,), item.verdict)
    for role, text in remarks(item, HINTS[depth]):
        yield Line(f"{_MARGIN}{text}", role, item.verdict)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _underlined(lines: tuple[str, ...], places: tuple[Place, ...], verdict: Verdict) -> Iterator[Line]:
    """Source lines, or the parts of them around places, with carets below the places."""
    for number in sorted({place.line for place in places}):
        here = [place for place in places if place.line == number]
        source = lines[number - 1]
        column = here[0].column - 1
        blank = len(source) - len(source.lstrip())
        first = max(min(blank, column), min(column - _WIDTH // 4, len(source) - _WIDTH))
        shown = printable(source[first : first + _WIDTH])
        carets = [" "] * _WIDTH
        for place in here:
            at = place.column - 1 - first
            carets[at : at + place.length] = "^" * (min(at + place.length, _WIDTH) - at)
        yield Line(f"{_MARGIN}| {shown}".rstrip(), "source", verdict)
        yield Line(f"{_MARGIN}| {''.join(carets)}".rstrip(), "carets", verdict)
