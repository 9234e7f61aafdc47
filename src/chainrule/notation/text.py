"""Printing a tree as one line of Unicode text: ∂J/∂W₁ = (1/n) Xᵀ [(A₁ − Y) ⊙ σ′(Z₁)]."""

from __future__ import annotations

from itertools import pairwise

from chainrule.notation import brackets
from chainrule.notation.alphabet import subscript, superscript, with_accent
from chainrule.notation.printing import Printer, needs_comma
from chainrule.notation.tree import Applied, BigSum, Letter, Mark, Node, Num, Partial, Product


def to_text(node: Node) -> str:
    r"""The tree as Unicode text on one line.

    Examples
    --------
    >>> from chainrule.notation.parsing import parse
    >>> to_text(parse(r"\frac{\partial J}{\partial W_1} = \frac{1}{n} X^T (A_1 - Y)"))
    '∂J/∂W₁ = (1/n) Xᵀ (A₁ − Y)'
    """
    return _Text().show(node)


class _Text(Printer):
    stacked = False
    minus = "−"

    def letter(self, letter: Letter) -> str:
        return with_accent(self.word(letter.name), letter.accent) + _lower(letter.lower) + _upper(letter.upper)

    def word(self, word: str) -> str:
        return word

    def sign(self, sign: str) -> str:
        return sign

    def bracketed(self, shown: str) -> str:
        return f"[{shown}]" if "(" in shown else f"({shown})"

    def fraction(self, numerator: Node, denominator: Node) -> str:
        if numerator == Num("1") and denominator == Num("2"):
            return "½"
        over = self.show(numerator)
        loose = brackets.level(numerator, stacked=False) in {brackets.RELATION, brackets.SUM, brackets.OPEN}
        differential = (
            isinstance(denominator, Letter) and denominator.name[0] == "d"
        )  # "c dL/dW" is c times a derivative
        if (
            loose
            or brackets.open_indices(numerator)
            or "/" in over
            or (differential and isinstance(numerator, Product))
        ):
            over = self.bracketed(over)
        under = self.at_least(brackets.FACTOR, denominator)
        plain = isinstance(denominator, Partial) and denominator.sign == "∂"
        if "/" in under and not plain:
            under = under if under[-1] in ")]" else self.bracketed(under)
        tight = all(isinstance(part, Letter | Num) for part in (numerator, denominator))
        return f"{over}/{under}" if tight else f"{over} / {under}"

    def power(self, base: str, exponent: Node) -> str:
        shown = self.show(exponent)
        short = shown == "−1" or shown.isdecimal() or isinstance(exponent, Letter)
        small = superscript(shown.replace("−", "-")) if short else None
        return f"{base}{small}" if small else f"{base}^{{{shown}}}"

    def transpose(self, of: Node) -> str:
        return f"{self.show(of)}ᵀ" if isinstance(of, Letter) else f"{self.at_least(brackets.ATOM, of)}ᵀ"

    def applied(self, node: Applied) -> str:
        name = "√" if node.function == Letter("sqrt") else self.letter(node.function)
        return f"{name}({', '.join(self.keywords(node))})"

    def sigma(self, node: BigSum) -> str:
        below = ",".join(node.indices) + (f"={self.show(node.start)}" if node.start is not None else "")
        small = subscript(below) if all(len(index) == 1 for index in node.indices) else None
        above = "" if node.stop is None else superscript(self.show(node.stop)) or f"^{{{self.show(node.stop)}}}"
        return f"Σ{small or (below and f'_{{{below}}}')}{above}"

    def partial(self, node: Partial) -> str:
        if node.form == "operator":
            return f"{node.sign}/{node.sign}{self.letter(node.by)} {self.argument(node.of)}"
        return f"{node.sign}{self.argument(node.of)}/{node.sign}{self.letter(node.by)}"

    def differential(self, of: Node) -> str:
        return f"∂{self.argument(of)}"

    def gradient(self, of: str, by: Letter | None) -> str:
        return f"∇{of}" if by is None else f"∇_{{{self.letter(by)}}} {of}"

    def indicator(self, condition: str) -> str:
        return f"𝟏[{condition}]"

    def cases(self, rows: list[tuple[str, str | None]]) -> str:
        shown = [f"{value} otherwise" if condition is None else f"{value} if {condition}" for value, condition in rows]
        return "{ " + "; ".join(shown) + " }"

    def matrix(self, rows: list[list[str]]) -> str:
        shown = "; ".join(", ".join(row) for row in rows)
        return f"[{shown};]" if len(rows) == 1 else f"[{shown}]"

    def dots(self) -> str:
        return "…"

    def bars(self, of: str, *, double: bool) -> str:
        bar = "‖" if double else "|"
        return f"{bar}{of}{bar}"

    def underbrace(self, of: str, note: str) -> str:
        return f"underbrace({of}; {note})"


def _lower(marks: tuple[Mark, ...]) -> str:
    if not marks:
        return ""
    plain = "".join(_mark(mark) for mark in marks)
    commas = any(needs_comma(left, right) for left, right in pairwise(marks))
    if not commas and all(mark.style == "plain" for mark in marks) and (small := subscript(plain)):
        return small
    pieces = [_mark(mark) for mark in marks]
    joined = pieces[0]
    for left, right, piece in zip(marks, marks[1:], pieces[1:], strict=False):
        joined += ("," if needs_comma(left, right) else "") + piece
    return f"_{joined}" if len(joined) == 1 else f"_{{{joined}}}"


def _upper(marks: tuple[Mark, ...]) -> str:
    if not marks:
        return ""
    joined = "".join(_mark(mark) for mark in marks)
    if all(mark.text == "′" for mark in marks):
        return joined
    if all(mark.style in {"plain", "round"} for mark in marks) and (small := superscript(joined)):
        return small
    return f"^{joined}" if len(joined) == 1 else f"^{{{joined}}}"


def _mark(mark: Mark) -> str:
    name, _, layer = mark.text.partition("_")
    shown = name + (subscript(layer) or f"_{layer}" if layer else "")
    return {"plain": "{}", "square": "[{}]", "round": "({})"}[mark.style].format(shown)
