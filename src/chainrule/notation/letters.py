r"""Reading letters with all that hangs on them, and functions with their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chainrule.notation import scripts
from chainrule.notation.alphabet import ACCENTS, LATEX_FUNCTIONS, ONES_NAME, SCRIPT, with_accent
from chainrule.notation.cursor import Cursor
from chainrule.notation.tokens import Token
from chainrule.notation.tree import Applied, Indicator, Letter, Mark, Node, Num, Power, Relation, Transpose, Underbrace


class Letters(Cursor):
    """Letters, accents, scripts; and when a letter before a bracket is a function."""

    def letter(self) -> Node | None:
        found = self.bare_letter()
        if found is None:
            self.damage(f"{self.take().text} was not expected here")
            return None
        if isinstance(found, Num):
            return found
        name, accent = found
        return self.marked(Letter(name, accent))

    def marked(self, letter: Letter) -> Node:
        r"""A letter with the scripts that follow it, applied to the bracket behind: W_1^T, {g^{[1]}}'(z)."""
        name = letter.name
        lower, upper = list(letter.lower), list(letter.upper)
        wraps: list[Node | None] = []  # exponents, and None for a transposition, in order
        while self.token.kind in {"_", "^", "prime"}:
            script = self.take()
            if script.kind == "prime":
                upper.append(Mark("′"))
                continue
            group = self.group()
            if script.kind == "_" and name == ONES_NAME and any(token.kind == "relation" for token in group):
                condition = self.inside(group)  # 𝟏_{z > 0}
                return Indicator(condition) if isinstance(condition, Relation) else letter
            if script.kind == "_":
                lower += scripts.lower_marks(group)
                continue
            above = scripts.upper_script(group, layer=name in self.conventions.layers_above, is_e=name == "e")
            upper += above.marks
            if above.exponent:
                wraps.append(self.inside(above.exponent))
            wraps += [None] * above.transposed
        node = self.application(replace(letter, lower=tuple(lower), upper=tuple(upper)))
        for exponent in wraps:
            node = Transpose(node) if exponent is None else Power(node, exponent)
        return node

    def bare_letter(self) -> tuple[str, str] | Num | None:
        r"""A letter's name and accent, whatever dress it comes in: y, ŷ, \hat{y}, \mathcal{L}, \mathbf{1}."""
        token = self.take()
        if token.kind == "letter":
            return scripts.name_and_accent(token.text)
        if token.kind == "command" and token.text in {*ACCENTS, "bold", "script"}:
            group = self.group()
            if token.text == "bold" and group and group[0].text == "1":
                return ONES_NAME, ""
            if len(group) == 1 and group[0].kind in {"letter", "number"}:
                name, accent = scripts.name_and_accent(group[0].text)
                if token.text == "script":
                    return SCRIPT.get(name, name), accent
                return name, token.text if token.text in ACCENTS else accent
            if len(group) > 1 and token.text in ACCENTS:
                return self._accented(group, token.text)
        self.at -= 1
        return None

    def _accented(self, group: Sequence[Token], accent: str) -> tuple[str, str] | None:
        inner = self.inside(group)
        if isinstance(inner, Letter) and not inner.accent and not inner.lower and not inner.upper:
            return inner.name, accent
        self.damage(f"only a letter takes a {accent}")
        return with_accent("?", ""), ""

    def application(self, letter: Letter) -> Node:
        """The letter, applied to the bracket behind it when it is a function's name."""
        if letter.name == ONES_NAME and self.token.kind == "open":
            return self.indicator(letter)
        known = letter.name in self.conventions.functions or letter.name == "underbrace"
        known = known or (letter.name[0] == "d" and letter.name[1:] in self.conventions.functions)
        primed = any(mark.text == "′" for mark in letter.upper) and (known or not letter.name.isupper())
        if self.token.kind == "open" and self.token.text in "([" and (known or primed or self.holds_comma()):
            return self.call(letter)
        if letter.name in LATEX_FUNCTIONS and self.starts_factor():
            argument = self.factor()
            return Applied(letter, (argument,)) if argument is not None else letter
        return letter

    def indicator(self, letter: Letter) -> Node:
        start, damages = self.at, len(self.problems)
        condition = self.bracket()
        if isinstance(condition, Relation):
            return Indicator(condition)
        self.at = start
        del self.problems[damages:]
        return letter

    def holds_comma(self) -> bool:
        """Whether the round bracket that starts here holds a comma of its own: J(W, b) is no product."""
        depth = 0
        for token in self.tokens[self.at :]:
            depth += (token.kind in {"open", "{"}) - (token.kind in {"close", "}"})
            if depth == 1 and token.kind == "comma":
                return self.token.text == "("
            if depth == 0:
                return False
        return False

    def call(self, letter: Letter) -> Node:
        opener = self.take()
        if letter.name == "underbrace":
            return self.text_underbrace(opener)
        self.fences.append(opener.text)
        arguments: list[Node] = []
        keywords: list[tuple[str, Node]] = []
        while self.token.kind not in {"close", "end of input"}:
            argument = self.relation()
            match argument:
                case Relation(sides=(Letter(name=name), value), signs=("=",)):
                    keywords.append((name, value))
                case None:
                    break
                case _:
                    arguments.append(argument)
            if not self.accept("comma"):
                break
        self.fences.pop()
        self.close(opener)
        return Applied(letter, tuple(arguments), tuple(keywords))

    def text_underbrace(self, opener: Token) -> Node:
        of = self.relation()
        note = self.relation() if self.accept("semicolon") else None
        self.close(opener)
        return Underbrace(of, note) if of is not None and note is not None else of or Letter("?")
