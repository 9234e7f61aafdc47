"""docs/checking.md shows what the code prints.  After a change: pytest THIS_FILE --update-snapshots."""

from __future__ import annotations

import doctest
import re
from typing import get_args

import pytest

import chainrule as cr
from chainrule.checking.document.judging.verdicts import Verdict
from chainrule.checking.document.reading.statements import MAX_CHARACTERS, MAX_STATEMENTS

REPORT = re.compile(r"(<!-- report: neuron -->\n```text\n)(.*?)(```)", re.DOTALL)


@pytest.fixture(scope="module")
def page(repository):
    return repository / "docs" / "checking.md"


def test_the_report_is_what_the_code_prints(page, request):
    text = page.read_text(encoding="utf-8")
    [neuron] = re.findall(r"<!-- page: neuron -->\n```markdown\n(.*?)```", text, re.DOTALL)
    report = cr.check_derivation(neuron)
    assert [item.verdict for item in report.items] == ["given"] * 3 + ["exact", "scalar", "wrong"]
    if request.config.getoption("--update-snapshots"):
        page.write_text(REPORT.sub(lambda match: f"{match[1]}{report}\n{match[3]}", text), encoding="utf-8")
    assert REPORT.search(page.read_text(encoding="utf-8"))[2] == f"{report}\n"


def test_its_examples_run(page):
    failed, tried = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert (failed, tried) == (0, 7)


def test_its_table_has_every_verdict_and_its_limits_are_those_of_the_code(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^\| (\w+) \| (?!when)", text, re.MULTILINE) == list(get_args(Verdict))
    assert f"{MAX_CHARACTERS:,} characters and {MAX_STATEMENTS:,} equations" in text


NEURON = r"$z = w x + b$, $a = \sigma(z)$, $L = -[y \log a + (1 - y) \log(1 - a)]$. "


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{dL}{dz} = a - y",
        r"\partial L/\partial w = (a - y) x^\top",
        r"\frac{\partial}{\partial w} L = (a - y) x^T",
        r"\partial L/\partial w = \partial L/\partial a \cdot \partial a/\partial z \cdot \partial z/\partial w",
        r"dw = \text{np.dot}(dz, x.T)",
        r"w := w - \alpha \frac{\partial L}{\partial w}",
        r"w \leftarrow w - \eta\, dw",
        r"w -= \eta\, dw",
        r"\sigma'(z) = \sigma(z) (1 - \sigma(z))",
    ],
)
def test_what_it_says_is_understood_is(formula):
    right = cr.check_derivation(f"{NEURON} ${formula}$")
    assert right.items[-1].verdict == "exact", str(right)


def test_a_list_of_gradients_is_given_and_a_gradient_by_one_letter_is_judged():
    listed = r"\nabla L = \begin{pmatrix} \partial L/\partial w \\ \partial L/\partial b \end{pmatrix}"
    assert cr.check_derivation(f"{NEURON} ${listed}$").items[-1].verdict == "given"
    assert cr.check_derivation(NEURON + r"$\nabla_w L = (a - y) x^T$").items[-1].verdict == "exact"
    assert cr.check_derivation(NEURON + r"$\nabla_w L = (y - a) x^T$").items[-1].kinds == ("sign",)


def test_its_table_of_keys_is_that_of_the_json(page):
    report = cr.check_derivation(NEURON + r"$\frac{\partial L}{\partial b} = y - a$").to_json()
    table = page.read_text(encoding="utf-8").partition("| key | what it holds |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", table))
    inner = report["items"][0].keys() | report["networks"][0].keys() | report["items"][0]["place"].keys()
    assert named == report.keys() | inner
