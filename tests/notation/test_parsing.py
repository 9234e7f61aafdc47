"""What the parser reads, in which spellings; what it refuses; where it goes on after damage."""

from __future__ import annotations

import json

import pytest

from chainrule.notation.latex import to_latex
from chainrule.notation.parsing import Conventions, parse, read
from chainrule.notation.problems import NotationError
from chainrule.notation.text import to_text
from chainrule.notation.tree import (
    Applied,
    BigSum,
    Differential,
    Fraction,
    Indicator,
    Letter,
    Mark,
    Num,
    Partial,
    Power,
    Product,
    Relation,
    Sum,
    Transpose,
)

W, x, y, z, L = (Letter(name) for name in "WxyzL")
W1 = Letter("W", lower=(Mark("1"),))


@pytest.mark.parametrize(
    "spellings",
    [
        ("W_1 x", "W_{1} x", "W₁ x", "W1 x", r"\mathbf{W}_1\,x", r"\left. W_1 x \right."),
        ("A^T", "Aᵀ", r"A^\top", "A^{T}", "A.T", r"A^{\mathrm{T}}"),
        (r"\frac{\partial L}{\partial w}", "∂L/∂w", r"\dfrac{\partial L}{\partial w}"),
        (r"\frac{dL}{dw}", "dL/dw", r"\frac{\mathrm{d}L}{\mathrm{d}w}"),
        (r"\hat{y}", "ŷ", "yhat", r"\widehat{y}"),
        ("a ⊙ b", r"a \odot b", "a .* b", r"a \circ b", "a ∘ b"),
        (r"\sum_{i=1}^{n} x^{(i)}", "Σᵢ₌₁ⁿ x⁽ⁱ⁾", "Σ_{i=1}^n x^{(i)}"),
        ("w := w - 1", "w := w − 1"),
        (r"\text{ReLU}'(z)", "ReLU'(z)", "ReLU′(z)", r"\operatorname{ReLU}^{\prime}(z)"),
        (r"\log^T(t)", r"\log(t)^T"),
        (r"\mathbb{1}[z > 0]", "𝟏[z > 0]", r"\mathbf{1}[z \gt 0]"),
        (r"e^{-z}", "e^{−z}"),
        ("½ x", r"\frac12 x", r"\frac{1}{2} x", "(1/2) x"),
    ],
)
def test_spellings_of_one_thing_are_one_tree(spellings):
    trees = [parse(spelling) for spelling in spellings]
    assert all(tree == trees[0] for tree in trees), list(zip(spellings, trees, strict=True))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("W^{[2]T}", Transpose(Letter("W", upper=(Mark("2", "square"),)))),
        ("a^{[1](i)}", Letter("a", upper=(Mark("1", "square"), Mark("i", "round")))),
        ("W_{jk}^{[1]}", Letter("W", lower=(Mark("j"), Mark("k")), upper=(Mark("1", "square"),))),
        ("A_{(i-1)}", Letter("A", lower=(Mark("i-1", "round"),))),
        ("A_{previous}", Letter("A", lower=(Mark("previous"),))),
        ("W_1^+", Letter("W", lower=(Mark("1"),), upper=(Mark("+"),))),
        ("z^2", Power(z, Num("2"))),
        ("y (1 - y)", Product((y, Sum((Num("1"), y), (False, True))), ("",))),
        ("g'(z)", Applied(Letter("g", upper=(Mark("′"),)), (z,))),
        ("J(W, x)", Applied(Letter("J"), (W, x))),
        (r"y \log x", Product((y, Applied(Letter("log"), (x,))), ("",))),
        (r"\partial x", Differential(x)),
        (r"\frac{\partial}{\partial x} [x y]", Partial(Product((x, y), ("",)), x, "operator")),
        ("x / y z", Product((Fraction(x, y), z), ("",))),
        ("wx", Product((Letter("w"), x), ("",))),
        ("dW_1", Letter("dW", lower=(Mark("1"),))),
    ],
)
def test_what_is_read(text, tree):
    assert parse(text) == tree


def test_a_sum_takes_every_further_term_that_mentions_its_index():
    """The brackets that people forget: Σᵢ tᵢ − yᵢ."""
    t, y_i = Letter("t", upper=(Mark("i", "round"),)), Letter("y", upper=(Mark("i", "round"),))
    body = Sum((t, y_i), (False, True))
    assert parse(r"\sum_{i} t^{(i)} - y^{(i)}") == BigSum(("i",), None, None, body)
    assert parse(r"(\sum_{i} t^{(i)}) - y^{(i)}") == Sum((BigSum(("i",), None, None, t), y_i), (False, True))
    assert parse(r"\sum_{i} t^{(i)} - y") == Sum((BigSum(("i",), None, None, t), y), (False, True))


@pytest.mark.parametrize(("latex", "text"), [(r"\sum x", "Σ x"), (r"\sum^{m} x", "Σᵐ x")])
def test_a_sum_may_have_no_index(latex, text):
    tree = BigSum((), None, Letter("m") if "ᵐ" in text else None, Letter("x"))
    assert parse(latex) == parse(text) == tree
    assert (to_latex(tree), to_text(tree)) == (latex, text)


def test_products_are_read_from_left_to_right():
    tree = parse(r"W^T (x - y) \odot z \cdot x")
    assert isinstance(tree, Product)
    assert tree.signs == ("", "⊙", "·")


def test_conventions_tell_functions_and_layers():
    assert parse("S (x)") == Product((Letter("S"), x), ("",))
    assert parse("S (x)", Conventions(functions=frozenset({"S"}))) == Applied(Letter("S"), (x,))
    layer = Conventions(layers_above=frozenset({"W"}))
    assert parse("W^l x", layer) == Product((Letter("W", upper=(Mark("l"),)), x), ("",))


def test_an_indicator_holds_a_condition():
    assert parse("𝟏[z > 0]") == Indicator(Relation((z, Num("0")), (">",)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing to read"),
        ("x +", "a term is missing after the sign"),
        (r"(a) \times", "a factor is missing after ×"),
        ("(x", r"\( is not closed"),
        (r"\frac{x}{}", "above and below"),
        ("x = ", "a side of the relation is missing"),
        (r"x \foo y", "was not expected here"),
        ("()", "empty brackets"),
        ("(" * 200 + "x" + ")" * 200, "nested more than"),
        ("x " * 15_000, "at most 20,000"),
    ],
)
def test_damage_is_refused_with_its_place(text, message):
    with pytest.raises(NotationError, match=message) as error:
        parse(text)
    assert 0 <= error.value.position <= len(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (r"(a_2 - y) \times", "(a_2 - y)"),
        ("z = W x + )", "z = W x"),
        (r"x \foo", "x"),
    ],
)
def test_reading_steps_over_damage(text, kept):
    reading = read(text)
    assert reading.tree == parse(kept)
    assert reading.problems


def test_every_judged_line_of_the_audit_is_read_and_printed_back(shared):
    from chainrule.notation.latex import to_latex
    from chainrule.notation.text import to_text

    audit = json.loads((shared / "derivations" / "audit.json").read_text(encoding="utf-8"))
    damaged = {"S2.53", "S4.21", "S4.22"}  # a trailing ×; two claims in one row
    for row in audit:
        if row["verdict"] in {"EXACT", "SCALAR", "WRONG"} and row["id"] not in damaged:
            for side in (row["lhs"], row["rhs"]):
                tree = parse(side)
                assert parse(to_latex(tree)) == tree, row["id"]
                assert parse(to_text(tree)) == tree, row["id"]
