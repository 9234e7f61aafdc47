"""Pages in other hands, damaged pages, hostile pages."""

from __future__ import annotations

import pytest

from chainrule.checking.document.derivation import check_derivation

BRACKETS = r"""
Forward pass, with $g^{[1]} = \tanh$ and a sigmoid output:

\begin{align*}
Z^{[1]} &= W^{[1]} X + b^{[1]} \\
A^{[1]} &= \tanh(Z^{[1]}) \\
Z^{[2]} &= W^{[2]} A^{[1]} + b^{[2]} \\
A^{[2]} &= \sigma(Z^{[2]})
\end{align*}

Cost: $J = -\frac{1}{m} \sum_{i=1}^m [y^{(i)} \log a^{[2](i)} + (1 - y^{(i)}) \log(1 - a^{[2](i)})]$.

\begin{align*}
dZ^{[2]} &= \frac{1}{m} (A^{[2]} - Y) \\
dW^{[2]} &= dZ^{[2]} A^{[1]T} \\
db^{[2]} &= \text{np.sum}(dZ^{[2]}, \text{axis}=1, \text{keepdims}=\text{True}) \\
dZ^{[1]} &= W^{[2]T} dZ^{[2]} \odot (1 - A^{[1]} \odot A^{[1]}) \\
dW^{[1]} &= dZ^{[1]} X
\end{align*}
"""

PLAIN = """
z = w x + b
a = sigmoid(z)
L = -(y log(a) + (1 - y) log(1 - a))
dz = a - y
dw = dz x.T
db = y - a
w -= eta dw
"""


def verdicts(text):
    return [item.verdict for item in check_derivation(text).items if item.verdict != "given"]


def test_square_brackets_and_d_names():
    assert verdicts(BRACKETS) == ["exact"] * 4 + ["scalar"]


def test_plain_text_without_any_dollar():
    assert verdicts(PLAIN) == ["exact", "exact", "wrong", "exact"]


def test_a_sum_without_an_index_runs_over_the_samples():
    columns = "Z = W X + b, A = σ(Z)\nJ = -(1/m) Σ (Y log A + (1 - Y) log(1 - A))\ndZ = (A - Y) / m\n"
    rows = columns.replace("W X", "X W")
    assert verdicts(columns + "db = Σ dZ\ndb = (1/m) Σ (A - Y)\ndb = Σ (A - Y)") == ["exact"] * 3 + ["scalar"]
    assert verdicts(rows + "db = (1/m) Σ (A - Y)\ndb = Σ (Y - A)") == ["exact"] * 2 + ["wrong"]


@pytest.mark.parametrize(
    "page",
    [
        "",
        "no mathematics at all",
        "$ = $",
        "$a = $ and $= b$",
        "$\\frac{a}{} = \\left( b$",
        "$x = x$",
        "$a = b$ $b = a$ $c = a + b$",
        "$z = w x + b$ $\\frac{\\partial L}{\\partial w} = x$",
        "$" + "(" * 5000 + "a = b" + ")" * 5000 + "$",
        "$" + "a_{" * 3000 + "}" * 3000 + " = 1$",
        "$" + "\\frac{" * 2000 + "a" + "}{b}" * 2000 + " = c$",
        "$" + "a, " * 6000 + " = b$",
        "$" + "-" * 10_000 + "a = b$",
        "$\\input{/etc/passwd} = \\def\\a{\\a\\a}\\a$",
        "$a = 9^{9^{9^{9}}}$ $J = \\sum_{i=1}^{m} a$",
        "$" * 1000,
        "\n".join(f"$a_{n} = a_{{{n + 1}}} a_{{{n + 1}}} a_{{{n + 1}}}$" for n in range(400)) + "$a_0 = a_1 + 1$",
        "$z = w x + b$ $a = z a$ $b = a$ $L = (a - y)^2$ $\\frac{\\partial L}{\\partial w} = 2 (a - y) x$",
    ],
)
def test_damage_and_hostility_end_in_a_report(page):
    report = check_derivation(page)
    assert all(item.verdict in {"given", "exact", "scalar", "wrong", "order", "unread"} for item in report.items)
    assert all(item.reason for item in report.items if item.verdict == "unread")


def test_a_page_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="at most 400,000"):
        check_derivation("x" * 400_001)


NEURON = r"$z = w x + b$, $a = \sigma(z)$, $L = -[y \log a + (1 - y) \log(1 - a)]$."


@pytest.mark.parametrize(
    ("formula", "verdict"),
    [
        (r"$$\boxed{\frac{\partial L}{\partial w} = (a - y) x^T} \qquad (1, 3)$$", "exact"),
        (r"$$\boxed{\frac{\partial L}{\partial w} = (y - a) x^T}$$", "wrong"),
        (r"\[\mybox{\frac{\partial L}{\partial b} = y - a}\]", "wrong"),
        (
            r"\begin{align} \frac{\partial L}{\partial z} &= a - y && \frac{\partial L}{\partial a} x \end{align}",
            "exact",
        ),
    ],
    ids=["boxed", "boxed wrong", "a macro of its own", "remark in a second column"],
)
def test_what_stands_around_an_equation_is_taken_off(formula, verdict):
    assert verdicts(f"{NEURON}\n\n{formula}\n") == [verdict]


def test_the_place_of_a_right_side():
    text = (
        f"{NEURON}\n\n\\begin{{align*}}\nu &= v \\\\\n\\frac{{\\partial L}}{{\\partial b}} &= y - a\n\\end{{align*}}\n"
    )
    place = check_derivation(text).items[-1].place
    line = text.splitlines()[place.line - 1]
    assert line[place.column - 1 :][: place.length] == "y - a"
    assert "^^^^^" in str(check_derivation(text))


def test_only_a_text_or_a_path_is_taken():
    with pytest.raises(TypeError, match="text_or_path must be the text"):
        check_derivation(b"a = b")
