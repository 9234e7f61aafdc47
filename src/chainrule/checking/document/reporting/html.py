"""The report as HTML: the document's lines, beside each its equations as they were read, with their verdicts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape
from itertools import cycle, groupby

from chainrule.checking.document.reporting.html_style import STYLE
from chainrule.checking.document.reporting.printed import NOT_RIGHT, printable, remarks, summary
from chainrule.checking.document.reporting.report import HINTS, DerivationReport, Hint, Item
from chainrule.notation.alphabet import FUNCTIONS
from chainrule.notation.document.mathml import to_mathml
from chainrule.notation.parsing import Conventions, parse
from chainrule.notation.problems import NotationError

_SIGNS = {"given": "○", "exact": "✓", "scalar": "≈", "wrong": "✗", "order": "↻", "unread": "?"}
TO_DO = NOT_RIGHT | {"unread"}
_MEANINGS = {
    "given": "what the rest is judged by",
    "exact": "holds as written",
    "scalar": "right for numbers, not yet for arrays",
    "wrong": "fails even for numbers",
    "order": "uses what it has just changed",
    "unread": "could not be judged",
}
_SCAFFOLD = re.compile(
    r"\s*(?:\$\$|\\[\[\]]|\\(?:begin|end)\{(?:align|aligned|equation|gather|gathered|split)\*?\}|\s)*"
)
_HEADING = re.compile(r"#{1,6}\s+")
_INLINE = re.compile(r"(?<![\\$])\$([^$]+)\$(?!\$)")
_LONGEST = 2_000  # of a formula that is shown as one


def page(report: DerivationReport, title: str, level: Hint) -> str:
    """The whole page."""
    head = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n</head>\n<body class="checked-page">\n'
    )
    return f"{head}{fragment(report, title, level)}\n</body></html>\n"


def fragment(report: DerivationReport, title: str, level: Hint) -> str:
    """One element with its own style, for a notebook or a page of one's own.

    Raises
    ------
    ValueError
        If the level is not one of "verdict", "line", "kind" and "answer".
    """
    if level not in HINTS:
        raise ValueError(f"level must be one of {', '.join(HINTS)}, got {level!r}")
    told = () if level == "verdict" else report.items
    parts = [f"<style>{STYLE}</style>", '<article class="checked">', f"<h1>{escape(title)}</h1>", *_head(report)]
    parts += [_to_do(told)] if any(item.verdict in TO_DO for item in told) else []
    parts += [*_lines(report, told, level), "</article>"]
    return "\n".join(parts)


def _head(report: DerivationReport) -> Iterator[str]:
    counts = "".join(
        f'<li class="{verdict}"><b aria-hidden="true">{sign}</b> {number} {verdict}<i>{_MEANINGS[verdict]}</i></li>'
        for verdict, sign in _SIGNS.items()
        if (number := sum(item.verdict == verdict for item in report.items))
    )
    yield f'<ul class="counts" aria-label="{escape(summary(report))}">{counts}</ul>'
    for network in report.networks:
        said = [f"gradients of {network.loss}"] if network.loss else []
        said += [f"samples in {network.layout}"] if network.layout else []
        said += ["one sample"] if network.one_sample else []
        lines = "".join(f"<li>{escape(line)}</li>" for line in network.definitions)
        yield (
            f"<details><summary>What it is judged by: {escape(', '.join(said) or 'its own definitions')}</summary>"
            f'<ul class="definitions">{lines}</ul></details>'
        )
    for note in report.notes:
        yield f'<p class="note">{escape(printable(note))}</p>'


def _to_do(items: Sequence[Item]) -> str:
    """Links to what isn't right, or couldn't be read."""
    links = "".join(
        f'<li class="{item.verdict}"><a href="#line-{_number(item)}">line {_number(item)}</a> {item.verdict}</li>'
        for item in items
        if item.verdict in TO_DO
    )
    return f'<nav aria-label="What to look at"><span>Look at</span><ul>{links}</ul></nav>'


def _number(item: Item) -> int:
    return item.line if item.place is None else item.place.line


def _lines(report: DerivationReport, items: Sequence[Item], level: Hint) -> Iterator[str]:
    at: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        at[_number(item)].append(item)
    yield '<ol class="lines">'
    blank = True
    for number, line in enumerate(report.source, 1):
        here = at[number]
        if here:
            cards = "".join(_card(item, level) for item in here)
            source = _marked(line, number, items if level in HINTS[2:] else ())
            inner = f'<code>{source}</code><div class="cards">{cards}</div>'
            yield f'<li id="line-{number}"><span class="number">{number}</span>{inner}</li>'
        elif not _SCAFFOLD.fullmatch(line):
            yield f'<li id="line-{number}" class="prose"><span class="number">{number}</span>{_prose(line)}</li>'
        elif not line.strip() and not blank:
            yield '<li class="blank"></li>'
        blank = not here and bool(_SCAFFOLD.fullmatch(line))
    yield "</ol>"


def _prose(line: str) -> str:
    """A line without equations: a heading, a table's row or a sentence, with the letters in it as letters."""
    if line.lstrip().startswith(("|", "\\", "<")) or line.startswith("    "):
        return f"<code>{escape(printable(line))}</code>"
    heading = _HEADING.match(line)
    name = "heading" if heading else "words"
    pieces = _INLINE.split(line[heading.end() if heading else 0 :])
    said = (
        _formula(piece) if odd else escape(printable(piece)) for piece, odd in zip(pieces, cycle((0, 1)), strict=False)
    )
    return f'<span class="{name}">{"".join(said)}</span>'


def _card(item: Item, level: Hint) -> str:
    sign = f'<span class="verdict" title="{_MEANINGS[item.verdict]}"><b aria-hidden="true">{_SIGNS[item.verdict]}</b>'
    formula = (
        _formula(item.left, item.sign, item.right) if item.right else f"<code>{escape(printable(item.left))}</code>"
    )
    told = "".join(f"<p>{_remark(item, role, text)}</p>" for role, text in remarks(item, level))
    said = f'<div class="said">{told}</div>' if told else ""
    return (
        f'<div class="card {item.verdict}">{sign} {item.verdict}</span><div class="formula">{formula}</div>{said}</div>'
    )


def _remark(item: Item, role: str, text: str) -> str:
    if role not in {"right", "as arrays"}:
        return escape(text)
    formula = item.as_arrays or item.correct if role == "as arrays" else item.correct
    return f'<span class="name">{role}</span> {_formula(formula)}'


def _formula(*parts: str, display: bool = True) -> str:
    """A formula as it was read; as its source where it wasn't."""
    text = " ".join(parts)
    try:
        if len(text) <= _LONGEST:
            return to_mathml(parse(text, Conventions(functions=FUNCTIONS)), display=display)
    except (NotationError, RecursionError):
        pass
    return f"<code>{escape(printable(text))}</code>"


def _marked(line: str, number: int, items: Sequence[Item]) -> str:
    """A source line with the letters to blame marked."""
    names = [""] * len(line)
    for item in items:
        if item.verdict in NOT_RIGHT and item.place is not None:
            for place in item.culprits or (item.place,):
                if place.line == number:
                    begin = place.column - 1
                    end = min(begin + place.length, len(line))
                    names[begin:end] = [item.verdict] * (end - begin)
    pieces = []
    for name, letters in groupby(zip(names, line, strict=True), key=lambda pair: pair[0]):
        text = escape(printable("".join(letter for _, letter in letters)))
        pieces.append(f'<mark class="{name}">{text}</mark>' if name else text)
    return "".join(pieces)
