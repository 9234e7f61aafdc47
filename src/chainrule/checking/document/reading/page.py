"""What a page is read as: statements, chains a = b = c, each side a tree."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.notation.problems import Problem
from chainrule.notation.tree import Node, Relation


@dataclass(frozen=True)
class Side:
    """One side of a statement: its source text, its tree (None when unread) and the damage stepped over."""

    latex: str
    tree: Node | None
    problems: tuple[Problem, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Statement:
    """A chain of sides with the signs between them.

    Attributes
    ----------
    line : int
        The line of the source where the statement's formula begins, counted from 1.
    sides : tuple of Side
    signs : tuple of str
        The relation before each side but the first.
    continues : bool
        Whether it began with a relation sign: the first side then is the chain's first side, from before.
    given_that : tuple of Relation
        What it is claimed under: z > 0, j = k, j ≠ k.
    superseded : str
        Why a line of code isn't judged by itself: what it assigns is changed in place further down.
    in_code : bool
        Whether it stands in a block of code, whose lines run one after the other.
    """

    line: int
    sides: tuple[Side, ...]
    signs: tuple[str, ...]
    continues: bool = False
    given_that: tuple[Relation, ...] = ()
    superseded: str = ""
    in_code: bool = False


@dataclass(frozen=True)
class Page:
    """A document: its statements in order, and its lines of prose (formulas included) by number."""

    statements: tuple[Statement, ...]
    lines: tuple[str, ...]
