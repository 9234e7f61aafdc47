"""Planted faults in a list of equations, each caught and named."""

# ruff: noqa: E501 - a fault and its message stay on one line

import re
from dataclasses import replace

import pytest

from chainrule import Adam, Network, Penalty, derive
from chainrule.calculus.equations import Equation, Equations, Reason, Step
from chainrule.calculus.verification import verify
from chainrule.expressions.terms import Apply, Reduce, Size, Symbol, matrix_product, total

X, W, b, Y = Symbol("X", ("i", "u0")), Symbol("W1", ("u0", "u1")), Symbol("b1", ("u1",)), Symbol("Y", ("i", "u1"))
Z, J = Symbol("Z1", ("i", "u1")), Symbol("J")


def let(left, right, steps=()):
    return Equation(left, right, "forward", Reason("given", "a test"), steps)


AFFINE = let(Z, matrix_product(X, W, "u0") + b)
COST = let(J, total((Z - Y) ** 2, Z.axes) / Size("i"))
GOOD = Equations((X, W, b, Y), (AFFINE, COST), ("J",), (("u0", 2), ("u1", 3)))


def test_a_good_list_passes():
    verify(GOOD)


THREE = Symbol("T", ("i", "u0", "u1"))
WRONG = Symbol("Z1", ("u1", "i"))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"equations": (AFFINE, AFFINE, COST)}, "Z1 is assigned already"),
        ({"equations": (let(X, Y), AFFINE, COST)}, "X is assigned already"),
        ({"equations": (COST, AFFINE)}, "J = sum[i,u1]((Z1 - Y)**2) / size(i): Z1 is used before it is assigned"),
        ({"equations": (AFFINE, let(b, W), COST)}, "b1 is assigned already"),
        ({"equations": (AFFINE, let(Symbol("Q"), total(b, b.axes)), COST)}, "neither used nor an output: Q"),
        ({"inputs": (X, W, b, Y, Symbol("eta"))}, "neither used nor an output: eta"),
        ({"inputs": (X, X, W, b, Y)}, "the input X is listed twice"),
        ({"inputs": (X, W, b)}, "Y is used before it is assigned, and is no input"),
        ({"inputs": (X, W, Symbol("b1", ("i",)), Y)}, "b1 has axes ('u1',) here, ('i',) above"),
        ({"inputs": (X, W, b, Symbol("Y", ("i", "u0")))}, "Y has axes ('i', 'u1') here, ('i', 'u0') above"),
        ({"equations": (let(b, Z), COST)}, "Z1 is used before it is assigned"),
        ({"equations": (AFFINE, let(Symbol("q", ("u1",)), Z), COST)}, "the right side varies over ['i'], which q lacks"),
        ({"equations": (let(THREE, X * W), COST)}, "T has the axes ('i', 'u0', 'u1'); at most 2, in order"),
        ({"equations": (let(WRONG, matrix_product(X, W, "u0") + b), COST)}, "Z1 has the axes ('u1', 'i'); at most 2, in order"),
        ({"inputs": (X, W, b, Y, THREE)}, "the input T: T has the axes ('i', 'u0', 'u1'); at most 2"),
        ({"sizes": (("u0", 2),)}, "the input W1: the size of ['u1'] is not known"),
        ({"equations": (AFFINE, let(Symbol("C", ("u9",)), total(Z, Z.axes)), COST)}, ": the size of ['u9'] is not known"),
        ({"equations": (AFFINE, let(J, total(Z - Y, Z.axes) / Size("u9")))}, "the size of 'u9' is not known"),
        ({"equations": (AFFINE, let(J, total(Apply("cosh", (Z - Y,)), Z.axes)))}, "'cosh' of 1 arguments is no operation"),
        ({"equations": (AFFINE, let(J, total(Apply("add", (Z,)), Z.axes)))}, "'add' of 1 arguments is no operation"),
        ({"equations": (AFFINE, let(J, Reduce("mean", Z.axes, Z - Y)))}, "'mean' is no reduction"),
        ({"outputs": ("J", "dW1")}, "an output that nothing assigns: dW1"),
        ({"constants": (("alpha", 0.1),)}, "a constant that is no input: alpha"),
        ({"equations": (AFFINE, replace(COST, steps=(Step("chain rule", COST.right + 1),)))}, "its algebra ends in"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_named(fault, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        verify(replace(GOOD, **fault))


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(KeyError, match="no equation assigns 'dZ1'; assigned: Z1, J"):
        GOOD["dZ1"]


@pytest.mark.parametrize("name", ["Z1", "A1", "L", "R", "dZ2", "dA1", "dW1", "eta_t", "m_W1+", "b2+"])
def test_every_equation_of_a_derivation_is_needed(name):
    """Leaving one out is noticed: nothing in the list is there for show."""
    net = Network.parse("4 -> 3 tanh -> 2 sigmoid", loss="bce", penalty=Penalty(l2=0.1))
    system = derive(net, optimiser=Adam()).equations
    kept = tuple(equation for equation in system if equation.left.name != name)
    assert len(kept) == len(system) - 1
    with pytest.raises(ValueError, match=r"used before it is assigned|nothing assigns|neither used"):
        verify(replace(system, equations=kept))
