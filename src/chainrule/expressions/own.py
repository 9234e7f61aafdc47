"""A user's own activation or loss, from an expression: read, differentiated, made stable, and tried out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise

from chainrule.expressions.activations import ACTIVATION_ALIASES, ACTIVATIONS
from chainrule.expressions.derivatives import differentiate
from chainrule.expressions.evaluation import value_at
from chainrule.expressions.functions import Function
from chainrule.expressions.intervals import Interval
from chainrule.expressions.lookup import activation as find_activation
from chainrule.expressions.lookup import loss as find_loss
from chainrule.expressions.losses import Loss
from chainrule.expressions.reading import read_expression
from chainrule.expressions.stabilising import stabilised
from chainrule.expressions.stable import stable_form
from chainrule.expressions.terms import Apply, Symbol, Term, walk

FAR = (-1e4, -1e3, 1e3, 1e4)
NEAR = tuple(k / 8 + 0.017 for k in range(-80, 81))
LABELS = (-1.3, 0.0, 0.7)
_TOLERANCE, _STEP = 1e-5, 1e-6
_Scalar = Callable[[float], float]


def activation(name: str, expression: str) -> Function:
    """An activation from an expression in ``z``.

    Parameters
    ----------
    name : str
        Letters, digits, ``_`` and ``-``; not the name of a row of the table, unless it is that very function.
    expression : str
        In ``z``, with ``+ - * / **``, exp, log, sqrt, tanh, cosh, sinh, abs, sign, erf, sigmoid, softplus, relu,
        min, max and ``where(z > 0, …, …)``.

    Returns
    -------
    Function
        With its derivative, a form that does not overflow, and its kinks; for use in `Network` and every engine,
        and carried by the model file as an expression.

    Raises
    ------
    ValueError
        If the text cannot be read, the function jumps, is not defined everywhere, or overflows far from 0 and no
        stable form of it is known.

    Examples
    --------
    >>> arctan_like = activation("softsign", "z / (1 + abs(z))")
    >>> print(arctan_like.definition)
    z / (1 + abs(z))
    >>> activation("swish", "z / (1 + exp(-z))").name
    'silu'
    >>> activation("bump", "exp(z ** 2)")
    Traceback (most recent call last):
    ValueError: activation 'bump': exp(z**2) is inf at z = -10000; ...
    """
    z = Symbol("z")
    definition = read_expression(expression, ("z",))
    row = ACTIVATIONS.get(ACTIVATION_ALIASES.get(name, name))
    if isinstance(row, Function) and row.definition == definition:
        return row
    where = f"activation {name!r}"
    computed = stabilised(definition)
    slope = differentiate(computed, z)
    f, g = _function_of(computed, "z"), _function_of(slope, "z")
    kinks = _kinks(f, g, computed, where)
    _check_defined(where, "z", definition, slope, f, g, (*FAR, 0.0, *NEAR, *_poles(computed, "z")))
    _check_slope(where, "z", f, g, kinks)
    _check_equal(where, "z", definition, f, NEAR)
    stable = None if computed == definition else computed
    own = Function(name, definition, stable=stable, derivative=slope, kinks=kinks)
    find_activation(own)  # refuses a row's name for another function, and what is constant
    return own


def loss(name: str, expression: str, *, domain: tuple[float, float] | None = None) -> Loss:
    """A loss of one output from an expression in ``yhat`` and ``y``.

    Parameters
    ----------
    name : str
    expression : str
        In ``yhat``, the prediction, and ``y``, the label; see `activation`.
    domain : (float, float), optional
        Where predictions lie, ends excluded; everywhere by default.

    Raises
    ------
    ValueError
        If the text cannot be read, the loss jumps, is not defined in its domain, or overflows far from 0 and no
        stable form of it is known.

    Examples
    --------
    >>> print(loss("log-cosh", "log(cosh(yhat - y))").definition)
    abs(yhat - y) + log1p(exp((-2) * abs(yhat - y))) - 0.6931471805599453
    """
    definition = read_expression(expression, ("yhat", "y"))
    where, yhat = f"loss {name!r}", Symbol("yhat")
    low, high = (-math.inf, math.inf) if domain is None else domain
    interval = Interval(float(low), float(high))
    computed = stabilised(definition)
    slope = differentiate(computed, yhat)
    points = [point for point in (*FAR, *NEAR) if point in interval] or _inside(interval)
    near = [point for point in points if abs(point) < FAR[2]]
    jumps = False
    labels = [label for label in LABELS if domain is None or label in interval] or [_inside(interval)[0]]
    for y in labels:
        f, g = _function_of(computed, "yhat", y=y), _function_of(slope, "yhat", y=y)
        _check_defined(where, "yhat", definition, slope, f, g, (*points, *_poles(computed, "yhat", near, y=y)))
        kinks = _kinks(f, g, computed, where, y=y, points=near)
        jumps = jumps or bool(kinks)
        _check_slope(where, "yhat", f, g, kinks, near)
        _check_equal(where, "yhat", definition, f, near, y=y)
    written = None if computed == definition else definition
    own = Loss(name, computed, domain=interval, has_kink=jumps, written=written)
    find_loss(own)
    return own


def _inside(interval: Interval) -> list[float]:
    low = interval.low if math.isfinite(interval.low) else interval.high - 10
    high = interval.high if math.isfinite(interval.high) else low + 10
    return [low + (high - low) * (k + 0.5) / 40 for k in range(40)]


def _function_of(term: Term, variable: str, **others: float) -> _Scalar:
    opened = stable_form(term)
    return lambda at: value_at(opened, {variable: at} | others)


def _check_defined(
    where: str, variable: str, definition: Term, slope: Term, f: _Scalar, g: _Scalar, points: Iterable[float]
) -> None:
    """Every value and slope is a finite number."""
    for point in points:
        for what, term, value in (("", definition, f(point)), ("its derivative ", slope, g(point))):
            if not math.isfinite(value):
                remedy = (
                    "write it so that it stays finite, e.g. with softplus, sigmoid, tanh, log1p or where"
                    if abs(point) >= FAR[2]
                    else f"it must be defined for every {variable} there is; where(…) or a domain may help"
                )
                raise ValueError(f"{where}: {what}{term} is {value:g} at {variable} = {point:g}; {remedy}")


def _check_slope(
    where: str, variable: str, f: _Scalar, g: _Scalar, kinks: tuple[float, ...], points: Iterable[float] = NEAR
) -> None:
    """The derivative agrees with a difference quotient, away from kinks."""
    for point in points:
        if any(abs(point - kink) < 10 * _STEP for kink in kinks):
            continue
        quotient = (f(point + _STEP) - f(point - _STEP)) / (2 * _STEP)
        if abs(quotient - g(point)) > _TOLERANCE * max(1.0, abs(quotient), abs(f(point))):
            found = f"the derivative found is {g(point):g}, but differences give {quotient:g}"
            raise ValueError(f"{where}: at {variable} = {point:g} {found}")


def _check_equal(
    where: str, variable: str, definition: Term, f: _Scalar, points: Iterable[float], **others: float
) -> None:
    """The stable form is the definition, where that can be computed."""
    for point in points:
        plain = value_at(definition, {variable: point} | others)
        if math.isfinite(plain) and abs(plain - f(point)) > 1e-9 * max(1.0, abs(plain)):
            raise ValueError(f"{where}: its stable form differs from it at {variable} = {point:g}")


_BREAKING = ("abs", "sign", "min", "max", "select", "less", "less_equal")


def _kinks(
    f: _Scalar, g: _Scalar, term: Term, where: str, *, points: Iterable[float] = NEAR, **others: float
) -> tuple[float, ...]:
    """Where the derivative jumps: at the zeros of what abs, min, max and comparisons look at.

    Raises
    ------
    ValueError
        If the function itself jumps.
    """
    variable = "yhat" if others else "z"
    found: list[float] = []
    for node in walk(stable_form(term)):
        if not (isinstance(node, Apply) and node.operation in _BREAKING and node.operation != "select"):
            continue
        left = node.arguments[0]
        tested = left - node.arguments[1] if len(node.arguments) == 2 else left
        for zero in _zeros(_function_of(tested, variable, **others), sorted(points)):
            before, after = zero - 1e-7, zero + 1e-7
            if abs(f(after) - f(before)) > 1e-4 * max(1.0, abs(f(before))):
                raise ValueError(f"{where} jumps at {variable} = {zero:g}; it must be continuous to have a derivative")
            if abs(g(after) - g(before)) > 1e-4 and all(abs(zero - other) > 1e-6 for other in found):
                found.append(zero)
    return tuple(sorted(found))


def _poles(term: Term, variable: str, points: Iterable[float] = NEAR, **others: float) -> list[float]:
    """Where a denominator is 0."""
    below = [
        node.arguments[1] for node in walk(stable_form(term)) if isinstance(node, Apply) and node.operation == "div"
    ]
    return [zero for h in below for zero in _zeros(_function_of(h, variable, **others), sorted(points))]


def _zeros(h: _Scalar, points: list[float]) -> list[float]:
    """Where h changes its sign between neighbouring points, by bisection."""
    zeros = []
    for left, right in pairwise(points):
        low, high = left, right
        if not h(low) * h(high) < 0:
            continue
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (low, middle) if h(low) * h(middle) <= 0 else (middle, high)
        zeros.append(round((low + high) / 2, 12) + 0.0)
    return zeros
