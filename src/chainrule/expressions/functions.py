"""Scalar functions of one variable as values: the rows of the table of activations, and users' own."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from chainrule.expressions.intervals import Interval
from chainrule.expressions.terms import Call, Number, Reduce, Size, Symbol, Term, walk

MAX_DEPTH = 100  # of an expression in functions and losses, and in JSON; far from the interpreter's own limit


@dataclass(frozen=True)
class Function:
    """A scalar function of one variable as a row of a table, or as a user's own value.

    Parameters
    ----------
    name : str
        ``"sigmoid"``.
    definition : Term
        What the function is, in the symbol ``z`` and elementary operations.
    stable : Term, optional
        The form that is computed, in ``z``: equal to the definition, without its overflow and cancellation.
    derivative : Term, optional
        The form of f′ that is computed, in ``z`` and the function's own output ``a``.
        Without it, f′ is the derivative of the definition.
    kinks : tuple of float
        Points where f′ jumps; the value there is the one that `derivative` gives.
    range : Interval, optional
        Where the values lie; needed to admit a loss with a restricted domain.
    parameters : tuple of (str, float)
        Values that are part of the function: ``(("slope", 0.01),)``.
    keeps_sign : bool
        Whether f(z) ≤ 0 exactly where z ≤ 0, so that an engine may test the output in place of the input.

    Raises
    ------
    ValueError
        If the name is not a name, a form has other symbols, is not pointwise or is nested more than 100 deep, or a
        number is not finite.
    """

    name: str
    definition: Term
    stable: Term | None = None
    derivative: Term | None = None
    kinks: tuple[float, ...] = ()
    range: Interval | None = None
    parameters: tuple[tuple[str, float], ...] = ()
    keeps_sign: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinks", tuple(float(kink) for kink in self.kinks))
        object.__setattr__(self, "parameters", tuple((str(name), float(value)) for name, value in self.parameters))
        check_name(self.name, "function")
        check_finite(self.kinks, f"function {self.name!r}: kinks")
        check_finite([value for _, value in self.parameters], f"function {self.name!r}: parameters")
        for role, form, names in (
            ("definition", self.definition, ("z",)),
            ("stable", self.stable, ("z",)),
            ("derivative", self.derivative, ("z", "a")),
        ):
            if form is not None:
                check_pointwise(form, f"function {self.name!r}: {role}", names)

    def __repr__(self) -> str:
        values = "".join(f", {name}={value!r}" for name, value in self.parameters)
        return f"Function({self.name!r}, {str(self.definition)!r}{values})"

    @property
    def computed(self) -> Term:
        """The form to evaluate, in ``z``."""
        return self.definition if self.stable is None else self.stable


def check_name(name: object, kind: str) -> None:
    """Raise ValueError unless a function's or loss's name can be printed and read back."""
    if not (isinstance(name, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name)) or name == "dropout":
        raise ValueError(f"the name of a {kind} must be a letter, then letters, digits, _ or -; got {name!r}")


def check_finite(values: Iterable[float], where: str) -> None:
    """Raise ValueError unless all numbers are finite: JSON has no others."""
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"{where} must be finite, got {value}")


def check_pointwise(form: Term, where: str, names: tuple[str, ...]) -> None:
    """Raise ValueError unless a term is made of finite numbers, elementary operations, calls and these symbols.

    Nor may it be nested more than `MAX_DEPTH` deep, functions that it calls included.
    """
    if not isinstance(form, Term):
        raise ValueError(f"{where} must be a term in {' and '.join(names)}, got {type(form).__name__}")
    _check_depth(form, where)
    for node in walk(form):
        if isinstance(node, Reduce | Size) or (isinstance(node, Symbol) and (node.axes or node.name not in names)):
            raise ValueError(f"{where} must be pointwise, in the symbols {' and '.join(names)} only; it has {node}")
        if isinstance(node, Number):
            check_finite([node.value], f"{where}: numbers")


def _check_depth(form: Term, where: str) -> None:
    waiting = [(form, 0)]  # a stack of its own: a term may be deeper than Python recurses
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"{where} must be nested at most {MAX_DEPTH} deep")
        called = [node.function] if isinstance(node, Call) else []
        forms = [part for row in called for part in (row.definition, row.stable, row.derivative) if part is not None]
        waiting += [(below, depth + 1) for below in (*node.children, *forms)]
