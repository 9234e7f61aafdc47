"""What a claim is made under, and the page's own abbreviations."""

from __future__ import annotations

import pytest

from chainrule.checking.document.derivation import check_derivation
from chainrule.checking.document.reading.macros import macros_of
from chainrule.notation.problems import NotationError
from chainrule.notation.tokens import tokenize

RELU = r"One sample: $z = w x + b$, $a = \max(0, z)$, $L = \frac{1}{2} (a - y)^2$. "
SOFTMAX = r"$z = W x + b$, $p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}$, $L = -\sum_i y_i \log p_i$. "


def last(text):
    return [item.verdict for item in check_derivation(text).items if item.verdict != "given"]


@pytest.mark.parametrize(
    ("sentence", "verdicts"),
    [
        (
            r"If $z > 0$, $\frac{\partial a}{\partial z} = 1$, otherwise $\frac{\partial a}{\partial z} = 0$.",
            ["exact"] * 2,
        ),
        (
            r"$\frac{\partial a}{\partial z} = 1$ for $z > 0$ and $\frac{\partial a}{\partial z} = 0$ for $z < 0$.",
            ["exact"] * 2,
        ),
        (r"If $z > 0$, $\frac{\partial a}{\partial z} = 0$.", ["wrong"]),
        (
            r"If $z > 0$, $\frac{\partial a}{\partial z} = 1$. Always $\frac{\partial a}{\partial z} = 1$.",
            ["exact", "wrong"],
        ),
        (r"For a rate $\eta > 0$: $\frac{\partial L}{\partial a} = a - y$.", ["exact"]),
    ],
)
def test_a_condition_on_a_value_holds_for_its_sentence(sentence, verdicts):
    assert last(RELU + sentence) == verdicts


@pytest.mark.parametrize(
    ("sentence", "verdicts"),
    [
        (r"For $i = j$: $\frac{\partial p_i}{\partial z_j} = p_i (1 - p_i)$.", ["exact"]),
        (r"For $i = j$: $\frac{\partial p_i}{\partial z_j} = -p_i p_j$.", ["wrong"]),
        (r"For $i \neq j$: $\frac{\partial p_i}{\partial z_j} = -p_i p_j$.", ["exact"]),
        ("### Case $i = j$\n\n" + r"$$\frac{\partial p_i}{\partial z_j} = p_i (1 - p_i)$$", ["exact"]),
    ],
)
def test_a_condition_on_indices_holds_for_its_sentence(sentence, verdicts):
    assert last(SOFTMAX + "\n\n" + sentence) == verdicts


def test_nothing_is_judged_by_a_condition_that_nothing_on_the_page_depends_on():
    page = r"$z = w x + b$, $a = \sigma(z)$, $L = (a - y)^2$. If $z > 0$, $\frac{\partial a}{\partial z} = 1$."
    assert last(page) == ["unread"]


def test_a_derivative_that_is_0_for_want_of_understanding_is_unread():
    page = r"$z = w x + b$, $L = \frac{1}{2} (q - y)^2$. $\frac{\partial L}{\partial w} = (q - y) x$"
    assert last(page) == ["unread"]


@pytest.mark.parametrize(
    ("definition", "formula", "full"),
    [
        (r"\newcommand{\W}{\mathbf{W}}", r"\W_1 x", r"\mathbf{W}_1 x"),
        (r"\newcommand\T{^\top}", r"W\T x", r"W^\top x"),
        (r"\def\pd#1#2{\frac{\partial #1}{\partial #2}}", r"\pd{L}{w}", r"\frac{\partial L}{\partial w}"),
        (r"\newcommand{\d}[2][L]{\frac{\partial #1}{\partial #2}}", r"\d{w}", r"\frac{\partial L}{\partial w}"),
        (r"\DeclareMathOperator{\relu}{ReLU}", r"\relu(z)", r"\operatorname{ReLU}(z)"),
    ],
)
def test_an_abbreviation_is_put_in_full(definition, formula, full):
    tokens = macros_of(definition).tokens(formula)
    assert [(one.kind, one.text) for one in tokens] == [(one.kind, one.text) for one in tokenize(full)]
    assert all(0 <= one.start <= one.end <= len(formula) for one in tokens)


@pytest.mark.parametrize(
    "definition", [r"\def\a{\a\a}", r"\newcommand{\a}{\b}\newcommand{\b}{\a}", r"\newcommand{\a}[1]{\a{#1 x}}"]
)
def test_an_abbreviation_without_end_is_refused(definition):
    with pytest.raises(NotationError, match="stands for too much, or for itself"):
        macros_of(definition).tokens(r"\a{x}")
