"""The pairs for which dZ_L = c · (A_L − Y): the derivation must get there by algebra, for every kind of cost."""

import itertools

import pytest

from chainrule import Network, Penalty, derive
from chainrule.expressions.terms import walk

PAIRS = [
    ("1 sigmoid", "binary-cross-entropy", "A2"),
    ("3 sigmoid", "binary-cross-entropy", "A2"),
    ("3 softmax", "cross-entropy", "A2"),
    ("3 identity", "cross-entropy", "P"),
    ("3 identity", "squared-error", "A2"),
    ("3 exp", "poisson", "A2"),
]
COEFFICIENT = {("mean", False): "1 / size(i) * ", ("mean", True): "w / s * ", ("sum", False): "", ("sum", True): "w * "}
KINDS = list(
    itertools.product(COEFFICIENT, (None, Penalty(l2=0.1), Penalty(l2=0.1, divided=False)), ("", " dropout(0.5)"))
)


@pytest.mark.parametrize(("output", "loss", "prediction"), PAIRS, ids=str)
@pytest.mark.parametrize(("cost", "penalty", "dropout"), KINDS, ids=str)
def test_the_output_error_is_prediction_minus_label(output, loss, prediction, cost, penalty, dropout):
    reduction, weights = cost
    options = {"penalty": penalty, "reduction": reduction, "sample_weights": weights}
    d = derive(Network.parse(f"4 -> 5 tanh{dropout} -> {output}", loss=loss, **options))
    factor = COEFFICIENT[cost]
    difference = f"{prediction} - Y"
    assert str(d["dZ2"].right) == (f"{factor}({difference})" if factor else difference)
    assert "dA2" not in [equation.left.name for equation in d.backward]
    assert "dA2" in [equation.left.name for equation in d.unreduced]


@pytest.mark.parametrize(("output", "loss", "_prediction"), PAIRS, ids=str)
def test_the_way_there_is_told(output, loss, _prediction):
    steps = derive(Network.parse(f"4 -> {output}", loss=loss))["dZ1"].steps
    assert steps[0].rewrite == "chain rule"
    assert len(steps) >= 2
    assert len({str(step.term) for step in steps}) == len(steps), "every step changes something that can be seen"


def test_the_softmax_pair_says_what_it_needs_of_labels():
    rewrites = [step.rewrite for step in derive(Network.parse("4 -> 3 softmax", loss="cross-entropy"))["dZ1"].steps]
    assert "each row of labels sums to 1" in rewrites


@pytest.mark.parametrize(
    ("output", "loss", "right"),
    [
        ("sigmoid", "mse", "dA1 * A1 * (1 - A1)"),
        ("relu", "squared-error", "dA1 * select(less_equal(Z1, 0), 0, 1)"),
        ("tanh", "squared-error", "dA1 * (1 - A1**2)"),
        ("softmax", "mse", "A1 * (dA1 - sum[u1](dA1 * A1))"),
        ("sigmoid", "poisson", "1 / size(i) * (A1 - Y) * (1 - A1)"),
        ("identity", "mse", "2 / size(i) * (A1 - Y)"),
        ("identity", "absolute-error", "1 / size(i) * sign(A1 - Y)"),
    ],
)
def test_other_pairs_keep_what_does_not_cancel(output, loss, right):
    assert str(derive(Network.parse(f"4 -> 3 {output}", loss=loss))["dZ1"].right) == right


@pytest.mark.parametrize(("output", "loss", "_prediction"), PAIRS, ids=str)
def test_nothing_divides_by_an_output(output, loss, _prediction):
    """Y/A would be infinite where the network is confident; the reduced list has no such fraction left."""
    d = derive(Network.parse(f"4 -> 5 tanh -> {output}", loss=loss))
    divisions = [
        node
        for equation in d.gradients
        for node in walk(equation.right)
        if getattr(node, "operation", None) == "div" and len(node.arguments[1].axes) > 1
    ]
    assert divisions == []
