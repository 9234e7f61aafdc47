"""What derive writes is judged exact; with one slip planted, the line is found and the slip is named."""

from __future__ import annotations

import pytest

from chainrule.calculus import derive
from chainrule.checking.document.derivation import check_derivation
from chainrule.network import Network
from chainrule.notation.latex import to_latex
from chainrule.notation.listing import written_equations

NETWORKS = (
    ("4 -> 3 tanh -> 2 sigmoid", "bce"),
    ("4 -> 3 relu -> 1 identity", "squared-error"),
    ("4 -> 3 tanh -> 2 softmax", "cross-entropy"),
    ("4 -> 3 sigmoid -> 5 tanh -> 1 sigmoid", "bce"),
)
LAYOUTS = ("columns", "rows", "sample", "index")


def page(text, loss, layout):
    """The derivation as a Markdown page, one formula a line."""
    derivation = derive(Network.parse(text, loss=loss), layout=layout)
    heading = "The derivation for one sample." if layout == "sample" else "The derivation."
    formulas = [f"$${to_latex(tree)}$$" for _, tree, _ in written_equations(derivation)]
    return "\n\n".join([heading, *formulas])


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("text", "loss"), NETWORKS)
def test_what_derive_writes_is_exact(text, loss, layout):
    report = check_derivation(page(text, loss, layout))
    assert {item.verdict for item in report.items} == {"given", "exact"}, str(report)
    gradients = [item for item in report.items if item.left.startswith(r"\frac{\partial J}")]
    assert gradients
    assert {item.verdict for item in gradients} == {"exact"}


SLIPS = (
    (r"= \frac{1}{n} (A_2 - Y)", r"= \frac{1}{n} (Y - A_2)", "wrong sign"),
    (r"= \frac{1}{n} (A_2 - Y)", r"= \frac{2}{n} (A_2 - Y)", "twice what is right"),
    (r"= \frac{1}{n} (A_2 - Y)", r"= \frac{1}{n} (A_2 + Y)", "wrong sign"),
    (r"\odot (1 - A_1 \odot A_1)", r"\odot (1 - A_1 \odot Z_1)", "Z₁ instead of A₁"),
    (
        r"= \frac{\partial J}{\partial Z_1} X^\top",
        r"= \frac{\partial J}{\partial Z_2} X^\top",
        "differentiated by Z₂ instead of Z₁",
    ),
    (r"= \frac{\partial J}{\partial Z_2} A_1^\top", r"= \frac{\partial J}{\partial Z_2} Z_1^\top", "Z₁ instead of A₁"),
)


@pytest.mark.parametrize(("right", "wrong", "slip"), SLIPS)
def test_a_planted_slip_is_found_in_its_line_and_named(right, wrong, slip):
    text = page("4 -> 3 tanh -> 2 sigmoid", "bce", "columns")
    assert text.count(right) == 1
    line = text[: text.index(right)].count("\n") + 1
    report = check_derivation(text.replace(right, wrong))
    bad = [item for item in report.items if item.verdict == "wrong"]
    assert [(item.line, item.origin) for item in bad] == [(line, "root")]
    assert bad[0].slip == slip


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r"Z_1} X^\top", r"Z_1} X"),
        (r"A_1} \odot (1", r"A_1} (1"),
        (r"W_2^\top \frac{\partial J}{\partial Z_2}", r"\frac{\partial J}{\partial Z_2} W_2^\top"),
        (r"Z_1} \mathbf{1}$$", r"Z_1}$$"),
        (r"= \frac{1}{n} (A_2 - Y)", r"= A_2 - Y"),
    ],
    ids=["transpose", "elementwise", "order", "sum over the batch", "1/n"],
)
def test_what_holds_only_for_numbers_is_scalar(right, wrong):
    text = page("4 -> 3 tanh -> 2 sigmoid", "bce", "columns")
    assert text.count(right) == 1
    line = text[: text.index(right)].count("\n") + 1
    report = check_derivation(text.replace(right, wrong))
    assert [(item.line, item.verdict) for item in report.items if item.verdict not in {"given", "exact"}] == [
        (line, "scalar")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["to_text", "to_markdown", "to_latex", "_repr_latex_"])
@pytest.mark.parametrize("layout", ["columns", "sample", "index"])
@pytest.mark.parametrize("text", ["4 -> 3 tanh -> 2 sigmoid", "4 -> 3 tanh -> 1 sigmoid"])
def test_derives_own_documents_hold_as_they_are(text, layout, form):
    """Boxes, remarks, lines about any layer, and what is said of one sample before the batch, included."""
    report = check_derivation(getattr(derive(Network.parse(text, loss="bce"), layout=layout), form)())
    left = [item for item in report.items if item.verdict not in {"given", "exact"}]
    assert len([item for item in report.items if item.verdict == "exact"]) > 10
    # Plain text has no marks around its formulas: "for l = L, …, 1" in a sentence is taken for one.
    assert {item.verdict for item in left} <= ({"unread"} if form == "to_text" else set()), str(report)
    assert len(left) <= 5
