"""Sums of squares that a running program needs, such as the global norm, beyond the squares that float32 can hold.

The square of a gradient beyond 2^64 is infinite in float32, and clipping by an infinite norm would silently make the
step zero. Large and other numbers are summed apart, the large ones scaled down by a power of two (Blue, "A portable
Fortran program to find the Euclidean norm of a vector", 1978); the program joins the two sums in float64.
"""

from __future__ import annotations

from chainrule.engines.jit.statements import Statement, Statements
from chainrule.expressions.terms import (
    SAMPLES,
    Apply,
    Number,
    Symbol,
    Term,
    absolute,
    less_equal,
    replace,
    select,
    symbols,
)

__all__ = ["with_large_squares_apart"]

_LARGE = 2.0**60  # a panel's 32 squares of smaller numbers have a finite sum
_SCALE = 2.0**-70  # so have those of the largest numbers, scaled


def with_large_squares_apart(program: Statements) -> Statements:
    """Every sum of squares of a parameter's axes that later statements depend on, as two sums.

    Parameters
    ----------
    program : Statements
        For float32.
    """
    running = _needed_while_running(program)
    statements: list[Statement] = []
    joined: dict[Term, Term] = {}
    for statement in program.statements:
        match statement.term:
            case Apply("pow", (base, Number(2.0))) if _is_running_total(statement, running):
                large = Symbol(f"{statement.symbol.name} large")
                usual = less_equal(absolute(base), _LARGE)
                # NaN is not usual, so it reaches the sum of the large ones.
                statements.append(_total(statement.symbol, select(usual, base, 0) ** 2, statement))
                statements.append(_total(large, select(usual, 0, base * _SCALE) ** 2, statement))
                joined[statement.symbol] = statement.symbol + large * _SCALE**-2
            case _:
                statements.append(statement)
    scalars = tuple((symbol, replace(term, joined)) for symbol, term in program.scalars)
    return Statements(tuple(statements), program.table, scalars)


def _total(symbol: Symbol, term: Term, like: Statement) -> Statement:
    return Statement(symbol, term, like.operation, like.over)


def _is_running_total(statement: Statement, running: set[str]) -> bool:
    return statement.operation == "sum" and statement.symbol.name in running and SAMPLES not in statement.over


def _needed_while_running(program: Statements) -> set[str]:
    """What the program's statements depend on through its scalars."""
    used = {symbol.name for statement in program.statements for symbol in statement.uses}
    for symbol, term in reversed(program.scalars):
        if symbol.name in used:
            used |= {inner.name for inner in symbols(term)}
    return used
