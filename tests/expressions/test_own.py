"""Users' own functions: read without evaluating, differentiated, made stable, tried out, and used everywhere."""

import contextlib
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.calculus import derive
from chainrule.engines.interface import Data, Epoch
from chainrule.engines.jit import JitEngine
from chainrule.engines.reference import ReferenceEngine
from chainrule.expressions.activations import silu
from chainrule.expressions.evaluation import value_at
from chainrule.expressions.reading import read_expression
from chainrule.expressions.simplifying import simplified
from chainrule.expressions.stable import stable_form
from chainrule.expressions.terms import Symbol, Term

Z = Symbol("z")


@pytest.mark.parametrize(
    ("text", "at", "value"),
    [
        ("z / (1 + exp(-z))", 1.0, 1 / (1 + math.exp(-1))),
        ("-z ** 2", 3.0, -9.0),
        ("2 ^ 3 ** 2 * z", 1.0, 512.0),
        ("1 - 2 - z", 3.0, -4.0),
        ("8 / 4 / z", 2.0, 1.0),
        ("where(z > 0, z, 0.1 * z)", -2.0, -0.2),
        ("max(z, -z) + min(z, 1) + cosh(z)", 0.5, 0.5 + 0.5 + math.cosh(0.5)),
        ("1.5e-1 * .5 * pi * z", 2.0, 0.15 * math.pi),
        ("- - z", 2.0, 2.0),
    ],
)
def test_expressions_mean_what_mathematics_means(text, at, value):
    assert value_at(read_expression(text, ("z",)), {"z": at}) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "was expected, found the end"),
        ("z +", "a number, a name or a bracket was expected, found the end"),
        ("2z", "an operator or the end was expected, found 'z' at character 2"),
        ("(z", "')' was expected"),
        ("sigmid(z)", "'sigmid' is unknown at character 1; did you mean 'sigmoid'"),
        ("__import__('os')", "is no part of one"),
        ("z.real", "is no part of one"),
        ("exp", "'(' was expected"),
        ("exp(z, z)", "exp takes 1 arguments, got 2"),
        ("where(z, 1, 2)", "a comparison"),
        ("z ** z", "an exponent must be a number"),
        ("z / 0", "divides by 0"),
        ("z" + "+z" * 300, "at most 400 characters"),
        ("(" * 60 + "z" + ")" * 60, "nested more than 40 deep"),
        ("z" + "**2" * 60, "nested more than 40 deep"),
        ("cosh(" * 12 + "z" + ")" * 12, "more than 400 operations"),
        ("ζ", "'ζ' at character 1 is no part of one"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text, message):
    with pytest.raises(ValueError, match="expression") as error:
        read_expression(text, ("z",))
    assert message in str(error.value)


@given(st.text(alphabet="z0123456789.+-*/^() ,<>=eexplogwhrab", max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ValueError):
        assert isinstance(read_expression(text, ("z",)), Term)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("exp(z ** 2)", "is inf at z = -10000"),
        ("log(z)", "is nan at z = -10000"),
        ("1 / z", "at z = 0"),
        ("where(z > 0, 1, 0) + z", "jumps at z = 0"),
        ("sign(z - 1) + z", "jumps at z = 1"),
        ("3", "constant"),
    ],
)
def test_a_function_that_would_break_training_is_refused(expression, message):
    with pytest.raises(ValueError, match="activation 'mine'") as error:
        cr.activation("mine", expression)
    assert message in str(error.value)


def test_a_name_of_the_table_is_that_function_or_refused():
    assert cr.activation("swish", "z / (1 + exp(-z))") == silu
    with pytest.raises(ValueError, match="'relu' is the name of activation 'relu' of the table"):
        cr.activation("relu", "max(0, z) + z")


def test_kinks_are_found():
    assert cr.activation("leak", "max(0.1 * z, z)").kinks == (0.0,)
    assert cr.activation("two", "abs(z - 1) + abs(z + 2)").kinks == (-2.0, 1.0)
    assert cr.activation("smooth", "z * abs(z)").kinks == ()
    assert cr.loss("absolute", "abs(yhat - y)").has_kink
    assert not cr.loss("smooth", "log(cosh(yhat - y))").has_kink


@pytest.mark.parametrize(
    "expression",
    ["z / (1 + exp(-3 * z))", "log(cosh(z))", "log(1 + exp(2 * z)) + z", "(exp(z) - exp(-z)) / (exp(z) + exp(-z)) + z"],
)
def test_a_stable_form_is_found_for_what_overflows(expression):
    own = cr.activation("mine", expression)
    assert own.stable is not None
    slope = stable_form(own.derivative)
    for at in (-1e4, -30.0, -0.4, 0.3, 25.0, 1e4):
        assert math.isfinite(value_at(own.computed, {"z": at}))
        assert math.isfinite(value_at(slope, {"z": at}))
    for at in (-3.0, -0.4, 0.3, 2.0):
        assert value_at(own.computed, {"z": at}) == pytest.approx(value_at(own.definition, {"z": at}), rel=1e-12)


def test_a_loss_may_have_a_domain():
    own = cr.loss("neg-log", "-log(yhat) * y - log(1 - yhat) * (1 - y)", domain=(0, 1))
    cr.Network([cr.Dense(1, "sigmoid")], 2, own)
    with pytest.raises(ValueError, match="is nan at yhat = -10000"):
        cr.loss("neg-log", "-log(yhat) * y")


def own_network():
    swish = cr.activation("steep-swish", "z / (1 + exp(-2 * z))")
    leak = cr.activation("leak", "max(0.1 * z, z)")
    layers = [cr.Dense(5, swish), cr.Dense(4, leak), cr.Dense(2, "identity")]
    return cr.Network(layers, 3, cr.loss("log-cosh", "log(cosh(yhat - y))"))


def test_a_network_of_own_functions_is_carried_as_expressions():
    network = own_network()
    assert cr.Network.from_json(network.to_json()) == network


def test_its_gradients_are_right():
    assert cr.check_gradients(own_network())


def test_every_engine_computes_the_same():
    network, rng = own_network(), np.random.default_rng(0)
    data = Data(rng.normal(size=(12, 3)), rng.normal(size=(12, 2)))
    state = {name: rng.normal(size=shape) for name, shape in network.parameter_shapes.items()}
    gradients = []
    for engine in (ReferenceEngine(), JitEngine()):
        program = engine.compile(derive(network), dtype=np.dtype(np.float64), batch_size=4)
        program.load(state)
        gradients.append(program.gradients(data))
        program.train(data, Epoch(order=np.arange(12), batch_size=4, rates=np.full(3, 0.1), seed=0))
        gradients[-1] += (program.state(),)
    (J, slopes, after), (J_jit, slopes_jit, after_jit) = gradients
    assert pytest.approx(J_jit, rel=1e-12) == J
    for name in state:
        np.testing.assert_allclose(slopes_jit[f"d{name}"], slopes[f"d{name}"], rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(after_jit[name], after[name], rtol=1e-10, atol=1e-13)


@pytest.mark.slow
def test_its_script_and_its_document_are_written(tmp_path):
    derivation = derive(own_network(), detail="full")
    text = derivation.to_text()
    assert "φ(z) = z / (1 + e^{−2 z})" in text
    assert "by the rules" in text
    script = tmp_path / "own.py"
    script.write_text(derivation.to_python(), encoding="utf-8")
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("J = ")


def test_simplifying_is_shown_only_where_it_is_equal_and_shorter():
    assert str(simplified((1 + Z) / (1 + Z) ** 3)) == "1 / (1 + z)**2"
    assert simplified(Z) is None
    assert simplified(read_expression("abs(z) + abs(z)", ("z",))) is None
