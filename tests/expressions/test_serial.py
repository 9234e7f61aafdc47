"""Terms, functions and losses as JSON, there and back; and what is no such JSON."""

import json
import reprlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import Network, derive
from chainrule.expressions.activations import ACTIVATIONS, leaky_relu, sigmoid
from chainrule.expressions.functions import Function
from chainrule.expressions.intervals import Interval
from chainrule.expressions.lookup import activation, loss
from chainrule.expressions.losses import LOSSES, Loss, y, yhat
from chainrule.expressions.serial import (
    activation_from_json,
    activation_to_json,
    loss_from_json,
    loss_to_json,
    term_from_json,
    term_to_json,
)
from chainrule.expressions.terms import (
    Call,
    Symbol,
    exp,
    less,
    select,
    tanh,
)

z = Symbol("z")
OWN = Function(
    "bent",
    definition=select(less(z, 0), 0.3 * z, Call(sigmoid, z) * z + Call(leaky_relu(0.2), z, 1)),
    derivative=tanh(z) * Symbol("a"),
    kinks=(0.0,),
    range=Interval(-1, float("inf"), low_open=False),
    parameters=(("slope", 0.3),),
)
OWN_LOSS = Loss("skewed", exp(yhat - y) - yhat, domain=Interval(0, 1), has_kink=True, labels_sum_to_one=True)

WEIGHTED = Loss("weighted", Symbol("c") * (yhat - y) ** 2, per_output=(("c", (1, 3.5)),))


def test_values_for_every_output_are_written_and_read():
    assert loss_from_json(through_text(loss_to_json(WEIGHTED))) == WEIGHTED
    older = {key: value for key, value in loss_to_json(OWN_LOSS).items() if key != "per_output"}
    assert loss_from_json(older) == OWN_LOSS


def through_text(value):
    return json.loads(json.dumps(value, allow_nan=False))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_rows_of_the_table_are_their_text(name):
    row = activation(name)
    written = activation_to_json(row)
    assert isinstance(written, str)
    assert activation_from_json(through_text(written)) == row


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_the_table_are_their_text(name):
    row = loss(name)
    assert isinstance(loss_to_json(row), str)
    assert loss_from_json(through_text(loss_to_json(row))) == row


def test_ones_own_are_their_expressions():
    assert activation_from_json(through_text(activation_to_json(OWN))) == OWN
    assert loss_from_json(through_text(loss_to_json(OWN_LOSS))) == OWN_LOSS


@pytest.mark.parametrize("line", ["3 -> 2 softmax", "3 -> 2 identity"])
def test_every_term_of_a_derivation_comes_back(line):
    for equation in derive(Network.parse(line, loss="cross-entropy")).unreduced:
        assert term_from_json(through_text(term_to_json(equation.right))) == equation.right


def nested(depth, leaf=("symbol", "z")):
    value = list(leaf)
    for _ in range(depth):
        value = ["neg", value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        None, True, "z", {}, [], ["cosh", ["symbol", "z"]], ["add", 1], ["add", 1, 2, 3], ["symbol"], ["symbol", 3],
        ["symbol", "z", 1], ["size", 3], ["reduce", "mean", ["i"], 1], ["reduce", "sum", ["i"], 1], 10**400,
        float("nan"), float("inf"), ["call", "softmax", 1, 0], ["call", "relu", 1, 2], ["call", "rleu", 1, 0],
        ["call", 3, 1, 0], ["call", {"name": "x"}, 1, 0], nested(2000), ["cosh", nested(2000)],
    ],
    ids=reprlib.repr,
)  # fmt: skip
def test_what_is_no_term_is_refused(value):
    with pytest.raises(
        ValueError, match=r"not an expression|nested more than 100|cannot reduce|unknown act|not an act"
    ):
        term_from_json(value)


def test_functions_inside_functions_count_as_depth():
    value = activation_to_json(OWN)
    for _ in range(120):
        value = {**value, "definition": ["call", value, ["symbol", "z"], 0]}
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        activation_from_json(value)


def summed(terms):
    return sum([z] * terms, start=z)


def test_what_is_accepted_can_be_read_back():
    deep = Function("deep", summed(60) * Call(Function("inner", summed(38) + 1), z))
    assert activation_from_json(through_text(activation_to_json(deep))) == deep


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Function("deep", summed(120)), "'deep': definition must be nested at most 100 deep"),
        (lambda: Function("deep", z, derivative=summed(20_000)), "'deep': derivative must be nested at most 100 deep"),
        (lambda: Function("f", Call(Function("g", summed(100)), z)), "'f': definition must be nested at most 100 deep"),
        (lambda: Loss("deep", (yhat - y) * sum([yhat] * 101)), "'deep': definition must be nested at most 100 deep"),
        (lambda: Function("f", z * float("inf")), "'f': definition: numbers must be finite, got inf"),
        (lambda: Function("f", z, stable=z * float("nan")), "'f': stable: numbers must be finite, got nan"),
        (lambda: Function("f", z, kinks=(float("nan"),)), "'f': kinks must be finite, got nan"),
        (lambda: Function("f", z, parameters=(("k", float("inf")),)), "'f': parameters must be finite, got inf"),
        (lambda: Loss("f", yhat - y, parameters=(("k", -float("inf")),)), "'f': parameters must be finite, got -inf"),
    ],
)
def test_what_could_not_be_read_back_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**30) | st.floats(allow_nan=True) | st.text(max_size=4)
    | st.sampled_from(["relu", "symbol", "z", "add", "sum", "reduce", "call", "size", "huber(2)"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(list(activation_to_json(OWN))), inner),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=30)
@given(st.data())
def test_damaged_values_are_refused_and_never_crash(data):
    for written, read in ((activation_to_json(OWN), activation_from_json), (loss_to_json(OWN_LOSS), loss_from_json)):
        key = data.draw(st.sampled_from(list(written)))
        damaged = {**written, key: data.draw(JSON)}
        try:
            read(damaged)
        except ValueError:
            continue


@given(JSON)
def test_anything_else_is_refused_and_never_crashes(value):
    for read in (term_from_json, activation_from_json, loss_from_json):
        try:
            read(value)
        except ValueError:
            continue
