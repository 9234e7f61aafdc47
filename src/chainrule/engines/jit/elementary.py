"""exp, expm1, log, log1p, tanh, erf and erfc, and powers, on logical vectors.

At most 2 units in the last place off in float32 and 4 in float64 (erfc: 4 in both), over the whole range; NaN stays
NaN, infinities and subnormal numbers are what they should be. Nothing here branches, so each lane costs the same.
A power x^y is e^(y log x) and loses as many more units as y log x is large.

The reductions are Cody and Waite's (Software Manual for the Elementary Functions, 1980): x = n log 2 + r with log 2
in two parts. The logarithms follow the scheme of FreeBSD's msun (e_log.c, s_log1p.c): log(1 + f) through
s = f/(2 + f), so that log(1 + f) = f - f^2/2 + s (f^2/2 + s^2 R(s^2)).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from chainrule.engines.jit.coefficients import COEFFICIENTS, Coefficients
from chainrule.engines.jit.vectors import Vectors

__all__ = ["ELEMENTARY", "erf", "erfc", "exp", "expm1", "log", "log1p", "power", "sign", "sqrt", "tanh"]


@dataclass(frozen=True)
class _Format:
    """Numbers that depend on the format."""

    log2_high: float  # few bits, so that n times it is exact
    log2_low: float
    exp_underflows: float  # below, e^x rounds to 0
    exp_overflows: float  # above, e^x is infinite
    minus_one: float  # below, e^x - 1 rounds to -1
    tiny: float  # below, f(x) = x for expm1 and tanh
    tanh_is_one: float
    erf_is_one: float
    erfc_vanishes: float
    low_half: int  # the bits of a number without which its square is exact
    round_to_integer: float  # adding it leaves the nearest integer in the low bits
    smallest_normal: float
    sqrt_half_bits: int

    @property
    def fits(self) -> Coefficients:
        return COEFFICIENTS[4 if self.sqrt_half_bits < 2**32 else 8]


_FLOAT32 = _Format(
    0.693359375, -2.12194440054690583e-4, -104.0, 89.0, -20.0, 2.0**-25, 9.5, 4.0, 10.2, 0xFFF, 1.5 * 2.0**23,
    2.0**-126, 0x3F3504F3,
)  # fmt: skip
_FLOAT64 = _Format(
    6.93147180369123816490e-01, 1.90821492927058770002e-10, -746.0, 710.0, -40.0, 2.0**-54, 20.0, 6.0, 27.4, 0x7FFFFFF,
    1.5 * 2.0**52, 2.0**-1022, 0x3FE6A09E667F3BCD,
)  # fmt: skip


def _format(v: Vectors) -> _Format:
    return _FLOAT32 if v.lanes.bytes == 4 else _FLOAT64


def _reduce(v: Vectors, x: str) -> tuple[str, str]:
    """(bits of the integer n nearest to x / log 2, r = x - n log 2)."""
    form = _format(v)
    magic = v.constant(form.round_to_integer)
    shifted = v.fma(x, v.constant(1 / math.log(2)), magic)
    n = v.subtract(shifted, magic)
    r = v.fma(n, v.constant(-form.log2_high), x)
    r = v.fma(n, v.constant(-form.log2_low), r)
    # A conversion of NaN to an integer is undefined in LLVM; this difference of bits is only meaningless.
    return v.bits("sub", v.to_bits(shifted), v.to_bits(magic)), r


def _expm1_near_zero(v: Vectors, r: str) -> str:
    """e^r - 1 for |r| <= log(2)/2."""
    return v.fma(v.multiply(r, r), v.polynomial(r, _format(v).fits.exp), r)


def _power_of_two(v: Vectors, n: str) -> str:
    """2^n for the integer n in bits, within the normal range."""
    biased = v.bits("add", n, v.lanes.exponent_bias)
    return v.from_bits(v.bits("shl", biased, v.lanes.mantissa_bits))


def exp(v: Vectors, x: str) -> str:
    """e^x."""
    return _exp(v, x)


def _exp(v: Vectors, x: str, low: str | None = None, factor: str | None = None) -> str:
    """factor e^(x + low) for a small `low`; the product is rounded once, even where it is subnormal."""
    form = _format(v)
    n, r = _reduce(v, v.clamp(x, form.exp_underflows, form.exp_overflows))
    r = r if low is None else v.add(r, low)
    near_one = v.add(_expm1_near_zero(v, r), v.constant(1.0))
    near_one = near_one if factor is None else v.multiply(near_one, factor)
    # In two factors, each normal: the product reaches subnormal numbers and infinity, and is rounded once.
    half = v.bits("ashr", n, 1)
    rest = v.bits("sub", n, half)
    return v.multiply(v.multiply(near_one, _power_of_two(v, half)), _power_of_two(v, rest))


def expm1(v: Vectors, x: str) -> str:
    """e^x - 1."""
    form = _format(v)
    n, r = _reduce(v, v.clamp(x, form.minus_one, form.exp_overflows))
    # Half of the result, because 2^n itself overflows before e^x does.
    half_scale = _power_of_two(v, v.bits("sub", n, 1))
    whole = v.subtract(half_scale, v.constant(0.5))
    half = v.fma(_expm1_near_zero(v, r), half_scale, whole)
    small = v.compare("olt", v.intrinsic("fabs", x), v.constant(form.tiny))
    return v.select(small, x, v.add(half, half))


def _split(v: Vectors, x: str) -> tuple[str, str]:
    """(k, m) with x = 2^k m and m between sqrt(1/2) and sqrt(2), for normal x > 0; k as a number."""
    form, lanes = _format(v), v.lanes
    offset = v.bits("sub", v.to_bits(x), form.sqrt_half_bits)
    k = v.bits("ashr", offset, lanes.mantissa_bits)
    mantissa = v.bits("add", v.bits("and", offset, (1 << lanes.mantissa_bits) - 1), form.sqrt_half_bits)
    # An integer becomes a number by the same magic constant that made a number an integer.
    magic = v.constant(form.round_to_integer)
    number = v.subtract(v.from_bits(v.bits("add", k, v.to_bits(magic))), magic)
    return number, v.from_bits(mantissa)


def _log_of_one_plus(v: Vectors, f: str, k: str, correction: str | None) -> str:
    """k log 2 + log(1 + f) + correction, for 1 + f between sqrt(1/2) and sqrt(2)."""
    form = _format(v)
    s = v.divide(f, v.add(f, v.constant(2.0)))
    s2 = v.multiply(s, s)
    half_square = v.multiply(v.multiply(f, f), v.constant(0.5))
    series = v.multiply(s2, v.polynomial(s2, form.fits.log))
    low = v.multiply(k, v.constant(form.log2_low))
    if correction is not None:
        low = v.add(low, correction)
    tail = v.fma(s, v.add(half_square, series), low)
    near = v.subtract(f, v.subtract(half_square, tail))
    return v.fma(k, v.constant(form.log2_high), near)


def _log_domain(v: Vectors, x: str, result: str, pole: float) -> str:
    """-inf at the pole, NaN below it, infinity at infinity."""
    at, infinity = v.constant(pole), v.lanes.constant(math.inf)
    result = v.select(v.compare("oeq", x, at), v.constant(-math.inf), result)
    result = v.select(v.compare("olt", x, at), v.constant(math.nan), result)
    result = v.select(v.compare("oeq", x, infinity), infinity, result)
    return v.select(v.compare("uno", x, x), x, result)


def log(v: Vectors, x: str) -> str:
    """The natural logarithm."""
    form, lift = _format(v), v.lanes.mantissa_bits + 2
    subnormal = v.compare("olt", x, v.constant(form.smallest_normal))
    normal = v.select(subnormal, v.multiply(x, v.constant(2.0**lift)), x)
    k, m = _split(v, normal)
    k = v.select(subnormal, v.subtract(k, v.constant(float(lift))), k)
    return _log_domain(v, x, _log_of_one_plus(v, v.subtract(m, v.constant(1.0)), k, None), 0.0)


def log1p(v: Vectors, x: str) -> str:
    """log(1 + x)."""
    one = v.constant(1.0)
    u = v.add(one, x)
    k, m = _split(v, u)
    # What rounding 1 + x lost, relative to it.
    lost_large = v.subtract(one, v.subtract(u, x))
    lost_small = v.subtract(x, v.subtract(u, one))
    lost = v.select(v.compare("ogt", x, one), lost_large, lost_small)
    correction = v.divide(lost, u)
    inside = v.compare("olt", v.intrinsic("fabs", v.subtract(x, v.constant(0.0607))), v.constant(0.353))
    f = v.select(inside, x, v.subtract(m, one))
    zero = v.constant(0.0)
    result = _log_of_one_plus(v, f, v.select(inside, zero, k), v.select(inside, zero, correction))
    tiny = v.compare("olt", v.intrinsic("fabs", x), v.constant(_format(v).tiny))
    return _log_domain(v, x, v.select(tiny, x, result), -1.0)


def tanh(v: Vectors, x: str) -> str:
    """The hyperbolic tangent: a polynomial near 0, 1 - 2/(e^2|x| + 1) elsewhere."""
    form = _format(v)
    size = v.intrinsic("fabs", x)
    square = v.multiply(x, x)
    near = v.fma(v.multiply(square, x), v.polynomial(square, form.fits.tanh), x)
    bounded = v.clamp(size, 0.0, form.tanh_is_one)
    one, two = v.constant(1.0), v.constant(2.0)
    far = v.subtract(one, v.divide(two, v.add(exp(v, v.add(bounded, bounded)), one)))
    return v.intrinsic("copysign", v.select(v.compare("olt", size, v.constant(0.625)), near, far), x)


def erf(v: Vectors, x: str) -> str:
    """The error function: x plus x times a polynomial up to 1, 1 - exp(log erfc |x|) beyond."""
    form = _format(v)
    size = v.intrinsic("fabs", x)
    square = v.multiply(x, x)
    near = v.fma(x, v.polynomial(square, form.fits.erf), x)
    bounded = v.clamp(size, 1.0, form.erf_is_one)
    far = v.subtract(v.constant(1.0), exp(v, v.polynomial(bounded, form.fits.log_erfc)))
    return v.intrinsic("copysign", v.select(v.compare("olt", size, v.constant(1.0)), near, far), x)


def erfc(v: Vectors, x: str) -> str:
    """1 - erf(x), in its tail e^(-x^2) times a polynomial in (x - 3)/(x + 3) over 1 + 2x.

    The form of the tail is that of Shepherd and Laframboise ("Chebyshev approximation of (1 + 2x) exp(x^2) erfc x",
    1981).
    """
    form = _format(v)
    one, size = v.constant(1.0), v.intrinsic("fabs", x)
    square = v.multiply(x, x)
    near = v.subtract(one, v.fma(x, v.polynomial(square, form.fits.erf), x))
    bounded = v.clamp(size, 0.5, form.erfc_vanishes)
    three = v.constant(3.0)
    place = v.divide(v.subtract(bounded, three), v.add(bounded, three))
    scaled = v.divide(v.polynomial(place, form.fits.erfcx), v.fma(v.constant(2.0), bounded, one))
    # x^2 in two parts, because what rounding it loses would be multiplied by up to 700
    high = v.from_bits(v.bits("and", v.to_bits(bounded), ~form.low_half))
    low = v.multiply(v.subtract(high, bounded), v.add(high, bounded))
    tail = _exp(v, v.negate(v.multiply(high, high)), low, scaled)
    far = v.select(v.compare("olt", x, v.constant(0.0)), v.subtract(v.constant(2.0), tail), tail)
    return v.select(v.compare("olt", size, v.constant(0.5)), near, far)


def power(v: Vectors, x: str, y: str) -> str:
    """x^y; for x < 0 a number only where y is a whole number, as in NumPy."""
    zero, one, half = v.constant(0.0), v.constant(1.0), v.constant(0.5)
    size = exp(v, v.multiply(y, log(v, v.intrinsic("fabs", x))))
    whole = v.compare("oeq", v.intrinsic("floor", y), y)
    halved = v.multiply(y, half)
    odd = v.compare("one", v.intrinsic("floor", halved), halved)
    negative = v.select(whole, v.select(odd, v.negate(size), size), v.constant(math.nan))
    result = v.select(v.compare("olt", x, zero), negative, size)
    return v.select(v.compare("oeq", y, zero), one, result)


def sign(v: Vectors, x: str) -> str:
    """-1, 0 or 1; NaN stays NaN."""
    one = v.intrinsic("copysign", v.constant(1.0), x)
    nonzero = v.compare("one", x, v.constant(0.0))
    return v.select(nonzero, one, x)


def sqrt(v: Vectors, x: str) -> str:
    """The square root, correctly rounded."""
    return v.intrinsic("sqrt", x)


ELEMENTARY: dict[str, Callable[[Vectors, str], str]] = {
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "tanh": tanh,
    "erf": erf,
    "erfc": erfc,
    "sign": sign,
    "sqrt": sqrt,
}
"""By the name of the operation in terms."""
