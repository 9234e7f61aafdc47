"""Each operation's partial derivatives against central differences in high precision."""

import mpmath
import pytest

from chainrule.expressions.derivatives import differentiate
from chainrule.expressions.operations import OPERATIONS, Operation
from chainrule.expressions.terms import Apply, Number, Symbol, tanh
from tests.expressions import precise

X, Y_, C = Symbol("x"), Symbol("y"), Symbol("c")
POINTS = [(0.3, 0.7), (1.7, 0.4), (0.9, 2.5), (2.2, 2.1)]
ONE_SIGNED = ("log", "pow", "sqrt")  # defined, and differentiable, for x > 0


def arguments_of(operation):
    """Symbols for the arguments, and points at which they are tried."""
    names = ("c", "x", "y")[-OPERATIONS[operation].arity :] if operation == "select" else ("x", "y")
    names = names[: OPERATIONS[operation].arity]
    signs = (1,) if operation in ONE_SIGNED else (1, -1)
    for x, y in POINTS:
        for sign in signs:
            yield (
                tuple(map(Symbol, names)),
                {"x": sign * x if operation != "log1p" else abs(x) - 0.5, "y": y, "c": x > 1},
            )


def check(operation, partials):
    for names, at in arguments_of(operation):
        term = Apply(operation, names)
        for symbol, partial in zip(names, partials(*names), strict=True):
            with mpmath.workdps(60):
                expected = precise.central_difference(term, symbol.name, at[symbol.name], **without(at, symbol))
                found = precise.value(partial, **at)
                assert abs(found - expected) < 1e-14 * max(1, abs(expected)), (operation, symbol, at)


def without(at, symbol):
    return {name: value for name, value in at.items() if name != symbol.name}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_partial_derivatives(operation):
    check(operation, OPERATIONS[operation].partials)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_rule_off_by_a_tenth_of_a_percent_is_caught(operation):
    right = OPERATIONS[operation].partials
    with pytest.raises(AssertionError):
        check(operation, lambda *arguments: tuple(partial * 1.001 + 1e-9 for partial in right(*arguments)))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_differentiate_reads_the_table_or_agrees_with_it(operation):
    """The short cuts of `differentiate` (sums, quotients, select) give what the table gives."""
    for names, at in arguments_of(operation):
        inner = {name: tanh(name) * (2 if name == X else 3) + Number(1.5) for name in names}
        term = Apply(operation, tuple(inner[name] if name != C else name for name in names))
        for symbol in names:
            if symbol == C or (operation in ("log1p", *ONE_SIGNED) and at["x"] < 0):
                continue
            with mpmath.workdps(60):
                expected = precise.central_difference(term, symbol.name, at[symbol.name], **without(at, symbol))
                found = precise.value(differentiate(term, symbol), **at)
                assert abs(found - expected) < 1e-14 * max(1, abs(expected)), (operation, symbol, at)


def test_conventions_at_ties_and_kinks():
    def partials(operation, x, y=None):
        names = (X,) if y is None else (X, Y_)
        return [float(precise.value(p, x=x, y=y or 0)) for p in OPERATIONS[operation].partials(*names)]

    assert partials("abs", 0) == [0]
    assert partials("min", 2, 2) == [1, 0]
    assert partials("max", 2, 2) == [1, 0]
    assert partials("sign", 0) == [0]


def test_arity_is_the_number_of_partials():
    for name, operation in OPERATIONS.items():
        assert len(operation.partials(*map(Symbol, "cxy"[: operation.arity]))) == operation.arity, name
    assert isinstance(OPERATIONS["exp"], Operation)
