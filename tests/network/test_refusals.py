"""Nonsense, and what is said of it: the culprit, and what would be accepted."""

# ruff: noqa: E501 - a message stays in one piece

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import Dense, Network, Penalty
from chainrule.expressions.functions import Function
from chainrule.expressions.intervals import Interval
from chainrule.expressions.losses import Loss, y, yhat
from chainrule.expressions.terms import (
    ONE,
    Symbol,
    less,
)

FORM = "expected 'n_inputs -> WIDTH ACTIVATION -> … -> WIDTH ACTIVATION', e.g. '4 -> 8 tanh -> 3 softmax'"
WHOLE = "must begin with a whole number from 1 to 2147483647"
KNOWN = "known: identity, sigmoid, tanh, relu, leaky_relu, elu, selu, gelu, silu, mish, softplus, exp, softmax"
z = Symbol("z")


@pytest.mark.parametrize(
    ("line", "loss", "message"),
    [
        ("4 -> 3 softmax -> 2 softmax", "cross-entropy", "layer 1: softmax is accepted in the last layer only (of 2)"),
        ("4 -> 0 relu -> 1", "mse", "layer 1 ('0 relu'): width must be a whole number from 1 to 2147483647, got 0"),
        ("0 -> 1", "mse", "n_inputs must be a whole number from 1 to 2147483647, got 0"),
        ("-4 -> 1", "mse", f"the input ('-4') {WHOLE}, got '-4'"),
        ("4 -> 2.5 relu -> 1", "mse", f"layer 1 ('2.5 relu') {WHOLE}, got '2.5'"),
        ("4 -> ٣ relu -> 1", "mse", f"layer 1 ('٣ relu') {WHOLE}, got '٣'"),
        ("4 -> ² relu -> 1", "mse", f"layer 1 ('² relu') {WHOLE}, got '²'"),
        ("4 -> 99999999999999999999", "mse", f"layer 1 ('99999999999999999999') {WHOLE}, got '99999999999999999999'"),
        ("4 -> 2147483648", "mse", "layer 1 ('2147483648'): width must be a whole number from 1 to 2147483647, got 2147483648"),
        ("4 -> relu -> 1", "mse", f"layer 1 ('relu') {WHOLE}, got 'relu'"),
        ("4 -> 8relu -> 1", "mse", f"layer 1 ('8relu') {WHOLE}, got '8relu'"),
        ("4 -> 8 rleu -> 1", "mse", f"layer 1 ('8 rleu'): unknown activation 'rleu'; did you mean 'relu'; {KNOWN}"),
        ("4 -> 8 relu(1) -> 1", "mse", "layer 1 ('8 relu(1)'): activation 'relu' takes no parameters, got 'relu(1)'"),
        ("4 -> 8 elu(-1) -> 1", "mse", "layer 1 ('8 elu(-1)'): activation 'elu(-1)': alpha must lie in (0, inf), got -1"),
        ("4 -> 8 relu tanh -> 1", "mse", f"cannot read layer 1 ('8 relu tanh') of the network; {FORM}"),
        ("4 -> 8 relu dropout(1) -> 1", "mse", "layer 1 ('8 relu dropout(1)'): dropout must be a probability in [0, 1), got 1.0"),
        ("4 -> 8 dropout(nan) -> 1", "mse", "layer 1 ('8 dropout(nan)'): dropout must be a probability in [0, 1), got nan"),
        ("4 -> 8 dropout(x) -> 1", "mse", "layer 1 ('8 dropout(x)'): dropout takes a number, got 'x'"),
        ("4 -> 8 dropout(٠.٥) -> 1", "mse", "layer 1 ('8 dropout(٠.٥)'): dropout takes a number, got '٠.٥'"),
        ("4 dropout(2) -> 1", "mse", "input_dropout must be a probability in [0, 1), got 2.0"),
        ("4 -> 1 sigmoid dropout(0.5)", "bce", "layer 1: dropout(0.5) is not accepted on the output layer"),
        ("4 relu -> 1", "mse", f"the input of '4 relu -> 1' cannot have an activation, got 'relu'; {FORM}"),
        ("", "mse", f"cannot read the network '': no '->' in it; {FORM}"),
        ("4 8 1", "mse", f"cannot read the network '4 8 1': no '->' in it; {FORM}"),
        ("4 -> ", "mse", f"cannot read layer 1 ('') of the network; {FORM}"),
        (" -> 4", "mse", f"cannot read the input ('') of the network; {FORM}"),
        ("4 -> 1 softmax", "mse", "softmax over 1 unit is always 1; use '1 sigmoid' with 'binary-cross-entropy', or 2 units"),
        ("4 -> 1", "cross-entropy", "cross-entropy over 1 logit is always 0; use '1 sigmoid' with 'binary-cross-entropy'"),
        ("4 -> 2 sigmoid", "cross-entropy", "loss 'cross-entropy' needs outputs that sum to 1: end in softmax, or in identity to give logits; got 'sigmoid' (for independent outputs use 'binary-cross-entropy' after sigmoid)"),
        ("4 -> 2 relu", "bce", "loss 'binary-cross-entropy' needs predictions in (0, 1), but the output activation 'relu' reaches [0, inf); accepted here: sigmoid, softmax"),
        ("4 -> 2 relu", "poisson", "loss 'poisson' needs predictions in (0, inf), but the output activation 'relu' reaches [0, inf); accepted here: sigmoid, softplus, exp, softmax"),
        ("4 -> 2 tanh", "bce", "loss 'binary-cross-entropy' needs predictions in (0, 1), but the output activation 'tanh' reaches (-1, 1); accepted here: sigmoid, softmax"),
        ("4 -> 2", "crossentropy", "unknown loss 'crossentropy'; did you mean 'cross-entropy'; known: binary-cross-entropy, cross-entropy, binary-focal, focal, squared-error, mse, absolute-error, huber, quantile, poisson"),
        ("4 -> 2", "huber(0)", "loss 'huber(0)': delta must lie in (0, inf), got 0"),
    ],
)  # fmt: skip
def test_a_line(line, loss, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Network.parse(line, loss=loss)


LAYERS = [Dense(2, "tanh"), Dense(1, "identity")]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0), "width must be a whole number from 1 to 2147483647, got 0"),
        (lambda: Dense(True), "width must be a whole number from 1 to 2147483647, got True"),
        (lambda: Dense(2.0), "width must be a whole number from 1 to 2147483647, got 2.0"),
        (lambda: Dense("8"), "width must be a whole number from 1 to 2147483647, got '8'"),
        (lambda: Dense(10**400), "width must be a whole number from 1 to 2147483647, got 1000"),
        (lambda: Dense(8, dropout=1.0), "dropout must be a probability in [0, 1), got 1.0"),
        (lambda: Dense(8, dropout="0.1"), "dropout must be a probability in [0, 1), got '0.1'"),
        (lambda: Dense(8, dropout=float("nan")), "dropout must be a probability in [0, 1), got nan"),
        (lambda: Dense(8, Function("identity", z * 2)), "'identity' is the name of activation 'identity' of the table"),
        (lambda: Network([], 3, "mse"), "layers must be one or more Dense layers, got ()"),
        (lambda: Network(Dense(1), 3, "mse"), "layers must be a sequence of Dense layers, got Dense(1, 'relu')"),
        (lambda: Network([3, 2], 3, "mse"), "layers must be one or more Dense layers, got (3, 2)"),
        (lambda: Network(LAYERS, 0, "mse"), "n_inputs must be a whole number from 1 to 2147483647, got 0"),
        (lambda: Network(LAYERS, 3, "mse", penalty=0.1), "penalty must be a Penalty, e.g. Penalty(l2=0.1), got 0.1"),
        (lambda: Network(LAYERS, 3, "mse", reduction="men"), "reduction must be 'mean' or 'sum', got 'men'; did you mean 'mean'"),
        (lambda: Network(LAYERS, 3, "mse", sample_weights="no"), "sample_weights must be True or False, got 'no'"),
        (lambda: Network(LAYERS, 3, "mse", input_dropout=-0.1), "input_dropout must be a probability in [0, 1), got -0.1"),
        (lambda: Network(LAYERS, 3, Loss("mse", yhat - y)), "'mse' is the name of loss 'mse' of the table"),
        (lambda: Dense(2, Function("step", less(0, z))), "activation 'step' is constant wherever it has a slope"),
        (lambda: Dense(2, Function("half", ONE / 2)), "activation 'half' is constant wherever it has a slope"),
        (lambda: Network(LAYERS, 3, Loss("label", y)), "loss 'label' is constant wherever it has a slope"),
        (lambda: Penalty(l2=-1), "Penalty: l2 must be a number in [0, inf), got -1"),
        (lambda: Penalty(l1=float("inf")), "Penalty: l1 must be a number in [0, inf), got inf"),
        (lambda: Penalty(l2=10**400), "Penalty: l2 must be a number in [0, inf), got 1000"),
        (lambda: Penalty(l2="0.1"), "Penalty: l2 must be a number in [0, inf), got '0.1'"),
        (lambda: Penalty(l2=True), "Penalty: l2 must be a number in [0, inf), got True"),
        (lambda: Penalty(divided=1), "Penalty: divided must be True or False, got 1"),
        (lambda: Network([Dense(2, Function("open", z))], 3, "bce"), "the output activation 'open' reaches (-inf, inf)"),
    ],
)  # fmt: skip
def test_an_object(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Network.parse(None, "mse"), "a network is declared by a line of text, got NoneType; expected"),
        (lambda: Network.parse("2 -> 1", None), "loss must be a name or a loss value, got NoneType"),
        (lambda: Dense(2, None), "activation must be a name or an activation value, got NoneType"),
        (lambda: Network.parse("2 -> 1", "mse", alpha=1), "unexpected keyword argument 'alpha'"),
    ],
)
def test_another_type(make, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        make()


def test_numbers_of_numpy_are_numbers():
    net = Network([Dense(np.int64(3), "tanh", dropout=np.float32(0.5)), Dense(1, "identity")], np.int32(2), "mse")
    assert net == Network.parse("2 -> 3 tanh dropout(0.5) -> 1", loss="mse")
    assert Penalty(l2=np.float32(0.5)) == Penalty(l2=0.5)


def test_a_range_of_ones_own_admits_a_loss():
    inside = Function("inside", 1 / (2 + z**2), range=Interval(0, 1))
    assert Network([Dense(2, inside)], 3, "bce").loss.name == "binary-cross-entropy"


WORDS = st.sampled_from(
    [
        "->",
        "→",
        " ",
        "4",
        "0",
        "relu",
        "softmax",
        "elu(",
        "2",
        ")",
        "dropout(",
        "dropout",
        "0.5",
        "-",
        ">",
        "(",
        "é",
        "\n",
        "e9",
    ]
)


@given(
    st.lists(WORDS, max_size=14).map("".join) | st.text(max_size=20), st.sampled_from(["mse", "cross-entropy", "bce"])
)
def test_any_text_is_a_network_or_a_value_error(text, loss):
    try:
        net = Network.parse(text, loss=loss)
    except ValueError:
        return
    assert Network.parse(str(net), loss=loss) == net


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just([]) | st.just({})


@given(st.data())
def test_damaged_json_is_refused_and_never_crashes(data):
    good = Network.parse("4 dropout(0.1) -> 3 relu -> 2 softmax", loss="cross-entropy", penalty=Penalty(l2=1)).to_json()
    key = data.draw(st.sampled_from(list(good)))
    damaged = {**good, key: data.draw(VALUES)}
    if data.draw(st.booleans()):
        del damaged[key]
    if data.draw(st.booleans()):
        damaged["layers"] = [
            {**good["layers"][0], data.draw(st.sampled_from(["width", "dropout", "q"])): data.draw(VALUES)}
        ]
    try:
        net = Network.from_json(damaged)
    except ValueError:
        return
    assert Network.from_json(net.to_json()) == net


@pytest.mark.parametrize("value", [None, [], "relu", 3, {}, {"schema": 2}, {"schema": [1]}, {"schema": 1},
                                   {"schema": True, "n_inputs": 1}])  # fmt: skip
def test_what_is_no_declaration(value):
    with pytest.raises(ValueError, match=r"^not a network"):
        Network.from_json(value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda value: value | {"reducton": "sum"}, "a network has no 'reducton'; did you mean 'reduction'; it has schema, layers"),
        (lambda value: value | {"layers": [value["layers"][0] | {"drop": 0.5}]}, "a layer has no 'drop'; did you mean 'dropout'; it has width, activation, dropout"),
        (lambda value: value | {"penalty": {"L2": 1}}, "a penalty has no 'L2'; it has l2, l1, divided"),
        (lambda value: value | {"loss": value["loss"] | {"label": 1}}, "a loss has no 'label'; did you mean 'labels'; it has name"),
        (lambda value: value | {"layers": [value["layers"][0] | {"activation": {"kink": []}}]}, "an activation has no 'kink'; did you mean 'kinks'; it has name"),
    ],
)  # fmt: skip
def test_a_key_that_nothing_reads_is_refused(change, message):
    written = Network([Dense(1, Function("own", z * z))], 2, Loss("own", (yhat - y) ** 4)).to_json()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        Network.from_json(change(written))
