"""The tree of mathematics as people write it: what a pen would put on paper, node by node.

The tree is faithful to the page, not to a meaning: ``AB``, ``A · B`` and ``A ⊙ B`` are three different products, a
subscript is a subscript before it is a layer. Brackets are not nodes; printing puts them where the structure needs
them and reading drops them, so that ``parse(print(tree)) == tree``. What a tree is worth, given values for its
letters, is `chainrule.notation.meaning`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

ProductSign = Literal["", "·", "×", "*", "@", "⊙"]
RelationSign = Literal["=", ":=", "←", "-=", "+=", "<", ">", "≤", "≥", "≠", "≈", "∈", "∝"]
MarkStyle = Literal["plain", "square", "round"]


@dataclass(frozen=True)
class Mark:
    """One decoration above or below a letter: the ``1`` of W₁, the ``[2]`` of W^{[2]}, the ``(i)`` of x⁽ⁱ⁾.

    Plain upper marks are the prime ``′``, the next value's ``+`` and the star ``*`` (a plain number above a letter
    is a power).
    """

    text: str
    style: MarkStyle = "plain"


@dataclass(frozen=True)
class Letter:
    """A symbol with its decorations: W₁, ŷ, A^{[1]}, x⁽ⁱ⁾, W₁⁺, dZ₂, σ′, ReLU.

    Attributes
    ----------
    name : str
        One character (``W``, ``σ``, ``ℒ``, ``𝟏`` for the column of ones), a word (``ReLU``, ``np.sum``) or a ``d``
        before one letter (``dW``), which is read as one symbol.
    accent : str
        ``"hat"``, ``"bar"``, ``"tilde"`` or nothing.
    lower, upper : tuple of Mark
        Subscripts and superscripts, in the order written.
    """

    name: str
    accent: str = ""
    lower: tuple[Mark, ...] = ()
    upper: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Num:
    """A number as written; ``text`` keeps 0.50 and 0.5 apart."""

    text: str

    @property
    def value(self) -> float:
        """The number."""
        return float(self.text)


@dataclass(frozen=True)
class Sum:
    """Terms with signs, as long as the writer made it: a − b + c. One negative term alone is −a."""

    terms: tuple[Node, ...]
    negative: tuple[bool, ...]


@dataclass(frozen=True)
class Product:
    """Factors side by side, with the sign written between each two; read from left to right.

    ``""`` is juxtaposition, ``⊙`` the elementwise product; which of the others means what is the reader's question.
    """

    factors: tuple[Node, ...]
    signs: tuple[ProductSign, ...]


@dataclass(frozen=True)
class Fraction:
    """One thing over another, or with a slash between."""

    numerator: Node
    denominator: Node


@dataclass(frozen=True)
class Power:
    """Base and exponent: (y − ŷ)², e^{−z}."""

    base: Node
    exponent: Node


@dataclass(frozen=True)
class Transpose:
    """Aᵀ, written ᵀ, ^T, ^⊤ or .T."""

    of: Node


@dataclass(frozen=True)
class Applied:
    """A function's name and its arguments in brackets: σ(z), f′(z₁), np.sum(A, axis=1)."""

    function: Letter
    arguments: tuple[Node, ...]
    keywords: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True)
class BigSum:
    """Σ with its indices, bounds (or none) and body: Σᵢ₌₁ⁿ xᵢ.

    The body is the product that follows, and every further term that still mentions an index of the sum.
    ``Σ_{axis=1}`` is the index ``axis`` with the lower bound 1.
    """

    indices: tuple[str, ...]
    start: Node | None
    stop: Node | None
    body: Node


@dataclass(frozen=True)
class Partial:
    """A derivative: ∂L/∂W (``form="fraction"``) or the operator ∂/∂W before what it is applied to.

    ``sign`` is the letter used, ``∂`` or ``d``.
    """

    of: Node
    by: Letter
    form: Literal["fraction", "operator"] = "fraction"
    sign: Literal["∂", "d"] = "∂"


@dataclass(frozen=True)
class Differential:
    """A lone ∂w, with nothing to be over or under. It has no value; that a line contains one is worth telling."""

    of: Node


@dataclass(frozen=True)
class Gradient:
    """∇J, or ∇_W J with respect to W."""

    of: Node
    by: Letter | None = None


@dataclass(frozen=True)
class Relation:
    """Sides with the signs between them: Z = XW + 1bᵀ, z > 0, W := W − α dW, a = b = c."""

    sides: tuple[Node, ...]
    signs: tuple[RelationSign, ...]


@dataclass(frozen=True)
class Indicator:
    """𝟏[Z > 0]: 1 where the condition holds, 0 elsewhere."""

    condition: Relation


@dataclass(frozen=True)
class Cases:
    """A value for each condition; the condition ``None`` is "otherwise"."""

    rows: tuple[tuple[Node, Node | None], ...]


@dataclass(frozen=True)
class Matrix:
    """Entries in rows, in brackets."""

    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True)
class Dots:
    """An ellipsis: …, ⋯ or ⋮."""


@dataclass(frozen=True)
class Bars:
    """|x|, or ‖x‖ when double."""

    of: Node
    double: bool = False


@dataclass(frozen=True)
class Underbrace:
    """Something with a brace under it and what the writer says it equals."""

    of: Node
    note: Node


Node = (
    Letter
    | Num
    | Sum
    | Product
    | Fraction
    | Power
    | Transpose
    | Applied
    | BigSum
    | Partial
    | Differential
    | Gradient
    | Relation
    | Indicator
    | Cases
    | Matrix
    | Dots
    | Bars
    | Underbrace
)

ONES = Letter("𝟏")
_KINDS = frozenset(get_args(Node))
_NODES_IN_TYPE = ("Node", "Letter", "Relation")
# The fields of each kind that may hold nodes: trees are walked too often to look at all.
_HOLDERS: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind) if any(name in str(field.type) for name in _NODES_IN_TYPE))
    for kind in _KINDS
}


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes directly inside a node, in reading order.

    Examples
    --------
    >>> from chainrule.notation.tree import Letter, Power, Num, children
    >>> list(children(Power(Letter("z"), Num("2"))))
    [Letter(name='z', accent='', lower=(), upper=()), Num(text='2')]
    """
    return iter(_inside(node))


def _inside(node: Node) -> list[Node]:
    found: list[Node] = []
    for name in _HOLDERS[type(node)]:
        _gather(getattr(node, name), found)
    return found


def _gather(value: Any, found: list[Node]) -> None:
    """Add the nodes of a field's value to those found."""
    if type(value) in _KINDS:
        found.append(value)
    elif type(value) is tuple:
        for item in value:
            _gather(item, found)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything inside it, in reading order."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        found.append(part)
        if _HOLDERS[type(part)]:
            waiting += reversed(_inside(part))
    return iter(found)


def rewritten(node: Node, rewrite: Callable[[Node], Node | None]) -> Node:
    """The tree with every node that ``rewrite`` gives another for replaced by it, outermost first.

    Examples
    --------
    >>> from chainrule.notation.tree import Letter, Num, Transpose, rewritten
    >>> rewritten(Transpose(Letter("W")), {Letter("W"): Num("2")}.get)
    Transpose(of=Num(text='2'))
    """
    given = rewrite(node)
    if given is not None:
        return given
    changes: dict[str, Any] = {}
    for name in _HOLDERS[type(node)]:
        value = getattr(node, name)
        changed = _rewritten_inside(value, rewrite)
        if changed is not value:
            changes[name] = changed
    return replace(node, **changes) if changes else node


def _rewritten_inside(value: Any, rewrite: Callable[[Node], Node | None]) -> Any:
    if type(value) in _KINDS:
        return rewritten(value, rewrite)
    if type(value) is tuple:
        changed = tuple(_rewritten_inside(item, rewrite) for item in value)
        return value if all(new is old for new, old in zip(changed, value, strict=True)) else changed
    return value


def letters(node: Node) -> Iterator[Letter]:
    """Yield every letter of a tree, functions' names included, in reading order."""
    return (part for part in walk(node) if isinstance(part, Letter))


def mentions(node: Node, index: str) -> bool:
    """Whether a letter of the tree is, or is marked with, the index: both i and x⁽ⁱ⁾ mention ``i``."""
    return any(
        letter.name == index or any(index in _parts(mark.text) for mark in (*letter.lower, *letter.upper))
        for letter in letters(node)
    )


def _parts(text: str) -> list[str]:
    return text.replace("+", " ").replace("-", " ").split()


def negated(node: Node) -> Sum:
    """The node with a minus sign in front."""
    return Sum((node,), (True,))


def equation(left: Node, right: Node, sign: RelationSign = "=") -> Relation:
    """``left = right``."""
    return Relation((left, right), (sign,))
