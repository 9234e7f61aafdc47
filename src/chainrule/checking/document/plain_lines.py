"""Formulas of a text that has no marks around them: line by line, prose cut off, broken lines joined."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chainrule.notation.alphabet import FUNCTIONS, GREEK, WORDS

_RELATION = re.compile(r"[=←<>≤≥≠∈]")
_NOT_MATHEMATICS = re.compile(r"\s*(?:#|<|https?:|[=─-]{3})")
_COLUMN = re.compile(r" {3,}+(?=\S)")  # what begins a second column
_BULLET = re.compile(r"\s*(?:[▸•‣►]|\d{1,2}[.)](?=\s))\s*")
_WORD = re.compile(r"(?<![\w\\.])(?:[A-Za-z][a-z]{2,}|is|of|in|we|so|at|by|to|be|on|as|it|an|or)(?![\w(\[.^′'*])")
_FORMULA_WORDS = FUNCTIONS | GREEK.keys() | WORDS | {"if", "yhat", "for"}
_COUNTER = re.compile(r"\bfor\s+(?:(?:all|each|every)\s+)?[ijklmn]\s*$")
_PUNCTUATION = " \t,;:."
_OPERATORS = ("+", "−", "-", "·", "×", "*", "/", "⊙", "@", "=", "←")
_LINES_JOINED = 40


def plain_formulas(text: str) -> Iterator[tuple[str, int]]:
    r"""Each formula of a text without marks, and where it begins.

    A line with a relation is a formula: without its bullet, without a second column of remarks, without the words of a
    sentence around it. It goes on in the next lines while these are indented deeper and hold no relation of their own.
    Rows of a table, and "for l = 1, …, L", are none.

    Examples
    --------
    >>> list(plain_formulas("So the output is a = σ(z)     by definition\n  b = c +\n      d"))
    [('a = σ(z)', 17), ('b = c +\n      d', 46)]
    """
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    number = 0
    while number < len(lines):
        line = lines[number]
        if not _RELATION.search(line) or _NOT_MATHEMATICS.match(line):
            number += 1
            continue
        last = _last_line(lines, number)
        piece = "".join(lines[number:last]) + lines[last][: _remark(lines[last])]
        begin, end = _without_prose(piece)
        if begin < end:
            yield piece[begin:end], starts[number] + begin
        number = last + 1


def _last_line(lines: Sequence[str], first: int) -> int:
    """The last line of the formula that begins in a line."""
    indent = _indent(lines[first])
    last = first
    while last + 1 < min(len(lines), first + _LINES_JOINED):
        own, following = lines[last].rstrip(), lines[last + 1][: _remark(lines[last + 1])]
        deeper = bool(following.strip()) and _indent(following) > indent
        if not deeper or _remark(lines[last]) < len(lines[last]) or any(_words(following)):
            break
        if _RELATION.search(following) and not (own.endswith(_OPERATORS) or _is_open(lines[first : last + 1])):
            break
        if any(_words(own)) and not own.endswith(_OPERATORS):
            break
        last += 1
    return last


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_open(lines: Sequence[str]) -> bool:
    """Whether a bracket has been opened and not closed."""
    text = "".join(lines)
    return sum(text.count(bracket) for bracket in "([{") > sum(text.count(bracket) for bracket in ")]}")


def _remark(line: str) -> int:
    """Where a remark begins in a line: in a second column, behind the right side."""
    relations = list(_RELATION.finditer(line))
    behind = relations[-1].end() if relations else _indent(line)
    right = len(line) - len(line[behind:].lstrip())
    column = _COLUMN.search(line, right)
    return len(line) if column is None else column.start()


def _words(line: str) -> Iterator[re.Match[str]]:
    """Words of prose: not the names of functions and letters."""
    return (word for word in _WORD.finditer(line) if word[0] not in _FORMULA_WORDS and word[0].lower() not in GREEK)


def _without_prose(piece: str) -> tuple[int, int]:
    """The part of a line between the words around it; nothing, where they make it a row of a table or a counter."""
    bullet = _BULLET.match(piece)
    start = 0 if bullet is None else bullet.end()
    relation = _RELATION.search(piece, start)
    words = list(_words(piece))
    if relation is None or _COUNTER.search(piece, start, relation.start()):
        return 0, 0
    before = [word for word in words if word.end() <= relation.start()]
    behind = [word for word in words if word.start() >= relation.end()]
    if before:
        between = piece[before[-1].end() : relation.start()].strip(_PUNCTUATION)
        if not between:
            return start, len(piece)  # loss = …: a word is the left side
        if between.replace(".", "").isdecimal():
            return 0, 0  # "of layer 0 = 0.2"
        start = before[-1].end()
    end = behind[0].start() if behind else len(piece)
    kept = piece[start:end]
    begin = start + len(kept) - len(kept.lstrip(_PUNCTUATION))
    return begin, start + len(kept.rstrip(_PUNCTUATION + "(" if behind else None))
