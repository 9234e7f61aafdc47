"""Whether a page writes the derivative of a number by a column as a column: then no line may take it for a row.

Both are usual, and a line alone is judged in either reading; (∂L/∂z)ᵀ aᵀ is right among rows and a slip among columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.checking.document.meaning.generic_layers import generic_letter, is_d_letter
from chainrule.checking.document.meaning.letters import LOSSES
from chainrule.checking.document.reading.statements import Page
from chainrule.notation.tree import Letter, Node, Num, Partial, Product, Transpose, walk

if TYPE_CHECKING:
    from chainrule.checking.document.judging.verdicts import Judge

_LEAST = 2  # lines that hold for columns only
_MOST = 60  # lines that are tried


def writes_columns(page: Page, judge: Judge) -> bool:
    """Whether the page's lines hold for derivatives in columns, and hardly any for rows alone."""
    columns = rows = tried = 0
    for statement in page.statements:
        left = statement.sides[0].tree
        for side, sign in zip(statement.sides[1:], statement.signs, strict=False):
            right = side.tree
            if left is None or right is None or sign != "=" or not _tells(left, right):
                continue
            tried += 1
            as_columns, as_rows = (judge.reads(left, right, rows=each) for each in (False, True))
            columns += as_columns and not as_rows
            rows += as_rows and not as_columns
            if tried == _MOST:
                break
    return columns >= _LEAST and columns > 2 * rows


def _tells(left: Node, right: Node) -> bool:
    """Whether a line multiplies a derivative of the loss by something that is none: its reading then matters."""
    if generic_letter(left) or generic_letter(right) or not isinstance(right, Product):
        return False
    inner = (factor.of if isinstance(factor, Transpose) else factor for factor in right.factors)
    derivatives = all(isinstance(factor, Partial | Num) or is_d_letter(factor) for factor in inner)
    return any(_is_of_loss(part) for part in walk(right)) and not derivatives


def _is_of_loss(node: Node) -> bool:
    of_loss = isinstance(node, Partial) and isinstance(node.of, Letter) and node.of.name in LOSSES
    return of_loss or is_d_letter(node)
