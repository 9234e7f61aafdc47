"""exp, expm1, log, log1p, tanh, erf, erfc and powers against mpmath, over the whole range of both formats."""

import mpmath
import numpy as np
import pytest

from chainrule.engines.jit.elementary import ELEMENTARY, power
from chainrule.engines.jit.target import target_named
from tests.engines.jit.emitted import ulps, vector_function

BOUNDS = {np.float32: 2.0, np.float64: 4.0}
BOUND_OF_ERFC = 4.0  # float32 too
EXACT = {
    "exp": mpmath.exp, "expm1": mpmath.expm1, "log": mpmath.log, "log1p": mpmath.log1p, "tanh": mpmath.tanh,
    "erf": mpmath.erf, "erfc": mpmath.erfc,
}  # fmt: skip
LIMITS = {  # at NaN, inf, -inf, 0, -0, -1, -2; None: finite, judged with the other points
    "exp": (np.nan, np.inf, 0.0, 1.0, 1.0, None, None),
    "expm1": (np.nan, np.inf, -1.0, 0.0, -0.0, None, None),
    "log": (np.nan, np.inf, np.nan, -np.inf, -np.inf, np.nan, np.nan),
    "log1p": (np.nan, np.inf, np.nan, 0.0, -0.0, -np.inf, np.nan),
    "tanh": (np.nan, 1.0, -1.0, 0.0, -0.0, None, None),
    "erf": (np.nan, 1.0, -1.0, 0.0, -0.0, None, None),
    "erfc": (np.nan, 0.0, 2.0, 1.0, 1.0, None, None),
}


def points(name, dtype, count):
    """Numbers of every size, many where the function bends, subnormal and largest ones; within the domain."""
    rng, info = np.random.default_rng(7), np.finfo(dtype)
    each = count // 8
    largest = int(np.array(info.max, dtype).view(f"u{np.dtype(dtype).itemsize}"))
    every_size = rng.integers(0, largest, 2 * each, dtype=np.uint64, endpoint=True)
    sizes = every_size.astype(f"u{np.dtype(dtype).itemsize}").view(dtype)
    extreme = 1.02 * np.log(float(info.max))
    drawn = [
        sizes * rng.choice([-1, 1], 2 * each).astype(dtype),
        rng.uniform(-1, 1, 2 * each),
        rng.uniform(-8, 8, 2 * each),
        rng.uniform(-extreme, extreme, each),
        rng.choice([-1, 1], each) * 10 ** rng.uniform(-12, 0, each),
        [info.max, -info.max, info.tiny, -info.tiny, info.smallest_subnormal, -info.smallest_subnormal, 0.5, 2.0],
    ]
    x = np.concatenate([np.asarray(part, dtype) for part in drawn])
    if name == "log":
        x = np.abs(x)
        x = np.concatenate([x, (1 + x[np.abs(x) < 0.5] * np.array(1e-2, dtype)).astype(dtype)])
    return x[(x > -1) & (x != 0)] if name == "log1p" else x[x != 0]


def bound(name, dtype):
    return BOUND_OF_ERFC if name == "erfc" else BOUNDS[dtype]


def exact(name, x):
    if name in {"exp", "expm1"} and abs(x) > 800:  # mpmath would spell out numbers of any size
        return mpmath.inf if x > 0 else mpmath.mpf(-1 if name == "expm1" else 0)
    if name == "erfc" and abs(x) > 60:
        return mpmath.mpf(0 if x > 0 else 2)
    return EXACT[name](mpmath.mpf(x))


def worst(name, dtype, count, target=None):
    x = points(name, dtype, count)
    y = vector_function(ELEMENTARY[name], dtype, target=target)(x)
    with mpmath.workdps(40):
        errors = [ulps(b, exact(name, a), dtype) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    return max(errors), len(x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_a_thousand_points(name, dtype):
    error, _ = worst(name, dtype, 1000)
    assert error <= bound(name, dtype)


@pytest.mark.slow
@pytest.mark.parametrize("isa", ["host", "sse4"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_ten_thousand_points(name, dtype, isa, runnable):
    target = None if isa == "host" else runnable(isa)
    error, count = worst(name, dtype, 14_000, target)
    assert count >= 10_000
    assert error <= bound(name, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_limits(name, dtype):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, -2.0], dtype)
    for got, wanted in zip(vector_function(ELEMENTARY[name], dtype)(x), LIMITS[name], strict=True):
        if wanted is not None:
            np.testing.assert_array_equal(got, np.array(wanted, dtype))
            assert np.isnan(wanted) or np.signbit(got) == np.signbit(wanted)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits_on_avx512_and_avx2(dtype, runnable):
    wide, narrow = runnable("avx512"), runnable("avx2")
    for name in EXACT:
        x = points(name, dtype, 800)
        results = [vector_function(ELEMENTARY[name], dtype, target=target)(x) for target in (wide, narrow)]
        np.testing.assert_array_equal(*results)


def test_a_wrong_coefficient_is_caught(monkeypatch):
    from chainrule.engines.jit import elementary

    fits = elementary.COEFFICIENTS[4]
    planted = fits._replace(tanh=(fits.tanh[0] * 1.00001, *fits.tanh[1:]))
    monkeypatch.setitem(elementary.COEFFICIENTS, 4, planted)
    error, _ = worst("tanh", np.float32, 1000)
    assert error > BOUNDS[np.float32]


def powers(dtype, count):
    """Numbers and exponents of many sizes, whole and half exponents among them."""
    rng = np.random.default_rng(3)
    x = np.exp(rng.uniform(-20, 20, count)) * rng.choice([-1, 1], count)
    y = rng.choice([rng.uniform(-4, 4, count), rng.integers(-9, 9, count) / 2, rng.integers(-3, 4, count)])
    y = np.where(rng.random(count) < 0.5, rng.uniform(-4, 4, count), y)
    special = np.array([0.0, np.inf, -2.0, 1.0, -1.0])
    exponents = np.array([0, 1, -1, 2, 3.0, 0.5, -2.5, 1000])
    x = np.concatenate([x, np.tile(special, len(exponents))])
    return x.astype(dtype), np.concatenate([y, np.repeat(exponents, len(special))]).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_powers_are_numpys(dtype):
    """Up to the rounding of y log x, which the exponential multiplies."""
    x, y = powers(dtype, 4000)
    got = vector_function(power, dtype, inputs=2)(x, y)
    with np.errstate(all="ignore"):
        wanted = np.power(x.astype(np.longdouble), y.astype(np.longdouble)).astype(dtype)
        size = 4 + 2 * np.nan_to_num(np.abs(y * np.log(np.abs(x.astype(float)))), posinf=0)
    usual = np.isfinite(wanted) & (np.abs(wanted) > np.finfo(dtype).tiny)
    errors = np.abs(got[usual] / wanted[usual] - 1) / np.finfo(dtype).eps
    assert (errors <= size[usual]).all()
    np.testing.assert_allclose(got[~usual], wanted[~usual], atol=np.finfo(dtype).tiny)


def test_a_power_of_nan_is_nan_but_for_the_exponent_0():
    got = vector_function(power, np.float64, inputs=2)(np.full(3, np.nan), np.array([0.0, 1.5, -2.0]))
    np.testing.assert_array_equal(got, [1, np.nan, np.nan])


def test_sign():
    got = vector_function(ELEMENTARY["sign"], np.float64)(np.array([np.nan, -np.inf, -3.0, -0.0, 0.0, 1e-310, np.inf]))
    np.testing.assert_array_equal(got, [np.nan, -1, -1, -0.0, 0, 1, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_square_root_has_the_bits_of_the_instruction(dtype):
    rng, integers = np.random.default_rng(0), f"u{np.dtype(dtype).itemsize}"
    every_size = rng.integers(0, 2 ** (8 * np.dtype(dtype).itemsize) - 1, 400_000, dtype=np.uint64).astype(integers)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, np.finfo(dtype).smallest_subnormal], dtype)
    x = np.concatenate([every_size.view(dtype), rng.uniform(1, 4, 400_000).astype(dtype), special])
    with np.errstate(all="ignore"):
        wanted = np.sqrt(x)
    got = vector_function(ELEMENTARY["sqrt"], dtype)(x)
    np.testing.assert_array_equal(got, wanted)
    numbers = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(got[numbers]), np.signbit(wanted[numbers]))


def test_targets_by_name():
    assert target_named("sse4").has_fma is False
    with pytest.raises(ValueError, match="accepted: 'avx512', 'avx2', 'sse4', 'neon'"):
        target_named("mmx")
