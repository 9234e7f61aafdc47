"""Definitions by entries: all at once, they have the values that literal evaluation gives entry by entry."""

from functools import cache

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.checking.document.judging.worlds import BATCH, BATCH_OUTPUTS, ONE_SAMPLE, SCALAR, World
from chainrule.checking.document.meaning.customs import conventions_of, settled
from chainrule.checking.document.meaning.model import build
from chainrule.checking.document.reading.statements import read_page
from chainrule.network import Network, Penalty


def model_of(text):
    return build(settled(read_page(text, conventions_of(text))))[1]


def derived(activations, loss, **options):
    declared = {name: options.pop(name) for name in ("penalty", "sample_weights") if name in options}
    return model_of(derive(Network.parse(activations, loss=loss, **declared), **options).to_latex())


PAGES = {
    "index": lambda: derived("4 -> 3 relu -> 2 sigmoid", "bce", layout="index"),
    "brackets": lambda: derived("4 -> 3 relu -> 5 tanh -> 2 sigmoid", "bce", layout="index", symbols="bracket"),
    "softmax": lambda: derived("4 -> 3 tanh -> 2 softmax", "cross-entropy", layout="index"),
    "rows": lambda: derived("4 -> 3 elu -> 1 identity", "mse", layout="rows"),
    "penalty": lambda: derived(
        "4 -> 3 tanh -> 1 identity", "huber(1)", layout="index", penalty=Penalty(l2=0.1, l1=0.1), sample_weights=True
    ),
    "columns": lambda: derived("4 -> 3 elu -> 2 softmax", "cross-entropy"),
    "own": lambda: model_of(
        r"$z_j^{(i)} = \sum_k w_{jk}^{[1]} x_k^{(i)} + b_j^{[1]}$, $a_j^{(i)} = \sigma(z_j^{(i)})$, "
        r"$L = \sum_j \frac{(a_j - y_j)^2}{2}$"
    ),
}


@cache
def model_of_page(page):
    """The model of a page of PAGES, built once for all regimes."""
    return PAGES[page]()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("regime", [SCALAR, ONE_SAMPLE, BATCH, BATCH_OUTPUTS], ids=lambda regime: regime.name)
def test_both_ways_give_the_same(page, regime):
    model = model_of_page(page)
    assert model.definitions
    at_once, literally = World(model, regime, seed=3), World(model, regime, seed=3)
    literally._not_tables = set(model.definitions)
    for one in model.definitions:
        first, second = at_once.value(one, {}), literally.value(one, {})
        if first.size == second.size == 1:  # a number, or a matrix of one: a loss is used as a number
            first, second = first.reshape(()), second.reshape(())
        assert first.shape == second.shape, one
        np.testing.assert_allclose(first, second, rtol=1e-12, err_msg=str(one))


def test_an_index_form_is_computed_at_once():
    model = model_of_page("brackets")
    world = World(model, BATCH, seed=3)
    for one in model.definitions:
        world.value(one, {})
    assert not world._not_tables
