"""A user's expression, read into a term: ``z / (1 + exp(-z))``.  Nothing is ever evaluated as code.

A small precedence parser: ``+ - * / ** ^``, brackets, numbers in ASCII, the functions below, ``pi``, and
``where(condition, yes, no)`` with ``< <= > >=``.  Length, depth and size are bounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from chainrule.expressions.activations import relu, sigmoid, softplus
from chainrule.expressions.quoting import shown, suggest
from chainrule.expressions.terms import (
    Apply,
    Call,
    Number,
    Symbol,
    Term,
    absolute,
    erf,
    erfc,
    exp,
    expm1,
    less,
    less_equal,
    log,
    log1p,
    minimum,
    select,
    sign,
    sqrt,
    tanh,
    walk,
)

MAX_CHARACTERS, MAX_DEPTH, MAX_NODES = 400, 40, 400

_TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(\*\*|<=|>=|[-+*/^(),<>]))"
)


def _cosh(u: Term) -> Term:
    return (exp(u) + exp(-u)) / 2


def _sinh(u: Term) -> Term:
    return (exp(u) - exp(-u)) / 2


def _maximum(u: Term, v: Term) -> Term:
    return Apply("max", (u, v))


FUNCTIONS: dict[str, tuple[int, Callable[..., Term]]] = {
    "exp": (1, exp),
    "log": (1, log),
    "ln": (1, log),
    "sqrt": (1, sqrt),
    "tanh": (1, tanh),
    "cosh": (1, _cosh),
    "sinh": (1, _sinh),
    "abs": (1, absolute),
    "sign": (1, sign),
    "erf": (1, erf),
    "erfc": (1, erfc),
    "expm1": (1, expm1),
    "log1p": (1, log1p),
    "sigmoid": (1, lambda u: Call(sigmoid, u)),
    "softplus": (1, lambda u: Call(softplus, u)),
    "relu": (1, lambda u: Call(relu, u)),
    "min": (2, minimum),
    "max": (2, _maximum),
    "where": (3, select),
}
_COMPARISONS: dict[str, Callable[[Term, Term], Term]] = {
    "<": less,
    "<=": less_equal,
    ">": lambda left, right: less(right, left),
    ">=": lambda left, right: less_equal(right, left),
}


def read_expression(text: str, names: tuple[str, ...]) -> Term:
    """The term that a text writes, in the given symbols.

    Parameters
    ----------
    text : str
    names : tuple of str
        The symbols that may occur: ``("z",)`` or ``("yhat", "y")``.

    Raises
    ------
    ValueError
        Naming the place, what was found there and what would be accepted.

    Examples
    --------
    >>> print(read_expression("z / (1 + exp(-z))", ("z",)))
    z / (1 + exp(-z))
    >>> read_expression("import os", ("z",))
    Traceback (most recent call last):
    ValueError: expression 'import os': 'import' is unknown at character 1; known are z, pi, abs, cosh, ...
    """
    if not isinstance(text, str):
        raise TypeError(f"an expression is a text, e.g. 'z / (1 + exp(-z))', got {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"expression {shown(text)}: at most {MAX_CHARACTERS} characters, got {len(text)}")
    term = _Reader(text, names).whole()
    size = 0
    for size, _ in enumerate(walk(term), 1):
        if size > MAX_NODES:
            raise ValueError(f"expression {shown(text)}: more than {MAX_NODES} operations when written out")
    return term


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


class _Reader:
    def __init__(self, text: str, names: tuple[str, ...]) -> None:
        self.text, self.names = text, names
        self.tokens = self._tokens()
        self.position = self.depth = 0

    def _tokens(self) -> list[_Token]:
        found, at = [], 0
        end = len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at) if self.text.isascii() else None
            if match is None:
                place = len(self.text[:at]) + len(self.text[at:]) - len(self.text[at:].lstrip())
                if not self.text.isascii():
                    place = next(i for i, char in enumerate(self.text) if not char.isascii())
                raise ValueError(
                    f"expression {shown(self.text)}: {self.text[place]!r} at character {place + 1} is no part of one"
                )
            kind = ("number", "name", "sign")[match.lastindex - 1 if match.lastindex else 0]
            found.append(_Token(kind, match[match.lastindex or 0], match.start(match.lastindex or 0)))
            at = match.end()
        return [*found, _Token("end", "", end)]

    def _refuse(self, expected: str) -> ValueError:
        token = self.tokens[self.position]
        what = f"{token.text!r} at character {token.at + 1}" if token.text else "the end"
        return ValueError(f"expression {shown(self.text)}: {expected} was expected, found {what}")

    def _take(self, *texts: str) -> str | None:
        token = self.tokens[self.position]
        if token.kind == "sign" and token.text in texts:
            self.position += 1
            return token.text
        return None

    def _need(self, text: str) -> None:
        if self._take(text) is None:
            raise self._refuse(f"{text!r}")

    def whole(self) -> Term:
        term = self.sum()
        if self.tokens[self.position].kind != "end":
            raise self._refuse("an operator or the end")
        return term

    def sum(self) -> Term:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValueError(f"expression {shown(self.text)}: nested more than {MAX_DEPTH} deep")
        term = self.product()
        while sign_ := self._take("+", "-"):
            right = self.product()
            term = term + right if sign_ == "+" else term - right
        self.depth -= 1
        return term

    def product(self) -> Term:
        """A leading minus belongs to the whole product: -2 * z is -(2 z)."""
        minus = self._minus()
        term = self.power()
        while sign_ := self._take("*", "/"):
            right = self.signed()
            if sign_ == "/" and isinstance(right, Number) and right.value == 0:
                raise ValueError(f"expression {shown(self.text)}: divides by 0")
            term = term * right if sign_ == "*" else term / right
        return -term if minus else term

    def signed(self) -> Term:
        """-z ** 2 is -(z ** 2), as in mathematics and Python."""
        minus = self._minus()
        term = self.power()
        return -term if minus else term

    def _minus(self) -> bool:
        minus = False
        while sign_ := self._take("-", "+"):
            minus ^= sign_ == "-"
        return minus

    def power(self) -> Term:
        base = self.atom()
        if self._take("**", "^"):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise ValueError(f"expression {shown(self.text)}: nested more than {MAX_DEPTH} deep")
            exponent = self.signed()
            self.depth -= 1
            if isinstance(exponent, Number):
                return self._number_power(base, exponent) if isinstance(base, Number) else base**exponent
            raise ValueError(
                f"expression {shown(self.text)}: an exponent must be a number; write exp(b * log(a)) for others"
            )
        return base

    def _number_power(self, base: Number, exponent: Number) -> Term:
        try:
            return Number(math.pow(base.value, exponent.value))
        except (OverflowError, ValueError):
            what = f"{base.value:g} ** {exponent.value:g}"
            raise ValueError(f"expression {shown(self.text)}: {what} is no finite number") from None

    def atom(self) -> Term:
        token = self.tokens[self.position]
        if token.kind == "number":
            self.position += 1
            value = float(token.text)
            if not math.isfinite(value):
                raise ValueError(f"expression {shown(self.text)}: {token.text} is too large a number")
            return Number(value)
        if self._take("("):
            term = self.sum()
            self._need(")")
            return term
        if token.kind != "name":
            raise self._refuse("a number, a name or a bracket")
        self.position += 1
        if token.text in self.names:
            return Symbol(token.text)
        if token.text == "pi":
            return Number(math.pi)
        if token.text in FUNCTIONS:
            return self.call(token.text)
        known = [*self.names, "pi", *sorted(FUNCTIONS)]
        hint = suggest(token.text, known)
        raise ValueError(
            f"expression {shown(self.text)}: {token.text!r} is unknown at character {token.at + 1}{hint}; "
            f"known are {', '.join(known)}"
        )

    def call(self, name: str) -> Term:
        arity, build = FUNCTIONS[name]
        self._need("(")
        arguments = [self.condition() if name == "where" else self.sum()]
        while self._take(","):
            arguments.append(self.sum())
        self._need(")")
        if len(arguments) != arity:
            raise ValueError(f"expression {shown(self.text)}: {name} takes {arity} arguments, got {len(arguments)}")
        return build(*arguments)

    def condition(self) -> Term:
        left = self.sum()
        sign_ = self._take(*_COMPARISONS)
        if sign_ is None:
            raise self._refuse("a comparison, e.g. where(z > 0, z, 0),")
        return _COMPARISONS[sign_](left, self.sum())
