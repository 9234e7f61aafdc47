"""One slip planted at random in one line of what derive writes: that line is wrong, and no other."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.checking.document.derivation import check_derivation
from chainrule.checking.document.meaning.letters import rebuilt
from chainrule.network import Network
from chainrule.notation.latex import to_latex
from chainrule.notation.listing import written_equations
from chainrule.notation.tree import Letter, Node, Partial, Product, Relation, Sum, children, walk

SLIPS_EACH = 6


def _places(node: Node, edit) -> list[Node]:
    """Every tree in which one place has been edited."""
    found = list(edit(node))
    for child in children(node):
        found += [rebuilt(node, {id(child): inner}) for inner in _places(child, edit)]
    return found


def _turned_signs(node: Node) -> list[Node]:
    if not isinstance(node, Sum):
        return []
    flags = [
        tuple(flag != (at == turned) for at, flag in enumerate(node.negative)) for turned in range(len(node.terms))
    ]
    return [Sum(node.terms, negative) for negative in flags]


def _lost_factors(node: Node) -> list[Node]:
    if not isinstance(node, Product):
        return []
    found = []
    for at in range(len(node.factors)):
        rest = node.factors[:at] + node.factors[at + 1 :]
        signs = node.signs[: max(at - 1, 0)] + node.signs[max(at, 1) :]
        found.append(rest[0] if len(rest) == 1 else Product(rest, signs))
    return found


def _other_layers(node: Node) -> list[Node]:
    if not isinstance(node, Partial):
        return []
    layer = node.by.lower[0].text
    other = {"1": "2", "2": "1"}[layer]
    return [Partial(node.of, Letter(node.by.name, lower=(type(node.by.lower[0])(other),)))]


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["columns", "rows", "sample"])
@pytest.mark.parametrize("kind", [_turned_signs, _lost_factors, _other_layers])
def test_the_planted_line_is_wrong_and_no_other(layout, kind):
    derivation = derive(Network.parse("4 -> 3 tanh -> 2 sigmoid", loss="bce"), layout=layout)
    equations = [(equation, tree) for equation, tree, _ in written_equations(derivation)]
    trees = [tree for _, tree in equations]
    planted = [
        (at, candidate)
        for at, (equation, tree) in enumerate(equations)
        if equation.part == "backward"
        for candidate in _places(tree.sides[1], kind)
        if tree.sides[0] not in walk(candidate)  # ∂J/∂b = ∂J/∂b changes no value
    ]
    assert planted
    chosen = np.random.default_rng(1).permutation(len(planted))[:SLIPS_EACH]
    for at, candidate in (planted[one] for one in chosen):
        slipped = [*trees[:at], Relation((trees[at].sides[0], candidate), ("=",)), *trees[at + 1 :]]
        heading = "One sample." if layout == "sample" else "A batch."
        report = check_derivation("\n\n".join([heading, *(f"$${to_latex(tree)}$$" for tree in slipped)]))
        bad = [item for item in report.items if item.verdict not in {"given", "exact"}]
        assert [item.line for item in bad] == [3 + 2 * at], (to_latex(slipped[at]), bad)
        # A factor 1/n or 𝟏 that is lost is right for numbers: the line then is scalar.
        assert bad[0].verdict in {"wrong", "scalar"}
        assert bad[0].slip or bad[0].verdict == "scalar"
