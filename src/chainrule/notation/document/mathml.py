"""A tree as MathML, which browsers show without any script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from chainrule.notation import brackets
from chainrule.notation.alphabet import ONES_NAME
from chainrule.notation.printing import needs_comma
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

_ACCENTS = {"hat": "^", "bar": "¯", "tilde": "~"}


def to_mathml(node: Node, *, display: bool = False) -> str:
    """The tree as one ``<math>`` element.

    Examples
    --------
    >>> from chainrule.notation.tree import Letter, Mark
    >>> print(to_mathml(Letter("W", lower=(Mark("1"),))))
    <math><msub><mi>W</mi><mn>1</mn></msub></math>
    """
    attributes = ' displaystyle="true"' if display else ""
    return f"<math{attributes}>{shown(node)}</math>"


def shown(node: Node) -> str:
    """The tree as MathML without the outer element."""
    match node:
        case Letter():
            return _letter(node)
        case Num(text):
            return f"<mn>{escape(text)}</mn>"
        case Sum(terms, negative):
            return _row(_sum(node, terms, negative))
        case Product(factors, signs):
            return _row(_product(node, factors, signs))
        case Fraction(numerator, denominator):
            return f"<mfrac>{shown(numerator)}{shown(denominator)}</mfrac>"
        case Power(Letter(upper=()) as base, exponent):
            return _letter(base, shown(exponent))
        case Power(base, exponent):
            return f"<msup>{_row([_tight(base)])}{shown(exponent)}</msup>"
        case Transpose(Letter() as of):
            return _letter(of, _tight_sign("⊤"))
        case Transpose(of):
            return f"<msup>{_row([_tight(of)])}{_tight_sign('⊤')}</msup>"
        case Applied():
            return _applied(node)
        case BigSum():
            return _row([_sigma(node), _at_least(brackets.PRODUCT, node.body)])
        case Partial():
            return _partial(node)
        case Differential(of):
            return _row(["<mo>∂</mo>", _argument(of)])
        case Gradient(of, by):
            nabla = "<mi>∇</mi>" if by is None else f"<msub><mi>∇</mi>{_letter(by)}</msub>"
            return _row([nabla, _argument(of)])
        case Relation(sides, signs):
            parts = [_at_least(brackets.SUM, sides[0])]
            for sign, side in zip(signs, sides[1:], strict=True):
                parts += [_operator(sign), _at_least(brackets.SUM, side)]
            return _row(parts)
        case Indicator(condition):
            return _row(["<mn>𝟏</mn>", *_fenced("[", shown(condition), "]")])
        case Cases(rows):
            return _row(["<mo>{</mo>", _table([[value, _condition(when)] for value, when in _cells(rows)], "cases")])
        case Matrix(rows):
            return _row(_fenced("[", _table([[shown(entry) for entry in row] for row in rows], ""), "]"))
        case Dots():
            return "<mo>…</mo>"
        case Bars(of, double):
            bar = "‖" if double else "|"
            return _row(_fenced(bar, shown(of), bar))
        case Underbrace(of, note):
            return f"<munder><munder>{shown(of)}<mo>⏟</mo></munder>{shown(note)}</munder>"


def _row(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"


def _operator(sign: str) -> str:
    return f"<mo>{escape(sign)}</mo>"


def _fenced(left: str, inner: str, right: str) -> list[str]:
    if not any(tall in inner for tall in _TALL):
        return [_tight_sign(left), inner, _tight_sign(right)]
    close = 'fence="true" lspace="0" rspace="0"'
    return [f"<mo {close}>{left}</mo>", inner, f"<mo {close}>{right}</mo>"]


_TALL = ("<mfrac", "<munder", "<mtable")


def _bracketed(inner: str) -> str:
    left, right = ("[", "]") if ">(<" in inner else ("(", ")")
    return _row(_fenced(left, inner, right))


def _at_least(needed: int, node: Node) -> str:
    return shown(node) if brackets.level(node, stacked=True) >= needed else _bracketed(shown(node))


def _tight(node: Node) -> str:
    return _at_least(brackets.ATOM, node)


def _argument(node: Node) -> str:
    return shown(node) if isinstance(node, Letter | Applied) else _bracketed(shown(node))


def _sum(node: Sum, terms: tuple[Node, ...], negative: tuple[bool, ...]) -> list[str]:
    parts: list[str] = []
    for position, (term, minus) in enumerate(zip(terms, negative, strict=True)):
        inner = shown(term)
        if position or minus or len(terms) == 1:
            form = "" if position else ' form="prefix"'
            parts.append(f"<mo{form}>{'−' if minus else '+'}</mo>")
        parts.append(_bracketed(inner) if brackets.term_needs_brackets(node, position) else inner)
    return parts


def _product(node: Product, factors: tuple[Node, ...], signs: Sequence[str]) -> list[str]:
    parts: list[str] = []
    for position, factor in enumerate(factors):
        if position:
            sign = signs[position - 1]
            parts.append(_operator(sign) if sign else '<mspace width="0.17em"/>')
        inner = shown(factor)
        needs = brackets.factor_needs_brackets(node, position, stacked=True)
        parts.append(_bracketed(inner) if needs else inner)
    return parts


def _applied(node: Applied) -> str:
    if node.function == Letter("sqrt") and len(node.arguments) == 1 and not node.keywords:
        return f"<msqrt>{shown(node.arguments[0])}</msqrt>"
    arguments = [shown(argument) for argument in node.arguments]
    arguments += [f"<mrow><mi>{escape(name)}</mi><mo>=</mo>{shown(value)}</mrow>" for name, value in node.keywords]
    return _row([_letter(node.function), "<mo>&#x2061;</mo>", *_fenced("(", "<mo>,</mo>".join(arguments), ")")])


def _sigma(node: BigSum) -> str:
    below = "<mo>,</mo>".join(f"<mi>{escape(index)}</mi>" for index in node.indices)
    if node.start is not None:
        below = f"{below}<mo>=</mo>{shown(node.start)}"
    if not below:
        return "<mo>∑</mo>" if node.stop is None else f"<mover><mo>∑</mo>{shown(node.stop)}</mover>"
    below = f"<mrow>{below}</mrow>"
    if node.stop is None:
        return f"<munder><mo>∑</mo>{below}</munder>"
    return f"<munderover><mo>∑</mo>{below}{shown(node.stop)}</munderover>"


def _partial(node: Partial) -> str:
    sign = "<mo>∂</mo>" if node.sign == "∂" else "<mi>d</mi>"
    under = _row([sign, _letter(node.by)])
    if node.form == "operator":
        return _row([f"<mfrac>{sign}{under}</mfrac>", _argument(node.of)])
    return f"<mfrac>{_row([sign, _argument(node.of)])}{under}</mfrac>"


def _letter(letter: Letter, more: str = "") -> str:
    name = letter.name
    base = f"<mi>{escape(name)}</mi>"
    if letter.name == ONES_NAME:
        base = "<mn>𝟏</mn>"
    elif len(name) == 2 and name[0] == "d":  # dW, one symbol of two letters
        base = f"<mrow><mi>d</mi><mi>{name[1]}</mi></mrow>"
    if letter.accent:
        base = f'<mover accent="true">{base}<mo>{_ACCENTS[letter.accent]}</mo></mover>'
    lower, upper = _marks(letter.lower), _marks(letter.upper) + more
    if lower and upper:
        return f"<msubsup>{base}{_group(lower)}{_group(upper)}</msubsup>"
    if lower:
        return f"<msub>{base}{_group(lower)}</msub>"
    return f"<msup>{base}{_group(upper)}</msup>" if upper else base


def _group(inner: str) -> str:
    return inner if inner.count("</") == 1 else f"<mrow>{inner}</mrow>"


def _marks(marks: tuple[Mark, ...]) -> str:
    pieces: list[str] = []
    for position, mark in enumerate(marks):
        if position and needs_comma(marks[position - 1], mark) and mark.style == "plain" and mark.text not in "+′":
            pieces.append("<mo>,</mo>")
        pieces.append(_mark(mark))
    return "".join(pieces)


def _mark(mark: Mark) -> str:
    name, _, layer = mark.text.partition("_")
    inner = _index(name)
    if layer:
        inner = f"<msub>{inner}<mn>{escape(layer)}</mn></msub>"
    left, right = {"plain": ("", ""), "square": ("[", "]"), "round": ("(", ")")}[mark.style]
    return f"{_tight_sign(left)}{inner}{_tight_sign(right)}" if left else inner


def _tight_sign(sign: str) -> str:
    """A sign without the space that an operator has around it."""
    return f'<mo stretchy="false" lspace="0" rspace="0">{sign}</mo>'


def _index(text: str) -> str:
    if text.isdigit():
        return f"<mn>{text}</mn>"
    if text in {"+", "′", "*"}:
        return _tight_sign(text)
    for sign in "+-":
        left, found, right = text.partition(sign)
        if found and left and right:
            return f"{_index(left)}<mo>{'−' if sign == '-' else '+'}</mo>{_index(right)}"
    return f"<mi>{escape(text)}</mi>"


def _cells(rows: tuple[tuple[Node, Node | None], ...]) -> list[tuple[str, str | None]]:
    return [(shown(value), None if when is None else shown(when)) for value, when in rows]


def _condition(when: str | None) -> str:
    return "<mtext>otherwise</mtext>" if when is None else f"<mrow><mtext>if&#xA0;</mtext>{when}</mrow>"


def _table(rows: list[list[str]], name: str) -> str:
    cells = "".join(f"<mtr>{''.join(f'<mtd>{cell}</mtd>' for cell in row)}</mtr>" for row in rows)
    attributes = f' class="{name}"' if name else ""
    return f"<mtable{attributes}>{cells}</mtable>"
