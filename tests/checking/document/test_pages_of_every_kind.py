"""Pages that derive writes and that were once misjudged or not literally right, each the smallest of its kind.

benchmarks/check_every_derivation.py judges all pages of the zoo, in every layout, preset, form and level of detail.
"""

from __future__ import annotations

import pytest

from chainrule.calculus import derive
from chainrule.checking.document.derivation import check_derivation
from chainrule.network import Network

CASES = {
    "the number above a small letter that only the last layer has": (
        "2 -> 2 tanh -> 1 tanh", "mse", {"symbols": "delta", "detail": "summary"}, "to_text",
    ),
    "letters in a remark of plain text": ("2 -> 1 mish", "mse", {"detail": "full"}, "to_text"),
    "the outputs before the only layer, and a line of prose that begins with for each": (
        "6 -> 3 identity", "mse", {"symbols": "previous", "detail": "full"}, "to_text",
    ),
    "the a of a function's own derivative, where a is the output": (
        "2 -> 2 selu -> 1 identity", "mse", {"layout": "index", "symbols": "previous"}, "to_text",
    ),
    "the number of an equation on a line of its own": (
        "2 -> 2 sigmoid", "binary-focal", {"symbols": "delta", "detail": "summary"}, "to_text",
    ),
    "a step from a product of Jacobians": (
        "3 -> 2 exp -> 2 exp -> 3 softmax", "cross-entropy", {"layout": "sample", "symbols": "d"}, "to_latex",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "loss", "options", "form"), CASES.values(), ids=CASES)
def test_every_line_is_given_or_exact(text, loss, options, form):
    report = check_derivation(getattr(derive(Network.parse(text, loss=loss), **options), form)())
    assert [str(item) for item in report.items if item.verdict not in {"given", "exact"} or item.follows is False] == []
    assert report.notes == ()
