r"""Written mathematics cut into tokens: LaTeX, Unicode and plain text alike.

The tokenizer is tolerant: it knows nothing of nesting and refuses only what is too long. Spacing commands, sizes
(``\left``, ``\big``) and struck-out marks (``\cancel``) fall away; words of prose come out as tokens of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chainrule.notation.alphabet import (
    ACCENTS,
    ELL,
    FUNCTIONS,
    GREEK,
    LATEX_FUNCTIONS,
    ONES_NAME,
    SCRIPT,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    WORDS,
    with_accent,
)
from chainrule.notation.problems import NotationError

MAX_CHARACTERS = 20_000


@dataclass(frozen=True)
class Token:
    """A piece of input: its kind, its normalised text, and where it stood.

    Kinds: ``number``, ``letter``, ``sign`` (between factors), ``plus`` (+ or −), ``relation``, ``open``, ``close``,
    ``{``, ``}``, ``^``, ``_``, ``prime``, ``bar``, ``comma``, ``semicolon``, ``command``, ``begin``, ``end``, ``&``,
    ``row`` (a double backslash), ``quad``, ``arrow``, ``prose``, ``dots``, ``unknown``.
    """

    kind: str
    text: str
    start: int
    end: int


_SYMBOLS = {
    "+": ("plus", "+"), "-": ("plus", "-"), "−": ("plus", "-"), "–": ("plus", "-"),
    "—": ("plus", "-"), "‐": ("plus", "-"), "‑": ("plus", "-"), "‒": ("plus", "-"),
    "·": ("sign", "·"), "⋅": ("sign", "·"), "∙": ("sign", "·"), "•": ("sign", "·"),
    "×": ("sign", "×"), "*": ("sign", "*"), "∗": ("sign", "*"),
    "⊙": ("sign", "⊙"), "∘": ("sign", "⊙"), "⨀": ("sign", "⊙"),
    "@": ("sign", "@"), "/": ("sign", "/"), "÷": ("sign", "/"),
    "=": ("relation", "="), "<": ("relation", "<"), ">": ("relation", ">"), "≤": ("relation", "≤"),
    "≥": ("relation", "≥"), "≠": ("relation", "≠"), "≈": ("relation", "≈"), "∈": ("relation", "∈"),
    "≡": ("relation", "="),
    "≜": ("relation", ":="), "≐": ("relation", ":="), "∝": ("relation", "∝"), "←": ("relation", "←"),
    "(": ("open", "("), ")": ("close", ")"), "[": ("open", "["), "]": ("close", "]"),
    "{": ("{", "{"), "}": ("}", "}"), "^": ("^", "^"), "_": ("_", "_"), "'": ("prime", "′"), "′": ("prime", "′"),
    "’": ("prime", "′"), "|": ("bar", "|"), "‖": ("bar", "‖"), ",": ("comma", ","), ";": ("semicolon", ";"),
    "&": ("&", "&"), "→": ("arrow", "→"), "⇒": ("arrow", "⇒"), "∴": ("arrow", "∴"), "⟹": ("arrow", "⇒"),
    "…": ("dots", "…"), "⋯": ("dots", "…"), "⋮": ("dots", "…"), "∂": ("command", "partial"),
    "∇": ("command", "nabla"), "√": ("letter", "sqrt"), "∑": ("command", "sum"), "Σ": ("command", "sum"),
    "½": ("half", "½"), "?": ("letter", "?"), "⊤": ("letter", "⊤"),
}  # fmt: skip
_LONG_SYMBOLS = {
    ":=": ("relation", ":="), "<-": ("relation", "←"), "-=": ("relation", "-="), "+=": ("relation", "+="),
    "−=": ("relation", "-="), "<=": ("relation", "≤"), ">=": ("relation", "≥"), "!=": ("relation", "≠"),
    "==": ("relation", "="), "=>": ("arrow", "⇒"), "->": ("arrow", "→"), "...": ("dots", "…"),
    ".*": ("sign", "⊙"), ".^": ("^", "^"), "**": ("^", "^"), "||": ("bar", "‖"),
}  # fmt: skip
_COMMANDS = {
    "cdot": ("sign", "·"), "times": ("sign", "×"), "ast": ("sign", "*"), "odot": ("sign", "⊙"), "circ": ("sign", "⊙"),
    "star": ("sign", "*"), "div": ("sign", "/"), "bullet": ("sign", "·"),
    "le": ("relation", "≤"), "leq": ("relation", "≤"), "ge": ("relation", "≥"), "geq": ("relation", "≥"),
    "leqslant": ("relation", "≤"), "geqslant": ("relation", "≥"), "lt": ("relation", "<"), "gt": ("relation", ">"),
    "ne": ("relation", "≠"), "neq": ("relation", "≠"), "approx": ("relation", "≈"), "in": ("relation", "∈"),
    "propto": ("relation", "∝"), "leftarrow": ("relation", "←"), "gets": ("relation", "←"),
    "coloneqq": ("relation", ":="), "triangleq": ("relation", ":="), "doteq": ("relation", ":="),
    "coloneq": ("relation", ":="), "equiv": ("relation", "="),
    "Rightarrow": ("arrow", "⇒"), "implies": ("arrow", "⇒"), "therefore": ("arrow", "∴"), "to": ("arrow", "→"),
    "rightarrow": ("arrow", "→"), "Longrightarrow": ("arrow", "⇒"), "iff": ("arrow", "⇔"), "because": ("arrow", "∵"),
    "Leftrightarrow": ("arrow", "⇔"),
    "dots": ("dots", "…"), "ldots": ("dots", "…"), "cdots": ("dots", "…"), "vdots": ("dots", "…"),
    "ddots": ("dots", "…"), "prime": ("prime", "′"), "top": ("letter", "⊤"), "intercal": ("letter", "⊤"),
    "quad": ("quad", ""), "qquad": ("quad", ""), "mid": ("bar", "|"), "vert": ("bar", "|"), "lvert": ("bar", "|"),
    "rvert": ("bar", "|"), "Vert": ("bar", "‖"), "lVert": ("bar", "‖"), "rVert": ("bar", "‖"), "|": ("bar", "‖"),
    "{": ("open", "\\{"), "}": ("close", "\\}"), "lbrace": ("open", "\\{"), "rbrace": ("close", "\\}"),
    "lbrack": ("open", "["), "rbrack": ("close", "]"), "langle": ("open", "⟨"), "rangle": ("close", "⟩"),
    "partial": ("command", "partial"), "nabla": ("command", "nabla"), "sum": ("command", "sum"),
    "Sigma": ("command", "sum"),
    "frac": ("command", "frac"), "dfrac": ("command", "frac"), "tfrac": ("command", "frac"),
    "sqrt": ("command", "sqrt"), "underbrace": ("command", "underbrace"), "mathbb": ("command", "bold"),
    "mathbf": ("command", "bold"), "bm": ("command", "bold"), "boldsymbol": ("command", "bold"),
    "mathbbm": ("command", "bold"), "mathcal": ("command", "script"), "mathscr": ("command", "script"),
    "hat": ("command", "hat"), "widehat": ("command", "hat"), "bar": ("command", "bar"),
    "overline": ("command", "bar"), "tilde": ("command", "tilde"), "widetilde": ("command", "tilde"),
}  # fmt: skip
# Commands that say how something looks, not what it is.
_SILENT = frozenset({
    "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr",
    "limits", "nolimits", "displaystyle", "textstyle", "scriptstyle", "cancel", "bcancel", "xcancel", "boxed",
    "nonumber", "notag", "mathrel", "mathbin", "mathop", "mathord", "middle", "phantom", "rm", "bf", "it", "thinspace",
})  # fmt: skip
_ROMAN = frozenset(
    {"text", "textrm", "mathrm", "operatorname", "textbf", "textit", "mathit", "mathsf", "mbox", "mathtt"}
)
_PLAIN_GREEK = {name: char for name, char in GREEK.items() if len(name) > 2}
_HATTED = {f"{name}{accent}": with_accent(name, accent) for name in "yYpt" for accent in ("hat", "bar")}

_SPACE = re.compile(r"(?:\s|\\[,;:! ]|~|[\u200b\u2060-\u2063\ufeff]|%[^\n]*\n?)+")  # some of them of no width
_NUMBER = re.compile(r"[0-9]+(?:(?:\.|\{,\})[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+")
_DOTTED = re.compile(r"(?:np|numpy|torch|tf|jnp)\.[A-Za-z]\w*")
_RUN = re.compile(r"[A-Za-z]+")
_DIGITS = re.compile(r"[0-9]+")
_COMMAND = re.compile(r"\\([A-Za-z]+\*?|[{}|])")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([A-Za-z]+\*?)\}(?:\s*\{[lcr|@ ]*\})?")
_ROMAN_GROUP = re.compile(r"\\(" + "|".join(sorted(_ROMAN)) + r")\s*\{([^{}]*)\}")
_PROSE_GROUP = re.compile(r"\\(?:text|textrm|mbox|textit|textbf)\s*\{")
_ABOVE_RELATION = re.compile(  # \overset{(1)}{=}: what stands above says why
    r"\\(?:stackrel|overset|underset)\s*\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}\s*\{\s*(:?=|\\equiv|\\coloneqq)\s*\}"
)
_DRESSED_SIGN = re.compile(r"\\math(?:bin|rel|op|ord)\s*\{([^{}]{1,20})\}")
_BRACE = re.compile(r"\\[{}]|[{}]")
_LONGEST_PROSE = 400
_TRANSPOSED = re.compile(r"\.T\b")
_TAG = re.compile(r"\\(?:tag|label|ref|eqref)\*?\s*\{[^{}]*\}")


def tokenize(text: str) -> tuple[Token, ...]:
    r"""Cut a formula into tokens.

    Raises
    ------
    NotationError
        If the text is longer than 20,000 characters. Nothing else is refused: what no rule knows becomes a token of
        kind ``unknown``.

    Examples
    --------
    >>> [token.text for token in tokenize(r"z_1 = W_1 x")]
    ['z', '_', '1', '=', 'W', '_', '1', 'x']
    """
    if len(text) > MAX_CHARACTERS:
        raise NotationError(f"a formula of {len(text):,} characters; at most {MAX_CHARACTERS:,} are read", 0)
    return tuple(_Scanner(text).run())


class _Scanner:
    """Walks once over the text; every rule either consumes something or leaves the position alone."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.tokens: list[Token] = []

    def run(self) -> list[Token]:
        while self.at < len(self.text):
            if not (self._skip() or self._special() or self._word() or self._symbol()):
                self._emit("unknown", self.text[self.at], 1)
        return self.tokens

    def _emit(self, kind: str, text: str, length: int) -> bool:
        following = self.text[self.at + length : self.at + length + 1]
        if kind == "letter" and following and following in ACCENTS.values():  # a combining hat, bar or tilde
            text, length = text + following, length + 1
        self.tokens.append(Token(kind, text, self.at, self.at + length))
        self.at += length
        return True

    def _skip(self) -> bool:
        for pattern in (_SPACE, _TAG):
            if match := pattern.match(self.text, self.at):
                self.at = match.end()
                return True
        return False

    def _special(self) -> bool:
        if self.text.startswith("\\\\", self.at):
            return self._emit("row", "\\\\", 2)
        if match := _ENVIRONMENT.match(self.text, self.at):
            return self._emit(match[1], match[2].rstrip("*"), len(match[0]))
        if match := _ROMAN_GROUP.match(self.text, self.at):
            return self._roman(match)
        if match := _ABOVE_RELATION.match(self.text, self.at):
            return self._emit("relation", ":=" if ":" in match[1] else "=", len(match[0]))
        if match := _DRESSED_SIGN.match(self.text, self.at):
            self.at += len(match[0])
            begin = match.start(1)
            self.tokens += [
                Token(one.kind, one.text, begin + one.start, begin + one.end) for one in _Scanner(match[1]).run()
            ]
            return True
        if match := _PROSE_GROUP.match(self.text, self.at):
            end = self._closing(match.end())
            if end is not None:
                return self._emit("prose", self.text[match.end() : end - 1], end - self.at)
        if match := _COMMAND.match(self.text, self.at):
            return self._command(match)
        if match := _TRANSPOSED.match(self.text, self.at):
            return self._scripted("^", "T", len(match[0]))
        return False

    def _closing(self, at: int) -> int | None:
        """Behind the brace that closes a group of prose; None if it is far away."""
        depth = 1
        for brace in _BRACE.finditer(self.text, at, min(len(self.text), at + _LONGEST_PROSE)):
            depth += 1 if brace[0] == "{" else -1 if brace[0] == "}" else 0
            if depth == 0:
                return brace.end()
        return None

    def _roman(self, match: re.Match[str]) -> bool:
        """Upright text: a function or word that is a symbol, a d before a letter, or prose."""
        word = match[2].strip().replace(r"\_", "_")
        if word in FUNCTIONS or word in WORDS or word == "if":
            return self._emit("letter", word, len(match[0]))
        if word == "T":
            return self._emit("letter", "⊤", len(match[0]))
        if word == "d" and (after := _RUN.match(self.text, match.end())):
            self._emit("letter", f"d{after[0][0]}", len(match[0]) + 1)
            return True
        if len(word) == 1:
            return self._emit("letter", word, len(match[0]))
        return self._emit("prose", word, len(match[0]))

    def _command(self, match: re.Match[str]) -> bool:
        name, length = match[1].rstrip("*"), len(match[0])
        if name in _SILENT:
            self.at += length
            if name in {"left", "right"}:
                self._invisible_fence(name)
            return True
        if name in _COMMANDS:
            return self._emit(*_COMMANDS[name], length)
        if name in LATEX_FUNCTIONS:
            return self._emit("letter", name, length)
        if name in GREEK or name in ELL:
            return self._emit("letter", {**GREEK, **ELL}[name], length)
        return self._emit("unknown", f"\\{name}", length)

    def _invisible_fence(self, side: str) -> None:
        r"""After \left or \right: a dot is a fence that isn't seen."""
        if match := re.compile(r"\s*\.").match(self.text, self.at):
            kind = "open" if side == "left" else "close"
            self.tokens.append(Token(kind, ".", self.at, match.end()))
            self.at = match.end()

    def _word(self) -> bool:
        if match := _NUMBER.match(self.text, self.at):
            return self._emit("number", match[0].replace("{,}", "."), len(match[0]))
        if match := _DOTTED.match(self.text, self.at):
            return self._emit("letter", match[0], len(match[0]))
        if match := _RUN.match(self.text, self.at):
            self._letters(match[0])
            if digits := _DIGITS.match(self.text, self.at):
                self._scripted("_", digits[0], len(digits[0]))
            return True
        return False

    def _letters(self, run: str) -> None:
        """A run of Latin letters: one known word, a d with its letter, or single letters side by side."""
        underscored = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)+").match(self.text, self.at)
        if underscored and underscored[0] in FUNCTIONS:
            self._emit("letter", underscored[0], len(underscored[0]))
        elif run in FUNCTIONS or run in WORDS or run in {"if", "otherwise"}:
            self._emit("letter", run, len(run))
        elif run in _PLAIN_GREEK:
            self._emit("letter", _PLAIN_GREEK[run], len(run))
        elif run in _HATTED:
            self._emit("letter", _HATTED[run], len(run))
        elif len(run) == 2 and run[0] == "d":
            self._emit("letter", run, 2)
        elif run == "d" and (after := self._letter_after(self.at + 1)):
            self._emit("letter", f"d{after[0]}", 1 + after[1])
        else:
            for letter in run:
                self._emit("letter", letter, 1)

    def _letter_after(self, at: int) -> tuple[str, int] | None:
        """A Greek or accented letter directly behind a d, and its length."""
        if (match := _COMMAND.match(self.text, at)) and match[1] in GREEK:
            return GREEK[match[1]], len(match[0])
        following = self.text[at : at + 1]
        is_letter = following.isalpha() and following not in SUBSCRIPTS and following not in SUPERSCRIPTS
        return (following, 1) if is_letter and following not in _SYMBOLS else None

    def _scripted(self, mark: str, inner: str, length: int) -> bool:
        """A group above or below that the input wrote without braces: W1, A.T, W₁, Aᵀ."""
        start, end = self.at, self.at + length
        self.tokens += [Token(mark, mark, start, end), Token("{", "{", start, end)]
        for piece in re.findall(r"\d+|.", inner):
            kind, text = ("number", piece) if piece.isdigit() else _SYMBOLS.get(piece, ("letter", piece))
            self.tokens.append(Token(kind, text, start, end))
        self.tokens.append(Token("}", "}", start, end))
        self.at = end
        return True

    def _symbol(self) -> bool:
        char = self.text[self.at]
        for table, mark in ((SUBSCRIPTS, "_"), (SUPERSCRIPTS, "^")):
            if char in table:
                run = re.compile(f"[{''.join(table)}]+").match(self.text, self.at)
                small = run[0] if run else char
                if mark == "^" and "ᵀ" in small:  # Aᵀ: the transposition is a script of its own
                    small = small.partition("ᵀ")[0] or "ᵀ"
                return self._scripted(mark, "".join(table[each] for each in small), len(small))
        for length in (3, 2):
            if (long := self.text[self.at : self.at + length]) in _LONG_SYMBOLS:
                return self._emit(*_LONG_SYMBOLS[long], length)
        if char in _SYMBOLS:
            return self._emit(*_SYMBOLS[char], 1)
        is_letter = char.isalpha() or char in SCRIPT.values() or char == ONES_NAME
        return self._emit("letter", char, 1) if is_letter else False
