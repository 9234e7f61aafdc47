"""NaN and infinity show: they are never turned into numbers on the way."""

import numpy as np
import pytest

from chainrule.engines.jit.decayed_memory import STEPS_BETWEEN
from chainrule.network import SGD, Adam, Dense, Network
from tests.engines.jit.agreement import epoch, programs, samples_of
from tests.zoo import Animal

HIDDEN = ["relu", "elu", "gelu", "mish", "tanh", "sigmoid"]
ALIKE = ["leaky_relu(0.1)", "selu", "silu", "softplus", "identity"]  # made of the same operations as those


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("activation", [*HIDDEN, *(pytest.param(name, marks=pytest.mark.slow) for name in ALIKE)])
def test_a_nan_in_the_parameters_reaches_cost_gradients_and_prediction(activation, dtype):
    animal = Animal(Network([Dense(9, activation), Dense(2, "identity")], 5, "squared-error"))
    params, data, _ = samples_of(animal, dtype, 12)
    program, _ = programs(animal, SGD(), dtype, 12)
    params["b1"][3] = np.nan
    program.load(params)
    assert not program.finite()
    J, gradients = program.gradients(data)
    assert np.isnan(J)
    assert np.isnan(gradients["dW1"][:, 3]).all()
    assert np.isnan(gradients["dW2"]).any()
    assert np.isnan(program.predict(data.X)).all()
    assert not program.train(data, epoch(12, 12, 0)).finite


@pytest.mark.parametrize("outputs", [3, 40])
def test_a_nan_in_one_logit_spoils_the_whole_softmax(outputs):
    animal = Animal(Network([Dense(outputs, "softmax")], 5, "cross-entropy"))
    params, data, _ = samples_of(animal, "float32", 12)
    program, _ = programs(animal, SGD(), "float32", 12)
    params["b1"][1] = np.nan
    program.load(params)
    assert np.isnan(program.predict(data.X)).all()
    assert np.isnan(program.gradients(data)[0])


@pytest.mark.parametrize("outputs", [3, 40])
def test_large_logits_stay_finite(outputs):
    animal = Animal(Network([Dense(outputs, "softmax")], 5, "cross-entropy"))
    params, data, _ = samples_of(animal, "float32", 12)
    program, _ = programs(animal, SGD(), "float32", 12)
    params["W1"] *= np.float32(1e4)
    program.load(params)
    J, gradients = program.gradients(data)
    assert np.isfinite(J)
    assert all(np.isfinite(value).all() for value in gradients.values())
    np.testing.assert_allclose(program.predict(data.X).sum(axis=1), 1, rtol=1e-6)


def test_divergence_is_seen_at_the_end_of_the_epoch():
    animal = Animal(Network([Dense(2, "identity")], 5, "mse"))
    params, data, _ = samples_of(animal, "float32", 40)
    program, _ = programs(animal, SGD(), "float32", 4)
    program.load(params)
    costs = program.train(data, epoch(40, 4, 0, rate=1e6))
    assert not costs.finite
    assert not program.finite()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimiser", [Adam(), SGD(momentum=0.9)], ids=["adam", "momentum"])
@pytest.mark.parametrize("batch", [1, 16])
def test_memory_that_decays_ends_at_zero(dtype, optimiser, batch):
    """All ReLUs are dead, so gradients are zero; 0.9 of 4 subnormal units would round to 4 for ever."""
    animal = Animal(Network([Dense(9, "relu"), Dense(2, "identity")], 5, "squared-error"))
    params, data, _ = samples_of(animal, dtype, 64)
    program, _ = programs(animal, optimiser, dtype, batch)
    params["b1"][:] = -1e3
    smallest = float(np.finfo(dtype).smallest_subnormal)
    letters = "mv" if isinstance(optimiser, Adam) else "v"
    state = params | {f"{letter}_W1": np.full((5, 9), 4 * smallest) for letter in letters}
    program.load(state)
    if batch == 1:
        program.train(data, epoch(STEPS_BETWEEN - 1, 1, 0))
        assert (program.state()["v_W1"] == 4 * smallest).all()
        program.load(state)
        program.train(data, epoch(STEPS_BETWEEN, 1, 0))
    else:
        for number in range(STEPS_BETWEEN // 4):
            assert (program.state()["v_W1"] == 4 * smallest).all()
            program.train(data, epoch(64, 16, number))
    assert (program.state()["v_W1"] == 0).all()
    assert (program.state()[f"{letters[0]}_W1"] == 0).all()
    assert (program.state()["v_b2"] != 0).all()
