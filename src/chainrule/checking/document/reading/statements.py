r"""From a page of prose and formulas to its statements: chains a = b = c, each side read as a tree.

Markdown and LaTeX mark mathematics by ``$``, ``\[`` or an environment; a text without any such mark is read line by
line. A display that begins with ``=`` goes on with the chain before it. Rows of aligned, array and cases are
statements of their own when they hold relations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from chainrule.checking.document.reading.code_blocks import blocks, code_lines
from chainrule.checking.document.reading.conditions import with_conditions
from chainrule.checking.document.reading.errors import DocumentError
from chainrule.checking.document.reading.macros import macros_of
from chainrule.checking.document.reading.page import Page, Side, Statement
from chainrule.checking.document.reading.plain_lines import plain_formulas
from chainrule.notation.parsing import Conventions, read_tokens
from chainrule.notation.problems import NotationError, Problem
from chainrule.notation.tokens import Token

__all__ = ["Page", "Side", "Statement", "read_page"]

MAX_CHARACTERS = 400_000
MAX_STATEMENTS = 3_000

_MATH = re.compile(
    r"\$\$(?P<display>.+?)\$\$|\$(?P<inline>[^$]+?)\$|\\\[(?P<bracket>.+?)\\\]|\\\((?P<paren>.+?)\\\)"
    r"|\\begin\{(?P<name>equation|align|gather|multline|eqnarray)\*?\}(?P<environment>.+?)\\end\{(?P=name)\*?\}",
    re.DOTALL,
)
_CODE_BEHIND = re.compile(r"[ \t]*`([^`\n]+)`")
_SYSTEMS = frozenset({"aligned", "align", "split", "gathered", "array", "cases", "alignedat", "matrix", "rcases"})
_SIZED = re.compile(r"\\(?:left|[bB]igg?l?)\s*$")  # belongs to the bracket behind it
_WRAPPINGS = 4  # boxes in boxes that are taken off: text may nest without end
_LONGEST_NAME = 12  # tokens of a letter with its marks
_SEPARATORS = frozenset({"row", "arrow", "prose", "semicolon", "quad", "comma"})


def read_page(text: str, conventions: Conventions) -> Page:
    """Read every statement of a document.

    Raises
    ------
    DocumentError
        If the text is longer than 400,000 characters or has more than 3,000 statements.
    """
    if len(text) > MAX_CHARACTERS:
        raise DocumentError(f"a document of {len(text):,} characters; at most {MAX_CHARACTERS:,} are read")
    statements: list[Statement] = []
    chain: Side | None = None
    macros = macros_of(text)
    for formula, offset, tokens, superseded in _sources(macros.text):
        line = text.count("\n", 0, offset + len(formula) - len(formula.lstrip())) + 1
        try:
            pieces = list(_segments(macros.tokens(formula) if tokens is None else tokens))
        except NotationError as error:
            statements.append(Statement(line, (Side(formula, None, (Problem(str(error), 0, 0),), offset, offset),), ()))
            continue
        for piece in pieces:
            statement = _statement(piece, formula, offset, line, conventions, chain)
            if statement is None:
                continue
            statements.append(replace(statement, superseded=superseded, in_code=tokens is not None))
            if len(statements) > MAX_STATEMENTS:
                raise DocumentError(f"a document of more than {MAX_STATEMENTS:,} statements; no more are judged")
            chain = statement.sides[0]
    lines = tuple(text.split("\n"))  # not splitlines: lines are counted by their line feeds
    return Page(with_conditions(text, statements), lines)


_Source = tuple[str, int, tuple[Token, ...] | None, str]


def _sources(text: str) -> Iterator[_Source]:
    """The formulas of a text, in order: of its prose, to be cut into tokens, and of its blocks of code, as tokens."""
    found: list[_Source] = []
    prose = text
    for start, end, language in blocks(text):
        if language:
            lines = code_lines(text, start, end, language)
            found += [(line.text, line.offset, line.tokens, line.superseded) for line in lines]
        else:
            found += [(formula, start + offset, None, "") for formula, offset in plain_formulas(text[start:end])]
        prose = prose[:start] + re.sub(r"[^\n]", " ", prose[start:end]) + prose[end:]
    found += [(formula, offset, None, "") for formula, offset in formulas(prose)]
    yield from sorted(found, key=lambda each: each[1])


def formulas(text: str) -> Iterator[tuple[str, int]]:
    """The formulas of a text and where each begins."""
    found = False
    for match in _MATH.finditer(text):
        found = True
        group = next(
            name for name in ("display", "inline", "bracket", "paren", "environment") if match[name] is not None
        )
        code = _CODE_BEHIND.match(text, match.end()) if group == "inline" and "=" in match[group] else None
        if code is None:
            yield match[group], match.start(group)
        else:  # $db = \frac{1}{m}$ `np.sum(dZ)` is one formula
            yield f"{match[group]}{' ' * (code.start(1) - match.end(group))}{code[1]}", match.start(group)
    if not found:
        yield from plain_formulas(text)


def _segments(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Cut a formula at whatever ends a statement, outside every group; rows of a system are cut in turn."""
    tokens = _unwrapped(tokens)
    system = _system(tokens)
    if system is not None:
        before, rows, after = system
        yield from _segments(before) if before else ()
        for row in rows:
            yield from _segments(row)
        yield from _segments(after) if after else ()
        return
    for segment in _between_separators(_unaligned(tokens)):
        bare = _unwrapped(segment)
        inside = _inside_brackets(bare)
        if inside is None and bare is segment:
            yield segment
        else:
            yield from _between_separators(_unaligned(bare if inside is None else inside))


def _unwrapped(tokens: Sequence[Token]) -> Sequence[Token]:
    r"""What a group around whole equations holds: \boxed{a = b}, or a macro that only says how it looks."""
    for _ in range(_WRAPPINGS):
        start = 1 if len(tokens) > 1 and tokens[0].kind == "unknown" and tokens[1].kind == "{" else 0
        if len(tokens) < start + 2 or tokens[start].kind != "{" or _group_end(tokens, start) != len(tokens) - 1:
            break
        inside = tokens[start + 1 : -1]
        if not any(token.kind == "relation" for token in inside):
            break
        tokens = inside
    return tokens


def _group_end(tokens: Sequence[Token], opener: int) -> int:
    depth = 0
    for position in range(opener, len(tokens)):
        depth += (tokens[position].kind == "{") - (tokens[position].kind == "}")
        if depth == 0:
            return position
    return len(tokens)


def _between_separators(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    segment: list[Token] = []
    depth = 0
    for position, token in enumerate(tokens):
        depth += (token.kind in {"open", "{", "begin"}) - (token.kind in {"close", "}", "end"})
        if depth <= 0 and token.kind == "arrow" and _begins_step(segment, tokens[position + 1 :]):
            segment.append(replace(token, kind="relation", text="←"))  # w → w − η ∂C/∂w
        elif depth <= 0 and (token.kind in _SEPARATORS or (token.kind == "letter" and token.text == "if")):
            if segment:
                yield segment
            segment = []
        else:
            segment.append(token)
    if segment:
        yield segment


def _begins_step(before: Sequence[Token], behind: Sequence[Token]) -> bool:
    """Whether an arrow stands between a weight and what it becomes: w → w − …, b → b − …, W_1 → W_1 − …."""
    name = next((token.text for token in before if token.kind == "letter"), "")
    again = next((token.text for token in behind if token.kind == "letter"), "")
    relates = any(token.kind in {"relation", "plus", "sign"} for token in before)
    changes = any(token.kind == "plus" for token in behind)
    return (
        len(name) == 1
        and name == again
        and name in "wWbvVθΘ"
        and len(before) <= _LONGEST_NAME
        and changes
        and not relates
    )


def _inside_brackets(segment: Sequence[Token]) -> Sequence[Token] | None:
    """What a segment says that is a bracket around a relation, a remark: (dz₁ = …)."""
    whole = segment[0].kind == "open" and segment[-1].kind == "close" and _closes_at(segment, 0) == len(segment) - 1
    return segment[1:-1] if whole and any(token.kind == "relation" for token in segment) else None


def _closes_at(tokens: Sequence[Token], opener: int) -> int:
    depth = 0
    for position in range(opener, len(tokens)):
        depth += (tokens[position].kind == "open") - (tokens[position].kind == "close")
        if depth == 0:
            return position
    return len(tokens) - 1


def _system(tokens: Sequence[Token]) -> tuple[list[Token], list[list[Token]], list[Token]] | None:
    """The rows of an environment that stands where a statement begins and holds relations in its rows."""
    depth = 0
    for position, token in enumerate(tokens):
        if token.kind == "begin" and token.text in _SYSTEMS and depth <= 1:
            before = [part for part in tokens[:position] if part.kind not in {"prose", "quad", "&"}]
            fenced = bool(before) and before[-1].kind in {"open", "bar"}
            if fenced:
                before = before[:-1]
            if before and before[-1].kind not in _SEPARATORS:
                return None
            end = _environment_end(tokens, position)
            rows = _rows(tokens[position + 1 : end])
            if not any(part.kind == "relation" for row in rows for part in row):
                return None
            after = list(tokens[end + 1 :])
            if fenced and after and after[0].kind in {"close", "bar"}:
                after = after[1:]
            return before, rows, after
        depth += (token.kind in {"open", "{"}) - (token.kind in {"close", "}"})
    return None


def _environment_end(tokens: Sequence[Token], begin: int) -> int:
    depth = 0
    for position in range(begin, len(tokens)):
        depth += (tokens[position].kind == "begin") - (tokens[position].kind == "end")
        if depth == 0:
            return position
    return len(tokens)


def _rows(tokens: Sequence[Token]) -> list[list[Token]]:
    rows: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.kind == "begin") - (token.kind == "end")
        if token.kind == "row" and depth == 0:
            rows.append([])
        else:
            rows[-1].append(token)
    return rows


def _unaligned(row: Sequence[Token]) -> list[Token]:
    """A row without the alignment marks of its own system; those of a matrix inside it stay.

    Two marks in succession begin a new column, which says something else (a remark), unless a relation stands there.
    """
    kept: list[Token] = []
    depth = 0
    for position, token in enumerate(row):
        depth += (token.kind == "begin") - (token.kind == "end")
        if token.kind != "&" or depth > 0:
            kept.append(token)
            continue
        doubled = position > 0 and row[position - 1].kind == "&"
        relates = any(part.kind == "relation" for part in (*kept[-1:], *row[position + 1 : position + 2]))
        if doubled and not relates:
            kept.append(replace(token, kind="quad"))
    return kept


def _statement(
    tokens: Sequence[Token], formula: str, offset: int, line: int, conventions: Conventions, chain: Side | None
) -> Statement | None:
    parts: list[list[Token]] = [[]]
    signs: list[str] = []
    depth = 0
    if tokens[-1].text == ".":  # a full stop
        tokens = tokens[:-1]
    for token in tokens:
        depth += (token.kind in {"open", "{", "begin"}) - (token.kind in {"close", "}", "end"})
        if token.kind == "relation" and depth <= 0:
            parts.append([])
            signs.append(token.text)
        else:
            parts[-1].append(token)
    if not signs:
        return None
    continues = not parts[0]
    sides = tuple(_side(part, formula, offset, conventions) for part in parts if part)
    if continues and chain is not None:
        return Statement(line, (chain, *sides), tuple(signs[: len(sides)]), continues=True)
    if len(sides) < 2:
        lost = Problem("one side of the relation is missing", 0, 0)
        return Statement(line, (replace(sides[0], problems=(*sides[0].problems, lost)),), ()) if sides else None
    return Statement(line, sides, tuple(signs[: len(sides) - 1]))


def _side(tokens: Sequence[Token], formula: str, offset: int, conventions: Conventions) -> Side:
    start, end = min(token.start for token in tokens), max(token.end for token in tokens)
    sized = _SIZED.search(formula[max(0, start - 10) : start])
    start -= len(sized[0]) if sized else 0
    try:
        reading = read_tokens(tokens, conventions)
    except NotationError as error:
        return Side(formula[start:end], None, (Problem(str(error), start, end),), offset + start, offset + end)
    return Side(formula[start:end], reading.tree, reading.problems, offset + start, offset + end)
