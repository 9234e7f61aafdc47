"""What text and LaTeX printing share: which node goes where, and in which brackets.

A printer turns each kind of node into characters; the walk and the brackets are here, so that the two agree.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from chainrule.notation import brackets
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
    Mark,
    Matrix,
    Node,
    Num,
    Partial,
    Power,
    Product,
    Relation,
    Sum,
    Transpose,
    Underbrace,
)


class Printer(ABC):
    """The walk over a tree; `chainrule.notation.text` and `chainrule.notation.latex` fill in the characters."""

    stacked: bool  # fractions drawn with a bar need no brackets around them
    minus: str

    def show(self, node: Node) -> str:
        """The node in characters, without outer brackets."""
        match node:
            case Letter():
                return self.letter(node)
            case Num(text=text):
                return text
            case Sum():
                return self._sum(node)
            case Product():
                return self._product(node)
            case Fraction(numerator=numerator, denominator=denominator):
                return self.fraction(numerator, denominator)
            case Power(base=base, exponent=exponent):
                return self.power(self.at_least(brackets.ATOM, base), exponent)
            case Transpose(of=of):
                return self.transpose(of)
            case Applied():
                return self.applied(node)
            case BigSum():
                return f"{self.sigma(node)} {self.at_least(brackets.PRODUCT, node.body)}"
            case Partial():
                return self.partial(node)
            case Differential(of=of):
                return self.differential(of)
            case Gradient(of=of, by=by):
                return self.gradient(self.argument(of), by)
            case Relation(sides=sides, signs=signs):
                shown = [self.at_least(brackets.SUM, side) for side in sides]
                return "".join(self._interleave(shown, [f" {self.sign(sign)} " for sign in signs]))
            case Indicator(condition=condition):
                return self.indicator(self.show(condition))
            case Cases(rows=rows):
                return self.cases(
                    [
                        (self.show(value), None if condition is None else self.show(condition))
                        for value, condition in rows
                    ]
                )
            case Matrix(rows=rows):
                return self.matrix([[self.show(entry) for entry in row] for row in rows])
            case Dots():
                return self.dots()
            case Bars(of=of, double=double):
                return self.bars(self.show(of), double=double)
            case Underbrace(of=of, note=note):
                return self.underbrace(self.show(of), self.show(note))

    def at_least(self, needed: int, node: Node) -> str:
        """The node, in brackets if it holds together less tightly than needed."""
        if brackets.level(node, stacked=self.stacked) >= needed:
            return self.show(node)
        return self.bracketed(self.show(node))

    def argument(self, node: Node) -> str:
        """What stands behind an operator such as ∂/∂w or ∇: a letter or a function's value bare, all else bracketed."""
        return self.show(node) if isinstance(node, Letter | Applied) else self.bracketed(self.show(node))

    def _sum(self, node: Sum) -> str:
        pieces = []
        for position, (term, negative) in enumerate(zip(node.terms, node.negative, strict=True)):
            shown = self.show(term)
            if brackets.term_needs_brackets(node, position):
                shown = self.bracketed(shown)
            if position == 0:
                pieces.append(f"{self.minus}{shown}" if negative else shown)
            else:
                pieces.append(f" {self.minus if negative else '+'} {shown}")
        if len(node.terms) == 1 and not node.negative[0]:
            return f"+{pieces[0]}"
        return "".join(pieces)

    def _product(self, node: Product) -> str:
        shown = [
            self.bracketed(self.show(factor))
            if brackets.factor_needs_brackets(node, position, stacked=self.stacked)
            else self.show(factor)
            for position, factor in enumerate(node.factors)
        ]
        return "".join(self._interleave(shown, [f" {self.sign(sign)} " if sign else " " for sign in node.signs]))

    @staticmethod
    def _interleave(shown: Sequence[str], between: Sequence[str]) -> list[str]:
        return [piece for pair in zip(shown, [*between, ""], strict=True) for piece in pair]

    def keywords(self, node: Applied) -> list[str]:
        """The arguments of a function as shown, named ones last."""
        named = [f"{self.word(name)}={self.show(value)}" for name, value in node.keywords]
        return [self.show(argument) for argument in node.arguments] + named

    @abstractmethod
    def letter(self, letter: Letter) -> str: ...
    @abstractmethod
    def word(self, word: str) -> str: ...
    @abstractmethod
    def sign(self, sign: str) -> str: ...
    @abstractmethod
    def bracketed(self, shown: str) -> str: ...
    @abstractmethod
    def fraction(self, numerator: Node, denominator: Node) -> str: ...
    @abstractmethod
    def power(self, base: str, exponent: Node) -> str: ...
    @abstractmethod
    def transpose(self, of: Node) -> str: ...
    @abstractmethod
    def applied(self, node: Applied) -> str: ...
    @abstractmethod
    def sigma(self, node: BigSum) -> str: ...
    @abstractmethod
    def partial(self, node: Partial) -> str: ...
    @abstractmethod
    def differential(self, of: Node) -> str: ...
    @abstractmethod
    def gradient(self, of: str, by: Letter | None) -> str: ...
    @abstractmethod
    def indicator(self, condition: str) -> str: ...
    @abstractmethod
    def cases(self, rows: list[tuple[str, str | None]]) -> str: ...
    @abstractmethod
    def matrix(self, rows: list[list[str]]) -> str: ...
    @abstractmethod
    def dots(self) -> str: ...
    @abstractmethod
    def bars(self, of: str, *, double: bool) -> str: ...
    @abstractmethod
    def underbrace(self, of: str, note: str) -> str: ...


_INDICES = frozenset("ijklmnpqr")


def needs_comma(left: Mark, right: Mark) -> bool:
    """Whether two subscripts side by side need a comma: always, but between indices (W_{jk}, b_{1,k}, m_{w,jk})."""
    return not {left.text, right.text} <= _INDICES
