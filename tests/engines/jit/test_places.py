"""Machine code reads where it is told to: what lies outside an array is refused before it runs."""

import numpy as np
import pytest

from chainrule import Network, derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit import JitEngine
from chainrule.training.initialisers import initial_parameters

NETWORK = Network.parse("3 -> 2 tanh -> 1 identity", loss="mse")


@pytest.fixture(scope="module")
def program():
    made = JitEngine().compile(derive(NETWORK), dtype=np.dtype(np.float64), batch_size=4)
    made.load(initial_parameters(NETWORK, "glorot_uniform", np.random.default_rng(0)))
    return made


@pytest.mark.parametrize("columns", [2, 4])
def test_a_wrong_width_is_refused(program, columns):
    data = Data(np.zeros((4, columns)), np.zeros((4, 1)))
    with pytest.raises(ValueError, match=r"X must have the shape \(n, 3\)"):
        program.train(data, Epoch(np.arange(4), 4, np.ones(1)))
    with pytest.raises(ValueError, match=r"X must have the shape \(n, 3\)"):
        program.gradients(data)
    with pytest.raises(ValueError, match=r"X must have the shape \(n, 3\)"):
        program.predict(data.X)


@pytest.mark.parametrize("order", [[0, 1, 2, 4], [-1, 1, 2, 3], [0, 1, 2, 2**40]])
def test_a_row_that_does_not_exist_is_refused(program, order):
    data = Data(np.zeros((4, 3)), np.zeros((4, 1)))
    with pytest.raises(ValueError, match="order must hold row numbers from 0 to 3"):
        program.train(data, Epoch(np.array(order), 4, np.ones(1)))


def test_gradients_of_no_rows_are_refused(program):
    with pytest.raises(ValueError, match="data must have at least one row"):
        program.gradients(Data(np.zeros((0, 3)), np.zeros((0, 1))))


def test_more_rows_than_can_be_counted_are_refused():
    network = Network.parse("1 -> 1 identity", loss="mse")
    program = JitEngine().compile(derive(network), dtype=np.dtype(np.float32), batch_size=1)
    X = np.broadcast_to(np.float32(0), (2**31, 1))
    with pytest.raises(ValueError, match="X must have at most 2147483647 rows, got 2147483648: give them in parts"):
        program.predict(X)
    with pytest.raises(ValueError, match="at most 2147483647 rows"):
        program.gradients(Data(X, X))
