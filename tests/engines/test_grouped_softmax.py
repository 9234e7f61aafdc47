"""A softmax for each of several targets, on every engine, against JAX and against networks of one target."""

import numpy as np
import pytest

from chainrule import Network, check_gradients, derive
from chainrule.engines.choosing import compile_with
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.reference.few_rows import FewRows
from chainrule.notation.text import to_text
from chainrule.notation.writing import Writer
from tests.engines.reference import autodiff
from tests.zoo import GROUPED, draw, each

each_animal = each(GROUPED, [GROUPED[0], GROUPED[3]])
TOLERANCE = {np.float64: 1e-12, np.float32: 1e-5}


def started(engine, animal, dtype=np.float64):
    params, X, Y, weight, _ = draw(animal)
    program = compile_with(engine, derive(animal.network), dtype=np.dtype(dtype), batch_size=5)
    program.load(params)
    return program, Data(*(None if part is None else part.astype(dtype) for part in (X, Y, weight)))


@each_animal
@pytest.mark.parametrize(("engine", "dtype"), [("reference", np.float64), ("jit", np.float64), ("jit", np.float32)])
def test_cost_and_gradients_are_those_of_jax(animal, engine, dtype):
    params, X, Y, weight, _ = draw(animal)
    cost, expected = autodiff.cost_and_gradients(animal.network, params, X, Y, weight)
    program, data = started(engine, animal, dtype)
    cost_found, gradients = program.gradients(data)
    assert cost_found == pytest.approx(float(cost), rel=TOLERANCE[dtype])
    for name, found in gradients.items():
        right = np.asarray(expected[name[1:]])
        assert np.linalg.norm(found - right) <= 10 * TOLERANCE[dtype] * np.linalg.norm(right), name


@each_animal
def test_the_engines_take_the_same_steps_and_predict_the_same(animal):
    programs = []
    for engine in ("reference", "jit"):
        program, data = started(engine, animal)
        program.train(data, Epoch(np.arange(len(data)), 5, np.full(4, 0.1)))
        programs.append(program)
    one, other = programs
    for name, value in one.state().items():
        np.testing.assert_allclose(other.state()[name], value, rtol=1e-10, atol=1e-13)
    outputs = one.predict(data.X)
    np.testing.assert_allclose(other.predict(data.X), outputs, rtol=1e-10)
    few = FewRows(derive(animal.network))(one.state(), np.asarray(data.X)[:3])
    np.testing.assert_allclose(few, outputs[:3], rtol=1e-12)
    ends = np.cumsum(animal.network.layers[-1].activation.groups)[:-1]
    for part in np.split(outputs, ends, axis=1):
        np.testing.assert_allclose(part.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("engine", ["reference", "jit"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_groups_far_apart_do_not_disturb_each_other(engine, dtype):
    network = Network.parse("1 -> 5 softmax(2,3)", loss="cross-entropy")
    program = compile_with(engine, derive(network), dtype=np.dtype(dtype), batch_size=1)
    program.load({"W1": np.zeros((1, 5)), "b1": np.array([9000.0, 9000, -8000, -8000, -8000 + np.log(2)])})
    np.testing.assert_allclose(program.predict(np.zeros((1, 1), dtype)), [[0.5, 0.5, 0.25, 0.25, 0.5]], rtol=1e-3)
    cost, gradients = program.gradients(Data(np.zeros((1, 1), dtype), np.array([[1, 0, 0, 0, 1]], dtype)))
    assert cost == pytest.approx(2 * np.log(2), rel=1e-3)
    np.testing.assert_allclose(gradients["db1"], [-0.5, 0.5, 0.25, 0.25, -0.5], rtol=1e-3)


@pytest.mark.parametrize("layout", ["columns", "rows", "sample", "index"])
def test_its_derivation_can_be_read(layout):
    text = derive(GROUPED[0].network, layout=layout).to_text()
    assert "softmax(3, 2, 4)" in text
    assert "1 for the outputs of one group, 0 for the others = (1, 1, 1, 0, 0, 0, 0, 0, 0)" in " ".join(text.split())
    assert "e+30" not in text  # what equations take from units outside a group


@pytest.mark.parametrize(
    ("layout", "written"),
    [
        ("columns", "A₂ = exp(Z₂) / [G₁ G₁ᵀ exp(Z₂) + G₂ G₂ᵀ exp(Z₂)]"),
        ("rows", "A₂ = exp(Z₂) / [exp(Z₂) G₁ G₁ᵀ + exp(Z₂) G₂ G₂ᵀ]"),
    ],
)
def test_it_is_written_with_matrices(layout, written):
    network = Network.parse("3 -> 2 tanh -> 5 softmax(3,2)", loss="cross-entropy")
    writer = Writer(layout)
    d = derive(network, layout=layout)
    assert to_text(writer.equation(d["A2"])) == written
    assert to_text(writer.equation(d["dZ2"])) == "∂J/∂Z₂ = (1/n) (A₂ − Y)"
    assert [step.rewrite for step in d["dZ2"].steps][-2:] == ["every output is in one group", "factor out"]


@each_animal
def test_its_gradients_are_checked_and_faults_found(animal):
    assert check_gradients(animal.network).right
    params, X, Y, weight, _ = draw(animal)
    assert np.isfinite(animal.network.trace(params, X, Y, weight)["J"])
    with pytest.raises(ValueError, match=r"outputs 0 to \d+, to sum to 1"):
        animal.network.trace(params, X, np.full_like(Y, 1 / Y.shape[1]), weight)


def test_its_script_trains():
    names = {"__name__": "script"}
    exec(compile(derive(GROUPED[0].network).to_python(), "script", "exec"), names)  # noqa: S102 - our own
    X, rng = np.random.default_rng(0).normal(size=(30, 6)), np.random.default_rng(1)
    Y = np.hstack([np.eye(k)[rng.integers(0, k, 30)] for k in (3, 2, 4)])
    costs, _ = names["train"](X, Y, names["initial_parameters"](rng), 0.1, steps=20)
    assert costs[-1] < costs[0]


def test_it_is_written_and_read():
    network = GROUPED[0].network
    assert Network.parse(str(network), loss="cross-entropy") == network
    assert Network.from_json(network.to_json()) == network


def test_groups_are_the_outputs():
    with pytest.raises(ValueError, match="softmax\\(3, 2\\) is of 5 units, but layer 1 has 4"):
        Network.parse("2 -> 4 softmax(3,2)", loss="cross-entropy")
    with pytest.raises(ValueError, match="groups must be whole numbers of units"):
        Network.parse("2 -> 4 softmax(1.5,2.5)", loss="cross-entropy")
