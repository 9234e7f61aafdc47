"""Every row of the table of activations: its stable form, f′, kinks, range and conventions, against its definition."""

import mpmath
import numpy as np
import pytest

from chainrule.expressions.activations import ACTIVATIONS, elu, leaky_relu, softplus
from chainrule.expressions.derivatives import computed_derivative, derivative_of, differentiate
from chainrule.expressions.functions import Function
from chainrule.expressions.lookup import text_of
from chainrule.expressions.stable import stable_form
from chainrule.expressions.terms import Call, Reduce, Symbol, exp, log, select, walk
from tests.expressions import precise
from tests.expressions.computing import computed
from tests.zoo import standard_functions

ROWS = [*standard_functions(), leaky_relu(0.0), leaky_relu(1.0), leaky_relu(2.5), elu(0.3), elu(2.0)]
each_row = pytest.mark.parametrize("row", ROWS, ids=text_of)

Z = Symbol("Z", ("i",))
NEAR = np.concatenate([np.linspace(-9, 9, 61), [-1e-3, -1e-9, 0.0, 1e-9, 1e-3]])
TAILS = np.array([-700.0, -300.0, -100.0, -37.0, -20.0, 20.0, 37.0, 100.0, 300.0, 700.0])
FAR = np.array([-1e4, 1e4])
GRID = np.concatenate([NEAR, TAILS])
DIGITS = 340  # so that 1 + e⁻⁷⁰⁰ keeps more than float64's digits of the small part


def exact(term, points, digits=DIGITS, **symbols):
    """The term's value at every point, rounded to float64 from high precision."""
    with mpmath.workdps(digits):
        return np.array([float(precise.value(term, z=point, **symbols)) for point in points])


def overflows(row, z):
    return row.name == "exp" and z > 709


def points_of(row, points):
    return np.array([z for z in points if not overflows(row, z)])


@each_row
def test_the_computed_form_is_the_definition(row):
    points = points_of(row, GRID)
    expected = exact(row.definition, points)
    found = computed(Call(row, Z), Z=points)
    np.testing.assert_allclose(found, expected, rtol=1e-13 if row.name == "exp" else 1e-14, atol=2e-15)


@each_row
def test_the_tails_keep_their_digits(row):
    points = points_of(row, GRID)
    np.testing.assert_allclose(computed(Call(row, Z), Z=points), exact(row.definition, points), rtol=3e-13)


@each_row
def test_nothing_overflows_far_out(row):
    points = points_of(row, FAR)
    ends = np.where(points > 0, points, 0.0)
    for order in (0, 1):
        assert np.isfinite(computed(Call(row, Z, order), Z=points)).all()
    if row.name in ("relu", "softplus", "silu", "gelu", "mish"):
        np.testing.assert_array_equal(computed(Call(row, Z), Z=points), ends)


@each_row
def test_the_computed_derivative_is_that_of_the_rules(row):
    points = points_of(row, GRID[GRID != 0])
    expected = exact(derivative_of(row), points)
    found = computed(Call(row, Z, 1), Z=points)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=5e-15)


@each_row
def test_the_computed_derivative_is_that_of_the_values(row):
    """Central differences of the definition in 90 digits: no rule of ours takes part."""
    for z in np.concatenate([NEAR[NEAR != 0], [-37.0, 37.0]]):
        if abs(z) < 1e-6:
            continue
        with mpmath.workdps(90):
            expected = precise.central_difference(row.definition, "z", z)
            found = precise.value(Call(row, Symbol("z"), 1), z=z)
            assert abs(found - expected) < mpmath.mpf(10) ** -14 * max(1, abs(expected)), z


@each_row
def test_the_second_derivative_is_that_of_the_first(row):
    """Needed where a function of one's own is made of another's f′."""
    z = Symbol("z")
    second = differentiate(Call(row, z, 1), z)
    for at in (-2.3, -0.4, 0.7, 3.1):
        with mpmath.workdps(60):
            expected = precise.central_difference(Call(row, z, 1), "z", at)
            assert abs(precise.value(second, z=at) - expected) < 1e-14, at


def test_the_second_derivative_has_no_kink_where_only_the_stable_form_has_one():
    """softplus computes with |z|, and softplus″(0) = ¼ all the same."""
    z, a = Symbol("z"), Symbol("a")
    by_output = Function("sp", log(1 + exp(z)), stable=softplus.stable, derivative=1 - exp(-a))
    second = differentiate(Call(by_output, Z, 1), Z)
    np.testing.assert_allclose(computed(second, Z=np.array([-1e-9, 0.0, 1e-9])), 0.25, rtol=1e-8)


@each_row
def test_the_stated_derivative_is_that_of_the_rules_beyond_float64(row):
    """The stated f′ and the derived one differ by rounding of constants only, not by the identity they rest on."""
    with mpmath.workdps(60):
        for z in NEAR[NEAR != 0]:
            a = precise.value(row.definition, z=z)
            stated = precise.value(computed_derivative(row), z=z, a=a)
            assert abs(stated - precise.value(derivative_of(row), z=z)) < 1e-15


@each_row
def test_kinks_are_the_jumps_of_the_derivative(row):
    """Slopes from both sides, from values alone, at 0 and wherever the definition switches."""
    assert switches(row) <= {0.0}, "a new switching point: add it to the candidates here"
    found = []
    for z in (-1.0, 0.0, 0.5):
        with mpmath.workdps(60):
            left, right = (precise.one_sided(row.definition, "z", z, side) for side in (-1, 1))
        if abs(right - left) > 1e-6:
            found.append(z)
    assert tuple(found) == row.kinks


def switches(row):
    """The constants that the definition compares z with."""
    return {
        node.arguments[1].value
        for node in walk(row.definition)
        if getattr(node, "operation", None) in ("less", "less_equal")
    }


@each_row
def test_a_kink_takes_the_slope_from_the_left(row):
    for kink in row.kinks:
        with mpmath.workdps(60):
            left = precise.one_sided(row.definition, "z", kink, -1)
        assert float(computed(Call(row, Z, 1), Z=[kink])[0]) == pytest.approx(float(left), abs=1e-15)


def test_relu_at_zero():
    relu = ACTIVATIONS["relu"]
    assert computed(Call(relu, Z, 1), Z=[-0.0, 0.0, 5e-324]).tolist() == [0.0, 0.0, 1.0]


@each_row
def test_values_lie_in_the_range_and_reach_its_ends(row):
    points = points_of(row, np.concatenate([np.linspace(-5, 5, 2001), TAILS]))
    values = computed(Call(row, Z), Z=points)
    low, high = row.range.low, row.range.high
    assert (values >= low).all()
    assert (values <= high).all()
    assert np.isinf(low) or values.min() == pytest.approx(low, abs=1e-5)
    assert not np.isinf(low) or values.min() < -6
    assert np.isinf(high) or values.max() == pytest.approx(high, abs=1e-5)
    assert not np.isinf(high) or values.max() > 6


@each_row
def test_open_ends_are_not_reached_and_closed_ones_are(row):
    """In high precision, where σ(40) is not 1."""
    points = np.concatenate([np.linspace(-5, 5, 201), [-30.0, 30.0]])
    with mpmath.workdps(60):
        values = [precise.value(row.definition, z=z) for z in points]
    if row.range.low_open:
        assert min(values) > row.range.low
    elif row.range.low == 0:
        assert min(values) == 0
    if row.range.high_open:
        assert max(values) < row.range.high


@each_row
def test_nan_stays_nan(row):
    assert np.isnan(computed(Call(row, Z), Z=[np.nan])).all()


@each_row
def test_keeps_sign_says_where_the_output_may_be_tested_for_the_input(row):
    points = np.concatenate([GRID, [5e-324, -5e-324, np.nan, -0.0]])
    same = (computed(Call(row, Z), Z=points) <= 0) == (points <= 0)
    assert same.all() or not row.keeps_sign


@each_row
def test_no_branch_that_is_computed_warns_of_a_lost_value(row):
    """The stable form is made of elementary operations only; the tests above have computed every branch."""
    assert not [node for node in walk(stable_form(Call(row, Z, 1))) if isinstance(node, Call)]


def test_a_wrong_derivative_is_caught():
    """A tenth of a percent off, in one branch."""
    planted = select(Symbol("z") * 0, 1, 1.001 * (1 - Symbol("a") ** 2))
    tanh = ACTIVATIONS["tanh"]
    wrong = type(tanh)("planted", tanh.definition, tanh.stable, planted, range=tanh.range)
    for test in (test_the_computed_derivative_is_that_of_the_rules, test_the_computed_derivative_is_that_of_the_values):
        with pytest.raises(AssertionError):
            test(wrong)


def test_a_forgotten_kink_is_caught():
    relu = ACTIVATIONS["relu"]
    with pytest.raises(AssertionError):
        test_kinks_are_the_jumps_of_the_derivative(type(relu)("planted", relu.definition))


# ---------------------------------------------------------------- softmax, which mixes units
LOGITS = Symbol("Z", ("i", "u1"))
SOFTMAX = ACTIVATIONS["softmax"].over(LOGITS, "u1")


def exact_softmax(rows):
    with mpmath.workdps(50):
        powers = [[mpmath.exp(mpmath.mpf(z)) for z in row] for row in rows]
        return np.array([[float(power / mpmath.fsum(row)) for power in row] for row in powers])


def test_softmax_is_its_definition():
    rows = np.random.default_rng(0).normal(size=(50, 5)) * 10
    np.testing.assert_allclose(computed(SOFTMAX, {"u1": 5}, Z=rows), exact_softmax(rows), rtol=1e-13)


@pytest.mark.parametrize("shift", [-1e4, -800.0, 800.0, 1e4])
def test_softmax_does_not_overflow(shift):
    rows = np.array([[0.0, 1.0, 3.0]]) + shift
    np.testing.assert_allclose(computed(SOFTMAX, {"u1": 3}, Z=rows), exact_softmax(rows), rtol=1e-12)
    np.testing.assert_array_equal(computed(SOFTMAX, {"u1": 3}, Z=[[-1e4, 0, 1e4]]), [[0, 0, 1]])


def test_softmax_of_nan_is_nan():
    assert np.isnan(computed(SOFTMAX, {"u1": 3}, Z=[[0.0, np.nan, 1.0]])).all()


def test_logsumexp_alone_and_from_either_side():
    lse = Reduce("logsumexp", ("u1",), LOGITS)
    rows = np.array([[1e4, 1e4 - 1, 0.0], [-1e4, -1e4 - 1, -1e4]])
    with mpmath.workdps(60):
        expected = np.array([float(mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(z)) for z in row))) for row in rows])
    np.testing.assert_allclose(computed(lse, {"u1": 3}, Z=rows), expected, rtol=1e-15)
    np.testing.assert_allclose(computed(lse - LOGITS, {"u1": 3}, Z=rows), expected[:, None] - rows, atol=1e-11)
    np.testing.assert_allclose(computed(exp(LOGITS - lse), {"u1": 3}, Z=rows).sum(axis=1), 1.0, rtol=1e-15)
