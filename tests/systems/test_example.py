"""examples/five_derivations.py prints the equations of five networks, and trains one."""

import runpy

import numpy as np
import pytest

from chainrule import derive


@pytest.fixture(scope="module")
def example(repository):
    return runpy.run_path(str(repository / "examples" / "five_derivations.py"))


def test_it_prints_every_cost_and_every_weights_gradient(example, capsys):
    example["main"]()
    printed = capsys.readouterr().out
    for title, network in example["FIVE"].items():
        section = printed[printed.index(title) :].partition("\n\n\n")[0]
        assert str(network) in section
        for part in ("L", "J", *(f"∂J/∂W{'₀₁₂₃'[layer]}" for layer in range(1, network.depth + 1))):
            assert f"      {part} = " in section
    assert "% of the biopsies that it has not seen are told rightly" in printed


def test_the_equations_are_those_of_the_derivations(example):
    three, hidden_relu, regression, neuron, relu_output = example["FIVE"].values()
    lines = {network: example["backpropagation"](derive(network)) for network in example["FIVE"].values()}
    assert {"∂J/∂Z₃ = A₃ − Y", "∂J/∂W₃ = ∂J/∂Z₃ A₂ᵀ", "∂J/∂A₂ = W₃ᵀ ∂J/∂Z₃"} <= set(lines[three])
    assert {"∂J/∂Z₂ = (1/n) (A₂ − Y)", "∂J/∂Z₁ = ∂J/∂A₁ ⊙ 𝟏[Z₁ > 0]"} <= set(lines[hidden_relu])
    assert "∂J/∂Z₂ = (2/n) (A₂ − Y)" in lines[regression]
    assert lines[neuron][-2:] == ["∂J/∂Z₁ = A₁ − Y", "∂J/∂W₁ = ∂J/∂Z₁ Xᵀ"]
    assert "∂J/∂Z₂ = ∂J/∂A₂ ⊙ 𝟏[Z₂ > 0]" in lines[relu_output]


def test_what_it_trains_learns(example):
    costs, accuracy = example["learn"](example["FIVE"][example["LEARNS"]])
    assert costs[-1] < costs[0] / 10
    assert np.all(np.diff(costs) < 0)
    assert accuracy >= 0.95
