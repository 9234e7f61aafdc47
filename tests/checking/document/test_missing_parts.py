"""A factor of more than a letter, or the sign of a sum, that a line has lost is named, whatever the page."""

from __future__ import annotations

import pytest

from chainrule.checking.document.derivation import check_derivation

NEURON = r"One sample: $z = w x + b$, $a = \sigma(z)$, $L = \frac{1}{2} (a - y)^2$." "\n\n"
SOFTMAX = r"""For one sample, $z_k = \sum_i w_{ki} x_i + b_k$ and $a_k = \frac{\exp(z_k)}{\sum_m \exp(z_m)}$, with
$L = -\sum_k y_k \log a_k$. If $j \neq k$:

"""


def last(text):
    return check_derivation(text).items[-1]


def test_a_lost_bracket_is_named():
    page = NEURON + r"$$\sigma'(z) = \sigma(z) (1 - \sigma(z))$$" "\n\n"
    item = last(page + r"$$\frac{\partial L}{\partial w} = (a - y) \sigma(z) x$$")
    assert item.verdict == "wrong"
    assert item.slip.startswith("missing factor 1 − ")
    assert last(page + rf"$$\frac{{\partial L}}{{\partial w}} = {item.correct}$$").verdict != "wrong"


def test_a_lost_sum_is_named():
    item = last(SOFTMAX + r"$$\frac{\partial a_k}{\partial z_j} = -\frac{\exp(z_k) \exp(z_j)}{[\exp(z_m)]^2}$$")
    assert (item.verdict, item.slip) == ("wrong", "missing sum over m")


def test_a_lost_exponential_is_named_where_indices_differ():
    item = last(SOFTMAX + r"$$\frac{\partial a_k}{\partial z_j} = -\frac{\exp(z_j)}{[\sum_m \exp(z_m)]^2}$$")
    assert (item.verdict, item.slip) == ("wrong", "missing factor exp(zₖ)")


@pytest.mark.parametrize("condition", ["[z > 0]", r"[z \le 0]"])
def test_a_condition_is_left_alone(condition):
    page = r"$z = w x + b$, $a = \max(0, z)$, $L = \frac{1}{2}(a - y)^2$, $s = \sum_j x_j$." "\n\n"
    item = last(page + rf"$$\frac{{\partial L}}{{\partial z}} = (a - y) \mathbf{{1}}{condition} (1 + z)$$")
    assert item.verdict == "wrong"


def test_a_step_at_another_layer_that_positive_numbers_do_not_show_is_mended():
    page = r"""$Z_1 = W_1 X + b_1$, $A_1 = \mathrm{relu}(Z_1)$, $Z_2 = W_2 A_1 + b_2$, $A_2 = \mathrm{relu}(Z_2)$,
$J = \frac{1}{2 m} \sum_i (A_2 - Y)^2$.

$$\frac{\partial J}{\partial Z_1} = \frac{\partial J}{\partial A_1} \odot \mathbf{1}[Z_2 > 0]$$"""
    item = last(page)
    assert (item.verdict, item.slip) == ("wrong", "Z₂ instead of Z₁ (another layer)")
    assert item.correct == r"\frac{\partial J}{\partial A_1} \odot \mathbf{1}[Z_1 > 0]"
