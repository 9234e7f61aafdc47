r"""The page's own abbreviations, \newcommand, \def and \DeclareMathOperator: put in their places, within bounds.

An abbreviation is text for text; one that is a program of TeX, with boxes, conditions and definitions, is left alone.
Every piece that comes from one stands, for carets and places, where the abbreviation stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from chainrule.notation.problems import NotationError
from chainrule.notation.tokens import MAX_CHARACTERS, Token, tokenize

_DEFINED = re.compile(
    r"\\(?:newcommand|renewcommand|providecommand)\*?\s*\{?\s*(?P<command>\\[A-Za-z]+)\s*\}?"
    r"\s*(?:\[(?P<count>\d)\])?(?P<default>\[[^\]]*\])?\s*(?=\{)"
    r"|\\def\s*(?P<defined>\\[A-Za-z]+)\s*(?P<parameters>(?:#\d)*)\s*(?=\{)"
    r"|\\DeclareMathOperator\*?\s*\{?\s*(?P<operator>\\[A-Za-z]+)\s*\}?\s*(?=\{)"
)
_USED = re.compile(r"\\[A-Za-z]+")
_PROGRAM = re.compile(
    r"\$|\\(?:if|else\b|fi\b|sbox|setbox|expandafter|edef|gdef|def|let|csname|newcommand|input|write)"
)
_PARAMETER = re.compile(r"#(\d)")
_MOST_USES = 20_000  # on a page, those within abbreviations included
_MOST_USES_OF_A_FORMULA = 500
_LONGEST = 2_000  # characters of what an abbreviation stands for


@dataclass(frozen=True)
class Macro:
    """What an abbreviation stands for, with #1, #2, … for its arguments."""

    body: str
    arguments: int = 0
    default: str | None = None


@dataclass
class Macros:
    """The abbreviations of a page by name, and the page without their definitions."""

    known: dict[str, Macro]
    text: str
    uses: int = 0

    def tokens(self, formula: str) -> tuple[Token, ...]:
        """The tokens of a formula, abbreviations put in full.

        Raises
        ------
        NotationError
            If an abbreviation goes on for ever, or what it stands for is too long.
        """
        if not any(match[0] in self.known for match in _USED.finditer(formula)):
            return tokenize(formula)
        full, places = self._full(formula)
        return tuple(
            replace(token, start=places[token.start][0], end=places[max(token.end - 1, token.start)][1])
            for token in tokenize(full)
        )

    def _full(self, formula: str) -> tuple[str, list[tuple[int, int]]]:
        """The formula in full, and for each character where in the formula it comes from."""
        text, places = formula, [(at, at + 1) for at in range(len(formula))]
        at = 0
        for _ in range(_MOST_USES_OF_A_FORMULA):
            match = _USED.search(text, at)
            if match is None:
                return text, places
            macro = self.known.get(match[0])
            at = match.start() if macro is not None else match.end()
            if macro is None:
                continue
            self.uses += 1
            body, end = _with_arguments(macro, text, match.end())
            own = (places[at][0], max(place[1] for place in places[at:end]))
            text = f"{text[:at]}{body}{text[end:]}"
            places = [*places[:at], *[own] * len(body), *places[end:]]
            if len(text) > MAX_CHARACTERS or self.uses > _MOST_USES:
                break
        raise NotationError(f"the page's own {match[0] if match else 'commands'} stands for too much, or for itself", 0)


def macros_of(text: str) -> Macros:
    r"""The abbreviations that a page defines, and the page with their definitions blanked out.

    Examples
    --------
    >>> found = macros_of(r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} $\pd{L}{w} = x$")
    >>> "".join(token.text for token in found.tokens(r"\pd{L}{w}"))
    'frac{partialL}{partialw}'
    """
    known: dict[str, Macro] = {}
    kept: list[str] = []
    behind = 0
    for match in _DEFINED.finditer(text):
        end = _group_end(text, match.end())
        if end is None:
            continue
        body = text[match.end() + 1 : end - 1]
        name = match["command"] or match["defined"] or match["operator"]
        if match["operator"]:
            body = rf"\operatorname{{{body}}}"
        count = int(match["count"] or len(match["parameters"] or "") // 2)
        default = match["default"][1:-1] if match["default"] else None
        if not _PROGRAM.search(body):
            known[name] = Macro(f" {body} " if not count else body, count, default)
        if match.start() >= behind:
            kept += [text[behind : match.start()], re.sub(r"[^\n]", " ", text[match.start() : end])]
            behind = end
    return Macros(known, "".join([*kept, text[behind:]]))


def _with_arguments(macro: Macro, text: str, at: int) -> tuple[str, int]:
    """What a use of an abbreviation stands for, and where the use ends."""
    given: list[str] = []
    while len(given) < macro.arguments:
        rest = text[at:]
        at += len(rest) - len(rest.lstrip())
        if macro.default is not None and not given:
            optional = re.compile(r"\[([^\]]*)\]").match(text, at)
            given.append(macro.default if optional is None else optional[1])
            at = at if optional is None else optional.end()
            continue
        end = _group_end(text, at) if text[at : at + 1] == "{" else None
        if end is not None:
            given.append(text[at + 1 : end - 1])
            at = end
        else:
            single = re.compile(r"\\[A-Za-z]+|.", re.DOTALL).match(text, at)
            given.append("" if single is None else single[0])
            at = at if single is None else single.end()
    body = _PARAMETER.sub(lambda match: given[int(match[1]) - 1] if 0 < int(match[1]) <= len(given) else "", macro.body)
    return body, at


def _group_end(text: str, at: int) -> int | None:
    """Behind the brace that closes the group that begins here."""
    depth = 0
    for position in range(at, min(len(text), at + _LONGEST + 2)):
        depth += (text[position] == "{") - (text[position] == "}")
        if depth == 0:
            return position + 1
    return None
