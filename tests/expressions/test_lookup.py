"""Names of activations and losses as people write them, and what a misspelt one gets."""

# ruff: noqa: E501 - a message stays in one piece

import pytest

from chainrule.expressions.activations import ACTIVATION_ALIASES, ACTIVATION_PARAMETERS, ACTIVATIONS, Softmax
from chainrule.expressions.functions import Function
from chainrule.expressions.lookup import activation, loss, text_of
from chainrule.expressions.losses import LOSS_ALIASES, LOSS_PARAMETERS, LOSSES, Loss, y, yhat
from chainrule.expressions.terms import (
    Symbol,
)

z = Symbol("z")


@pytest.mark.parametrize("name", [*ACTIVATIONS, *ACTIVATION_ALIASES])
def test_every_activation_is_found_and_printed_so_that_it_is_found_again(name):
    row = activation(name)
    assert activation(text_of(row)) == row
    assert activation(f"  {name.upper()} ") == row
    assert row.name == ACTIVATION_ALIASES.get(name, name)


@pytest.mark.parametrize("name", [*LOSSES, *LOSS_ALIASES])
def test_every_loss_is_found_and_printed_so_that_it_is_found_again(name):
    row = loss(name)
    assert loss(text_of(row)) == row
    assert loss(name.replace("-", "_").upper()) == row
    assert loss(name.replace("-", " ")) == row


@pytest.mark.parametrize(
    "text", ["leaky_relu(0.25)", "leaky-relu(0.25)", "Leaky_ReLU( slope = 0.25 )", "leaky relu(.25)"]
)
def test_parameters_by_place_and_by_name(text):
    assert activation(text).parameters == (("slope", 0.25),)


def test_empty_brackets_mean_the_defaults():
    assert activation("relu()") == activation("relu")
    assert loss("huber( )").parameters == (("delta", 1.0),)


def test_every_parameter_says_what_it_accepts():
    """A new row with a parameter needs its interval too: this names it."""
    for table, accepted in ((ACTIVATIONS, ACTIVATION_PARAMETERS), (LOSSES, LOSS_PARAMETERS)):
        rows = [row() for row in table.values() if callable(row) and not isinstance(row, Softmax)]
        assert {(row.name, parameter) for row in rows for parameter, _ in row.parameters} == set(accepted) - SEVERAL


SEVERAL = {("quantile", "more")}  # accepted, but not there by default


def test_several_quantiles_are_read_checked_and_written():
    several = loss("quantile(0.1, 0.5, 0.9)")
    assert several.per_output == (("q", (0.1, 0.5, 0.9)),)
    assert loss(text_of(several)) == several
    assert not loss("quantile(0.1)").per_output
    with pytest.raises(ValueError, match=r"more must lie in \(0, 1\), got 1.5"):
        loss("quantile(0.1, 1.5)")
    with pytest.raises(ValueError, match=r"accepted: quantile\(q=0.5, …\)"):
        loss("quantile(0.1, r=2)")


@pytest.mark.parametrize(
    ("find", "text", "message"),
    [
        (activation, "rleu", r"^unknown activation 'rleu'; did you mean 'relu'; known: identity, sigmoid, tanh, relu"),
        (activation, "", r"^unknown activation ''; known: identity"),
        (activation, "ｒelu", r"^unknown activation 'ｒelu'; did you mean 'elu'; known"),
        (activation, "relu(", r"^unknown activation 'relu\('"),
        (activation, "relu(0.1)", r"^activation 'relu' takes no parameters, got 'relu\(0.1\)'$"),
        (activation, "leaky_relu(-1)", r"^activation 'leaky_relu\(-1\)': slope must lie in \[0, inf\), got -1$"),
        (activation, "leaky_relu(nan)", r"slope must lie in \[0, inf\), got nan$"),
        (activation, "elu(inf)", r"alpha must lie in \(0, inf\), got inf$"),
        (activation, "elu(0)", r"alpha must lie in \(0, inf\), got 0$"),
        (activation, "elu(1, 2)", r"too many positional arguments; accepted: elu\(alpha=1\)$"),
        (activation, "elu(beta=1)", r"unexpected keyword argument 'beta'; accepted: elu\(alpha=1\)$"),
        (activation, "elu(alpha=1, alpha=2)", r"^the parameter 'alpha' of 'elu\(alpha=1, alpha=2\)' is given twice$"),
        (activation, "elu(2, alpha=2)", r"multiple values for argument 'alpha'; accepted: elu\(alpha=1\)$"),
        (activation, "elu(two)", r"^cannot read the parameter 'two' of 'elu\(two\)': a number is expected$"),
        (activation, "elu(1,)", r"^cannot read the parameter '' of"),
        (activation, "elu(٠.١)", r"a number is expected$"),
        (activation, "elu(1_0)", r"a number is expected$"),
        (loss, "cross entrpy", r"^unknown loss 'cross entrpy'; did you mean 'cross-entropy'; known: binary"),
        (loss, "quantile(1)", r"^loss 'quantile\(1\)': q must lie in \(0, 1\), got 1$"),
        (loss, "huber(delta=0)", r"delta must lie in \(0, inf\), got 0$"),
        (activation, Function("identity", z * 2), r"^'identity' is the name of activation 'identity' of the table; give"),
        (activation, Function("Logistic", z), r"^'Logistic' is the name of activation 'logistic' of the table"),
        (activation, Function("leaky-relu", z), r"^'leaky-relu' is the name of activation 'leaky_relu' of the table"),
        (loss, Loss("cross-entropy", yhat * y), r"^'cross-entropy' is the name of loss 'cross-entropy' of the table"),
        (loss, Loss("mae", yhat * y), r"^'mae' is the name of loss 'mae' of the table"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_name(find, text, message):
    with pytest.raises(ValueError, match=message):
        find(text)


@pytest.mark.parametrize("value", [None, 3, ["relu"], b"relu"])
def test_another_type_is_refused(value):
    with pytest.raises(TypeError, match=r"^activation must be a name or an activation value, got"):
        activation(value)
    with pytest.raises(TypeError, match=r"^loss must be a name or a loss value"):
        loss(value)


def test_a_long_text_is_cut_in_the_message_and_read_in_no_time():
    with pytest.raises(ValueError, match="unknown activation") as caught:
        activation("a" + " " * 100_000 + "!")
    assert len(str(caught.value)) < 300
