"""Whatever derive writes is given or exact: the pages that once were not, and one of every layout, preset and form.

benchmarks/check_every_derivation.py judges all networks of the zoo in all of them.
"""

from __future__ import annotations

from itertools import product

import pytest

from chainrule.calculus import derive
from chainrule.network import Network
from tests.checking.document.sweeping import DETAILS, FORMS, LAYOUTS, NETWORKS, PRESETS, judged

CASES = {
    "the number above a small letter that only the last layer has": (
        "2 -> 2 tanh -> 1 tanh", "mse", {"symbols": "delta", "detail": "summary"}, "to_text",
    ),
    "letters in a remark of plain text": ("2 -> 1 mish", "mse", {"detail": "full"}, "to_text"),
    "a chain that goes on behind a remark": ("2 -> 1 silu", "mse", {"detail": "full"}, "to_text"),
    "the outputs before the only layer, and a line of prose that begins with for each": (
        "6 -> 3 identity", "mse", {"symbols": "previous", "detail": "full"}, "to_text",
    ),
    "the a of a function's own derivative, where a is the output": (
        "2 -> 2 selu -> 1 identity", "mse", {"layout": "index", "symbols": "previous"}, "to_text",
    ),
    "an error that is passed back through an identity": (
        "2 -> 3 identity -> 4 identity -> 3 softmax", "cross-entropy",
        {"symbols": "delta", "detail": "summary"}, "to_text",
    ),
    "a claim under a condition goes on behind a remark": ("2 -> 3 softmax", "focal", {"detail": "full"}, "to_text"),
    "a step from a product of Jacobians": (
        "3 -> 2 exp -> 2 exp -> 3 softmax", "cross-entropy", {"layout": "sample", "symbols": "d"}, "to_latex",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "loss", "options", "form"), CASES.values(), ids=CASES)
def test_what_was_misjudged_is_given_or_exact(text, loss, options, form):
    verdicts, faults = judged(getattr(derive(Network.parse(text, loss=loss), **options), form)())
    assert faults == []
    assert verdicts["exact"] > 5


def page(number, layout, preset, form, detail):
    """The page of the network that has its turn, or of the next one whose letters this preset can tell apart."""
    names = list(NETWORKS)
    for turn in range(number * 97, number * 97 + len(names)):
        try:
            derivation = derive(NETWORKS[names[turn % len(names)]], layout=layout, symbols=preset, detail=detail)
            return getattr(derivation, form)()
        except ValueError:
            continue
    raise AssertionError("this preset refuses every network")


KINDS = list(product(LAYOUTS, PRESETS, FORMS, DETAILS))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(KINDS)), ids=["-".join(kind) for kind in KINDS])
def test_a_page_of_every_layout_preset_form_and_detail_is_given_or_exact(number):
    verdicts, faults = judged(page(number, *KINDS[number]))
    assert faults == []
    assert verdicts["exact"]
