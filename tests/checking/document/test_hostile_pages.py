"""Text that means no good, or nothing: a report or a clear refusal, in bounded time and memory; nothing is executed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.checking.document.derivation import check_derivation
from chainrule.checking.document.reading.errors import DocumentError

NEURON = r"$z = w x + b$, $a = \sigma(z)$, $L = -[y \log a + (1 - y) \log(1 - a)]$. "
PIECES = [
    "$", "$$", "\\[", "\\]", "\\(", "\\)", "{", "}", "(", ")", "[", "]", "=", "&", "\\\\", "^", "_", "'", "|", " ",
    "\n", "\\frac", "\\sum_", "\\partial", "\\begin{aligned}", "\\end{aligned}", "\\begin{cases}", "\\left", "\\hat",
    "\\end{cases}", "\\right", "\\text{", "\\input{/etc/passwd}", "\\def\\a{\\a\\a}", "\\a", "\\mathbf{1}", "dW", "if",
    "w", "x", "z", "a", "y", "L", "W_1", "A^{[1]}", "z^l", "1", "2.5", "log", "\\sigma", "∂", "ᵀ", "₁", "⊙", "\0", "…",
    "for l = L to 1:", "end", "\ufeff", "\u202e", "𝟏", "np.sum", "```", "axis=", ",", "+", "-", "/", "≠",
]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PIECES), max_size=60), st.booleans())
def test_any_pieces_of_mathematics_end_in_a_report(pieces, after_a_page):
    report = check_derivation((NEURON if after_a_page else "") + "".join(pieces))
    text = str(report)
    assert text.splitlines()
    assert not {"\0", "\x1b"} & set(text)
    page = report.to_html()
    assert page.count("<li") == page.count("</li>")
    assert report.to_json()["schema"] == 1


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(max_size=200))
def test_any_text_ends_in_a_report(text):
    report = check_derivation(text)
    assert all(item.verdict in {"given", "exact", "scalar", "wrong", "order", "unread"} for item in report.items)
    report.to_html()


HOSTILE = {
    "brackets": NEURON + "$$\\frac{\\partial L}{\\partial z} = " + "(" * 5_000 + "a" + ")" * 5_000 + "$$",
    "fractions": NEURON + "$$L = " + r"\frac{1}{" * 2_000 + "a" + "}" * 2_000 + "$$",
    "open braces": "$" + "{" * 20_000 + "$",
    "powers": "$a = " + "x^{" * 3_000 + "}" * 3_000 + "$",
    "macros": r"\def\a{\a\a}\newcommand{\b}{\b\b}" + NEURON + r"$\frac{\partial L}{\partial z} = \a\b$",
    "input": NEURON + r"\input{/etc/passwd} $\frac{\partial L}{\partial z} = \input{/etc/passwd}$",
    "dollars": "$" * 50_000,
    "relations": "$" + "a = " * 4_000 + "a$",
    "sums": NEURON + r"$L = " + r"\sum_{i=1}^{n} " * 60 + "a$",
    "indices": NEURON + "$z_{ijkl" + "ijkl" * 500 + "} = a$",
    "numbers": "$a = 1e999999 + 10^{10^{10^{10}}}$",
    "a circle": "$a = b$, $b = c$, $c = a$, $L = a$, $\\frac{\\partial L}{\\partial a} = 1$",
    "environments": "$$" + r"\begin{aligned}" * 500 + "a = b" + r"\end{aligned}" * 500 + "$$",
    "plain": "(=" * 100_000,
    "one line": "a = b + " * 40_000,
    "loops": "for l = L to 1:\n" * 5_000 + "w = w - 1\n",
    "fences": "```\n" * 20_000,
    "null bytes": "a\0 = b\0\n" * 1_000,
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in HOSTILE])
def test_hostile_text_ends_in_a_report_or_a_refusal(name):
    try:
        report = check_derivation(HOSTILE[name])
    except DocumentError:
        return
    assert str(report)
    assert "root:" not in report.to_html()


LIMITED = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
import chainrule as cr
try:
    report = cr.check_derivation(Path(sys.argv[1]))
except ValueError as error:
    print("refused:", error)
else:
    print(len(report.items), "items")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize("name", ["brackets", "fractions", "relations", "sums", "macros", "one line", "fences"])
def test_a_minute_and_a_little_memory_are_enough(name, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(HOSTILE[name], encoding="utf-8")
    ran = subprocess.run([sys.executable, "-c", LIMITED, str(page)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-800:]
    assert ran.stdout.endswith("items\n") or ran.stdout.startswith("refused: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("$a = b$".encode("utf-16"), "not text in UTF-8|has zero bytes"),
        (b"$a = \xff$", r"not text in UTF-8 \(byte 6\)"),
        (b"$a = b$\0", "has zero bytes"),
        (b"x" * 10_000_000, "at most 400,000 characters"),
    ],
    ids=["UTF-16", "invalid", "null", "10 MB"],
)
def test_what_is_no_text_is_refused(content, message, tmp_path):
    path = tmp_path / "page.md"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        check_derivation(path)


def test_a_folder_and_a_missing_file_are_errors_of_the_system(tmp_path):
    with pytest.raises(OSError, match=os.strerror(21) if sys.platform != "win32" else ""):
        check_derivation(tmp_path)
    with pytest.raises(FileNotFoundError):
        check_derivation(Path(tmp_path, "nowhere.md"))
