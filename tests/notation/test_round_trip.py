"""Printing and reading are inverses: of every tree, in text and in LaTeX."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.notation.latex import to_latex
from chainrule.notation.parsing import parse
from chainrule.notation.text import to_text
from chainrule.notation.tree import Node
from tests.notation.trees import relations, trees


@pytest.mark.parametrize("printed", [to_text, to_latex])
@settings(max_examples=150, deadline=None)
@given(tree=st.one_of(trees, relations))
def test_what_is_printed_is_read_back_as_the_same_tree(printed: Callable[[Node], str], tree: Node) -> None:
    assert parse(printed(tree)) == tree
