"""Gradients too small to matter become 0 where they begin, before products make subnormal numbers of them.

A sample that a network classifies beyond doubt has probabilities such as 1e-40 for the other classes, and so has its
gradient. Processors take a hundred cycles for each operation on such subnormal numbers, which every product on the way
back multiplies: two samples in a batch of 256 doubled the time of a step, and a training that went on took eight times
as long. Numbers smaller than a bound change no sum that they are added to by a rounding, as a sample's share of a mean
gradient is at most 1/s. Flushing to zero would be a mode of the whole processor, which other code would notice.
"""

from __future__ import annotations

from chainrule.engines.jit.statements import Statement, Statements
from chainrule.expressions.terms import SAMPLES, Symbol, absolute, less, select

__all__ = ["SMALLEST", "without_small_gradients"]

SMALLEST = {4: 2.0**-64, 8: 2.0**-500}
"""By the bytes of a number. What is left has room for more factors than layers before it is subnormal."""


def without_small_gradients(program: Statements, number_bytes: int) -> Statements:
    """The gradient by the output layer's Z, from which all others are computed, without its small numbers.

    NaN passes.
    """
    statements: list[Statement] = []
    for place, statement in enumerate(program.statements):
        if _is_gradient_by_z(statement):
            exact = Symbol(f"{statement.symbol.name} exact", statement.symbol.axes)
            statements.append(Statement(exact, statement.term, statement.operation, statement.over))
            kept = select(less(absolute(exact), SMALLEST[number_bytes]), 0, exact)
            statements.append(Statement(statement.symbol, kept))
            return Statements((*statements, *program.statements[place + 1 :]), program.table, program.scalars)
        statements.append(statement)
    return program


def _is_gradient_by_z(statement: Statement) -> bool:
    axes, name = statement.symbol.axes, statement.symbol.name
    return name.startswith("dZ") and len(axes) == 2 and axes[0] == SAMPLES
