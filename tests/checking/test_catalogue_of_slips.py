"""Every slip of the catalogue, planted in a NumPy backward function, is named with its line and its kind.

The function is source text, generated from the equations in somebody's layout, and computes its own forward pass.
Slips that cannot run, give no numbers (the logarithm of a negative one), or change no value, are left out; where two
kinds give the same numbers, either counts.
"""

import numpy as np
import pytest

from chainrule import Network, Penalty, check_backward, derive
from chainrule.calculus.forward import dropout_rates
from chainrule.checking.catalogue import Catalogue
from chainrule.checking.drawing import samples_drawn
from chainrule.checking.forms import Form
from chainrule.checking.slips import AND, FITTED, KINDS
from chainrule.checking.worlds import backward_lines
from chainrule.expressions.terms import symbols
from tests.checking.written import load, source
from tests.zoo import ZOO

LAYOUTS = {"rows": Form(), "columns": Form("columns", "out-in", "matrix")}

FEW = {
    "softmax": Network.parse("4 -> 3 tanh -> 2 softmax", loss="cross-entropy"),
    "penalty": Network.parse("4 -> 3 sigmoid -> 1 sigmoid", loss="bce", penalty=Penalty(l2=0.3)),
}
MANY = {
    "weights": Network.parse("3 -> 4 silu -> 2 identity", loss="mse", sample_weights=True),
    "dropout": Network.parse("4 -> 3 tanh dropout(0.3) -> 2 sigmoid", loss="squared-error", reduction="sum"),
    "logits": Network.parse("3 -> 4 relu -> 2 identity", loss="cross-entropy", penalty=Penalty(l2=0.2, divided=False)),
    "deep": Network.parse("6 -> 4 tanh -> 3 sigmoid -> 2 softplus", loss="poisson"),
    "square": Network.parse("3 -> 3 tanh -> 3 elu -> 3 softmax", loss="mse", penalty=Penalty(l2=0.2, l1=0.1)),
    "one layer": Network.parse("4 -> 1 identity", loss="huber(0.5)", sample_weights=True),
}


def planted(net, form):
    """The slips that a reader's code could have in this layout."""
    derivation = derive(net)
    forward = {symbol.name: symbol for symbol in derivation.gradients.inputs if symbol.name == "X"}
    forward |= {equation.left.name: equation.left for equation in derivation.forward}
    catalogue = Catalogue(net, backward_lines(derivation), forward, samples_drawn(net))
    for layer in range(net.depth, 0, -1):
        for slip in (*catalogue.of_layer(layer), *catalogue.of_weights(layer), *catalogue.of_bias(layer)):
            n_by_n = slip.kind in ("broadcasting", "matrix product for elementwise")
            size = np.prod(net.parameter_shapes.get(slip.line.removeprefix("d"), (2,)))
            fewest = 3 if slip.kind == "constant factor" else 2
            undetermined = FITTED in symbols(slip.right) and size < fewest  # so few numbers fit any factor
            if not undetermined and not (n_by_n and form.samples == "columns") and slip.kind != "broadcasting":
                yield slip


def arguments_of(net):
    masks = [f"M{layer}" for layer, rate in enumerate(dropout_rates(net)) if rate]
    return ", ".join(["params", "X", "Y", *["w"] * net.sample_weights, *masks])


def named(report, slip):
    found = {(item.line, kind) for item in report.slips for kind in (item.kind, *item.also)}
    elsewhere = {kind for item in report.slips for kind in item.also}
    return len(report.slips) == 1 and ((slip.line, slip.kind) in found or f"{slip.kind} in {slip.line}" in elsewhere)


def missed(net, form, slips, folder):
    """The slips that the report does not name, of those that run and change a value; and how many those are."""
    arguments = arguments_of(net)
    right = load(source(net, form, arguments=arguments), folder)
    report = check_backward(net, right)
    assert report, str(report)
    wrong, seen = [], 0
    for slip in slips:
        report = check_backward(net, load(source(net, form, [slip], arguments), folder))
        if report.failure or report.right or "it holds NaN or infinities" in str(report):
            continue
        seen += 1
        if not named(report, slip):
            wrong.append((slip, str(report)))
    return wrong, seen


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", FEW)
def test_a_part_of_the_catalogue(name, layout, tmp_path):
    net, form = FEW[name], LAYOUTS[layout]
    wrong, seen = missed(net, form, list(planted(net, form))[::30], tmp_path)
    assert wrong == []
    assert seen >= 4


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", [*FEW, *MANY])
def test_the_whole_catalogue_of_some_networks_and_half_of_it_in_each_layout_of_others(name, layout, tmp_path):
    net, form = (FEW | MANY)[name], LAYOUTS[layout]
    slips = [slip for slip in planted(net, form) if AND not in slip.kind]
    slips = slips if name in FEW else slips[list(LAYOUTS).index(layout) :: len(LAYOUTS)]
    wrong, seen = missed(net, form, slips, tmp_path)
    assert wrong == []
    assert seen >= 0.8 * len(slips)  # f′ of a ReLU at A is that at Z, and so on


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(ZOO)))
def test_a_few_slips_in_every_network_of_the_zoo(number, tmp_path):
    net, form = ZOO[number].network, LAYOUTS["rows" if number % 2 else "columns"]
    slips = [slip for slip in planted(net, form) if AND not in slip.kind]
    wrong, _ = missed(net, form, slips[number % 40 :: 40], tmp_path)
    assert wrong == []


def test_every_kind_of_the_catalogue_is_described():
    every = {slip.kind for net in (FEW | MANY).values() for slip in planted(net, LAYOUTS["rows"])}
    every = {kind for kinds in every for kind in kinds.split(AND)}
    assert every <= set(KINDS)
    told_otherwise = {"broadcasting", "keepdims lost", "not finite", "unknown"}
    assert set(KINDS) - every == told_otherwise
