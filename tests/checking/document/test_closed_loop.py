"""The closed loop: derive's documents are exact, and a slip planted in one line is found there, and named.

benchmarks/check_derivations.py does the same for many more networks.
"""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.network import Network, Penalty
from tests.checking.document.planting import Sheet
from tests.checking.document.slip_catalogue import KINDS
from tests.zoo import REPRESENTATIVES

SLIPS_EACH = 4
FORMS = ("to_markdown", "to_latex", "to_text")
HANDFUL = (
    ("4 -> 3 tanh -> 2 sigmoid", "bce", {"layout": "columns"}, "to_markdown"),
    ("4 -> 3 relu -> 1 identity", "mse", {"layout": "rows", "symbols": "bracket"}, "to_text"),
    ("3 -> 2 softmax", "cross-entropy", {"layout": "sample", "symbols": "delta"}, "to_latex"),
)


def unread_or_wrong(sheet):
    return [
        (item.line, item.verdict, item.latex) for item in sheet.report.items if item.verdict not in {"given", "exact"}
    ]


@pytest.mark.parametrize(
    ("text", "loss", "options", "form"),
    [HANDFUL[0], *(pytest.param(*one, marks=pytest.mark.slow) for one in HANDFUL[1:])],
)
def test_a_document_is_exact_and_a_planted_slip_is_found(text, loss, options, form):
    sheet = Sheet(getattr(derive(Network.parse(text, loss=loss), **options), form)(), unicode=form == "to_text")
    assert unread_or_wrong(sheet) == []
    slip = sheet.plant(np.random.default_rng(7), ("sign", "constant factor"))
    outcome = sheet.outcome(slip)
    assert outcome.caught, outcome.said
    assert outcome.named, outcome.said


def documents():
    """Every representative of the zoo, layouts, presets and forms in turn."""
    for number, animal in enumerate(REPRESENTATIVES):
        layout = ("columns", "rows", "sample", "index")[number % 4]
        preset = ("subscript", "bracket", "delta", "d")[number // 4 % 4]
        yield pytest.param(animal.network, layout, preset, FORMS[number % 3], id=f"{layout}-{preset}-{animal.id}")


@pytest.mark.slow
@pytest.mark.parametrize(("network", "layout", "preset", "form"), list(documents()))
def test_every_document_of_the_zoo_is_exact_and_its_slips_are_found(network, layout, preset, form):
    sheet = Sheet(getattr(derive(network, layout=layout, symbols=preset), form)(), unicode=form == "to_text")
    assert unread_or_wrong(sheet) == []
    rng = np.random.default_rng(11)
    planted = [slip for _ in range(SLIPS_EACH) if (slip := sheet.plant(rng)) is not None]
    assert planted
    missed = [(slip.kind, slip.line, outcome.said) for slip in planted if not (outcome := sheet.outcome(slip)).caught]
    assert missed == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_slip_is_found_and_named(kind):
    network = Network.parse("4 -> 3 tanh -> 2 sigmoid", loss="bce", penalty=Penalty(l2=0.1))
    layout = "index" if kind in {"sum", "index"} else "columns"
    sheet = Sheet(derive(network, layout=layout).to_latex(), unicode=False)
    rng = np.random.default_rng(3)
    slips = [slip for _ in range(3) if (slip := sheet.plant(rng, (kind,))) is not None]
    assert slips
    for slip in slips:
        outcome = sheet.outcome(slip)
        assert outcome.caught, (slip.line, outcome.said)
        assert outcome.named, (slip.line, outcome.said)
