"""Loops that use what they have just changed: W is updated, and then the step to the layer before uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from chainrule.checking.document.meaning.generic_layers import is_d_letter
from chainrule.checking.document.meaning.letters import BIASES, RATES, WEIGHTS, Quantity, quantity
from chainrule.checking.document.reading.statements import Page, Statement
from chainrule.notation.tree import Letter, Mark, Partial, letters, walk

_BEGIN = re.compile(r"^\W*(?:for|while|repeat)\b.*(?:\bto\b|\.\.|down|each|all|=|:)", re.IGNORECASE)
_ENDED = re.compile(r"[.:;!?,]\s*$")
_WORDS_OF_A_SENTENCE = 6
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
    code = [statement for statement in page.statements if statement.in_code and _goes_back(statement)]
    found = _first_disorder(0, code)
    if found is not None:
        yield replace(found, begin=found.use.line)


def cautions(page: Page) -> Iterator[str]:
    """Listed updates of which one uses what another before it has changed: right only if all are made at once."""
    changed: dict[Quantity, Statement] = {}
    for statement in page.statements:
        own = _updated(statement)
        if own is None or statement.in_code:
            continue
        for one in _used(statement) & changed.keys() - {own}:
            yield (
                f"line {statement.line} uses {one}, which line {changed[one].line} updates: the updates are taken to be"
                " made at once; one after the other they would differ"
            )
        changed[own] = statement


def _loops(lines: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """First and last line of each loop; one without an end goes on to the end of the page."""
    begin: int | None = None
    for number, (before, line) in enumerate(zip(("", *lines), lines, strict=False), start=1):
        if _BEGIN.match(line) and not _goes_on(before, line):
            begin = number
        elif begin is not None and _END.match(line):
            yield begin, number
            begin = None
    if begin is not None:
        yield begin, len(lines) + 1


def _goes_on(before: str, line: str) -> bool:
    """Whether a line is the rest of the sentence above it: … has one row / for each unit of its layer."""
    return line[:1].islower() and len(before.split()) >= _WORDS_OF_A_SENTENCE and not _ENDED.search(before)


def _first_disorder(begin: int, inside: list[Statement]) -> Disorder | None:
    changed: dict[Quantity, Statement] = {}
    for statement in inside:
        used = _used(statement)
        left = statement.sides[0].tree
        own = quantity(left) if isinstance(left, Letter) else None
        for one, update in changed.items():
            if one in used and one != own:
                return Disorder(begin, one, update, statement)
        if (updated := _updated(statement)) is not None:
            changed[updated] = statement
    return None


def _goes_back(statement: Statement) -> bool:
    """Whether a line computes a derivative or changes a weight: the next pass forward may use what is new."""
    left = statement.sides[0].tree
    return isinstance(left, Letter) and (is_d_letter(left) or left.name == "δ" or _updated(statement) is not None)


def _used(statement: Statement) -> set[Quantity]:
    """What the right sides mention, but for what is differentiated by: ∂J/∂W₁ is a value of its own."""
    trees = [side.tree for side in statement.sides[1:] if side.tree is not None]
    by = {id(part.by) for tree in trees for part in walk(tree) if isinstance(part, Partial)}
    return {quantity(letter) for tree in trees for letter in letters(tree) if id(letter) not in by}


def _updated(statement: Statement) -> Quantity | None:
    """The weight or bias that a statement changes."""
    left = statement.sides[0].tree
    if not isinstance(left, Letter):
        return None
    own = quantity(left)
    changes = statement.signs[:1] in {("-=",), ("+=",)} or own in _used(statement)
    return own if changes and own.name in WEIGHTS | BIASES else None


def learning_rate(page: Page) -> Letter | None:
    """The rate of the page's first step down the gradient that has one."""
    for statement in page.statements:
        if _updated(statement) is not None or _is_after_a_step(statement):
            for tree in (side.tree for side in statement.sides[1:] if side.tree is not None):
                slopes = any(isinstance(part, Partial) or is_d_letter(part) for part in walk(tree))
                rate = next((one for one in letters(tree) if one.name in RATES - {"λ"}), None)
                if slopes and rate is not None:
                    return rate
    return None


def _is_after_a_step(statement: Statement) -> bool:
    left = statement.sides[0].tree
    return isinstance(left, Letter) and Mark("+") in left.upper
