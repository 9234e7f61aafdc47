"""Data and epochs of another shape are refused where they are made, before any engine makes something of them."""

import re

import numpy as np
import pytest

from chainrule import SGD, Network, derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.reference import ReferenceEngine

X = np.zeros((4, 2))
CODES = np.array([0, 1, 2, 0])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((np.zeros(4), CODES), "X must have the shape (n, n_inputs), got (4,)"),
        ((X, np.zeros((3, 1))), "Y must have the shape (n, n_outputs) or (n,) with n = 4, got (3, 1)"),
        ((X, np.zeros((4, 1, 1))), "Y must have the shape (n, n_outputs) or (n,) with n = 4, got (4, 1, 1)"),
        ((X, np.zeros(4)), "Y of shape (n,) must be class codes, whole numbers, got float64"),
        ((X, CODES == 1), "Y of shape (n,) must be class codes, whole numbers, got bool"),
        ((X, CODES, np.ones((4, 1))), "weight must have the shape (4,), got (4, 1)"),
    ],
)
def test_data_of_another_shape_are_refused(arrays, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Data(*arrays)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.arange(4), 3, np.ones(1)), "rates must hold one rate for each of the 2 steps, got the shape (1,)"),
        ((np.arange(4), 3, np.ones(3)), "rates must hold one rate for each of the 2 steps, got the shape (3,)"),
        ((np.arange(4), 0, np.ones(4)), "batch_size must be at least 1, got 0"),
        ((np.arange(4.0), 4, np.ones(1)), "order must be the numbers of rows, of shape (n,), got float64"),
        ((np.zeros((2, 2), int), 4, np.ones(1)), "order must be the numbers of rows, of shape (n,), got int64"),
    ],
)
def test_an_epoch_that_does_not_fit_itself_is_refused(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Epoch(*arguments)


def test_an_epoch_without_samples_has_no_steps():
    assert len(Epoch(np.arange(0), 3, np.ones(0)).sizes) == 0


@pytest.mark.parametrize("code", [3, -1])
def test_the_reference_engine_refuses_a_class_code_out_of_range(code):
    derivation = derive(Network.parse("2 -> 3 softmax", loss="cross-entropy"), optimiser=SGD())
    program = ReferenceEngine().compile(derivation, dtype=np.dtype(np.float64), batch_size=4)
    program.load({"W1": np.zeros((2, 3)), "b1": np.zeros(3)})
    with pytest.raises(ValueError, match="accepted: 0 to 2"):
        program.train(Data(X, np.array([0, 1, 2, code])), Epoch(np.arange(4), 4, np.ones(1)))
