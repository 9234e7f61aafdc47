"""What stands above and below a letter, told apart: layers, samples, indices, primes, transpositions, exponents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.notation.alphabet import ACCENTS
from chainrule.notation.tokens import Token
from chainrule.notation.tree import Mark, MarkStyle

# What a sample or layer mark may say: a letter, a number, a letter ± a number. Anything else above is an exponent.
_INDEX = re.compile(r"[^\W\d_]\w*(?:[+-]\w+)?|\d+")
_TRANSPOSITIONS = frozenset({"T", "⊤"})
_TIMES = frozenset({"new", "old", "neu", "alt"})  # before and after a step


@dataclass(frozen=True)
class UpperScript:
    """A superscript group taken apart; ``exponent`` is empty unless the group is one."""

    marks: tuple[Mark, ...] = ()
    transposed: int = 0
    exponent: tuple[Token, ...] = ()


def is_transposition(group: Sequence[Token]) -> bool:
    """Whether a superscript says "transposed" and nothing else."""
    return len(group) == 1 and group[0].kind == "letter" and group[0].text in _TRANSPOSITIONS


def name_and_accent(text: str) -> tuple[str, str]:
    """A letter's token split into its name and its accent: ŷ is y with a hat."""
    plain = unicodedata.normalize("NFD", text)
    for accent, mark in ACCENTS.items():
        if plain.endswith(mark):
            return plain[: -len(mark)], accent
    return text, ""


def upper_script(group: tuple[Token, ...], *, layer: bool, is_e: bool) -> UpperScript:
    """Take a superscript apart.

    Parameters
    ----------
    group : tuple of Token
        The tokens above the letter.
    layer : bool
        Whether a plain superscript of this letter is a layer and not a power.
    is_e : bool
        Whether the letter is e, whose superscript is always an exponent.
    """
    if is_e:
        return UpperScript(exponent=group)
    marks: list[Mark] = []
    transposed = 0
    rest = group
    while rest:
        bracketed = _bracketed(rest)
        if bracketed is not None:
            mark, rest = bracketed
            marks.append(mark)
        elif rest[0].kind == "prime":
            marks.append(Mark("′"))
            rest = rest[1:]
        elif rest[0].text in _TRANSPOSITIONS and len(rest) == 1:
            transposed += 1
            rest = ()
        elif rest[0].text in _TIMES and len(rest) == 1:
            marks.append(Mark(rest[0].text))
            rest = ()
        elif rest[0].text in {"+", "*"} and (len(rest) == 1 or rest[1].text in _TRANSPOSITIONS):
            marks.append(Mark(rest[0].text))
            rest = rest[1:]
        elif layer and (length := _layer_length(rest)):
            marks.append(Mark(_text(rest[:length])))
            rest = rest[length:]
        else:
            return UpperScript(tuple(marks), transposed, rest)
    return UpperScript(tuple(marks), transposed)


def _layer_length(tokens: tuple[Token, ...]) -> int:
    """How many tokens at the front say which layer: 2, l, l+1; the + of 2+ and the ⊤ of l⊤ are no part of it."""
    for length in (3, 1):
        text = _text(tokens[:length])
        more = tokens[1:length]
        if len(tokens) >= length and _INDEX.fullmatch(text) and not (more and more[-1].text in _TRANSPOSITIONS):
            return length
    return 0


def _bracketed(tokens: tuple[Token, ...]) -> tuple[Mark, tuple[Token, ...]] | None:
    """A mark in brackets at the front, and what follows it."""
    if tokens[0].kind != "open":
        return None
    for end, token in enumerate(tokens):
        if token.kind == "close":
            text = _text(tokens[1:end])
            if not _INDEX.fullmatch(text):
                return None
            style: MarkStyle = "square" if tokens[0].text == "[" else "round"
            return Mark(text, style), tokens[end + 1 :]
    return None


def lower_marks(group: tuple[Token, ...]) -> list[Mark]:
    """The subscripts in a group: 1 | jk → j, k | 1,jk → 1, j, k | prev | i−1 | (i−1)."""
    marks: list[Mark] = []
    part: list[Token] = []
    for token in (*group, Token("comma", ",", -1, -1)):
        if token.kind != "comma":
            part.append(token)
            continue
        marks += _part_marks(tuple(part))
        part = []
    return marks


def _part_marks(part: tuple[Token, ...]) -> list[Mark]:
    if not part:
        return []
    if (bracketed := _bracketed(part)) is not None and not bracketed[1]:
        return [bracketed[0]]
    if any(token.kind in {"plus", "_", "relation"} for token in part):
        return [Mark(_text(part))]
    if len(part) > 2 and all(
        token.kind == "letter" and len(token.text) == 1 and token.text.isascii() for token in part
    ):
        # Three or more letters in a row: indices run in alphabetical order (i, j, k), words do not.
        names = [token.text for token in part]
        if names != sorted(names):
            return [Mark("".join(names))]
    return [Mark(token.text) for token in part if token.kind not in {"{", "}"}]


def _text(tokens: Sequence[Token]) -> str:
    return "".join(token.text for token in tokens if token.kind not in {"{", "}"})
