"""What holds for the derivation of every network of the zoo: shapes, reasons, steps, both forms of the gradients."""

import re

import numpy as np
import pytest

from chainrule import SGD, Adam, AdamW, Dense, Network, Penalty, derive
from chainrule.calculus.backward import backward_equations, pull
from chainrule.calculus.derivation import LAYOUTS, Derivation
from chainrule.calculus.equations import Equation, Reason
from chainrule.calculus.forward import forward_equations
from chainrule.calculus.verification import verify
from chainrule.engines.reference import evaluate
from chainrule.expressions.functions import Function
from chainrule.expressions.intervals import Interval
from chainrule.expressions.losses import Loss, y, yhat
from chainrule.expressions.terms import (
    ONE,
    Number,
    Size,
    Symbol,
    log,
    replace,
    symbols,
    total,
    walk,
)
from tests.expressions.computing import computed
from tests.zoo import ZOO, draw, every_animal

OPTIMISERS = [SGD(), SGD(momentum=0.9), SGD(momentum=0.9, nesterov=True), Adam(clip_norm=1.0), AdamW(average=0.99)]
NAME = re.compile(
    r"""d?[XYZAMDWb]\d*            # data, values of layers, parameters, and their adjoints
      | P | dP | [JLRsw] | p\d+    # the prediction of logits; cost, its parts, divisor, weights; dropout rates
      | q | G\d+                  # a quantile for each output; which outputs are of a group
      | alpha1? | eta | eta_t | t | beta[12] | epsilon | mu | lambda | decay | clip | clip_norm | g_norm
      | (W|b)\d+\+                 # values after the step
      | (m|v|avg)_(W|b)\d+\+?      # the optimiser's memory""",
    re.VERBOSE,
)


def inputs_of(animal):
    params, X, Y, weight, masks = draw(animal)
    given = {**params, **masks, "X": X, "Y": Y}
    return given if weight is None else given | {"w": weight}


@every_animal
def test_every_equation_has_shape_reason_and_name(animal):
    derivation = derive(animal.network, optimiser=OPTIMISERS[len(animal.id) % len(OPTIMISERS)])
    for system in (derivation.equations, derivation.unreduced, derivation.gradients, derivation.prediction):
        verify(system)
        for equation in system:
            assert all(length == "n" or length >= 1 for length in system.shape(equation.left))
            assert equation.reason.rule
            assert equation.reason.applied_to
            assert NAME.fullmatch(equation.left.name), equation.left.name
            assert equation.steps == () or equation.steps[0].term == equation.first
        assert all(NAME.fullmatch(symbol.name) for symbol in system.inputs)
    order = [equation.part for equation in derivation.equations]
    assert order == sorted(order, key=["forward", "cost", "backward", "update"].index)


@every_animal
def test_every_layer_has_its_gradients_in_both_forms(animal):
    derivation, depth = derive(animal.network), animal.network.depth
    for system in (derivation.gradients, derivation.unreduced):
        assigned = {equation.left.name for equation in system}
        assert {f"d{letter}{layer}" for layer in range(1, depth + 1) for letter in "ZWb"} <= assigned
        assert {f"dA{layer}" for layer in range(1, depth)} <= assigned
    assert f"dA{depth}" in assigned, "the unreduced form keeps the derivative by the prediction"


@every_animal
def test_reduced_and_unreduced_gradients_agree(animal):
    derivation, given = derive(animal.network), inputs_of(animal)
    reduced = evaluate(derivation.gradients, given)
    unreduced = evaluate(derivation.unreduced, given | {"eta": 0.1})
    for name in ("J", *(f"d{parameter}" for parameter in animal.network.parameter_shapes)):
        np.testing.assert_allclose(reduced[name], unreduced[name], rtol=1e-9, atol=1e-13, err_msg=name)


LABELS_SUM = "each row of labels sums to 1"


def assert_steps_agree(animal):
    """Every line of algebra has the value of the line before it, at random points."""
    derivation, given = derive(animal.network), inputs_of(animal)
    compared = 0
    for labels_sum_to_one in (True, False):
        if not labels_sum_to_one:  # then every line but that one must hold for any labels at all
            given["Y"] = given["Y"] * np.linspace(0.4, 1.3, given["Y"].size).reshape(given["Y"].shape)
        values = dict(evaluate(derivation.unreduced, given | {"eta": 0.1})) | {"n": len(given["X"])}
        for equation in derivation.gradients:
            for before, after in zip(equation.steps, equation.steps[1:], strict=False):
                if after.rewrite == LABELS_SUM and not labels_sum_to_one:
                    continue
                compared += 1
                found = [value_of(step.term, derivation, values) for step in (before, after)]
                np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-12, err_msg=f"{equation.left}: {after.rewrite}")
        if not animal.network.loss.labels_sum_to_one:
            break
    return compared


def value_of(term, derivation, values):
    """A term by the values of a trace; the number of samples as a number, since it may stand alone."""
    sizes = {Size("i"): Number(values["n"])} if Size("i") in set(walk(term)) else {}
    term = replace(term, sizes)
    given = {symbol.name: values[symbol.name] for symbol in symbols(term)}
    return computed(term, dict(derivation.equations.sizes), **given)


@every_animal
def test_each_line_of_algebra_equals_the_next(animal):
    assert_steps_agree(animal)


def test_there_is_algebra_to_compare():
    net = Network.parse("4 -> 3 tanh -> 2 softmax", loss="cross-entropy")
    animal = next(animal for animal in ZOO if animal.network.loss == net.loss)
    assert assert_steps_agree(animal) >= 10


def test_a_softmax_loss_of_ones_own_does_not_assume_that_labels_sum_to_one():
    own = Loss("own-entropy", -(y * log(yhat)), domain=Interval(0, 1))
    d = derive(Network.parse("4 -> 3 softmax", loss=own))
    assert str(d["dZ1"]) == "dZ1 = 1 / size(i) * (sum[u1](Y) * A1 - Y)"
    assert LABELS_SUM not in [step.rewrite for step in d["dZ1"].steps]
    stated = Loss("own-entropy", -(y * log(yhat)), domain=Interval(0, 1), labels_sum_to_one=True)
    assert str(derive(Network.parse("4 -> 3 softmax", loss=stated))["dZ1"]) == "dZ1 = 1 / size(i) * (A1 - Y)"


def test_a_function_of_ones_own_needs_a_definition_only():
    z = Symbol("z")
    own = Function("cubed", z**3 + z)
    net = Network([Dense(3, own), Dense(1, "identity")], 4, "mse")
    rng = np.random.default_rng(0)
    params = {name: rng.normal(size=shape) for name, shape in net.parameter_shapes.items()}
    X, Y = rng.normal(size=(5, 4)), rng.normal(size=(5, 1))
    trace = net.trace(params, X, Y)
    np.testing.assert_allclose(trace["dZ1"], trace["dA1"] * (3 * trace["Z1"] ** 2 + 1), rtol=1e-14)


def test_sums_over_axes_that_a_contribution_lacks_count_them():
    """∂/∂c of Σᵢⱼ (A + c) is the number of entries: what the chain rule must not lose when a slope is constant."""
    A, c, J = Symbol("A1", ("i", "u1")), Symbol("c"), Symbol("J")
    v = Symbol("v", ("i", "u1"))
    forward = [Equation(v, A + c, "forward", Reason("affine", "a shift"))]
    cost = [Equation(J, total(v, v.axes), "cost", Reason("cost", "a plain sum"))]
    dv, dc = backward_equations(forward, cost, [c])
    assert str(dv) == "dv = 1"
    assert computed(dc.right, {"u1": 3}, dv=np.ones((4, 3))) == 12
    direct = [Equation(J, total(A + c, A.axes), "cost", Reason("cost", "a plain sum"))]
    into = {}
    pull(direct[0].right, ONE, frozenset([c]), [c], into)
    assert str(into[c][0]) == "size(u1) * size(i)"


@pytest.mark.parametrize("line", ["3 -> 1", "3 -> 2 -> 1", "3 -> 2 -> 2"])
def test_identity_layers_are_ordinary_layers(line):
    net = Network.parse(line, loss="squared-error", penalty=Penalty(l2=0.1, divided=False))
    d = derive(net)
    depth = net.depth
    assert str(d[f"dZ{depth}"]) == f"dZ{depth} = 1 / size(i) * (A{depth} - Y)"
    assert str(d["dW1"].right).endswith(" + alpha * W1")
    for layer in range(1, depth):
        assert str(d[f"dZ{layer}"]) == f"dZ{layer} = dA{layer}"


def test_dropout_appears_where_declared_and_not_in_prediction():
    net = Network.parse("3 dropout(0.1) -> 4 relu dropout(0.5) -> 2", loss="cross-entropy")
    d = derive(net)
    assert str(d["D0"]) == "D0 = X * M0 / (1 - p0)"
    assert str(d["D1"]) == "D1 = A1 * M1 / (1 - p1)"
    assert dict(d.equations.constants) == {"p0": 0.1, "p1": 0.5}
    assert {symbol.name for symbol in d.prediction.inputs} == {"X", "W1", "b1", "W2", "b2"}
    assert d.prediction.outputs == ("P",)
    assert not [equation for equation in d.backward if equation.left.name in ("dD0", "dX")]


def test_s_is_the_weight_of_the_batch_for_a_mean_only():
    line = "3 -> 1"
    weighted = derive(Network.parse(line, loss="mse", sample_weights=True))
    assert str(weighted["J"]) == "J = L / s"
    summed = derive(Network.parse(line, loss="mse", sample_weights=True, reduction="sum"))
    assert str(summed["J"]) == "J = L"
    assert "s" not in [equation.left.name for equation in summed.equations]
    assert str(summed["dZ1"]) == "dZ1 = 2 * w * (A1 - Y)"


def test_forward_equations_without_dropout_are_those_of_a_network_without_it():
    wet, dry = (Network.parse(f"3 -> 4 relu{text} -> 2", loss="mse") for text in (" dropout(0.5)", ""))
    assert [str(e) for e in forward_equations(wet, dropout=False)] == [str(e) for e in forward_equations(dry)]


def test_deep_networks_are_derived():
    line = "4 -> " + " -> ".join(f"{2 + layer % 3} tanh" for layer in range(60)) + " -> 1 sigmoid"
    assert len(derive(Network.parse(line, loss="bce", penalty=Penalty(l2=0.1))).backward) == 61 * 4 - 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda net: derive(net, layout="diagonal"), ValueError, "layout must be one of columns, rows, sample, index"),
        (lambda net: Derivation(net, layout="diagonal"), ValueError, "layout must be one of columns, rows, sample"),
        (lambda net: derive(net, symbols=5), TypeError, "symbols must be a preset's name or a mapping of letters"),
        (lambda net: derive(net, example=5), TypeError, r"example must be \(X, Y\) or .*, got int"),
        (lambda net: derive(net, example={"X": 1, "Y": 2}), TypeError, r"example must be .*, got dict"),
        (lambda net: derive("2 -> 1"), TypeError, "derive takes a Network, got str; Network.parse reads"),
        (lambda net: derive(net, optimiser="adam"), TypeError, r"optimiser must be SGD\(…\), Adam\(…\) or AdamW"),
    ],
)  # fmt: skip
def test_nonsense_is_refused(make, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make(Network.parse("2 -> 1", loss="mse"))


def test_a_layout_changes_no_equation():
    net = Network.parse("2 -> 3 tanh -> 1", loss="mse")
    assert len({derive(net, layout=layout).equations for layout in LAYOUTS}) == 1


def test_a_network_declared_again_is_not_derived_again():
    line, other = "3 -> 4 tanh -> 2 softmax", "3 -> 4 tanh -> 2 sigmoid"
    first, again = (derive(Network.parse(text, loss="cross-entropy"), layout="rows") for text in (line, line))
    assert first.equations is again.equations
    assert first.unreduced is again.unreduced
    assert derive(Network.parse(other, loss="bce")).equations != first.equations
    with_adam = derive(first.network, optimiser=Adam())
    assert with_adam.backward == first.backward
    assert with_adam.updates != first.updates
