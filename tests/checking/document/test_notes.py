"""Pages as students, teachers, notebooks and forums write them: each claim has the verdict that a careful reader gives.

The verdicts were written down before the pages were first checked; where one was changed afterwards, it was the rule of
docs/checking.md (operators taken literally) that the first guess had overlooked.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.checking.document.derivation import check_derivation

NOTES = Path(__file__).parent / "pages" / "notes"
E, S, W, U = "exact", "scalar", "wrong", "unread"

# What each page claims, line after line; what is given isn't listed.
CLAIMS = {
    "article.tex": [E] * 6 + [W],  # \newcommand, \def, \DeclareMathOperator; ∂L/∂b₁ is that by u
    "batch_norm.md": [U] * 4,  # no loss, and no network that is known
    "chat_answer.md": [E] * 6,  # \mathbb{1}(z > 0)
    "column_notes.md": [E] * 5,  # e = ŷ − y
    "conditions.md": [E] * 6 + [W],  # if z > 0, for z < 0, … if … else …
    "deep_loop.md": [E] * 3,  # \mathbin{.*}, Θ^{(l)} to the layer above
    "delta_rule.tex": [E] * 3,
    "deutsch.md": [E] * 8,  # decimal commas, b_neu and b_alt
    "digits_code.md": [E, E, W] + [E] * 5,  # np.sum over everything; ReLU_deriv by its own definition
    "digits_notebook.md": [E] * 10,  # g_ReLU, Σ as \Sigma
    "dropout.md": [E] * 4 + [W, E],
    "eleven_lines.md": [U] * 3,  # steps without a rate, of weights called syn0
    "error_units.tex": [E] * 4,  # h = tanh; layers on the weights only
    "fast_course.md": [E] * 7,  # w2_grad, shape[0], sum(0)
    "forum.txt": [E, E] + [S] * 4 + [W, E],
    "four_equations.md": [E] * 9 + [W],
    "francais.txt": [E] * 3 + [S, E],
    "general_loop.md": [E] * 7,
    "gradient_register.tex": [E] * 5,  # (k) for the layer
    "handwritten_ocr.txt": [E] * 7,  # d Z for dZ
    "hinton_style.md": [U] * 4,  # xⁿ for the case n
    "index_gymnastics.tex": [E] * 5,
    "kaggle_linear.md": [E] * 3,  # beside a cost, error is ŷ − y
    "keras_like.md": [E] + [S] * 3,
    "kronecker.md": [U, E, E],  # x^T ⊗ I isn't read
    "lecture_slides.md": [E, E, U, W],  # s is not said of h, so nothing depends on h
    "likelihood.md": [E] * 3,  # ascent
    "logistic_neuron.md": [E] * 8,  # J of the set, L of one example
    "matrices.tex": [E, U, E, E],  # δ₁ as an entry isn't read
    "ml_cheatsheet.md": [E] * 3 + [W],  # Σ over c; ∂L/∂x wants Wᵀ
    "normal_equations.tex": [E] * 4,  # no forward pass
    "numerator_layout.md": [E] * 7,  # I
    "octave_exercise.md": [E] * 4,  # a column of ones, Theta2(:, 2:end)
    "one_neuron_per_layer.md": [S, E, E, S, S, E, E, S],
    "optimisers.md": [E] + [U] * 4,
    "overleaf_bias.tex": [E, S, E, E, S],  # 1/m is missing
    "planar_data.md": [E] * 6,  # the backward pass before the forward one; np.power
    "quora_tex.txt": [E] * 5,  # L is said of σ(wᵀx), its derivatives of a
    "regression_head.tex": [E] * 5,
    "relu_mse_numpy.md": [E] * 7,  # what a mask changes is judged behind it
    "rows_lecture.md": [E] * 5 + [W],  # Ȳ := ∂L/∂Ŷ
    "scanned.txt": [E, E] + [S] * 5 + [E, S],  # w^{new}, w^{old}
    "sigmoid_derivative.md": [E] * 8,  # d/dx σ(x)
    "softmax_cases.md": [E] * 3 + [W] + [E] * 4,
    "softmax_classifier.md": [E] * 5,  # probs[range(n), y] −= 1
    "softmax_question.md": [E] * 6,  # if j = k, and if j ≠ k
    "softmax_regression.tex": [E] * 3,
    "squared_hinge.md": [E] * 3 + [S],  # e is the error, not Euler's; otherwise
    "straight_line.md": [S, E, W, E],
    "three_layers.txt": [E] * 7,  # two columns of formulas
    "tied_weights.md": [E] * 5,
    "two_outputs.md": [E] * 6,
    "torch_class.md": [E] * 7,  # self.
    "two_layer_scores.md": [E] * 6 + [S],  # summed over the wrong axis
    "vectorised_rows.md": [E] * 4,
    "week_three.md": [E] * 3 + [S] + [E] * 6,  # a formula that goes on in code; its * means ⊙
    "weight_decay.md": [E] * 5,  # w → w − …, Σ_w w²
    "word_paste.txt": [E, S, E, E, E, E, S, E, S, E, E, S],
    "worked_numbers.md": [E] * 4,  # net_{h1}, out_{o1}: single numbers
    "xor.md": [E] * 5 + [W, E],
}
QUICK = {"conditions.md", "kronecker.md", "likelihood.md", "weight_decay.md"}


def verdicts(text):
    return [item.verdict for item in check_derivation(text).items if item.verdict != "given"]


def test_every_page_has_its_claims():
    assert {path.name for path in NOTES.iterdir()} == set(CLAIMS)


@pytest.mark.parametrize("name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in CLAIMS])
def test_a_page_is_read_and_judged(name):
    report = check_derivation(NOTES / name)
    assert [item.verdict for item in report.items if item.verdict != "given"] == CLAIMS[name], str(report)


# (page, what stands there, what is put there): each makes a right line wrong
SLIPS = [
    ("article.tex", r"\relu'(\mathbf{u})", r"\relu'(\mathbf{v})"),
    ("chat_answer.md", r"\mathbb{1}(\mathbf{z}_1 > 0)", r"\mathbb{1}(\mathbf{z}_1 < 0)"),
    ("conditions.md", r"\frac{\partial a}{\partial z} = 1$", r"\frac{\partial a}{\partial z} = 2$"),
    (
        "conditions.md",
        r"$\frac{\partial L}{\partial z} = 0$ for $z < 0$",
        r"$\frac{\partial L}{\partial z} = v$ for $z < 0$",
    ),
    ("deep_loop.md", r"a_j^{(l)} \delta_i^{(l+1)}", r"z_j^{(l)} \delta_i^{(l+1)}"),
    ("handwritten_ocr.txt", "W_2^{T} \\cdot d Z_2", "W_1^{T} \\cdot d Z_2"),
    ("planar_data.md", "1 - np.power(A1, 2)", "1 - np.power(A1, 3)"),
    ("quora_tex.txt", "dL/da = -(y - a)", "dL/da = (y - a)"),
    ("sigmoid_derivative.md", r"= \sigma(x) \cdot (1 - \sigma(x))", r"= \sigma(x) \cdot (1 + \sigma(x))"),
    (
        "squared_hinge.md",
        r"otherwise $\frac{\partial L}{\partial z} = -1$",
        r"otherwise $\frac{\partial L}{\partial z} = 1$",
    ),
    ("two_outputs.md", r"(1 - h^2) \right] x^T", r"(1 - h) \right] x^T"),
    ("deutsch.md", r"b_{\text{alt}} - \eta", r"b_{\text{alt}} + \eta"),
    ("digits_notebook.md", r"A^{[2]} - Y$$", r"Y - A^{[2]}$$"),
    ("digits_code.md", "W2.T.dot(dZ2) * ReLU_deriv(Z1)", "W2.T.dot(dZ2) * ReLU_deriv(Z2)"),
    ("error_units.tex", r"\delta_k z_j . \end", r"\delta_k x_j . \end"),
    ("fast_course.md", "l2_grad * (l1 > 0)", "l2_grad * (l1 < 0)"),
    ("gradient_register.tex", r"\boldsymbol{h}^{(k-1)\top} \\", r"\boldsymbol{h}^{(k)\top} \\"),
    ("likelihood.md", r"\theta_j + \alpha", r"\theta_j - \alpha"),
    ("logistic_neuron.md", r"-\frac{y}{a} + \frac{1-y}{1-a}", r"\frac{y}{a} + \frac{1-y}{1-a}"),
    ("column_notes.md", r"(1 - h^2)", r"(1 - h)"),
    ("delta_rule.tex", r"= \eta\, (t-o)", r"= \eta\, (o-t)"),
    ("relu_mse_numpy.md", "2.0 * (y_pred - y)", "2.0 * (y - y_pred)"),
    ("three_layers.txt", "W2^T dZ2 ⊙ relu'(Z1)", "W2^T dZ2 ⊙ relu'(Z2)"),
    ("normal_equations.tex", r"\theta - \alpha X^T (X\theta - y)", r"\theta + \alpha X^T (X\theta - y)"),
    ("octave_exercise.md", "sigmoidGradient(z2)", "sigmoidGradient(z3)"),
    ("rows_lecture.md", r"\frac{1}{n} (\hat{Y} - Y)", r"\frac{2}{n} (\hat{Y} - Y)"),
    ("softmax_cases.md", r"p_i (1 - p_j)$", r"p_i (1 + p_j)$"),
    ("softmax_cases.md", r"-y_j (1 - p_j) + \sum_{i \neq j} y_i p_j", r"-y_j (1 - p_j) + \sum_{i} y_i p_j"),
    ("softmax_classifier.md", "np.sum(dscores, axis=0", "np.sum(scores, axis=0"),
    ("softmax_classifier.md", "dW += reg * W", "dW += 2 * reg * W"),
    ("softmax_question.md", r"-o_j o_k", r"o_j o_k"),
    ("week_three.md", "np.sum(dZ2, axis=1", "np.sum(dZ1, axis=1"),
    ("weight_decay.md", r"b - \eta \frac{\partial C_0}", r"b + \eta \frac{\partial C_0}"),
    ("weight_decay.md", r"+ \frac{\lambda}{n} w$$", r"+ \frac{2 \lambda}{n} w$$"),
    ("worked_numbers.md", r"-(target_{o1} - out_{o1})", r"(target_{o1} - out_{o1})"),
    ("xor.md", r"v_2 h_2 (1 - h_2)$$", r"v_2 h_2 (1 + h_2)$$"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "right", "wrong"), SLIPS)
def test_a_planted_slip_is_found(name, right, wrong):
    text = (NOTES / name).read_text(encoding="utf-8")
    assert right in text
    line = text[: text.index(right)].count("\n") + 1
    found = [item for item in check_derivation(text.replace(right, wrong, 1)).items if item.place.line == line]
    assert "wrong" in {item.verdict for item in found}, found
