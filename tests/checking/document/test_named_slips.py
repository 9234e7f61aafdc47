"""Each kind of slip in lines about matrices, entries, Jacobians and any layer, named as a teacher would name it."""

from __future__ import annotations

from functools import cache

import pytest

from chainrule.calculus import derive
from chainrule.checking.document.derivation import check_derivation
from chainrule.network import Network, Penalty

TANH = ("4 -> 3 tanh -> 2 sigmoid", "bce")
SOFTMAX = ("4 -> 3 tanh -> 2 softmax", "cross-entropy")
IDENTITY = ("2 -> 3 elu -> 1 identity", "squared-error")


@cache
def page(network, loss, layout, symbols="subscript", penalty=None):
    return derive(Network.parse(network, loss=loss, penalty=penalty), layout=layout, symbols=symbols).to_text()


def found(text, right, wrong):
    """The one line that is not right once something in the page is replaced."""
    assert right in text
    items = check_derivation(text.replace(right, wrong, 1)).items
    [item] = [item for item in items if item.verdict not in {"given", "exact"}]
    assert item.line == text[: text.index(right)].count("\n") + 1
    return item


COLUMNS, ENTRIES = (*TANH, "columns"), (*TANH, "index")
WHOLE = [
    ("a bracket that only arrays miss", COLUMNS, "(1/n) (A₂ − Y)", "(1/n) A₂ − Y", ("bracket",), ""),
    ("1/n twice", COLUMNS, "∂J/∂W₂ = ∂J/∂Z₂ A₁ᵀ", "∂J/∂W₂ = (1/n) ∂J/∂Z₂ A₁ᵀ", ("1/m",), ""),
    ("⊙ for the matrix product", COLUMNS, "∂J/∂W₂ = ∂J/∂Z₂ A₁ᵀ", "∂J/∂W₂ = ∂J/∂Z₂ ⊙ A₁ᵀ", ("product",), ""),
    ("the matrix product for ⊙", COLUMNS, "(1 − A₁ ⊙ A₁)", "(1 − A₁ A₁)", ("product",), ""),
    ("a sum lost", COLUMNS, "∂J/∂b₂ = ∂J/∂Z₂ 𝟏", "∂J/∂b₂ = ∂J/∂Z₂", ("sum",), ""),
    ("an update without its rate", COLUMNS, "W₂ − η ∂J/∂W₂", "W₂ − ∂J/∂W₂", ("missing factor",), "missing factor η"),
    ("another layer's bias", COLUMNS, "= b₂ − η ∂J/∂b₂", "= b₁ − η ∂J/∂b₂", ("layer",),
     "b₁ instead of b₂ (another layer)"),
    ("another derivative", COLUMNS, "b₂ − η ∂J/∂b₂", "b₂ − η ∂J/∂b₁", ("variable",),
     "differentiated by b₁ instead of b₂"),
]  # fmt: skip
ANY_LAYER = [
    ("W of layer l", "(Wₗ₊₁ᵀ", "(Wₗᵀ", ("layer",), "Wₗ instead of Wₗ₊₁ (another layer)"),
    ("f′ at A", "fₗ′(Zₗ)", "fₗ′(Aₗ)", ("argument",), "fₗ′ at Aₗ instead of Zₗ"),
    ("a transposition lost", "(Wₗ₊₁ᵀ", "(Wₗ₊₁", ("transpose",), ""),
    ("f′ lost", " ⊙ fₗ′(Zₗ)", "", ("missing factor",), "missing factor 1 − Aₗ ⊙ Aₗ"),
]
SINGLE = [
    ("a square lost", "= 1 − a_{1,j}²", "= 1 − a_{1,j}", ("power",), "missing square"),
    ("another index", "∂ℓ/∂z_{2,j} a_{1,k}", "∂ℓ/∂z_{2,j} a_{1,j}", ("index",),
     "a_{1,j} instead of a_{1,k} (another index)"),
    ("both indices", "∂ℓ/∂z_{2,k} w_{2,kj}", "∂ℓ/∂z_{2,k} w_{2,jk}", ("index",),
     "w_{2,jk} instead of w_{2,kj} (another index)"),
    ("a factor lost, not the claim itself", "= ∂ℓ/∂z_{2,j} a_{1,k}", "= ∂ℓ/∂z_{2,j}", ("missing factor",),
     "missing factor a_{1,k}"),
    ("both indices in an update", "= w_{2,jk} − η", "= w_{2,kj} − η", ("index",), ""),
    ("a sum over the samples lost", "Σᵢ ∂J/∂z_{2,j}⁽ⁱ⁾ a_{1,k}⁽ⁱ⁾", "∂J/∂z_{2,j}⁽ⁱ⁾ a_{1,k}⁽ⁱ⁾", ("sum",), ""),
]  # fmt: skip


def checked(item, kinds, said):
    assert item.kinds == kinds, item
    assert said in (item.slip, "") or item.reason.startswith(said), item
    assert item.correct


@pytest.mark.parametrize(
    ("case", "right", "wrong", "kinds", "said"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE]
)
def test_in_a_line_about_matrices(case, right, wrong, kinds, said):
    checked(found(page(*case), right, wrong), kinds, said)


@pytest.mark.parametrize(
    ("right", "wrong", "kinds", "said"), [row[1:] for row in SINGLE], ids=[row[0] for row in SINGLE]
)
def test_in_a_line_about_single_entries(right, wrong, kinds, said):
    checked(found(page(*ENTRIES), right, wrong), kinds, said)


@pytest.mark.parametrize(
    ("right", "wrong", "kinds", "said"), [row[1:] for row in ANY_LAYER], ids=[row[0] for row in ANY_LAYER]
)
def test_in_a_line_about_any_layer_in_the_letters_of_any_layer(right, wrong, kinds, said):
    line = "∂J/∂Zₗ = (Wₗ₊₁ᵀ ∂J/∂Zₗ₊₁) ⊙ fₗ′(Zₗ)"
    item = found(page(*COLUMNS), line, line.replace(right, wrong))
    checked(item, kinds, said)
    assert "l+1" in item.correct
    assert "_2" not in item.correct


def test_a_transposed_derivative_where_the_page_writes_columns():
    item = found(page(*TANH, "sample"), "∂ℓ/∂W₂ = ∂ℓ/∂z₂ a₁ᵀ", "∂ℓ/∂W₂ = (∂ℓ/∂z₂)ᵀ a₁ᵀ")
    assert (item.verdict, item.kinds) == ("scalar", ("transpose",))


def test_a_page_of_rows_keeps_its_derivatives_in_rows():
    text = r"""For one sample, $z_1 = W_1 x + b_1$, $a_1 = \tanh(z_1)$, $z_2 = W_2 a_1 + b_2$, $a_2 = \tanh(z_2)$,
$L = \frac{1}{2} (a_2 - y)^T (a_2 - y)$.

$$\frac{\partial L}{\partial a_1} = \frac{\partial L}{\partial z_2} W_2$$
$$\frac{\partial L}{\partial W_1} = \left(\frac{\partial L}{\partial z_1}\right)^T x^T$$"""
    assert [item.verdict for item in check_derivation(text).items[-2:]] == ["exact", "exact"]


def test_factors_of_a_chain_of_jacobians_in_another_order():
    item = found(page(*IDENTITY, "columns"), "∂z₂/∂a₁ · ∂a₁/∂z₁ · ∂z₁/∂W₁", "∂z₂/∂a₁ · ∂z₁/∂W₁ · ∂a₁/∂z₁")
    assert item.kinds == ("order",)


def test_with_softmax_nothing_is_a_single_number():
    item = found(page(*SOFTMAX, "columns"), "∂J/∂b₂ = ∂J/∂Z₂ 𝟏", "∂J/∂b₂ = 𝟏 ∂J/∂Z₂")
    assert item.kinds == ("order",)


def test_the_same_letter_of_another_layer_is_what_was_meant():
    text = page(*IDENTITY, "columns")  # z₂ and a₂ are the same there
    item = found(text, "= a₂ − y", "= a₁ − y")
    assert (item.kinds, item.slip) == (("layer",), "a₁ instead of a₂ (another layer)")


def test_a_sign_of_the_weights_that_is_one_for_positive_numbers():
    text = page(*TANH, "columns", penalty=Penalty(l2=0.1, l1=0.2))
    assert "sign(W₂)" in text
    item = found(text, " sign(W₂)", "")
    assert (item.verdict, item.kinds) == ("wrong", ("missing factor",))


def test_a_kink_s_slope_is_tried_on_both_sides_for_one_sample_too():
    text = r"""For one sample, $z_1 = W_1 x + b_1$, $a_1 = \mathrm{relu}(z_1)$, $z_2 = w_2^T a_1 + b_2$,
$a_2 = \sigma(z_2)$, $L = \frac{1}{2} (a_2 - y)^2$.

$$\frac{\partial a_{1,j}}{\partial z_{1,j}} = \mathrm{relu}'(y)$$"""
    assert check_derivation(text).items[-1].verdict == "wrong"


def test_a_transposed_jacobian_in_a_chain():
    line = "∂z₂/∂a₁ · ∂a₁/∂z₁ · ∂z₁/∂W₁"
    item = found(page(*TANH, "columns"), line, line.replace("∂z₁/∂W₁", "(∂z₁/∂W₁)ᵀ"))
    assert item.kinds == ("transpose",)


def test_an_error_that_is_passed_back_to_itself():
    text = page(*TANH, "columns", symbols="delta")
    item = found(text, "δ¹ = (w²ᵀ δ²)", "δ¹ = (w²ᵀ δ¹)")
    assert item.verdict == "wrong"
    assert item.kinds == ("layer",)


def test_a_factor_lost_from_the_terms_of_a_sum_that_is_no_number():
    text = page("4 -> 3 silu -> 2 softmax", "cross-entropy", "index")
    item = found(text, "= Σₖ ∂ℓ/∂z_{2,k} w_{2,kj}", "= Σₖ w_{2,kj}")
    assert (item.kinds, item.slip) == (("missing factor",), "missing factor ∂ℓ/∂z_{2,k}")


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ("∂ℓ/∂a₂ · ∂a₂/∂z₂ · ∂z₂/∂W₂ · ∂z₂/∂a₁", "stray factor"),
        ("(∂ℓ/∂a₂ · ∂a₂/∂z₂ · ∂z₂/∂W₂) ⊙ σ′(z)", "stray factor"),
        ("(∂ℓ/∂a₂)ᵀ · ∂a₂/∂z₂ · ∂z₂/∂W₂", "transpose"),
    ],
)
def test_one_too_many_in_a_chain_of_jacobians(wrong, kind):
    text = page("4 -> 3 silu -> 2 softmax", "cross-entropy", "sample")
    item = found(text, "∂ℓ/∂W₂ = ∂ℓ/∂a₂ · ∂a₂/∂z₂ · ∂z₂/∂W₂", f"∂ℓ/∂W₂ = {wrong}")
    assert (item.verdict, item.kinds) == ("wrong", (kind,))


def test_an_update_of_a_batch_is_not_judged_for_one_sample():
    text = page("3 -> 2 sigmoid", "bce", "index")
    item = found(text, "= w_{1,jk} − η ∂J/∂w_{1,jk}", "= (1/n) (w_{1,jk} − η ∂J/∂w_{1,jk})")
    assert (item.verdict, item.kinds) == ("scalar", ("1/m",))


def test_the_number_of_samples_is_known_where_a_function_is_differentiated():
    text = derive(Network.parse("3 -> 2 sigmoid", loss="bce"), detail="full").to_text()
    item = found(text, "= e^{−z} / (1 + e^{−z})²", "= (1/n) e^{−z} / (1 + e^{−z})²")
    assert (item.verdict, item.kinds) == ("wrong", ("1/m",))
