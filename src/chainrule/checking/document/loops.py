"""Loops that use what they have just changed: W is updated, and then the step to the layer before uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.checking.document.letters import Quantity, quantity
from chainrule.checking.document.statements import Page, Statement
from chainrule.notation.tree import Letter, letters

_BEGIN = re.compile(r"^\W*(?:for|while|repeat)\b.*(?:\bto\b|\.\.|down|each|all|=|:)", re.IGNORECASE)
_END = re.compile(r"^\W*end\b", re.IGNORECASE)


@dataclass(frozen=True)
class Disorder:
    """An update of a quantity, and a later line of the same loop that uses its new value."""

    begin: int
    changed: Quantity
    update: Statement
    use: Statement


def disorders(page: Page) -> Iterator[Disorder]:
    """Every loop of the page whose order is wrong, with the first line that shows it."""
    for begin, end in _loops(page.lines):
        inside = [statement for statement in page.statements if begin < statement.line < end]
        found = _first_disorder(begin, inside)
        if found is not None:
            yield found


def _loops(lines: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """First and last line of each loop; one without an end goes on to the end of the page."""
    begin: int | None = None
    for number, line in enumerate(lines, start=1):
        if _BEGIN.match(line):
            begin = number
        elif begin is not None and _END.match(line):
            yield begin, number
            begin = None
    if begin is not None:
        yield begin, len(lines) + 1


def _first_disorder(begin: int, inside: list[Statement]) -> Disorder | None:
    changed: dict[Quantity, Statement] = {}
    for statement in inside:
        left, *rest = (side.tree for side in statement.sides)
        used = {quantity(letter) for tree in rest if tree is not None for letter in letters(tree)}
        own = quantity(left) if isinstance(left, Letter) else None
        for one, update in changed.items():
            if one in used and one != own:
                return Disorder(begin, one, update, statement)
        is_update = statement.signs[:1] in {("-=",), ("+=",)} or (own is not None and own in used)
        if own is not None and is_update and not own.name.startswith("d"):
            changed[own] = statement
    return None
