r"""Reading what has a shape of its own: brackets, fractions, derivatives, sums with bounds, cases, matrices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chainrule.notation.cursor import END, Cursor, d_letter, is_partial, split
from chainrule.notation.tokens import Token
from chainrule.notation.tree import (
    Applied,
    Bars,
    BigSum,
    Cases,
    Differential,
    Dots,
    Fraction,
    Gradient,
    Indicator,
    Letter,
    Matrix,
    Node,
    Num,
    Partial,
    Product,
    ProductSign,
    Relation,
    Transpose,
    Underbrace,
)

_SIZES = frozenset({"m", "n", "N"})
_PUNCTUATION = frozenset({"comma", "semicolon", "prose"})


class Structures(Cursor):
    """The atoms that aren't letters, and the commands of LaTeX."""

    def atom(self) -> Node | None:
        token = self.token
        match token.kind:
            case "number":
                return Num(self.take().text)
            case "half":
                self.take()
                return Fraction(Num("1"), Num("2"))
            case "dots":
                self.take()
                return Dots()
            case "letter":
                return self.letter()
            case "open":
                return self.bracket()
            case "{":
                return self.brace()
            case "bar":
                return self.bars()
            case "begin":
                return self.environment()
            case _:
                return self.command()

    def bracket(self) -> Node | None:
        opener = self.take()
        self.fences.append(opener.text)
        rows = [[self.relation()]]
        while self.token.kind in {"comma", "semicolon", "quad"} and opener.text == "[":
            separator = self.take()
            if separator.kind == "semicolon":
                rows.append([])
            if self.token.kind != "close":
                rows[-1].append(self.relation())
        self.fences.pop()
        self.close(opener)
        entries = tuple(tuple(entry for entry in row if entry is not None) for row in rows)
        if len(rows) > 1 or len(rows[0]) > 1:
            return Matrix(tuple(row for row in entries if row))
        if rows[0][0] is None:
            self.damage("empty brackets")
            return None
        self.closed[id(rows[0][0])] = rows[0][0]
        return rows[0][0]

    def brace(self) -> Node | None:
        inner = self.group()
        if any(token.kind == "letter" and token.text in {"if", "otherwise"} for token in inner):
            return self.cases(split(inner, "semicolon"), ("if",))
        found = self.inside(inner)
        goes_on = self.token.kind in {"_", "^", "prime", "open"}
        return self.marked(found) if isinstance(found, Letter) and goes_on else found

    def bars(self) -> Node | None:
        fence = self.take()
        self.fences.append(fence.text)
        of = self.sum()
        self.fences.pop()
        if not self.accept("bar", fence.text):
            self.damage(f"{fence.text} is not closed")
        if fence.text == "‖" and self.accept("_"):
            self.group()  # ‖A‖_F, ‖v‖₂: the norm of all entries
        return Bars(of, fence.text == "‖") if of is not None else None

    def environment(self) -> Node | None:
        name = self.take().text
        depth, start = 1, self.at
        while self.token is not END:
            token = self.take()
            depth += (token.kind == "begin") - (token.kind == "end")
            if depth == 0:
                break
        else:
            self.damage(f"\\begin{{{name}}} is not ended")
        inner = self.tokens[start : self.at - 1]
        rows = [row for row in split(inner, "row") if row]
        if name == "cases":
            return self.cases(rows, ("&", "comma"))
        entries = tuple(tuple(self.inside(cell) or Dots() for cell in split(row, "&")) for row in rows)
        return Matrix(entries) if entries else None

    def cases(self, rows: Iterable[Sequence[Token]], separators: tuple[str, ...]) -> Node | None:
        found: list[tuple[Node, Node | None]] = []
        for row in rows:
            value_tokens = split(row, *separators, "otherwise")[0]
            condition_tokens = list(row[len(value_tokens) :])
            while condition_tokens and (condition_tokens[-1].kind in _PUNCTUATION or condition_tokens[-1].text == "."):
                del condition_tokens[-1]
            while condition_tokens and _only_separates(condition_tokens[0]):
                del condition_tokens[0]
            value, condition = self.inside(value_tokens), self.inside(condition_tokens)
            if value is not None:
                found.append((value, condition))
        return Cases(tuple(found)) if found else None

    def command(self) -> Node | None:
        command = self.take()
        match command.text:
            case "frac":
                return self.fraction()
            case "sqrt":
                of = self.inside(self.group())
                return Applied(Letter("sqrt"), (of,)) if of is not None else None
            case "partial":
                return self.partial()
            case "nabla":
                by = self.inside(self.group()) if self.accept("_") else None
                of = self.operand()
                return Gradient(of, by if isinstance(by, Letter) else None) if of is not None else Letter("∇")
            case "sum":
                return self.big_sum()
            case "underbrace":
                of = self.inside(self.group())
                note = self.inside(self.group()) if self.accept("_") else None
                return Underbrace(of, note) if of is not None and note is not None else of
            case _:
                self.at -= 1
                return self.letter()

    def fraction(self) -> Node | None:
        if self.token.kind == "number" and self.token.text.isdecimal() and len(self.token.text) == 2:
            both = self.take()  # \frac12: LaTeX takes one digit for each
            return Fraction(Num(both.text[0]), Num(both.text[1]))
        above, below = self.group(), self.group()
        derivative = self.derivative(above, below)
        if derivative is not None:
            return derivative
        numerator, denominator = self.inside(above), self.inside(below)
        if numerator is None or denominator is None:
            self.damage("a fraction needs something above and below")
            return numerator or denominator
        return Fraction(numerator, denominator)

    def derivative(self, above: Sequence[Token], below: Sequence[Token]) -> Node | None:
        r"""\frac{\partial …}{\partial w}, \frac{\partial}{\partial w} …, and the same with d."""
        if not above or not below:
            return None
        sign = "∂" if is_partial(above[0]) and is_partial(below[0]) else "d" if above[0].text[0] == "d" else ""
        if sign == "∂":
            by, rest = self.inside(below[1:]), above[1:]
        elif sign == "d" and above[0].kind == "letter":
            by = d_letter(self.inside(below))
            rest = above[1:] if above[0].text == "d" else (_without_d(above[0]), *above[1:])
        else:
            return None
        if not isinstance(by, Letter):
            return None
        form = "fraction" if rest else "operator"
        of = self.inside(rest) if rest else self.operand()
        if of is None:
            self.damage("nothing to differentiate")
            return Letter("∂")
        return Partial(of, by, "operator" if form == "operator" else "fraction", "∂" if sign == "∂" else "d")

    def partial(self) -> Node | None:
        """∂L/∂w, ∂/∂w […] on one line, or a lone ∂w."""
        if self.token.text == "/" and is_partial(self.ahead(1)):
            self.take(), self.take()
            by, of = self.letter(), self.operand()
            if isinstance(by, Letter) and of is not None:
                return Partial(of, by, "operator")
            self.damage("nothing to differentiate")
            return by
        of = self.factor()
        if of is None:
            self.damage("∂ of nothing")
            return Letter("∂")
        if self.token.text == "/" and is_partial(self.ahead(1)):
            self.take(), self.take()
            by = self.letter()
            if isinstance(by, Letter):
                return Partial(of, by)
            self.damage("∂ by something that isn't a letter")
        return Differential(of)

    def operand(self) -> Node | None:
        """What ∂/∂w or ∇ is applied to: the factor behind it; all that stand side by side where it begins with a number
        or an inner product, ∂/∂w ½ (y − a)².
        """
        first = self.factor()
        if first is None or not (is_number(first) or isinstance(first, Transpose)):
            return first
        factors = [first]
        while self.starts_factor() and (factor := self.factor()) is not None:
            factors.append(factor)
        side_by_side: tuple[ProductSign, ...] = tuple("" for _ in factors[1:])
        return Product(tuple(factors), side_by_side) if side_by_side else first

    def big_sum(self) -> Node | None:
        indices: tuple[str, ...] = ()
        start: Node | None = None
        stop: Node | None = None
        others: Relation | None = None  # Σ_{i ≠ j}: over all but one
        while script := (self.accept("_") or self.accept("^")):
            group = self.group()
            if script.kind == "^":
                stop = self.inside(group)
                continue
            apart = next((token for token in group if token.kind == "relation" and token.text == "≠"), None)
            condition = self.inside(group) if apart is not None else None
            if isinstance(condition, Relation):
                others = condition
            below = split(group, "relation")
            indices = tuple(token.text for token in below[0] if token.kind == "letter")
            start = self.inside(below[1]) if len(below) > 1 and apart is None else None
        body = self.product()
        if body is None:
            self.damage("a sum of nothing")
            return None
        if others is not None:
            return BigSum(indices[:1], start, stop, Product((Indicator(others), body), ("",)))
        return BigSum(indices, start, stop, body)


def is_number(node: Node) -> bool:
    """Whether a node is a number, or a fraction of numbers and sizes: ½, 1/m."""
    if isinstance(node, Fraction):
        return is_number(node.numerator) and is_number(node.denominator)
    if isinstance(node, Product):
        return all(is_number(factor) for factor in node.factors)
    return isinstance(node, Num) or (
        isinstance(node, Letter) and node.name in _SIZES and not (node.lower or node.upper)
    )


def _only_separates(token: Token) -> bool:
    """Whether a token between a case's value and its condition says nothing but that the condition follows."""
    return token.kind in {"&", "comma", "prose", "quad"} or (
        token.kind == "letter" and token.text in {"if", "otherwise"}
    )


def _without_d(token: Token) -> Token:
    return Token(token.kind, token.text[1:], token.start, token.end)
