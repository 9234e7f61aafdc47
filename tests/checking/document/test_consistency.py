"""What is said of a page as a whole: the loss that its gradients fit, a sign that it means entry by entry."""

from __future__ import annotations

import pytest

from chainrule.checking.document.derivation import check_derivation

REGRESSION = r"""
$$z = w x + b$$ $$\hat{y} = z$$ $$L = LOSS$$
$$\frac{\partial L}{\partial w} = (\hat{y} - y) x^T$$
$$\frac{\partial L}{\partial z} = \hat{y} - y$$
$$\frac{\partial L}{\partial b} = \sum_{i=1}^m (\hat{y}^{(i)} - y^{(i)})$$
"""


@pytest.mark.parametrize(
    ("stated", "note"),
    [
        (r"\frac{1}{m} \sum_{i=1}^m (y^{(i)} - \hat{y}^{(i)})^2", "its gradients fit ½ Σ (y − ŷ)² (lines 3, 4, 5)"),
        (r"\frac12 (y - \hat{y})^2", None),
        (r"-[y \log \hat{y} + (1-y) \log(1 - \hat{y})]", "its gradients fit ½ Σ (y − ŷ)² (lines 3, 4, 5)"),
    ],
)
def test_the_loss_that_the_gradients_fit_is_named(stated, note):
    notes = check_derivation(REGRESSION.replace("LOSS", stated)).notes
    assert len(notes) == (note is not None)
    assert all(note in found for found in notes)


def test_a_mean_is_told_from_a_sum():
    page = REGRESSION.replace("LOSS", r"\sum_{i=1}^m (y^{(i)} - \hat{y}^{(i)})^2")
    for right in (r"(\hat{y} - y) x^T", r"\hat{y} - y$$", r"\sum_{i=1}^m ("):
        page = page.replace(f"= {right}", rf"= \frac1m {'(' * right.endswith('$$')}{right.replace('$$', ')$$')}")
    [note] = check_derivation(page).notes
    assert "its gradients fit (1/m) × ½ Σ (y − ŷ)²" in note


def test_one_wrong_gradient_is_a_slip_and_no_other_loss():
    page = REGRESSION.replace("LOSS", r"\frac12 (y - \hat{y})^2").replace(r"z} = \hat{y} - y", r"z} = 2(\hat{y} - y)")
    report = check_derivation(page)
    assert (report.count("wrong"), report.notes) == (1, ())


NEURON = r"""
$$z = w x + b$$ $$a = \sigma(z)$$ $$L = -[y \log a + (1-y) \log(1-a)]$$
$$\frac{\partial L}{\partial a} = \frac{a - y}{a SIGN (1 - a)}$$
$$\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} SIGN a SIGN (1 - a)$$
"""


def test_a_page_that_means_its_sign_entry_by_entry_is_told_so_once():
    report = check_derivation(NEURON.replace("SIGN", r"\times"))
    assert report.notes == ("× means entry by entry here: with ⊙ in its place lines 3, 4 would be exact",)
    assert [item.verdict for item in report.items[3:]] == ["scalar", "scalar"]
    assert check_derivation(NEURON.replace("SIGN", r"\odot")).notes == ()


def test_a_sign_that_is_a_matrix_product_elsewhere_is_not_excused():
    page = NEURON.replace("SIGN", r"\times") + r"$$\frac{\partial L}{\partial w} = (a - y) \times x^T$$"
    assert check_derivation(page).notes == ()


@pytest.mark.slow
def test_the_five_pages_say_what_the_audit_says(shared):
    folder = shared / "derivations"
    reports = {page: check_derivation(folder / f"{page}.txt") for page in ("S0", "S2", "S3")}
    assert [note for note in reports["S2"].notes if "fit" in note] == [
        "the page states L = (1/N) Σᵢ₌₁^{N} (y⁽ⁱ⁾ − ŷ⁽ⁱ⁾)², but its gradients fit ½ Σ (y − ŷ)² (lines 76, 78, 90)"
    ]
    [shapes] = reports["S0"].notes
    assert shapes.startswith("the page declares that x is n×f, y is n×1; in L = ")
    assert reports["S3"].notes == ()


SHAPES = r"""$X \in \mathbb{R}^{n \times d}$, $W_1 \in \mathbb{R}^{d \times h}$, $Y \in \mathbb{R}^{n \times 1}$.
$Z_1 = FIRST + b_1$, $A_1 = \tanh(Z_1)$, $Z_2 = A_1 W_2 + b_2$, $J = \frac{1}{2n} \|Z_2 - TARGETS\|^2$"""


@pytest.mark.parametrize(
    ("first", "targets", "note"),
    [
        ("X W_1", "Y", None),
        ("W_1 X", "Y", "in z1 = W₁ X + b₁ h meets n, in W₁ X"),
        ("X W_1", "Y^T", "n meets 1, in Z₂ − Yᵀ"),
    ],
)
def test_declared_shapes_are_held_against_their_use(first, targets, note):
    notes = check_derivation(SHAPES.replace("FIRST", first).replace("TARGETS", targets)).notes
    assert len(notes) == (note is not None)
    assert all(note in found for found in notes)
