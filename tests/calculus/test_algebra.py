"""Each named rewrite keeps the value of random terms; the one that uses a fact about labels needs that fact."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.calculus.algebra import (
    MAX_MONOMIALS,
    cancel,
    collect,
    common_denominator,
    divides_by_values,
    factor_out,
    labels_sum_to_one,
    multiply_in,
    out_of_sums,
    tidy,
)
from chainrule.calculus.rewriting import REWRITES
from chainrule.expressions.terms import Apply, Number, Reduce, Size, Symbol, exp, log, symbols, total, walk
from tests.expressions.computing import computed

A, Y, B = (Symbol(name, ("i", "u1")) for name in "AYB")
w, b, s = Symbol("w", ("i",)), Symbol("b", ("u1",)), Symbol("s")
SIZES = {"u1": 3}
RNG = np.random.default_rng(3)
VALUES = {name: RNG.uniform(0.3, 0.9, shape) for name, shape in
          {"A": (4, 3), "B": (4, 3), "w": (4,), "b": (3,), "s": ()}.items()}  # fmt: skip
VALUES["Y"] = RNG.dirichlet(np.ones(3), size=4)
REAL_LABELS = {**VALUES, "Y": RNG.uniform(0.5, 2.0, (4, 3))}
KNOWN = {}  # values of terms: a term and what it is rewritten to have most nodes in common
KEEPING = [tidy, cancel, collect, common_denominator, factor_out, multiply_in, out_of_sums]


@st.composite
def terms(draw, depth=4):
    """Terms as derivations have them: symbols of several axes, fractions, signs, powers, sums over either axis."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from([A, Y, B, w, b, s, 1 - A, Size("i"), Number(2), Number(-0.5), Number(3)]))
    kind = draw(st.sampled_from(["add", "sub", "mul", "div", "neg", "square", "exp", "sum", "sum", "ratio", "shared"]))
    first = draw(terms(depth=depth - 1))
    if kind == "neg":
        return Apply("neg", (first,))
    if kind == "square":
        return Apply("pow", (first, Number(2)))
    if kind == "exp":
        return exp(first / 8)
    if kind == "sum":
        return total(first, draw(st.sampled_from([("u1",), ("i",), ("i", "u1")])))
    second = draw(terms(depth=depth - 1))
    if kind == "shared":
        return B * (first / B - second)
    return first * second / (B * first) if kind == "ratio" else Apply(kind, (first, second))


def value(term, values):
    """The term's value over all axes; w is always there, because sizes of axes come from inputs."""
    if (term, id(values)) not in KNOWN:
        full = Apply("add", (term, Apply("mul", (Number(0), w))))
        found = computed(full, SIZES, w=values["w"], **{x.name: values[x.name] for x in symbols(term) if x != w})
        KNOWN[term, id(values)] = np.broadcast_to(found if found.ndim == 2 else found[:, None], (4, 3))
    return KNOWN[term, id(values)]


def magnitude(term, values):
    """The largest number met on the way, which rounding errors are relative to; inf where something is not finite."""
    sizes = [np.max(np.abs(value(node, values))) for node in walk(term)]
    smallest = [np.min(np.abs(value(n.arguments[1], values))) for n in walk(term) if is_division(n)]
    return math.inf if any(x < 1e-3 for x in smallest) or not np.isfinite(sizes).all() else max(1.0, *sizes)


def is_division(node):
    return isinstance(node, Apply) and node.operation == "div"


def assert_same_value(term, rewritten, values):
    scale = max(magnitude(term, values), magnitude(rewritten, values))
    if scale < 1e5:
        np.testing.assert_allclose(value(rewritten, values), value(term, values), rtol=1e-9, atol=1e-11 * scale**2)


@pytest.mark.parametrize("rewrite", KEEPING, ids=lambda rewrite: rewrite.__name__)
def test_the_value_is_kept(rewrite):
    seen = []

    @settings(max_examples=60)
    @given(terms())
    def check(term):
        rewritten = rewrite(term)
        seen.append(str(rewritten) != str(term))
        assert set(rewritten.axes) <= set(term.axes)
        assert_same_value(term, rewritten, REAL_LABELS)

    check()
    assert any(seen), "no term of the test was rewritten"


@settings(max_examples=60)
@given(terms())
def test_the_rewrites_in_their_order_keep_the_value_of_labels_that_sum_to_one(term):
    rewritten = term
    for _, rewrite in REWRITES:
        rewritten = tidy(rewrite(rewritten))
    assert_same_value(term, rewritten, VALUES)


def test_only_a_whole_row_of_labels_sums_to_one():
    assert labels_sum_to_one(A * Reduce("sum", ("u1",), Y)) == A
    for kept in (
        Reduce("sum", ("i",), Y),
        Reduce("sum", ("i", "u1"), Y),
        Reduce("sum", ("u1",), A),
        total(w * Y, ("u1",)),
    ):
        assert labels_sum_to_one(kept) == kept
    assert labels_sum_to_one(Reduce("max", ("u1",), Y)) == Reduce("max", ("u1",), Y)


@pytest.mark.parametrize(
    ("rewrite", "term", "text"),
    [
        (tidy, A + -Y, "A - Y"),
        (tidy, -(Y - A), "A - Y"),
        (tidy, -(1 - A), "-(1 - A)"),
        (tidy, 2 * A * 0.5, "A"),
        (tidy, A * 2 / 4, "1 / 2 * A"),
        (tidy, A * w / s, "w / s * A"),
        (tidy, -(A + Y), "-(A + Y)"),
        (tidy, A - (B - Y), "A + Y - B"),
        (cancel, A * (1 - A) / ((1 - A) * A), "1"),
        (cancel, A * A / A, "A"),
        (cancel, exp(A / A * B), "exp(B)"),
        (collect, (1 - Y) * A - Y * (1 - A), "A - Y"),
        (collect, (A + Y) * (A - Y) + B, "A * A + B - Y * Y"),
        (collect, total(A - A + w, ("u1",)), "size(u1) * w"),
        (collect, total(A - A + 0 * w, ("i", "u1")), "0"),
        (common_denominator, (1 - Y) / (1 - A) - Y / A, "((1 - Y) * A - Y * (1 - A)) / ((1 - A) * A)"),
        (common_denominator, A / s + Y / s, "1 / s * A + 1 / s * Y"),
        (factor_out, w * A / s - w * Y / s, "w / s * (A - Y)"),
        (factor_out, A / B + Y / B, "(A + Y) / B"),
        (factor_out, A + Y, "A + Y"),
        (out_of_sums, total(w * Y / s, ("u1",)), "1 / s * w * sum[u1](Y)"),
        (out_of_sums, total(-(b * A), ("i",)), "-(b * sum[i](A))"),
    ],
)  # fmt: skip
def test_what_people_would_write(rewrite, term, text):
    assert str(rewrite(term)) == text


def test_an_expansion_that_would_grow_is_left():
    long = A
    for number in range(30):
        long = long + Symbol(f"Q{number}", ("i", "u1"))
    squared = long * long + Y
    assert MAX_MONOMIALS < 31 * 31
    assert str(collect(squared)) == str(tidy(squared))


def test_nested_fractions_take_no_exponential_time():
    term = A
    for _ in range(50):
        term = B / (1 + term)
    assert str(tidy(term))
    nested = A
    for _ in range(60):
        nested = Apply("div", (B, nested))
    assert str(cancel(nested)) == "A"


def test_a_division_by_the_constant_zero_stays():
    for term in (A / Number(0), B * (A / Number(0)), total(A / (0 * B), ("u1",))):
        for rewrite in KEEPING:
            assert "/ 0" in str(rewrite(term))


def test_division_by_values_is_seen():
    assert divides_by_values(Y / A)
    assert divides_by_values(exp(1 / (1 - A)))
    assert not divides_by_values(A / s + w / Size("i") + A / b)
    assert not divides_by_values(log(A))


def test_factors_are_multiplied_in_where_fractions_cancel():
    assert str(multiply_in(A * (Y / A - B))) == "Y - B * A"
    assert str(multiply_in(A * (B - w * (Y / A + 1)))) == "B * A - w * (Y + A)"
    assert multiply_in(A * (Y - B)) == A * (Y - B)
