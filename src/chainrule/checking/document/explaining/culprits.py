"""Which letters of a right side are to blame: those in which it differs from what is right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from chainrule.checking.document.reading.places import Place
from chainrule.checking.document.reading.statements import Side
from chainrule.notation.alphabet import SUBSCRIPTS, SUPERSCRIPTS
from chainrule.notation.latex import to_latex
from chainrule.notation.problems import NotationError
from chainrule.notation.tokens import Token, tokenize

MAX_TOKENS = 400  # the comparison takes the product of two lengths
_SILENT = frozenset({"{", "}", "quad", "&", "prose", "row"})
_BRACKETS = frozenset({"open", "close"})
_OF_A_MARK = re.compile(r"(?:\\[A-Za-z]+|[^\W\d_])(?:[_^](?:\{[^{}]*\}|\w))?\s*[_^]\s*\{?[^{}\s=+*/]*$")
_SMALL = SUBSCRIPTS.keys() | SUPERSCRIPTS.keys()
_CLOSERS = {"}": "{", "]": "[", ")": "("}
_MOST = 0.6  # of a side to blame is the side


def blamed(text: str, right: Side, correct: str, slip: str) -> tuple[Place, ...]:
    """Where in a document the letters of a right side stand that what is right has otherwise.

    Parameters
    ----------
    text : str
        The document.
    right : Side
        The right side, as it stands in it.
    correct : str
        What is right, in LaTeX; nothing is blamed without it.
    slip : str
        The kind of slip.
    """
    if not correct or right.tree is None:
        return ()
    spans = culprits(text[right.start : right.end], to_latex(right.tree), correct, missing=slip.startswith("missing"))
    return tuple(Place.between(text, right.start + begin, right.start + end) for begin, end in spans)


def culprits(source: str, written: str, correct: str, *, missing: bool = False) -> tuple[tuple[int, int], ...]:
    r"""Where a side's source differs from what is right.

    Parameters
    ----------
    source : str
        The side as the writer has it.
    written : str
        The same side as this package writes it, in LaTeX.
    correct : str
        What is right, in LaTeX.
    missing : bool
        Whether something has been left out: then the place where it is missing is told.

    Returns
    -------
    tuple of (int, int)
        Begin and end of each culprit in `source`; empty where the whole side is to blame.

    Examples
    --------
    >>> source = r"W_{2}^T \delta_2 * \sigma'(a_1)"
    >>> written, correct = (rf"W_2^\top \delta_2 * \sigma'({letter}_1)" for letter in "az")
    >>> [source[begin:end] for begin, end in culprits(source, written, correct)]
    ['a']
    """
    try:
        a, b, c = (_significant(tokenize(text)) for text in (source, written, correct))
    except NotationError:
        return ()
    if max(len(a), len(b), len(c)) > MAX_TOKENS:
        return ()
    in_source: dict[int, Token] = {}
    for block in _compared(a, b).get_matching_blocks():
        in_source |= {block.b + step: a[block.a + step] for step in range(block.size)}
    found = list(_differing(a, b, c, in_source, source, missing=missing))
    if sum(end - begin for begin, end in found) > _MOST * len(source.strip()):
        return ()
    return tuple(_merged(sorted(found), source))


def _differing(
    a: Sequence[Token],
    b: Sequence[Token],
    c: Sequence[Token],
    in_source: dict[int, Token],
    source: str,
    *,
    missing: bool,
) -> Iterator[tuple[int, int]]:
    for tag, i1, i2, j1, j2 in _compared(b, c).get_opcodes():
        if tag == "equal":
            continue
        changed = [in_source[i] for i in range(i1, i2) if i in in_source and b[i].kind not in _BRACKETS]
        if changed:
            yield _with_its_letter(source, min(token.start for token in changed), max(token.end for token in changed))
        elif missing and tag == "insert" and any(token.kind not in _BRACKETS for token in c[j1:j2]):
            before, behind = in_source.get(i1 - 1), in_source.get(i1)
            if before is not None:
                yield before.end, before.end + 1
            elif behind is not None:
                yield behind.start, behind.start + 1
            elif a:
                yield a[-1].end, a[-1].end + 1


def _significant(tokens: Sequence[Token]) -> list[Token]:
    return [token for token in tokens if token.kind not in _SILENT]


def _compared(one: Sequence[Token], other: Sequence[Token]) -> SequenceMatcher[tuple[str, str]]:
    keys = [(token.kind, token.text) for token in one], [(token.kind, token.text) for token in other]
    return SequenceMatcher(a=keys[0], b=keys[1], autojunk=False)


def _with_its_letter(source: str, begin: int, end: int) -> tuple[int, int]:
    """The whole letter, where the culprit is a mark of it: W_1, not 1."""
    while begin > 0 and source[begin] in _SMALL:
        begin -= 1
    letter = _OF_A_MARK.search(source[max(0, begin - 40) : begin])
    if letter is not None:
        begin = max(0, begin - 40) + letter.start()
    while end < len(source) and source[end] in _CLOSERS:
        opener = _CLOSERS[source[end]]
        inside = source[begin:end]
        if inside.count(opener) <= inside.count(source[end]):
            break
        end += 1
    return begin, end


def _merged(spans: Sequence[tuple[int, int]], source: str) -> Iterator[tuple[int, int]]:
    """Spans that touch, or have only blanks and brackets between them, are one."""
    kept: tuple[int, int] | None = None
    for begin, end in spans:
        if kept is None:
            kept = begin, end
        elif begin <= kept[1] or not source[kept[1] : begin].strip(" ()[]{}"):
            kept = kept[0], max(kept[1], end)
        else:
            yield kept
            kept = begin, end
    if kept is not None:
        yield kept
