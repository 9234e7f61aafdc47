"""Moving through tokens: what every part of the parser does, and what the parts ask of one another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.notation.alphabet import FUNCTIONS
from chainrule.notation.problems import NotationError, Problem
from chainrule.notation.tokens import Token
from chainrule.notation.tree import Letter, Node

MAX_DEPTH = 60

END = Token("end of input", "", -1, -1)
_FACTOR_STARTS = frozenset({"number", "letter", "open", "{", "bar", "begin", "dots", "half", "command"})


@dataclass(frozen=True)
class Conventions:
    """What the page's own text says about its letters.

    Attributes
    ----------
    functions : frozenset of str
        Names that are applied when a bracket follows; any other name before a bracket is a factor.
    layers_above : frozenset of str
        Names whose plain superscript is a layer, not a power: the w and δ of w^l, δ^L.
    """

    functions: frozenset[str] = FUNCTIONS
    layers_above: frozenset[str] = frozenset()


class Cursor(ABC):
    """A position in a sequence of tokens, the damage met on the way, and the depth of nesting."""

    def __init__(self, tokens: Sequence[Token], conventions: Conventions) -> None:
        self.tokens = tokens
        self.conventions = conventions
        self.at = 0
        self.depth = 0
        self.fences: list[str] = []
        self.problems: list[Problem] = []
        self.closed: dict[int, Node] = {}  # what stood in brackets, by identity: no later term belongs inside

    @property
    def token(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else END

    def ahead(self, distance: int) -> Token:
        return self.tokens[self.at + distance] if self.at + distance < len(self.tokens) else END

    def take(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def accept(self, kind: str, *texts: str) -> Token | None:
        if self.token.kind == kind and (not texts or self.token.text in texts):
            return self.take()
        return None

    def damage(self, message: str) -> None:
        place = self.token if self.token is not END else (self.tokens[-1] if self.tokens else END)
        self.problems.append(Problem(message, max(place.start, 0), max(place.end, 0)))

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotationError(f"nested more than {MAX_DEPTH} deep", max(self.token.start, 0))

    def group(self) -> tuple[Token, ...]:
        """The tokens of the next {group}, (marked) group or single token, without the braces; the position moves on."""
        opener = self.token
        if opener.kind == "{":
            return self._until_closed("{", "}")
        if opener.kind == "open" and opener.text in "([":
            inner = self._until_closed("open", "close")
            return (opener, *inner, Token("close", {"(": ")", "[": "]"}[opener.text], opener.start, opener.end))
        if opener is END:
            self.damage("something is missing at the end")
            return ()
        token = self.take()
        if token.kind == "command" and token.text in {"hat", "bar", "tilde", "bold", "script"}:
            return (token, *self.group())
        return (token,)

    def _until_closed(self, kind: str, closing: str) -> tuple[Token, ...]:
        start, depth = self.at + 1, 0
        while self.token is not END:
            token = self.take()
            depth += (token.kind == kind) - (token.kind == closing)
            if depth == 0:
                return tuple(self.tokens[start : self.at - 1])
        self.damage(f"{self.tokens[start - 1].text} is not closed")
        return tuple(self.tokens[start:])

    def inside(self, tokens: Sequence[Token]) -> Node | None:
        """The formula that a group of tokens makes."""
        if not tokens:
            return None
        inner = type(self)(tokens, self.conventions)
        inner.depth = self.depth + 1
        inner.deeper()
        found = inner.everything()
        self.problems += inner.problems
        return found

    def close(self, opener: Token) -> None:
        if not self.accept("close"):
            self.damage(f"{opener.text} is not closed")
            while self.token.kind not in {"close", "relation", "end of input", "}"}:
                self.take()
            self.accept("close")

    def starts_factor(self) -> bool:
        token = self.token
        if token.kind == "bar":
            return not (self.fences and self.fences[-1] == token.text)
        if token.kind == "letter" and token.text in {"if", "otherwise"}:
            return False
        return token.kind in _FACTOR_STARTS

    @abstractmethod
    def everything(self) -> Node | None: ...
    @abstractmethod
    def relation(self) -> Node | None: ...
    @abstractmethod
    def sum(self) -> Node | None: ...
    @abstractmethod
    def product(self) -> Node | None: ...
    @abstractmethod
    def factor(self) -> Node | None: ...
    @abstractmethod
    def bracket(self) -> Node | None: ...
    @abstractmethod
    def letter(self) -> Node | None: ...
    @abstractmethod
    def marked(self, letter: Letter) -> Node: ...


def split(tokens: Sequence[Token], *separators: str) -> list[list[Token]]:
    """The tokens between separators (kinds, or words) that stand outside every inner group."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.kind in {"open", "{", "begin"}) - (token.kind in {"close", "}", "end"})
        if depth == 0 and (token.kind in separators or (token.kind == "letter" and token.text in separators)):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def is_partial(token: Token) -> bool:
    """Whether a token is the sign ∂."""
    return token.kind == "command" and token.text == "partial"


def d_letter(node: Node | None) -> Letter | None:
    """The w of dw, if the node is such a letter."""
    if isinstance(node, Letter) and len(node.name) == 2 and node.name[0] == "d":
        return Letter(node.name[1], node.accent, node.lower, node.upper)
    return None
