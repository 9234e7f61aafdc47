"""The same mathematics in many hands: right pages are exact (or scalar), a planted slip is found in its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.checking.document.derivation import check_derivation

PAGES = Path(__file__).parent / "pages"

# What each page claims, line after line; what is given isn't listed.
CLAIMS = {
    "nielsen.md": ["exact"] * 12,  # w^l_{jk}, δ^L, BP1 to BP4
    "course.md": ["exact"] * 3 + ["scalar"] + ["exact"] * 2,  # [2](i), dZ of the summed losses; its * means ⊙
    "accumulators.md": ["exact"] * 4,  # Θ^{(1)}, h_Θ(x), Δ := Δ + …
    "units.md": ["exact"] * 4,  # w_{ji} of one layer, w_{kj} of the next; y the output, t the target
    "jacobians.md": ["exact"] * 6,  # derivatives as rows
    "weights_by_rows.md": ["exact"] * 6,  # X Wᵀ, weights stored (out, in)
    "octave.md": ["exact"] * 4,
    "code.md": ["exact"] * 8,
    "code_in_place.md": ["exact"] * 4,
    "code_methods.md": ["exact"] * 7,
    "primes.md": ["exact"] * 3 + ["scalar"],  # ′ for ᵀ, f′ a slope
    "markdown_table.md": ["exact", "exact", "wrong"],
    "softmax.md": ["exact"] * 5,  # with Kronecker's δ
    "penalty.md": ["exact"] * 3,
    "differentials.md": ["exact", "scalar", "scalar"],
    "nablas.md": ["exact"] * 8,
    "error_rows.md": ["exact"] * 4,
    "norms.md": ["exact"] * 4,  # ‖A‖_F², H_1 = ReLU(X W_1 + b_1)
    "any_layer.md": ["exact"] * 4 + ["scalar"] + ["exact"] * 2,  # z^{[l]} for every l, for l = L to 1
    "softmax_steps.tex": ["exact"] * 6,  # bold letters, Σₖ; entries only: one sample
    "plain.txt": ["exact"] * 7,
    "one_output.md": ["exact"] * 4,  # y = vᵀ h is a number for one sample
    "code_function.md": ["exact"] * 7,
    "least_squares.md": ["exact", "scalar", "exact"],
    "logistic.md": ["exact"] * 3,  # θᵀx, θ_j, h_θ(x⁽ⁱ⁾)
    "sample_loop.md": ["exact"] * 8,  # dw += … for each sample
    "plain_octave.md": ["exact"] * 4,
    "named_loss.md": ["exact"] * 2,  # BCE
    "steps.md": ["exact"] * 4,  # Δw_{ij} = η δ_j x_i, δ = −∂E/∂net; entries only: one sample
    "autoencoder.md": ["exact"] * 3,  # W_e and W_d are two weights; x̂ is as long as x
    "numbered_losses.md": ["exact"] * 2,  # J = Σᵢ L_i: i chooses samples everywhere
    "row_sums.md": ["exact"] * 3,
    "align.tex": ["scalar", "scalar"] + ["exact"] * 5 + ["wrong"],
}


def claims(text):
    return [item for item in check_derivation(text).items if item.verdict != "given"]


def test_every_page_has_its_claims():
    assert {path.name for path in PAGES.iterdir() if path.is_file()} == set(CLAIMS)


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMS)
def test_a_page_in_its_own_notation_is_read_and_judged(name):
    report = check_derivation(PAGES / name)
    assert [item.verdict for item in report.items if item.verdict != "given"] == CLAIMS[name], str(report)


# (page, what stands there, what is put there, the kind of slip, "" for any)
SLIPS = [
    ("nielsen.md", r"(a^L - y) \odot", r"(y - a^L) \odot", "sign"),
    ("nielsen.md", r"= a^{l-1}_k \delta^l_j", r"= a^l_k \delta^l_j", ""),
    ("nielsen.md", r"(w^{l+1})^T \delta^{l+1})", r"(w^{l+1})^T \delta^{l+1}) \odot a^l", "stray factor"),
    ("course.md", r"= A^{[2]} - Y", r"= Y - A^{[2]}", "sign"),
    ("course.md", r"{m} dZ^{[1]} X^T", r"{m} dZ^{[1]} A^{[1]T}", ""),
    ("accumulators.md", r"= a^{(2)} .* (1 - a^{(2)})", r"= a^{(2)} .* (1 + a^{(2)})", "sign"),
    ("units.md", r"\delta_j = (1 - z_j^2)", r"\delta_j = (1 - z_j)", ""),
    ("weights_by_rows.md", r"\frac{1}{n}(Z_2 - Y)", r"\frac{2}{n}(Z_2 - Y)", "constant factor"),
    ("octave.md", "d2 = (d3 * Theta2) .* a2 .* (1 - a2)", "d2 = (d3 * Theta2) .* (1 - a2)", "missing factor"),
    ("octave.md", "d3 = h - Y", "d3 = Y - h", "sign"),
    ("code.md", "dscores = (probs - Y) / N", "dscores = (probs + Y) / N", "sign"),
    ("code.md", "dW2 = np.dot(hidden_layer.T, dscores)", "dW2 = np.dot(hidden_layer.T, scores)", ""),
    ("code_methods.md", "dz1 = dh * (1 - h**2)", "dz1 = dh * (1 - h)", ""),
    ("code_methods.md", "W2.T", "W2.T * 2", "constant factor"),
    (
        "primes.md",
        r"\frac{\partial E}{\partial V} = (u - t) h'",
        r"\frac{\partial E}{\partial V} = (u - t) z'",
        "letter",
    ),
    ("softmax.md", r"= p_k - y_k", r"= p_k + y_k", "sign"),
    ("penalty.md", r"x^T + \frac{\lambda}{m} w$$", r"x^T - \frac{\lambda}{m} w$$", "sign"),
    ("nablas.md", r"\odot (1 - h_1 \odot h_1)", r"\odot (1 - h_1)", ""),
    ("error_rows.md", r"a_1^T \delta_2", r"z_1^T \delta_2", "letter"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "right", "wrong", "slip"), SLIPS)
def test_a_planted_slip_is_found_in_its_line(name, right, wrong, slip):
    text = (PAGES / name).read_text(encoding="utf-8")
    assert right in text
    before = text[: text.index(right)]
    line = before.count("\n") + 1
    report = check_derivation(text.replace(right, wrong, 1))
    found = {item.place.line: item for item in report.items if item.verdict == "wrong"}
    assert line in found, str(report)
    assert not slip or found[line].kinds == (slip,), found[line]


def test_code_without_a_sum_over_the_batch_is_scalar_and_told_so():
    text = (PAGES / "code_methods.md").read_text(encoding="utf-8").replace("dz2.sum(axis=0)", "dz2")
    found = next(item for item in claims(text) if item.left == "db2")
    assert (found.verdict, found.correct) == ("scalar", r"\mathbf{1}^\top dz_2")
    assert "the sum over the batch" in found.reason


def test_an_activation_without_a_definition_is_what_the_page_applies_there():
    page = r"""Hidden units are tanh. One sample: $h = \tanh(u)$, $z = w h + b$, $a = z$, $L = \frac{1}{2} (a - y)^2$.

$$\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \odot f'(z)$$

$$\frac{\partial L}{\partial u} = \frac{\partial L}{\partial h} \odot f'(u)$$"""
    assert [item.verdict for item in check_derivation(page).items][-2:] == ["exact", "exact"]
