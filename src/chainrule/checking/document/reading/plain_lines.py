"""Formulas of a text that has no marks around them: line by line, prose cut off, broken lines joined."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chainrule.notation.alphabet import FUNCTIONS, GREEK, WORDS

_RELATION = re.compile(r"[=←<>≤≥≠∈]")
_NOT_MATHEMATICS = re.compile(r"\s*(?:#|<|https?:|[=─-]{3})")
_COLUMN = re.compile(r" {3,}+(?=\S)")  # what begins a second column
_NUMBER = re.compile(r"[\d.]+")
_GAP = re.compile(r" {2,}+(?=\S)")
_BULLET = re.compile(r"\s*(?:[▸•‣►]|\d{1,2}[.)](?=\s))\s*")
_WORD = re.compile(
    r"(?<![\w\\.])(?:[A-Za-z][a-z]{2,}|is|of|in|we|so|at|by|to|be|on|as|it|an|or|et|la|le|un|si|el|es|en|il|im|zu)(?![\w(\[.^′'*/])"
)
_ALSO_PROSE = frozenset({"new", "old", "alt", "neu", "target", "pred", "next", "previous", "out", "net"})
_FORMULA_WORDS = (FUNCTIONS | GREEK.keys() | WORDS | {"if", "yhat", "for"}) - _ALSO_PROSE
_COUNTER = re.compile(r"\bfor\s+(?:(?:all|each|every)\s+)?[ijklmn]\s*$")
_FOR = re.compile(r"(?<![\w\\.])for(?=\s)")
_PUNCTUATION = " \t,;:."
_OPERATORS = ("+", "−", "-", "·", "×", "*", "/", "⊙", "@", "=", "←")
_TAG = re.compile(r"\s*\((?:[A-Z]{2,}\s?)?\d+(?:\.\d+)*[a-z]?\)\s*")  # the number of an equation, on a line of its own
_LINES_JOINED = 40
_FORMULAS_OF_A_LINE = 20


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
        if not _RELATION.search(line) or _NOT_MATHEMATICS.match(line) or _is_row(line):
            number += 1
            continue
        last = _last_line(lines, number)
        piece = "".join(lines[number:last]) + lines[last][: _remark(lines[last], continued=last > number)]
        yield from ((piece[begin:end], starts[number] + begin) for begin, end in _between_words(piece))
        behind = lines[last][_remark(lines[last], continued=last > number) :]
        if _RELATION.search(behind) and not any(_words(behind)):  # a second column of formulas
            at = starts[last + 1] - len(behind)
            yield from ((formula, at + offset) for formula, offset in plain_formulas(behind))
        number = last + 1


def _is_row(line: str) -> bool:
    """Whether the line is a row of a table: columns and words before its first relation."""
    relation = _RELATION.search(line)
    before = line[: relation.start()].strip() if relation else ""
    gap = _GAP.search(before)
    return gap is not None and any(_words(before[gap.end() :]))


def _last_line(lines: Sequence[str], first: int) -> int:
    """The last line of the formula that begins in a line."""
    indent = _indent(lines[first])
    last = first
    while last + 1 < min(len(lines), first + _LINES_JOINED):
        so_far = "".join(lines[first : last + 1]).rstrip()
        following = lines[last + 1][: _remark(lines[last + 1], continued=True)]
        deeper = bool(following.strip()) and _indent(following) > indent
        goes_on = so_far.endswith(_OPERATORS) or _depth(so_far) > 0
        remarked = _remark(lines[last], continued=last > first) < len(lines[last].rstrip())
        if not deeper or remarked or any(_words(following)):
            break
        if not goes_on and (_relates(following) or any(_words(lines[last])) or _TAG.fullmatch(following)):
            break
        last += 1
    return last


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _depth(text: str) -> int:
    """How many brackets have been opened and not closed."""
    return sum(text.count(bracket) for bracket in "([{") - sum(text.count(bracket) for bracket in ")]}")


def _relates(text: str) -> bool:
    """Whether a relation stands outside every bracket."""
    depth = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if depth <= 0 and _RELATION.match(char):
            return True
    return False


def _remark(line: str, *, continued: bool = False) -> int:
    """Where a remark begins in a line: in a second column, behind the first right side."""
    relation = None if continued and not _relates(line) else _RELATION.search(line)
    behind = _indent(line) if relation is None else relation.end()
    right = len(line) - len(line[behind:].lstrip())
    column = _COLUMN.search(line, right)
    return len(line) if column is None else column.start()


def _words(line: str) -> Iterator[re.Match[str]]:
    """Words of prose: not the names of functions and letters."""
    return (word for word in _WORD.finditer(line) if word[0] not in _FORMULA_WORDS and word[0].lower() not in GREEK)


def _between_words(piece: str) -> Iterator[tuple[int, int]]:
    """The formulas of a line between the words of a sentence."""
    bullet = _BULLET.match(piece)
    start = 0 if bullet is None else bullet.end()
    words = list(_words(piece))
    for _ in range(_FORMULAS_OF_A_LINE):
        relation = _RELATION.search(piece, start)
        if relation is None:
            return
        before = [word for word in words if start <= word.start() and word.end() <= relation.start()]
        behind = next((word for word in words if word.start() >= relation.end()), None)
        counter = _FOR.search(piece, relation.end())
        if counter is not None and (behind is None or counter.start() < behind.start()):
            behind = counter
        end = len(piece) if behind is None else behind.start()
        between = piece[before[-1].end() if before else start : relation.start()].strip(_PUNCTUATION)
        counts = _COUNTER.search(piece, start, relation.start()) is not None
        if before and not between and not start and behind is None:
            yield 0, len(piece)  # loss = …: a word is the left side
        elif not counts and (not before or (between and not _NUMBER.fullmatch(between))):  # "of layer 0 = 0.2"
            yield _trimmed(piece, before[-1].end() if before else start, end, alone=not words and behind is None)
        if behind is None:
            return
        start = behind.end()


def _trimmed(piece: str, start: int, end: int, *, alone: bool) -> tuple[int, int]:
    """A formula without the punctuation and the brackets of the sentence around it."""
    if alone:
        kept = piece[start:end]
        return end - len(kept.lstrip()), start + len(kept.rstrip())
    kept = piece[start:end].rstrip(_PUNCTUATION + "\n")
    begin = end - len(piece[start:end].lstrip(_PUNCTUATION + ")]}"))  # a bracket that closes what stood before
    kept = piece[begin : start + len(kept)]
    depth = _depth(kept)
    kept = kept.removesuffix(")") if depth < 0 else kept.removesuffix("(") if depth > 0 else kept
    formula = kept.lstrip(_PUNCTUATION + ("(" if _depth(kept) > 0 else ""))
    begin += len(kept) - len(formula)
    return begin, begin + len(formula.rstrip(_PUNCTUATION))
