r"""Printing a tree as LaTeX: \frac{\partial J}{\partial W_1} = \frac{1}{n} X^\top (A_1 - Y)."""

from __future__ import annotations

from itertools import pairwise

from chainrule.notation import brackets
from chainrule.notation.alphabet import LATEX_FUNCTIONS, LATEX_NAMES
from chainrule.notation.printing import Printer, needs_comma
from chainrule.notation.tree import Applied, BigSum, Letter, Mark, Node, Partial

_SIGNS = {
    "·": r"\cdot", "×": r"\times", "*": "*", "@": "@", "⊙": r"\odot", "←": r"\leftarrow", "≤": r"\le", "≥": r"\ge",
    "≠": r"\ne", "≈": r"\approx", "∈": r"\in", "∝": r"\propto",
}  # fmt: skip
_TALL = (r"\frac", r"\sum", r"\begin", r"\underbrace")


def to_latex(node: Node) -> str:
    r"""The tree as LaTeX, for use in mathematics mode; needs amsmath and amssymb only.

    Examples
    --------
    >>> from chainrule.notation.parsing import parse
    >>> print(to_latex(parse("∂J/∂W₁ = Xᵀ (A₁ − Y) / n")))
    \frac{\partial J}{\partial W_1} = \frac{X^\top (A_1 - Y)}{n}
    """
    return _Latex().show(node)


class _Latex(Printer):
    stacked = True
    minus = "-"

    def letter(self, letter: Letter) -> str:
        return self._scripted(letter, ())

    def _scripted(self, letter: Letter, more: tuple[str, ...]) -> str:
        """A letter with its marks and further superscripts (a transposition) in one group."""
        name = self.word(letter.name)
        if letter.accent:
            name = f"\\{letter.accent}{{{name}}}"
        lower = _joined(letter.lower)
        if not more and letter.upper and all(mark.text == "′" for mark in letter.upper):
            return f"{name}{_script('_', lower)}{chr(39) * len(letter.upper)}"
        upper = "".join([*(_mark(mark) for mark in letter.upper), *more])
        return f"{name}{_script('_', lower)}{_script('^', upper)}"

    def word(self, word: str) -> str:
        if word in LATEX_FUNCTIONS:
            return f"\\{word}"
        if word in LATEX_NAMES:
            return LATEX_NAMES[word]
        if len(word) == 2 and word[0] == "d":
            return f"d{LATEX_NAMES.get(word[1], word[1])}"
        if len(word) == 1:
            return word
        escaped = word.replace("_", r"\_")
        if word[0].isalpha() and "." not in word and "=" not in word:
            return f"\\operatorname{{{escaped}}}"
        return f"\\text{{{escaped}}}"

    def sign(self, sign: str) -> str:
        return _SIGNS.get(sign, sign)

    def bracketed(self, shown: str) -> str:
        left, right = ("[", "]") if "(" in shown else ("(", ")")
        return _fenced(left, shown, right)

    def fraction(self, numerator: Node, denominator: Node) -> str:
        return f"\\frac{{{self.show(numerator)}}}{{{self.show(denominator)}}}"

    def power(self, base: str, exponent: Node) -> str:
        return base + _script("^", self.show(exponent))

    def transpose(self, of: Node) -> str:
        if isinstance(of, Letter):
            return self._scripted(of, (r"\top",))
        return f"{self.at_least(brackets.ATOM, of)}^\\top"

    def applied(self, node: Applied) -> str:
        if node.function == Letter("sqrt") and len(node.arguments) == 1 and not node.keywords:
            return f"\\sqrt{{{self.show(node.arguments[0])}}}"
        return self.letter(node.function) + _fenced("(", ", ".join(self.keywords(node)), ")")

    def sigma(self, node: BigSum) -> str:
        below = ",".join(self.word(index) for index in node.indices)
        below += f"={self.show(node.start)}" if node.start is not None else ""
        below = f"_{{{below}}}" if below else ""
        return "\\sum" + below + (f"^{{{self.show(node.stop)}}}" if node.stop is not None else "")

    def partial(self, node: Partial) -> str:
        sign = r"\partial " if node.sign == "∂" else "d"
        under = f"{sign}{self.letter(node.by)}"
        if node.form == "operator":
            return f"\\frac{{{sign.strip()}}}{{{under}}} {self.argument(node.of)}"
        return f"\\frac{{{sign}{self.argument(node.of)}}}{{{under}}}"

    def differential(self, of: Node) -> str:
        return f"\\partial {self.argument(of)}"

    def gradient(self, of: str, by: Letter | None) -> str:
        return "\\nabla" + (f"_{{{self.letter(by)}}}" if by is not None else "") + f" {of}"

    def indicator(self, condition: str) -> str:
        return f"\\mathbf{{1}}[{condition}]"

    def cases(self, rows: list[tuple[str, str | None]]) -> str:
        shown = [
            rf"{value} & \text{{otherwise}}" if condition is None else f"{value} & {condition}"
            for value, condition in rows
        ]
        return r"\begin{cases} " + r" \\ ".join(shown) + r" \end{cases}"

    def matrix(self, rows: list[list[str]]) -> str:
        return r"\begin{bmatrix} " + r" \\ ".join(" & ".join(row) for row in rows) + r" \end{bmatrix}"

    def dots(self) -> str:
        return r"\dots"

    def bars(self, of: str, *, double: bool) -> str:
        return rf"\lVert {of} \rVert" if double else rf"\lvert {of} \rvert"

    def underbrace(self, of: str, note: str) -> str:
        return f"\\underbrace{{{of}}}_{{{note}}}"


def _fenced(left: str, shown: str, right: str) -> str:
    """Brackets that grow with what they hold, only where it is tall."""
    if any(command in shown for command in _TALL):
        return f"\\left{left}{shown}\\right{right}"
    return f"{left}{shown}{right}"


def _script(sign: str, shown: str) -> str:
    if not shown:
        return ""
    return f"{sign}{shown}" if len(shown) == 1 or shown == r"\top" else f"{sign}{{{shown}}}"


def _joined(marks: tuple[Mark, ...]) -> str:
    if not marks:
        return ""
    joined = _mark(marks[0])
    for left, right in pairwise(marks):
        glue = "," if needs_comma(left, right) else " " if "\\" in _mark(left) else ""
        joined += glue + _mark(right)
    return joined


def _mark(mark: Mark) -> str:
    text = mark.text
    if text == "′":
        shown = r"\prime"
    elif text.isalpha() and len(text) > 1:
        shown = f"\\text{{{text}}}"
    else:
        shown = "".join(LATEX_NAMES.get(char, char) for char in text)
    return {"plain": "{}", "square": "[{}]", "round": "({})"}[mark.style].format(shown)
