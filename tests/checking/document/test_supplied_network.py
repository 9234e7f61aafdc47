"""What the caller says a page is about: the network and the loss judge the page, its own definitions too."""

from __future__ import annotations

import pytest

import chainrule as cr

PAGE = r"""
$$z_1 = W_1 x + b_1$$
$$h_1 = \tanh(z_1)$$
$$z_2 = W_2 h_1 + b_2$$
$$\hat{y} = \sigma(z_2)$$
$$\frac{\partial L}{\partial z_2} = \hat{y} - y$$
$$\frac{\partial L}{\partial W_2} = (\hat{y} - y) h_1^T$$
$$\frac{\partial L}{\partial W_1} = [W_2^T (\hat{y} - y) \odot (1 - h_1 \odot h_1)] x^T$$
"""


def verdicts(*args, **options):
    return [item.verdict for item in cr.check_derivation(*args, **options).items]


def test_a_page_without_a_loss_is_unread_until_it_is_given_one():
    assert verdicts(PAGE) == ["given"] * 4 + ["unread"] * 3
    assert verdicts(PAGE, loss="bce") == ["given"] * 4 + ["exact"] * 3
    assert verdicts(PAGE, loss="squared-error") == ["given"] * 4 + ["wrong"] * 3


def test_a_network_judges_the_forward_pass_in_the_pages_own_letters():
    assert verdicts(PAGE, "2 -> 3 tanh -> 1 sigmoid", "bce") == ["exact"] * 7
    relu = verdicts(PAGE, "2 -> 3 relu -> 1 sigmoid", "bce")
    assert relu == ["exact", "wrong", "exact", "exact", "exact", "exact", "wrong"]


def test_a_network_as_an_object_brings_its_loss():
    network = cr.Network.parse("2 -> 3 tanh -> 2 sigmoid", loss="bce")
    assert verdicts(PAGE, network) == ["exact"] * 7
    assert verdicts(PAGE, network, "squared-error")[4] == "wrong"


def test_a_page_that_defines_nothing_is_judged_by_the_network_alone():
    page = r"""$$\frac{\partial J}{\partial W_2} = \frac1n (A_2 - Y) A_1^T$$
    $$\frac{\partial J}{\partial W_1} = \frac1n [W_2^T (A_2 - Y) \odot A_1 \odot (1 - A_1)] X^T$$
    $$\frac{\partial J}{\partial b_1} = \frac1n W_2^T (A_2 - Y) \odot A_1$$"""
    assert verdicts(page, "4 -> 3 sigmoid -> 2 sigmoid", "bce") == ["exact", "exact", "wrong"]
    one_layer = r"$$\frac{\partial J}{\partial w} = \frac1n (a - y) x^T$$ $$dz = \frac1n (y - a)$$"
    assert verdicts(one_layer, "4 -> 1 sigmoid", "bce") == ["exact", "wrong"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"network": 3}, TypeError, "network must be a Network"),
        ({"network": "3 sigmoid"}, ValueError, "cannot read the network"),
        ({"network": "2 -> 1 sigmoid", "loss": "hinge"}, ValueError, "unknown loss 'hinge'"),
        ({"loss": "bce"}, ValueError, "the page defines no output"),
    ],
)
def test_what_is_no_network_or_loss_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        cr.check_derivation("no formula", **options)
