"""Terms: axes, building and folding, replacing, and the plain reading."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.expressions.derivatives import differentiate, pointwise_leaves
from chainrule.expressions.functions import Function
from chainrule.expressions.intervals import Interval
from chainrule.expressions.printing import plain
from chainrule.expressions.stable import stable_form
from chainrule.expressions.terms import (
    ONE,
    ZERO,
    Apply,
    Number,
    Reduce,
    Size,
    Symbol,
    exp,
    log,
    matrix_product,
    neg,
    replace,
    symbols,
    union,
    walk,
)
from tests.expressions.computing import computed

X, W, b = Symbol("X", ("i", "u0")), Symbol("W1", ("u0", "u1")), Symbol("b1", ("u1",))
w, z, a = Symbol("w", ("i",)), Symbol("z"), Symbol("a")


def test_axes_are_united_by_name_in_one_order():
    assert (X + w).axes == ("i", "u0")
    assert (b * w).axes == ("i", "u1")
    assert (X * W).axes == ("i", "u0", "u1")
    assert (matrix_product(X, W, "u0") + b).axes == ("i", "u1")
    assert union(("u10",), ("u2", "i")) == ("i", "u2", "u10")
    assert Size("i").axes == Number(2).axes == ()


def test_broadcasting_goes_by_name():
    rng = np.random.default_rng(0)
    given_ = {"X": rng.normal(size=(3, 4)), "W1": rng.normal(size=(4, 2)), "b1": rng.normal(size=2), "w": [1.0, 2, 3]}
    found = computed(w * (matrix_product(X, W, "u0") + b), {"u0": 4, "u1": 2}, **given_)
    expected = np.array(given_["w"])[:, None] * (given_["X"] @ given_["W1"] + given_["b1"])
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    np.testing.assert_array_equal(
        computed(Reduce("sum", ("i",), w * X), {"u0": 4}, X=given_["X"], w=given_["w"]),
        (np.array(given_["w"])[:, None] * given_["X"]).sum(axis=0),
    )


def test_a_sum_over_an_axis_that_a_term_lacks_cannot_be_built():
    with pytest.raises(ValueError, match=r"cannot reduce over \['u7'\]: X has the axes \['i', 'u0'\]"):
        Reduce("sum", ("u7",), X)


@pytest.mark.parametrize(
    ("built", "folded"),
    [
        (X + 0, X), (0 + X, X), (X - 0, X), (0 - X, -X), (X * 1, X), (1 * X, X), (X * 0, ZERO), (0 * X, ZERO),
        (X / 1, X), (0 / X, ZERO), (X**1, X), (X**0, ONE), (neg(-X), X), (Number(2) + 3, Number(5)),
        (Number(2) - 3, Number(-1)), (Number(2) * 3, Number(6)), (-Number(2), Number(-2)),
    ],
)  # fmt: skip
def test_what_goes_without_saying_is_folded(built, folded):
    assert built == folded


def test_plain_reading_shows_the_brackets_that_the_value_needs():
    assert str((X + w) * b) == "(X + w) * b1"
    assert str(X - (w - b)) == "X - (w - b1)"
    assert str(X / (w * b)) == "X / (w * b1)"
    assert str(X / w / b) == "X / w / b1"
    assert str((-X) ** 2) == "(-X)**2"
    assert str(-(X**2)) == "-X**2"
    assert str((X**2) ** w) == "(X**2)**w"
    assert str(X * -w) == "X * -w"
    assert str(Number(-2) ** 2) == "(-2)**2"
    assert str(X - Number(-2)) == "X - (-2)"
    assert str(exp(-X) + Size("i")) == "exp(-X) + size(i)"
    assert str(Reduce("sum", ("i",), X)) == "sum[i](X)"


@st.composite
def scalars(draw, depth=4):
    """Terms in x and y of the four operations, powers and functions that are defined everywhere."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from([Symbol("x"), Symbol("y"), Number(2), Number(-3), Number(0.5)]))
    kind = draw(st.sampled_from(["add", "sub", "mul", "div", "neg", "pow", "tanh", "abs"]))
    first = draw(scalars(depth=depth - 1))
    if kind in ("neg", "tanh", "abs"):
        return Apply(kind, (first,))
    if kind == "pow":
        return Apply(kind, (first, Number(draw(st.integers(1, 3)))))
    return Apply(kind, (first, draw(scalars(depth=depth - 1))))


def same(left, right):
    return left == pytest.approx(right, rel=1e-9, abs=1e-9) or not (math.isfinite(left) and math.isfinite(right))


@given(scalars(), st.floats(-3, 3), st.floats(-3, 3))
def test_the_plain_reading_is_python_of_the_same_value(term, x, y):
    names = {"x": np.float64(x), "y": np.float64(y), "tanh": np.tanh, "abs": abs, "number": np.float64}
    with np.errstate(all="ignore"):
        text = re.sub(r"\b\d+(\.\d+)?\b", r"number(\g<0>)", str(term))  # 1 / 0 is an infinity, as in the engine
        read = eval(text, {"__builtins__": {}}, names)  # noqa: S307 - our own printer's text, without builtins
    assert same(float(read), float(computed(term, **{s.name: {"x": x, "y": y}[s.name] for s in symbols(term)})))


@given(scalars(), st.floats(-3, 3), st.floats(-3, 3))
def test_replacing_and_folding_keep_the_value(term, x, y):
    given_ = {"x": x, "y": y}
    swapped = replace(term, {Symbol("x"): Symbol("u"), Symbol("y"): Symbol("x")})
    before = computed(term, **{s.name: given_[s.name] for s in symbols(term)})
    after = computed(swapped, **{s.name: {"u": x, "x": y}[s.name] for s in symbols(swapped)})
    assert same(float(before), float(after))


@given(scalars(), st.floats(0.5, 2), st.floats(0.5, 2))
def test_differentiation_agrees_with_a_difference(term, x, y):
    h, given_ = 1e-6, {"x": x, "y": y}

    def at(root, **moved):
        used = {s.name for s in symbols(root)}
        return float(computed(root, **{name: v for name, v in {**given_, **moved}.items() if name in used}))

    derivative = at(differentiate(term, Symbol("x")))
    ahead, behind = ((at(term, x=x + step) - at(term)) / step for step in (h, -h))
    smooth = math.isfinite(ahead) and math.isfinite(behind) and abs(ahead - behind) < 1e-4
    assert not smooth or abs(derivative - (ahead + behind) / 2) < 1e-5 * max(1.0, abs(at(term))) * 10


def test_replacing_takes_the_outermost_first():
    assert replace(exp(exp(z)), {exp(z): a}) == exp(a)
    assert replace(exp(z), {exp(z): a, z: Number(3)}) == a


def test_leaves_of_a_pointwise_term_are_symbols_and_reductions():
    total = Reduce("sum", ("u0",), X)
    assert pointwise_leaves(w * exp(total) + w) == (w, total)
    assert differentiate(exp(total), X) == ZERO, "the sum hides X: backward goes through it"


def test_nodes_are_frozen_hashable_and_equal_by_value():
    again = matrix_product(Symbol("X", ("i", "u0")), Symbol("W1", ("u0", "u1")), "u0") + b
    assert {matrix_product(X, W, "u0") + b: 1}[again] == 1
    assert next(walk(again)) is again
    with pytest.raises(AttributeError):
        X.name = "Q"


def test_leaves_have_no_children_to_replace():
    for leaf in (X, Number(1), Size("i")):
        with pytest.raises(ValueError, match="has no children"):
            leaf.with_children((X,))


def test_stable_form_of_differences_with_a_logsumexp_from_both_sides():
    Z = Symbol("Z", ("i", "u1"))
    lse = Reduce("logsumexp", ("u1",), Z)
    for term in (Z - lse, lse - Z, lse, exp(Z - lse), log(exp(lse))):
        assert not [n for n in walk(stable_form(term)) if isinstance(n, Reduce) and n.operation == "logsumexp"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Function("", z), "the name of a function must be a letter"),
        (lambda: Function("dropout", z), "the name of a function must be a letter"),
        (lambda: Function("my function", z), "the name of a function must be a letter"),
        (lambda: Function(3, z), "the name of a function must be a letter"),
        (lambda: Function("mine", z * Symbol("k")), "function 'mine': definition must be pointwise.*it has k"),
        (lambda: Function("mine", a), "definition must be pointwise, in the symbols z only; it has a"),
        (lambda: Function("mine", z, derivative=Symbol("y")), "derivative must be pointwise, in the symbols z and a"),
        (lambda: Function("mine", z / Size("i")), r"definition must be pointwise.*it has size\(i\)"),
        (lambda: Function("mine", Symbol("z", ("i",))), "definition must be pointwise"),
        (lambda: Function("mine", lambda v: v), "definition must be a term in z, got function"),
    ],
)  # fmt: skip
def test_a_function_that_engines_could_not_compute_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_function_of_ones_own_is_hashable_whatever_sequences_it_is_given():
    own = Function("mine", z * 2, kinks=[0], parameters=[["k", 1]])
    assert {own: 1}[Function("mine", z * 2, kinks=(0.0,), parameters=(("k", 1.0),))] == 1


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        (Interval(0, 1), Interval(0, 1), True),
        (Interval(0, 1, low_open=False), Interval(0, 1), False),
        (Interval(0, 1), Interval(0, 1, low_open=False), True),
        (Interval(0, 1, high_open=False), Interval(0, 1), False),
        (Interval(0, 2), Interval(0, 1), False),
        (Interval(), Interval(), True),
        (Interval(), Interval(0, 1), False),
    ],
)
def test_intervals(inner, outer, inside):
    assert inner.inside(outer) is inside


def test_an_interval_prints_its_ends():
    assert str(Interval(0, math.inf, low_open=False)) == "[0, inf)"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_lies_in_no_open_interval(value):
    assert value not in Interval()


def test_nothing_but_a_term_is_read():
    with pytest.raises(TypeError, match="not a term: 'z'"):
        plain("z")
