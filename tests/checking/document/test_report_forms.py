"""The report as text and as a page: the letters to blame are marked, and a level keeps answers back."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from chainrule.checking.document.derivation import check_derivation
from chainrule.checking.document.explaining.culprits import culprits

NEURON = r"""# <b>One</b> neuron & more

$z = w x + b$, $a = \sigma(z)$, $L = -[y \log a + (1 - y) \log(1 - a)]$.

$$\frac{\partial L}{\partial z} = a - y$$

$$\frac{\partial L}{\partial w} = \frac{\partial L}{\partial a} \sigma'(a) x^T$$

$$\frac{\partial L}{\partial b} = (a + y) 1$$

$$\frac{\partial L}{\partial x} = w^T ($$
"""


@pytest.fixture(scope="module")
def report():
    return check_derivation(NEURON)


@pytest.mark.parametrize(
    ("source", "written", "correct", "blamed"),
    [
        (r"W_{2}^T \delta_2", r"W_2^\top \delta_2", r"W_1^\top \delta_2", ["W_{2}"]),
        ("∂J/∂Z₁ Xᵀ", r"\frac{\partial J}{\partial Z_1} X^\top", r"\frac{\partial J}{\partial Z_2} X^\top", ["Z₁"]),
        (r"\frac{1}{m} (A - Y)", r"\frac{1}{m} (A - Y)", r"\frac{1}{m} (A + Y)", ["-"]),
        ("3 δ w σ'(z)", r"3 \delta w \sigma'(z)", r"3 \delta \sigma'(z)", ["w"]),
        ("y - a", "y - a", "-(y - a)", []),
        ("x" * 30_000, "x", "y", []),
        ("a " * 500, "a " * 500, "b " * 500, []),
    ],
)
def test_the_letters_that_differ_from_what_is_right_are_to_blame(source, written, correct, blamed):
    assert [source[begin:end] for begin, end in culprits(source, written, correct)] == blamed


def test_the_place_of_what_is_missing_is_told_only_where_something_is_missing():
    assert culprits("δ σ'(z)", r"\delta \sigma'(z)", r"\delta \sigma'(z) w") == ()
    assert culprits("δ σ'(z)", r"\delta \sigma'(z)", r"\delta \sigma'(z) w", missing=True) == ((7, 8),)


def test_carets_stand_below_the_culprit(report):
    lines = str(report).splitlines()
    sources = [(line, lines[at + 1]) for at, line in enumerate(lines) if line.startswith("       | $$")]
    marked = [source[carets.index("^") : carets.rindex("^") + 1] for source, carets in sources]
    assert marked == ["a", "+"]


def test_culprits_in_json_say_line_column_and_length(report):
    item = next(item for item in report.to_json()["items"] if item["line"] == 7)
    [place] = item["culprits"]
    assert NEURON.splitlines()[place["line"] - 1][place["column"] - 1 :][: place["length"]] == "a"


def test_a_level_keeps_answers_back(report):
    verdict, line, kind, answer = (report.hint(level) for level in ("verdict", "line", "kind", "answer"))
    assert verdict == answer.splitlines()[-1] == "7 equations: 3 given, 1 exact, 2 wrong, 1 unread"
    assert "wrong" in line
    assert "| " not in line
    assert "slip" not in line
    assert "slip: wrong sign" in kind
    assert "| " in kind
    assert "right:" not in kind
    assert "right:" in answer
    with pytest.raises(ValueError, match=r"level must be one of verdict, line, kind, answer, got 'all'"):
        report.hint("all")
    with pytest.raises(ValueError, match="level must be one of"):
        report.to_html(level="all")


class _Tags(HTMLParser):
    """Opened and closed elements, and every attribute that names a file or an address."""

    def __init__(self):
        super().__init__()
        self.open, self.found, self.addresses = [], [], []

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(report):
    page = report.to_html(title="<notes>")
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert page.startswith("<!DOCTYPE html>")
    assert "<h1>&lt;notes&gt;</h1>" in page
    assert not {"script", "img", "link", "iframe"} & set(tags.found)
    assert all(address.startswith("#line-") for address in tags.addresses)
    targets = set(re.findall(r'id="(line-\d+)"', page))
    assert {address[1:] for address in tags.addresses} <= targets
    assert "url(" not in page
    assert "@import" not in page
    for rule in ("prefers-color-scheme: dark", "max-width: 40rem", "@media print"):
        assert rule in page


def test_the_page_marks_the_culprit_and_shows_what_is_right(report):
    page = report.to_html()
    assert '<mark class="wrong">a</mark>' in page
    assert '<mark class="wrong">+</mark>' in page
    assert "<math" in page.partition('<span class="name">right</span>')[2]
    assert "&lt;b&gt;One&lt;/b&gt; neuron &amp; more" in page


def test_the_page_keeps_answers_back_too(report):
    pages = {level: report.to_html(level=level) for level in ("verdict", "line", "kind", "answer")}
    body = {level: page.partition("</style>")[2] for level, page in pages.items()}
    assert [name for name in body if '<span class="name">right' in body[name]] == ["answer"]
    assert [name for name in body if "<mark" in body[name]] == ["kind", "answer"]
    assert [name for name in body if '<div class="card ' in body[name]] == ["line", "kind", "answer"]


def test_a_notebook_shows_the_page(report):
    assert report._repr_html_().count('<div class="card ') == len(report.items)


def test_a_mended_line_that_wants_another_form_as_arrays_says_so():
    page = """Z1 = W1 X + b1, A1 = tanh(Z1), Z2 = W2 A1 + b2, A2 = σ(Z2)
J = -(1/m) Σ (Y log A2 + (1 - Y) log(1 - A2))
dZ2 = (A2 - Y) / m
dZ1 = W2 dZ2 ⊙ (1 - Z1^2)
dZ1 = W2.T dZ2 ⊙ (1 - Z1^2)
"""
    report = check_derivation(page)
    without, within = report.items[-2:]
    assert (without.verdict, within.verdict) == ("wrong", "wrong")
    assert (without.correct, without.as_arrays) == (
        r"W_2 dZ_2 \odot (1 - A_1^2)",
        r"W_2^\top dZ_2 \odot (1 - A_1^2)",
    )
    assert within.as_arrays == ""
    text, page = str(report), report.to_html()
    assert text.index("right: W₂ dZ₂ ⊙ (1 − A₁²)") < text.index("as arrays: W₂ᵀ dZ₂ ⊙")  # plain text, as the page is
    assert page.count(">as arrays</span>") == 1
    assert "as arrays" not in report.hint("kind")
