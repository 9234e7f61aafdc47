"""What a claim is made under, "if z > 0", "for j = k": which of a page's relations are conditions, and of what.

A condition compares a letter with a number, or two indices, and stands behind "if", "for", "when", "case", … . In a
sentence that begins with a condition each one holds for the claims behind it, in one that begins with a claim for those
before it; "otherwise" turns it round. A sentence ends at a full stop, at a semicolon, at a bullet, and at a blank line
that no comma or colon precedes. A condition that has a sentence for itself, as a heading has, holds for the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from chainrule.checking.document.reading.page import Side, Statement
from chainrule.notation.tree import Letter, Num, Relation, RelationSign

_INDICES = frozenset("ijklmn")
_OPPOSITE: dict[RelationSign, RelationSign] = {"=": "≠", "≠": "=", ">": "≤", "≤": ">", "<": "≥", "≥": "<"}
_CUE = re.compile(
    r"(?:\b(?:if|iff|for|when|where|whenever|unless|assuming|given|as|while|with|all|any|every|cases?(?:\s*\(?\w\)?)?"
    r"|falls|wenn|für|fall|si|pour|quand|lorsque|cuando|para)\b|[(（])"
    r"(?:[\s${}~:,.*_–-]|\\[\s,;:!()\[]|\\(?:text|quad|qquad|left|mathrm|textrm)\b)*$",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(r"\b(?:otherwise|else|sonst|andernfalls|sinon)\b", re.IGNORECASE)
_ENDS = re.compile(
    r"[.;](?=[\s$\\}]|$)|\n[ \t]*(?:[-*+•]|\d{1,2}[.)]|#+)[ \t]|(?<![,:])[ \t]*(?:\$\$|\\\]|\})?[ \t]*\n[ \t]*\n"
)
_REACH = 40  # characters in front of a relation, where the word stands that makes it a condition


def with_conditions(text: str, statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements, each with what it is claimed under."""
    found: list[Statement] = []
    waiting: tuple[Relation, ...] = ()
    for sentence in _sentences(text, statements):
        judged, held = _of_sentence(text, sentence)
        claims = [one for one in judged if _condition(one) is None]
        if not claims:
            waiting = held or waiting
            found += judged
            continue
        if waiting and not any(one.given_that for one in judged):
            judged = [one if _condition(one) else replace(one, given_that=waiting) for one in judged]
        waiting = ()
        found += judged
    return tuple(found)


def _sentences(text: str, statements: Sequence[Statement]) -> Iterator[list[Statement]]:
    """The statements sentence by sentence; a chain that goes on is one claim, whatever remark stands in between."""
    sentence: list[Statement] = []
    for one in statements:
        if sentence and not one.continues and _ENDS.search(_between(text, sentence[-1], one)):
            yield sentence
            sentence = []
        sentence.append(one)
    if sentence:
        yield sentence


def _of_sentence(text: str, sentence: list[Statement]) -> tuple[list[Statement], tuple[Relation, ...]]:
    """A sentence's statements under its conditions, and the last condition."""
    conditions = [_condition(one) if _is_cued(text, one) else None for one in sentence]
    if not any(conditions):
        return sentence, ()
    order = range(len(sentence))
    first = next(at for at in order if conditions[at] is not None or _condition(sentence[at]) is None)
    backwards = conditions[first] is None
    judged = [*sentence]
    held: tuple[Relation, ...] = ()
    for at in reversed(order) if backwards else order:
        own = conditions[at]
        if own is not None:
            held = (own,)
        elif held:
            judged[at] = replace(sentence[at], given_that=held)
        if (
            not backwards
            and at + 1 < len(sentence)
            and _OTHERWISE.search(_between(text, sentence[at], sentence[at + 1]))
        ):
            held = tuple(_opposite(one) for one in held)
    return judged, held


def _condition(statement: Statement) -> Relation | None:
    """The condition that a statement may be: z > 0, z ≤ 0, j = k, j ≠ k."""
    if len(statement.signs) != 1 or any(side.problems for side in statement.sides):
        return None
    (left, right), sign = (side.tree for side in statement.sides), statement.signs[0]
    if sign not in _OPPOSITE or left is None or right is None:
        return None
    known: RelationSign = next(one for one in _OPPOSITE if one == sign)
    indices = [side for side in (left, right) if isinstance(side, Letter) and side.name in _INDICES]
    if len(indices) == 2 and sign in {"=", "≠"} and not any(one.lower or one.upper for one in indices):
        return Relation((left, right), (known,))
    compared = isinstance(left, Letter) and isinstance(right, Num) and left.name not in _INDICES
    return Relation((left, right), (known,)) if compared and sign in "<>≤≥" else None


def _is_cued(text: str, statement: Statement) -> bool:
    """Whether a word makes a relation a condition; different indices need none."""
    if statement.signs == ("≠",):
        return True
    start = _start(statement)
    return _CUE.search(text, max(0, start - _REACH), start) is not None


def _opposite(condition: Relation) -> Relation:
    sign = next(one for one in _OPPOSITE if one == condition.signs[0])
    return replace(condition, signs=(_OPPOSITE[sign],))


def _own_sides(statement: Statement) -> tuple[Side, ...]:
    return statement.sides[1:] if statement.continues else statement.sides


def _start(statement: Statement) -> int:
    return min(side.start for side in _own_sides(statement))


def _between(text: str, one: Statement, other: Statement) -> str:
    return text[max(side.end for side in _own_sides(one)) : _start(other)]
