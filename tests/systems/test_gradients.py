"""The gradients of five hand derivations, typed as they should read, are those that the networks derive."""

import json
import re

import numpy as np
import pytest

from chainrule.calculus import derive
from tests.systems import s0, s1, s2, s3, s4
from tests.systems.columns import as_columns, derived, drawn, in_columns, relative_error

TOLERANCE = 1e-9
SYSTEMS = {
    "S0": (s0.s0, s0.FORMS),
    "S1": (s1.s1, s1.FORMS),
    "S2": (s2.s2, s2.FORMS),
    "S2 tanh": (lambda **widths: s2.s2(activation="tanh", **widths), s2.TANH_FORMS),
    "S2 as differentiated": (s2.s2_derived, s2.DERIVED_FORMS),
    "S3 one neuron": (lambda **widths: s3.s3(1, **widths), s3.ONE_NEURON),
    "S3 two layers": (lambda **widths: s3.s3(2, **widths), s3.TWO_LAYERS),
    "S4": (s4.s4, s4.FORMS),
    "S4 ReLU": (s4.s4_relu, s4.RELU_FORMS),
}
CASES = [
    pytest.param(declare, form, outputs, id=f"{system} {form.ids} {form.gives} outputs={outputs}")
    for system, (declare, forms) in SYSTEMS.items()
    for form in forms
    for outputs in ((1,) if form.one_output else (1, 2))
]
LOOP_DEPTHS = (1, 2, 5)


@pytest.mark.parametrize(("declare", "form", "outputs"), CASES)
def test_typed_form_is_the_derived_value(declare, form, outputs):
    net = declare(outputs=outputs)
    for seed in range(3):
        params, X, Y = drawn(net, seed)
        found = form.expression(in_columns(net, params, X, Y))
        if form.each:
            traces = [net.trace(params, X[[i]], Y[[i]]) for i in range(len(X))]
            expected = np.stack([as_columns(trace[form.gives]) for trace in traces])
        else:
            expected = derived(net, seed)[form.gives]
        assert relative_error(found, expected) <= TOLERANCE


@pytest.mark.parametrize("depth", LOOP_DEPTHS)
def test_the_general_loop_of_s3(depth):
    net = s3.s3(depth)
    expected = derived(net, seed=depth)
    loop = s3.backward_loop(in_columns(net, *drawn(net, seed=depth)))
    assert len(loop) == 5 * depth
    for name, value in loop.items():
        assert relative_error(value, expected[name]) <= TOLERANCE, name


def test_the_loop_as_written_takes_a_weight_that_has_changed():
    net = s3.s3(2)
    expected = derived(net, seed=0)
    written = s3.loop_as_written(in_columns(net, *drawn(net, seed=0)))
    assert relative_error(written["W2+"], expected["W2+"]) <= TOLERANCE
    assert relative_error(written["W1+"], expected["W1+"]) > 1e-3


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_the_two_losses_of_s2_differ_by_two_over_n(activation):
    stated, differentiated = s2.s2(activation=activation), s2.s2_derived(activation=activation)
    params, X, Y = drawn(stated, seed=4)
    of_stated, of_differentiated = stated.trace(params, X, Y), differentiated.trace(params, X, Y)
    for name in stated.parameter_shapes:
        assert relative_error(of_stated[f"d{name}"], 2 / len(X) * of_differentiated[f"d{name}"]) <= TOLERANCE


@pytest.mark.parametrize("loss", ["squared-error", "mse", "absolute-error", "huber(delta=0.5)", "quantile(0.3)"])
def test_back_through_a_relu_output_with_any_loss(loss):
    """S4.21 and S4.22: ∂L/∂Z is ∂L/∂A where Z > 0, and 0 where it is not, for any loss."""
    net = s4.s4_relu(loss=loss, outputs=2)
    bare = derive(net).unreduced["dZ2"]
    assert str(bare) == "dZ2 = dA2 * relu'(Z2)"
    values = derived(net, seed=1)
    alive = values["Z2"] > 0
    assert alive.any()
    assert not alive.all()
    assert np.abs(values["dA2"]).min() > 0
    np.testing.assert_array_equal(values["dZ2"], np.where(alive, values["dA2"], 0.0))


def test_widths_are_distinct():
    for declare, _ in SYSTEMS.values():
        for outputs in (1, 2):
            widths = (*declare(outputs=outputs).widths, len(drawn(declare(), 0)[1]))
            assert len(set(widths)) == len(widths)


COVERED = {id_ for _, forms in SYSTEMS.values() for form in forms for id_ in form.ids.split()} | set(
    s3.LOOP_IDS.split()
)
NO_MATRIX_FORM = {
    "S1.17": "a step in opaque partials, of one sample: S1.23 with the update of S1.47",
    "S1.18": "the same",
    "S1.19": "the same, of the bias",
    "S1.20": "the same, of the bias",
    "S2.23": "the loss under a derivative sign",
    "S2.34": "the loss under a derivative sign",
    "S3.45": "names dW₂",
    "S3.48": "names db₂",
}
GRADIENT = re.compile(r"\\frac\{\\partial (L|J|\\mathcal\{L\}(\^\{\(i\)\})?)\}|d[zZwWbB]|[wWb](_|\^)")


def has_a_gradient_in_closed_form(row):
    """A gradient or an update that is corrected, or holds and is written without partials that stay opaque."""
    update = row["lhs"][:1] in "wWb"
    closed = bool(row["correct"]) or (row["verdict"] == "EXACT" and (update or "partial" not in row["rhs"]))
    return row["verdict"] != "NOT-EQ" and closed and GRADIENT.match(row["lhs"])


def test_every_gradient_of_the_audit_is_covered(shared):
    rows = {row["id"]: row for row in json.loads((shared / "derivations" / "audit.json").read_text(encoding="utf-8"))}
    assert set(rows) >= COVERED
    wanted = {id_ for id_, row in rows.items() if has_a_gradient_in_closed_form(row)}
    assert wanted - COVERED == set(NO_MATRIX_FORM)
