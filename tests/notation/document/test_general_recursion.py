"""What is said of every layer holds for the network of the document: penalties, dropout and softmax included."""

import pytest

from chainrule.calculus import derive
from chainrule.network import Network, Penalty


def in_general(text, loss, **options):
    """The lines of the section "In general" that are equations."""
    declared = {name: options.pop(name) for name in ("penalty", "input_dropout") if name in options}
    page = derive(Network.parse(text, loss=loss, **declared), **options).to_text()
    section = page.partition("In general\n")[2].partition("In this order:")[0]
    return section, [line.split("   ")[0] for line in section.splitlines() if line.startswith("  ")]


@pytest.mark.parametrize(
    ("text", "loss", "options", "line"),
    [
        ("4 -> 3 tanh -> 1 identity", "mse", {"penalty": Penalty(l2=0.1, l1=0.2)},
         "∂J/∂Wₗ = ∂J/∂Zₗ Aₗ₋₁ᵀ + (α/n) Wₗ + (α₁/n) sign(Wₗ)"),
        ("4 -> 1 identity", "mse", {"penalty": Penalty(l2=0.1), "layout": "rows"},
         "∂J/∂Wₗ = Aₗ₋₁ᵀ ∂J/∂Zₗ + (α/n) Wₗ"),
        ("4 -> 3 tanh -> 2 softmax", "cross-entropy", {}, "∂J/∂Z_L = (1/n) (A_L − Y)"),
        ("4 -> 3 tanh -> 5 relu -> 2 softmax", "cross-entropy", {"layout": "sample"}, "∂ℓ/∂z_L = a_L − y"),
        ("4 -> 3 tanh dropout(0.5) -> 1 identity", "mse", {},
         "∂J/∂Zₗ = (Wₗ₊₁ᵀ ∂J/∂Zₗ₊₁) ⊙ [Mₗ / (1 − pₗ)] ⊙ fₗ′(Zₗ)"),
        ("4 -> 3 tanh -> 1 identity", "mse", {}, "∂J/∂Z_L = ∂J/∂A_L ⊙ f_L′(Z_L)"),
    ],
)  # fmt: skip
def test_the_lines_are_those_of_this_network(text, loss, options, line):
    assert f"  {line}" in in_general(text, loss, **options)[1]


def test_what_the_first_layer_reads_is_named():
    assert "where A₀ is X," in in_general("4 -> 3 tanh -> 1 identity", "mse")[0]
    assert "where A₀ is D₀," in in_general("4 -> 3 tanh -> 1 identity", "mse", input_dropout=0.2)[0]
    assert "where D₀ is X," in in_general("4 -> 3 tanh dropout(0.5) -> 1 identity", "mse")[0]
