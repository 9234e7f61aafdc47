"""Formulas of plain text: cut out of sentences, columns and tables, joined over lines."""

import pytest

from chainrule.checking.document.reading.plain_lines import plain_formulas


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("z = w x + b", ["z = w x + b"]),
        ("  ▸ ∂J/∂Z = A − Y         shape (3, n)", ["∂J/∂Z = A − Y"]),
        ("  a = 𝟏[j = k]         𝟏[j = k] is 1 when j = k, else 0", ["a = 𝟏[j = k]"]),
        ("Then a = σ(z), and L = (y - a)^2.", ["a = σ(z)", "L = (y - a)^2"]),
        ("The loss is L = (a − y)² (see above).", ["L = (a − y)²"]),
        ("      (with a = selu(z))\n\n    At 0 it is taken.", ["a = selu(z)"]),
        ("a = b c\n      (BP1)", ["a = b c"]),
        ("a = b +\n      (3)\n      (2.1)", ["a = b +\n      (3)"]),
        ("Loss (one sample): L = -(y log(a))\n", ["L = -(y log(a))"]),
        ("(1 + erf(x) = erfc(−x), which cancels nothing)", ["1 + erf(x) = erfc(−x)"]),
        ("loss = (a - y)^2", ["loss = (a - y)^2"]),
        ("a = b\n  = c", ["a = b", "= c"]),
        ("a = b +\n      c\n  (a remark on it)", ["a = b +\n      c"]),
        ("a = b [c +\n      d = e]\nf = g", ["a = b [c +\n      d = e]", "f = g"]),
        ("a = f(b)\n      𝟏[b > 0]", ["a = f(b)\n      𝟏[b > 0]"]),
        ("Another one, j ≠ k, stands below:", ["j ≠ k"]),
        ("  α    scalar  strength of the penalty = 0.2", []),
        ("  p  scalar  probability of dropping in layer 0 = 0.2", []),
        ("1. Forward: for l = 1, …, L compute Zₗ", []),
        ("for l = L to 1:", []),
        ("Title\n=====\nprose only", []),
        ("# a = b", []),
    ],
)
def test_a_line_gives_its_formulas(text, found):
    assert [formula for formula, _ in plain_formulas(text)] == found
    assert all(text[at:].startswith(formula) for formula, at in plain_formulas(text))


@pytest.mark.parametrize(
    "text", ["=" * 100_000, "(=" * 50_000, "word = " * 20_000, " " * 200_000 + "=", "a = b (\n  c " * 9_000]
)
def test_lines_without_sense_take_no_time_to_speak_of(text):
    assert sum(len(formula) for formula, _ in plain_formulas(text)) <= len(text)
