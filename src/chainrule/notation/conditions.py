"""Choices by a condition, as indicators: select(Z ≤ 0, s, 1) is s 𝟏[Z ≤ 0] + 𝟏[Z > 0]."""

from __future__ import annotations

from chainrule.expressions.terms import Apply, Term, is_number
from chainrule.notation.arithmetic import Write, elementwise, juxtaposed
from chainrule.notation.tree import Indicator, Node, Num, Relation, RelationSign, Sum

_SIGNS: dict[str, tuple[RelationSign, RelationSign]] = {"less_equal": ("≤", ">"), "less": ("<", "≥")}


def indicator(term: Term, write: Write, *, matrices: bool = False) -> Node:
    """A comparison or a choice; with `matrices`, an indicator multiplies elementwise."""
    match term:
        case Apply("less" | "less_equal", (left, right)):
            return _holds(term, left, right, write, opposite=False)
        case Apply("select", (Apply("less" | "less_equal", (left, right)) as condition, yes, no)):
            parts = [
                _times(value, _holds(condition, left, right, write, opposite=opposite), write, matrices)
                for value, opposite in ((yes, False), (no, True))
                if not is_number(value, 0)
            ]
            if not parts:
                return Num("0")
            return parts[0] if len(parts) == 1 else Sum(tuple(parts), (False,) * len(parts))
    raise TypeError(f"not a choice by a comparison: {term}")


def _holds(condition: Term, left: Term, right: Term, write: Write, *, opposite: bool) -> Node:
    signs = _SIGNS[condition.operation if isinstance(condition, Apply) else ""]
    return Indicator(Relation((write(left), write(right)), (signs[opposite],)))


def _times(value: Term, holds: Node, write: Write, matrices: bool) -> Node:
    if is_number(value, 1):
        return holds
    written = write(value)
    return elementwise([written, holds]) if matrices and value.axes else juxtaposed([written, holds])
