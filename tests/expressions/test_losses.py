"""Every row of the table of losses: value and derivative against the definition, domain, labels, kinks."""

import mpmath
import numpy as np
import pytest

from chainrule import Network, derive
from chainrule.expressions.derivatives import differentiate
from chainrule.expressions.intervals import Interval
from chainrule.expressions.lookup import text_of
from chainrule.expressions.losses import (
    LOSSES,
    Loss,
    absolute_error,
    binary_focal,
    focal,
    huber,
    quantile,
    squared_error,
    y,
    yhat,
)
from chainrule.expressions.terms import (
    Symbol,
    log,
    replace,
)
from tests.expressions import precise
from tests.expressions.computing import computed

ROWS = [row() if callable(row) else row for row in LOSSES.values()]
ROWS += [binary_focal(1), focal(3.5), huber(0.25), huber(3.0), quantile(0.1), quantile(0.9)]
each_row = pytest.mark.parametrize("row", ROWS, ids=text_of)

# Typed from the textbook a second time, on purpose: the judge must not read the table.
TEXTBOOK = {
    "squared-error": lambda p, t: (p - t) ** 2 / 2,
    "mse": lambda p, t: (p - t) ** 2,
    "absolute-error": lambda p, t: abs(p - t),
    "binary-cross-entropy": lambda p, t: -t * mpmath.log(p) - (1 - t) * mpmath.log(1 - p),
    "cross-entropy": lambda p, t: -t * mpmath.log(p),
    "binary-focal": lambda p, t, g: -t * (1 - p) ** g * mpmath.log(p) - (1 - t) * p**g * mpmath.log(1 - p),
    "focal": lambda p, t, g: -t * (1 - p) ** g * mpmath.log(p),
    "poisson": lambda p, t: p - t * mpmath.log(p),
    "huber": lambda p, t, d: (p - t) ** 2 / 2 if abs(p - t) <= d else d * abs(p - t) - d**2 / 2,
    "quantile": lambda p, t, q: max(q * (t - p), (q - 1) * (t - p)),
}
AXES = ("i",)


def sample(row, count=60, seed=0):
    """Predictions inside the domain and labels inside theirs, a few of each near or on the ends."""
    rng = np.random.default_rng(seed)
    p = np.concatenate([rng.uniform(0.01, 0.99, count), [1e-9, 1 - 1e-9]])
    t = np.concatenate([rng.uniform(0.02, 0.98, count), [0.0, 1.0]])
    if row.domain == Interval():
        p, t = 8 * p - 4, 8 * t - 4
    elif row.domain.high == np.inf:
        p, t = 20 * p, 10 * t
    return p, t


def values(term, p, t):
    array = {Symbol("yhat"): Symbol("P", AXES), Symbol("y"): Symbol("T", AXES)}
    given = {"P": p, "T": t}
    used = {name: given[name] for name in ("P", "T") if name in str(replace(term, array))}
    result = computed(replace(term, array), **used)
    return np.broadcast_to(result, p.shape)


@each_row
def test_the_value_is_the_textbooks(row):
    p, t = sample(row)
    parameters = [value for _, value in row.parameters]
    with mpmath.workdps(50):
        pairs = zip(p, t, strict=True)
        expected = [float(TEXTBOOK[row.name](mpmath.mpf(a), mpmath.mpf(b), *parameters)) for a, b in pairs]
    np.testing.assert_allclose(values(row.definition, p, t), expected, rtol=1e-7, atol=1e-15)
    np.testing.assert_allclose(values(row.definition, p[:-2], t[:-2]), expected[:-2], rtol=2e-14, atol=1e-15)


@each_row
def test_the_derivative_is_that_of_the_values(row):
    derivative = differentiate(row.definition, yhat)
    p, t = sample(row)
    found = values(derivative, p, t)
    with mpmath.workdps(90):
        expected = [
            float(precise.central_difference(row.definition, "yhat", a, y=b)) for a, b in zip(p, t, strict=True)
        ]
    np.testing.assert_allclose(found[:-2], expected[:-2], rtol=1e-13, atol=1e-14)


@each_row
def test_kinks_are_declared(row):
    """Slopes from both sides at ŷ = y."""
    with mpmath.workdps(60):
        at = mpmath.mpf("0.375")
        left, right = (precise.one_sided(row.definition, "yhat", at, side, y=at) for side in (-1, 1))
    assert (abs(right - left) > 1e-6) == row.has_kink


def test_conventions_at_a_kink():
    tie = np.array([1.5])
    assert values(differentiate(absolute_error.definition, yhat), tie, tie) == 0
    assert values(differentiate(quantile(0.9).definition, yhat), tie, tie) == pytest.approx(-0.4)
    edges = tie + np.array([1.0, -1.0])
    assert values(differentiate(huber(1).definition, yhat), edges, np.full(2, 1.5)).tolist() == [1.0, -1.0]


@each_row
def test_inside_the_domain_the_loss_is_finite_and_outside_it_is_not_meant(row):
    p, t = sample(row)
    assert np.isfinite(values(row.definition, p, t)).all()
    for end, is_open in ((row.domain.low, row.domain.low_open), (row.domain.high, row.domain.high_open)):
        if np.isfinite(end):
            assert is_open
            labels = np.array([0.5])
            at_the_end = values(differentiate(row.definition, yhat), np.array([end]), labels)
            assert not np.isfinite(at_the_end).all() or row.labels_sum_to_one


@pytest.mark.parametrize("row", [row for row in ROWS if "focal" not in row.name], ids=text_of)
def test_it_is_smallest_where_the_prediction_is_the_label(row):
    """What the labels' interval means: each label in it has a best prediction, at or near itself."""
    if row.name in ("cross-entropy", "quantile"):
        row = LOSSES["binary-cross-entropy"] if row.name == "cross-entropy" else quantile(0.5)
    p = np.linspace(0.001, 0.999, 999)
    for label in (0.25, 0.7):
        assert p[np.argmin(values(row.definition, p, np.full_like(p, label)))] == pytest.approx(label, abs=1e-9)


@pytest.mark.parametrize("gamma", [1.0, 2.0, 3.5])
def test_focal_is_cross_entropy_weighted_down_where_the_prediction_is_sure_and_right(gamma):
    p = np.linspace(0.001, 0.999, 999)
    for label, right in ((1.0, p), (0.0, 1 - p)):
        there = np.full_like(p, label)
        weighted = values(binary_focal(gamma).definition, p, there)
        plain = values(LOSSES["binary-cross-entropy"].definition, p, there)
        np.testing.assert_allclose(weighted / plain, (1 - right) ** gamma, rtol=1e-12)
        assert (np.diff(weighted[np.argsort(right)]) < 0).all()


@each_row
@pytest.mark.parametrize("which", ["prediction", "label"])
def test_nan_stays_nan(row, which):
    p, t = np.array([0.5]), np.array([0.25])
    p, t = (p * np.nan, t) if which == "prediction" else (p, t * np.nan)
    assert np.isnan(values(row.definition, p, t)).all()


@each_row
def test_nan_stays_nan_in_the_derivative(row):
    assert np.isnan(values(differentiate(row.definition, yhat), np.array([np.nan]), np.array([0.25]))).all()


def test_squared_error_is_half_of_mse():
    p, t = sample(squared_error)
    np.testing.assert_array_equal(2 * values(squared_error.definition, p, t), values(LOSSES["mse"].definition, p, t))


def test_a_wrong_row_is_caught():
    planted = Loss("squared-error", (yhat - y) ** 2 * 0.5005)
    with pytest.raises(AssertionError):
        test_the_value_is_the_textbooks(planted)
    with pytest.raises(AssertionError):
        test_kinks_are_declared(Loss("planted", absolute_error.definition))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Loss("my loss!", yhat - y), "the name of a loss must be a letter, then letters"),
        (lambda: Loss("mine", yhat - Symbol("q")), "loss 'mine': definition must be pointwise, in the symbols yhat"),
        (lambda: Loss("mine", 3.0), "loss 'mine': definition must be a term in yhat and y, got float"),
    ],
)
def test_nonsense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_loss_of_ones_own_is_a_value():
    own = Loss("log-cosh", log(yhat**2 + 1), parameters=[("k", 1)])
    assert {own: 1}[Loss("log-cosh", log(yhat**2 + 1), parameters=(("k", 1.0),))] == 1


@pytest.mark.parametrize("name", ["y", "X", "W1", "s", "alpha", "v_W1", "dZ2", "eta_t"])
def test_values_for_every_output_have_a_name_of_their_own(name):
    with pytest.raises(ValueError, match=f"'{name}' is a name of the equations"):
        Loss("own", Symbol("c") * (yhat - y) ** 2, per_output=((name, (1.0, 2.0)),))


def test_values_for_every_output_are_finite_and_as_many_as_outputs():
    with pytest.raises(ValueError, match="loss 'own': c must be finite, got inf"):
        Loss("own", Symbol("c") * (yhat - y) ** 2, per_output=(("c", (1.0, float("inf"))),))
    loss = Loss("own", Symbol("c") * (yhat - y) ** 2, per_output=(("c", (1.0, 2.0)),))
    with pytest.raises(ValueError, match="loss 'own' gives c for 2 outputs, but layer 1 has 3"):
        Network.parse("4 -> 3 identity", loss=loss)
    slope = derive(Network.parse("4 -> 2 identity", loss=loss))["dZ1"]
    assert str(slope.right) == "2 * c / size(i) * (A1 - Y)"
