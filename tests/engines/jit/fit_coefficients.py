"""How `chainrule.engines.jit.coefficients` was computed: minimax polynomials in 60 digits, by Lawson's iteration.

``python -m tests.engines.jit.fit_coefficients`` prints all of them with their errors (about a minute).
"""

from mpmath import mp, mpf

NODES_PER_COEFFICIENT = 8
ROUNDS = 12


def fit(f, low, high, degree, weight):
    """Coefficients, lowest power first, and the greatest weighted error at Chebyshev's points.

    Least squares, in which every point's weight grows with its error in the round before (Lawson 1961).
    """
    count = NODES_PER_COEFFICIENT * (degree + 1)
    half = (high - low) / 2
    points = [low + half - half * mp.cos(mp.pi * (2 * j + 1) / (2 * count)) for j in range(count)]
    values, weights, growth = [f(x) for x in points], [weight(x) for x in points], [mpf(1)] * count
    for _ in range(ROUNDS):
        matrix, right = mp.zeros(degree + 1), mp.zeros(degree + 1, 1)
        for x, y, w, g in zip(points, values, weights, growth, strict=True):
            powers, factor = [x**k for k in range(degree + 1)], g * w * w
            for i in range(degree + 1):
                right[i] += factor * powers[i] * y
                for j in range(degree + 1):
                    matrix[i, j] += factor * powers[i] * powers[j]
        c = mp.lu_solve(matrix, right)
        errors = [abs(w * (mp.polyval(list(c)[::-1], x) - y)) for x, y, w in zip(points, values, weights, strict=True)]
        largest = max(errors)
        growth = [g * e / largest for g, e in zip(growth, errors, strict=True)]
        mean = sum(growth) / count
        growth = [g / mean for g in growth]
    return list(c), largest


def _exp(r):
    return mp.expm1(r) / r**2 - 1 / r if abs(r) > mpf("1e-12") else mpf(1) / 2 + r / 6 + r * r / 24


def _log(s2):
    s = mp.sqrt(s2)
    return (mp.log((1 + s) / (1 - s)) / s - 2) / s2 if s2 > mpf("1e-18") else mpf(2) / 3


def _tanh(x2):
    x = mp.sqrt(x2)
    return (mp.tanh(x) / x - 1) / x2 if x2 > mpf("1e-20") else -mpf(1) / 3


def _erf(x2):
    x = mp.sqrt(x2)
    return mp.erf(x) / x - 1 if x else 2 / mp.sqrt(mp.pi) - 1


def _erfcx(t):
    x = 3 * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


def _log_erfc(x):
    return mp.log(mp.erfc(x))


def fits():
    """Per function: f, the interval, the weight of an error, and the degrees in float32 and float64."""
    log2 = mp.log(2) / 2 * mpf("1.02")
    s = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * mpf("1.001")
    far = {4: mpf(4), 8: mpf(6)}
    last = {4: mpf("10.2"), 8: mpf("27.4")}
    start = (mpf("0.48") - 3) / (mpf("0.48") + 3)
    return {
        "exp": (_exp, lambda _: (-log2, log2), lambda r: r * r, {4: 5, 8: 10}),
        "log": (_log, lambda _: (mpf(0), s**2), lambda z: z / 2, {4: 3, 8: 7}),
        "tanh": (_tanh, lambda _: (mpf(0), mpf("0.64") ** 2), lambda z: z, {4: 5, 8: 12}),
        "erf": (_erf, lambda _: (mpf(0), mpf(1)), lambda z: 1 / (1 + _erf(z)), {4: 7, 8: 13}),
        "log_erfc": (_log_erfc, lambda b: (mpf(1), far[b]), lambda x: mp.erfc(x) / mp.erf(x), {4: 7, 8: 20}),
        "erfcx": (_erfcx, lambda b: (start, (last[b] - 3) / (last[b] + 3)), lambda t: 1 / _erfcx(t), {4: 9, 8: 20}),
    }


def coefficients(name, size):
    """The coefficients of one function for a format of `size` bytes, and their weighted error."""
    with mp.workdps(60):
        f, interval, weight, degrees = fits()[name]
        c, error = fit(f, *interval(size), degrees[size], weight)
        return [float(x) for x in c], float(error)


if __name__ == "__main__":
    for function in fits():
        for bytes_ in (4, 8):
            print(function, bytes_, *coefficients(function, bytes_))  # noqa: T201
