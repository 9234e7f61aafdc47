"""A network printed and parsed, written as JSON and read, copied and compared: always the same value."""

import copy
import dataclasses
import json
import pickle

import pytest
from hypothesis import given, settings

from chainrule import Dense, Network, Penalty, derive
from chainrule.expressions.functions import Function
from chainrule.expressions.intervals import Interval
from chainrule.expressions.lookup import text_of
from chainrule.expressions.losses import Loss, y, yhat
from chainrule.expressions.terms import (
    Symbol,
    exp,
    tanh,
)
from tests.network.networks import networks

z = Symbol("z")
SWISHED = Function("swished", z * tanh(z), range=Interval(0, float("inf"), low_open=False), parameters=(("k", 2),))
SKEWED = Loss("skewed", exp(yhat - y) - yhat + y)


@given(networks())
def test_what_is_printed_is_parsed_back(net):
    options = {"penalty": net.penalty, "reduction": net.reduction, "sample_weights": net.sample_weights}
    again = Network.parse(str(net), loss=text_of(net.loss), **options)
    assert again == net
    assert hash(again) == hash(net)
    assert str(again) == str(net)
    assert Network.parse(str(net).replace("->", " → "), loss=net.loss, **options) == net


@given(networks())
def test_what_stands_for_it_in_a_terminal_makes_it_again(net):
    again = eval(repr(net), {"Network": Network, "Penalty": Penalty})  # noqa: S307  our own text
    assert again == net


def test_values_stand_for_themselves_in_a_few_words():
    net = Network.parse("2 -> 3 leaky_relu(0.1) -> 1 sigmoid", loss="bce", sample_weights=True, reduction="sum")
    assert repr(net) == (
        "Network.parse('2 -> 3 leaky_relu(0.1) -> 1 sigmoid', loss='binary-cross-entropy', reduction='sum', "
        "sample_weights=True)"
    )
    assert repr(net.layers[0]) == "Dense(3, 'leaky_relu(0.1)')"
    assert repr(Dense(3, "tanh", dropout=0.5)) == "Dense(3, 'tanh', dropout=0.5)"
    assert repr(SWISHED) == "Function('swished', 'z * tanh(z)', k=2.0)"
    assert repr(SKEWED) == "Loss('skewed', 'exp(yhat - y) - yhat + y')"
    derivation = derive(net)
    assert repr(derivation).startswith("derive(Network.parse('2 -> 3 leaky_relu(0.1) -> 1 sigmoid'")
    assert repr(derivation["dW1"]) == "Equation('dW1 = sum[i](X * dZ1)', part='backward')"
    assert repr(derivation["dZ2"].steps[0]) == """Step('chain rule', "dA2 * sigmoid'(Z2)")"""
    assert repr(derivation.equations).startswith("Equations(Z1, A1, Z2, A2, L, J, dZ2, ")
    assert str(derivation.equations).splitlines()[0] == str(derivation["Z1"])


@given(networks())
def test_json_comes_back(net):
    assert Network.from_json(json.loads(json.dumps(net.to_json(), allow_nan=False))) == net


@settings(max_examples=20)
@given(networks())
def test_copies_are_equal(net):
    assert copy.deepcopy(net) == net == dataclasses.replace(net)
    assert pickle.loads(pickle.dumps(net)) == net  # noqa: S301 - our own bytes


def test_ones_own_function_and_loss_travel_with_the_network():
    net = Network([Dense(3, SWISHED, dropout=0.25), Dense(2, "identity")], 4, SKEWED)
    again = Network.from_json(json.loads(json.dumps(net.to_json())))
    assert again == net
    assert again.layers[0].activation.definition == SWISHED.definition
    assert again.loss == SKEWED
    assert str(net) == "4 -> 3 swished(2) dropout(0.25) -> 2 identity"


def test_the_text_form_and_objects_are_the_same_value():
    line = "30 dropout(0.1) -> 16 relu dropout(0.2) -> 8 leaky-relu(slope=0.1) -> 1 logistic"
    layers = [Dense(16, "relu", dropout=0.2), Dense(8, "leaky_relu(0.1)"), Dense(1, "sigmoid")]
    net = Network(layers, n_inputs=30, loss="bce", input_dropout=0.1)
    assert Network.parse(line, loss="log_loss") == net
    assert str(net) == "30 dropout(0.1) -> 16 relu dropout(0.2) -> 8 leaky_relu(0.1) -> 1 sigmoid"
    assert Network.parse("2->1", loss="mse") == Network.parse("  2 ->\t1 identity ", loss="mse")


@pytest.mark.parametrize(
    "change",
    [
        {"n_inputs": 5}, {"loss": "squared-error"}, {"penalty": Penalty(l2=0.1)}, {"reduction": "sum"},
        {"sample_weights": True}, {"input_dropout": 0.1}, {"layers": (Dense(3, "relu"),)},
        {"layers": (Dense(3, "tanh", 0.1), Dense(2))},
    ],
    ids=str,
)  # fmt: skip
def test_any_difference_is_a_difference(change):
    net = Network((Dense(3, "tanh"),), 4, "mse")
    other = dataclasses.replace(net, **change)
    assert other != net
    assert len({net, other}) == 2
    assert other.to_json() != net.to_json()


def test_a_declaration_does_not_change():
    net = Network.parse("2 -> 1", loss="mse")
    for value, name in ((net, "loss"), (net.layers[0], "width"), (net.penalty, "l2")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, 1)


def test_what_it_says_of_itself():
    net = Network.parse("4 -> 3 tanh -> 2 identity", loss="cross-entropy")
    assert (net.widths, net.depth, net.reads_logits) == ((4, 3, 2), 2, True)
    assert net.parameter_shapes == {"W1": (4, 3), "b1": (3,), "W2": (3, 2), "b2": (2,)}
    assert not Network.parse("4 -> 2 softmax", loss="cross-entropy").reads_logits
