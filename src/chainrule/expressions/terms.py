"""The tree that every equation is made of.

A *term* is a number, a symbol with named axes, the length of an axis, an elementary operation, a call of a
function of the table, or a reduction.  Elementary operations and calls are pointwise over the *union* of their
arguments' axes: broadcasting goes by name, so a bias ``b1[u1]`` added to ``Z1[i,u1]`` or a sample weight ``w[i]``
multiplying a loss needs no special case.  A matrix product is the sum of a product over the axis they share.

Axes are strings: ``"i"`` counts samples, ``"u0"``, ``"u1"``, … count the units of layer 0, 1, ….
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.expressions.functions import Function

Axes = tuple[str, ...]

SAMPLES = "i"


def units(layer: int) -> str:
    """The axis that counts the units of a layer; layer 0 is the input."""
    return f"u{layer}"


def union(*groups: Iterable[str]) -> Axes:
    """All axes of the groups once, samples first, then the layers in order."""
    return tuple(sorted({axis for group in groups for axis in group}, key=lambda axis: (len(axis), axis)))


class Term:
    """Base of all nodes: arithmetic on terms builds terms.

    Examples
    --------
    >>> z = Symbol("z")
    >>> print(1 / (1 + exp(-z)))
    1 / (1 + exp(-z))
    """

    @property
    def axes(self) -> Axes:
        """The axes that the term varies over, samples first."""
        return ()

    @property
    def children(self) -> tuple[Term, ...]:
        """The terms directly below this one."""
        return ()

    def with_children(self, children: tuple[Term, ...]) -> Term:
        """The same node over other children."""
        if children:
            raise ValueError(f"{self} has no children")
        return self

    def __add__(self, other: Term | float) -> Term:
        return add(self, other)

    def __radd__(self, other: Term | float) -> Term:
        return add(other, self)

    def __sub__(self, other: Term | float) -> Term:
        return sub(self, other)

    def __rsub__(self, other: Term | float) -> Term:
        return sub(other, self)

    def __mul__(self, other: Term | float) -> Term:
        return mul(self, other)

    def __rmul__(self, other: Term | float) -> Term:
        return mul(other, self)

    def __truediv__(self, other: Term | float) -> Term:
        return div(self, other)

    def __rtruediv__(self, other: Term | float) -> Term:
        return div(other, self)

    def __pow__(self, exponent: Term | float) -> Term:
        return power(self, exponent)

    def __neg__(self) -> Term:
        return neg(self)

    def __str__(self) -> str:
        from chainrule.expressions.printing import plain  # which reads this module

        return plain(self)


@dataclass(frozen=True)
class Number(Term):
    """A constant."""

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", float(self.value))

    __str__ = Term.__str__


@dataclass(frozen=True)
class Symbol(Term):
    """A named value: ``Symbol("W1", ("u0", "u1"))``."""

    name: str
    axes: Axes = ()

    __str__ = Term.__str__


@dataclass(frozen=True)
class Size(Term):
    """The length of an axis: ``Size("i")`` is the number of samples n."""

    axis: str

    __str__ = Term.__str__


@dataclass(frozen=True)
class Apply(Term):
    """An elementary operation (a row of `operations.OPERATIONS`), pointwise over its arguments."""

    operation: str
    arguments: tuple[Term, ...]

    @cached_property
    def axes(self) -> Axes:
        return union(*(argument.axes for argument in self.arguments))

    @property
    def children(self) -> tuple[Term, ...]:
        return self.arguments

    def with_children(self, children: tuple[Term, ...]) -> Term:
        return Apply(self.operation, children)

    __str__ = Term.__str__


@dataclass(frozen=True)
class Call(Term):
    """f(z), or with ``order=1`` its derivative f′(z), for a `Function` f."""

    function: Function
    argument: Term
    order: int = 0

    @property
    def axes(self) -> Axes:
        return self.argument.axes

    @property
    def children(self) -> tuple[Term, ...]:
        return (self.argument,)

    def with_children(self, children: tuple[Term, ...]) -> Term:
        return Call(self.function, children[0], self.order)

    __str__ = Term.__str__


@dataclass(frozen=True)
class Reduce(Term):
    """``sum``, ``max`` or ``logsumexp`` of a term over some of its axes."""

    operation: str
    over: Axes
    operand: Term

    def __post_init__(self) -> None:
        missing = [axis for axis in self.over if axis not in self.operand.axes]
        if missing:
            raise ValueError(f"cannot reduce over {missing}: {self.operand} has the axes {list(self.operand.axes)}")

    @cached_property
    def axes(self) -> Axes:
        return tuple(axis for axis in self.operand.axes if axis not in self.over)

    @property
    def children(self) -> tuple[Term, ...]:
        return (self.operand,)

    def with_children(self, children: tuple[Term, ...]) -> Term:
        return Reduce(self.operation, self.over, children[0])

    __str__ = Term.__str__


# ---------------------------------------------------------------- building, with the folding that goes without saying
ZERO, ONE = Number(0), Number(1)


def term(value: Term | float) -> Term:
    """A number as a term; a term as it is."""
    return value if isinstance(value, Term) else Number(value)


def is_number(value: Term, number: float) -> bool:
    """Whether a term is this very constant."""
    return isinstance(value, Number) and value.value == number


def add(left: Term | float, right: Term | float) -> Term:
    """left + right."""
    left, right = term(left), term(right)
    if is_number(left, 0):
        return right
    if is_number(right, 0):
        return left
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value + right.value)
    return Apply("add", (left, right))


def sub(left: Term | float, right: Term | float) -> Term:
    """left − right."""
    left, right = term(left), term(right)
    if is_number(right, 0):
        return left
    if is_number(left, 0):
        return neg(right)
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value - right.value)
    return Apply("sub", (left, right))


def neg(value: Term | float) -> Term:
    """−value."""
    value = term(value)
    if isinstance(value, Number):
        return Number(-value.value)
    if isinstance(value, Apply) and value.operation == "neg":
        return value.arguments[0]
    return Apply("neg", (value,))


def mul(left: Term | float, right: Term | float) -> Term:
    """left · right, pointwise."""
    left, right = term(left), term(right)
    if is_number(left, 0) or is_number(right, 0):
        return ZERO
    if is_number(left, 1):
        return right
    if is_number(right, 1):
        return left
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value * right.value)
    return Apply("mul", (left, right))


def div(left: Term | float, right: Term | float) -> Term:
    """left / right, pointwise."""
    left, right = term(left), term(right)
    if is_number(right, 1):
        return left
    if is_number(left, 0):
        return ZERO
    return Apply("div", (left, right))


def power(base: Term | float, exponent: Term | float) -> Term:
    """base ** exponent, pointwise."""
    base, exponent = term(base), term(exponent)
    if is_number(exponent, 0):
        return ONE
    if is_number(exponent, 1):
        return base
    return Apply("pow", (base, exponent))


def _unary(operation: str) -> Callable[[Term | float], Term]:
    def build(value: Term | float) -> Term:
        return Apply(operation, (term(value),))

    build.__name__ = operation
    build.__doc__ = f"``{operation}`` of a term, pointwise."
    return build


exp, expm1, log, log1p = _unary("exp"), _unary("expm1"), _unary("log"), _unary("log1p")
sqrt, tanh, erf, erfc = _unary("sqrt"), _unary("tanh"), _unary("erf"), _unary("erfc")
absolute, sign = _unary("abs"), _unary("sign")


def less(left: Term | float, right: Term | float) -> Term:
    """1 where left < right, else 0 (also where either is NaN)."""
    return Apply("less", (term(left), term(right)))


def less_equal(left: Term | float, right: Term | float) -> Term:
    """1 where left ≤ right, else 0 (also where either is NaN)."""
    return Apply("less_equal", (term(left), term(right)))


def select(condition: Term, yes: Term | float, no: Term | float) -> Term:
    """`yes` where the condition holds, else `no`.  Put what must pass a NaN on into `no`."""
    return Apply("select", (condition, term(yes), term(no)))


def minimum(left: Term | float, right: Term | float) -> Term:
    """The smaller of the two; NaN where either is NaN."""
    return Apply("min", (term(left), term(right)))


def total(value: Term, over: Iterable[str], operation: str = "sum") -> Term:
    """`value` reduced over those of the axes that it has; the others are passed over (`reduced` counts them)."""
    over = tuple(axis for axis in value.axes if axis in set(over))
    return Reduce(operation, over, value) if over else value


def reduced(operation: str, over: Axes, operand: Term) -> Term:
    """`operand` reduced over all of the axes, though it may be constant along some: Σ of n equal terms is n times one.

    What `total` passes over is counted here.

    Examples
    --------
    >>> print(reduced("sum", ("i", "u1"), Symbol("b1", ("u1",))))
    size(i) * sum[u1](b1)
    """
    value = total(operand, over, operation)
    for axis in over:
        if axis not in operand.axes:
            value = {"sum": mul(Size(axis), value), "max": value, "logsumexp": add(value, log(Size(axis)))}[operation]
    return value


def matrix_product(left: Term, right: Term, over: str) -> Term:
    """The matrix product: Σ over the shared axis of left · right."""
    return Reduce("sum", (over,), Apply("mul", (left, right)))


# ---------------------------------------------------------------- walking
def walk(root: Term) -> Iterator[Term]:
    """The term and every term below it, parents first."""
    yield root
    for child in root.children:
        yield from walk(child)


def symbols(root: Term) -> tuple[Symbol, ...]:
    """The distinct symbols of a term in order of appearance."""
    return tuple(dict.fromkeys(node for node in walk(root) if isinstance(node, Symbol)))


def replace(root: Term, by: Mapping[Term, Term]) -> Term:
    """The term with every occurrence of a key replaced by its value, outermost first, folded again.

    Examples
    --------
    >>> z, a = Symbol("z"), Symbol("a")
    >>> print(replace(exp(z) * 2, {exp(z): a}))
    a * 2
    """
    if root in by:
        return by[root]
    if not root.children:
        return root
    children = tuple(replace(child, by) for child in root.children)
    return root if children == root.children else rebuild(root, children)


def rebuild(node: Term, children: tuple[Term, ...]) -> Term:
    """The node over new children, with the folding of the building functions."""
    if isinstance(node, Apply) and node.operation in FOLDING:
        return FOLDING[node.operation](*children)
    if isinstance(node, Reduce):
        return reduced(node.operation, node.over, *children)
    return node.with_children(children)


FOLDING: dict[str, Callable[..., Term]] = {
    "add": add,
    "sub": sub,
    "neg": neg,
    "mul": mul,
    "div": div,
    "pow": power,
}
