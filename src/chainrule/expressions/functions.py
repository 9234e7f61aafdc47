"""Scalar functions of one variable as values: the rows of the table of activations, and users' own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chainrule.expressions.intervals import Interval
from chainrule.expressions.terms import Reduce, Size, Symbol, Term, walk


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
        for role, form, names in (
            ("definition", self.definition, ("z",)),
            ("stable", self.stable, ("z",)),
            ("derivative", self.derivative, ("z", "a")),
        ):
            if form is not None:
                check_pointwise(form, f"function {self.name!r}: {role}", names)

    @property
    def computed(self) -> Term:
        """The form to evaluate, in ``z``."""
        return self.definition if self.stable is None else self.stable


def check_name(name: object, kind: str) -> None:
    """Raise ValueError unless a function's or loss's name can be printed and read back."""
    if not (isinstance(name, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name)) or name == "dropout":
        raise ValueError(f"the name of a {kind} must be a letter, then letters, digits, _ or -; got {name!r}")


def check_pointwise(form: Term, where: str, names: tuple[str, ...]) -> None:
    """Raise ValueError unless a term is made of numbers, elementary operations, calls and these symbols."""
    if not isinstance(form, Term):
        raise ValueError(f"{where} must be a term in {' and '.join(names)}, got {type(form).__name__}")
    for node in walk(form):
        if isinstance(node, Reduce | Size) or (isinstance(node, Symbol) and (node.axes or node.name not in names)):
            raise ValueError(f"{where} must be pointwise, in the symbols {' and '.join(names)} only; it has {node}")
