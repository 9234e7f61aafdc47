"""The readings of a document: widths, well-formed HTML without a network, JSON, LaTeX that TeX accepts."""

import itertools
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from chainrule.calculus import derive
from chainrule.network import SGD, Adam, Network, Penalty
from chainrule.notation.document.html import words
from chainrule.notation.document.mathml import to_mathml
from chainrule.notation.parsing import parse
from chainrule.notation.tree import Letter
from tests.zoo import REPRESENTATIVES, ZOO

LAYOUTS = ("columns", "rows", "sample", "index")
PRESETS = ("subscript", "bracket", "delta", "d", "previous")
A_FEW = REPRESENTATIVES[::4]
DETAILS = ("summary", "steps", "full")
EXAMPLE = ([[1.0, 2.0], [0.0, 1.0]], [[1.0], [0.0]])


def small(**options):
    return derive(Network.parse("2 -> 3 relu -> 1 sigmoid", loss="bce"), **options)


DOCUMENTS = [
    pytest.param(derive(animal.network, layout=layout, detail="full"), id=f"{layout}-{animal.id}")
    for animal in A_FEW
    for layout in LAYOUTS
]


@pytest.mark.parametrize("derivation", DOCUMENTS)
def test_text_fits_a_hundred_columns(derivation):
    assert max(len(line) for line in derivation.to_text().splitlines()) <= 100


@pytest.mark.parametrize("derivation", DOCUMENTS)
def test_html_is_well_formed_and_needs_no_network(derivation):
    page = derivation.to_html()
    body = re.sub(r"<(meta|!DOCTYPE)[^>]*>", "", page).replace("&nbsp;", " ")
    root = ET.fromstring(body)  # noqa: S314  our own page
    assert root.tag == "html"
    assert not re.findall(r"<(?:script|link|img|iframe)\b|url\(|@import", page)
    assert set(re.findall(r"https?://[^\"' ]+", page)) <= {"http://www.w3.org/2000/svg"}
    anchors = {element.get("href") for element in root.iter("a")}
    assert anchors == {f"#{element.get('id')}" for element in root.iter("section")}


def test_a_notebook_shows_the_document_and_the_equations():
    derivation = small()
    assert derivation._repr_html_().startswith("<style>")
    assert r"\begin{align*}" in derivation._repr_latex_()


def test_a_comma_stays_with_the_formula_before_it():
    a = Letter("a")
    formula = to_mathml(a)
    assert words(("where ", a, ", and ", a, a, ").")) == (
        f'where <span class="joined">{formula},</span> and {formula}<span class="joined">{formula}).</span>'
    )
    assert words((a, " b")) == f"{formula} b"


def test_more_detail_says_more():
    lengths = [len(small(detail=detail).to_text()) for detail in DETAILS]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[1] < lengths[2]


def test_json_carries_schema_equations_and_formulas_that_are_read_back():
    value = json.loads(json.dumps(small(detail="full").to_json()))
    assert value["schema"] == 1
    assert [e["name"] for e in value["equations"] if e["part"] == "backward"][:3] == ["dZ2", "dW2", "db2"]
    for equation in value["equations"]:
        assert parse(equation["written"]["latex"]) == parse(equation["written"]["text"])
    assert Network.from_json(value["network"]) == Network.parse("2 -> 3 relu -> 1 sigmoid", loss="bce")


def test_markdown_displays_are_closed():
    text = small(detail="full", example=EXAMPLE).to_markdown()
    assert text.count("$$") % 2 == 0
    assert text.count("<details") == text.count("</details>") > 0
    assert text.count(r"\begin{aligned}") == text.count(r"\end{aligned}")


def test_a_worked_example_takes_one_step_downhill():
    text = small(example=(*EXAMPLE, 0.5)).to_text()
    before, after = map(float, re.search(r"The cost was (\S+) before the step and is (\S+) after", text).groups())
    assert after < before
    assert "Z₁ = W₁ X + b₁ 𝟏ᵀ" in text
    assert "= [−1.3, −0.3; 0.8, 0.4; −0.9, −0.8]" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"detail": "everything"}, "detail must be one of summary, steps, full"),
        ({"symbols": "brackets"}, "did you mean 'bracket'"),
        ({"symbols": {"etta": "α"}}, "no letter is called 'etta'; did you mean 'eta'"),
        ({"symbols": {"eta": "rate"}}, "eta must be written with one letter"),
        ({"example": ([[1, 2, 3]], [[1]])}, "example: X must have rows of 2 finite numbers"),
        ({"example": ([[1, 2]], [[1], [0]])}, "X has 1 rows and Y 2"),
        ({"example": ([[1, 2]], [[1]], -1)}, "learning rate must be a positive number"),
        ({"example": ([[1, float("nan")]], [[1]])}, "finite numbers"),
    ],
)
def test_what_cannot_be_written_is_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        small(**options)


def test_two_quantities_with_one_letter_are_refused():
    penalised = Network.parse("2 -> 1 sigmoid", loss="bce", penalty=Penalty(l2=0.1))
    derivation = derive(penalised, symbols={"eta": "α"})
    with pytest.raises(ValueError, match="'α' would stand for both alpha and eta"):
        derivation.to_text()


def test_one_sample_works_through_one_sample():
    with pytest.raises(ValueError, match="works through one sample, got 2"):
        small(layout="sample", example=EXAMPLE).to_text()


needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


DEALT = list(zip(itertools.cycle(LAYOUTS), PRESETS, strict=False))


@needs_tex
@pytest.mark.slow
@pytest.mark.parametrize(("layout", "preset"), DEALT)
def test_tex_accepts_the_whole_zoo_without_an_overfull_line(layout, preset, tmp_path):
    """All documents in one run of TeX, one after the other."""
    animals = [animal for animal in ZOO if preset != "previous" or animal.network.depth <= 2]
    optimisers = (SGD(), Adam(clip_norm=1.0, average=0.9))
    derivations = [
        derive(animal.network, layout=layout, symbols=letters(animal, preset), detail="full", optimiser=optimiser)
        for animal, optimiser in zip(animals, itertools.cycle(optimisers), strict=False)
    ]
    head, begin, first = derivations[0].to_latex(standalone=True).partition(r"\begin{document}")
    first = first.replace(r"\end{document}", "")
    bodies = [first, *(derivation.to_latex() for derivation in derivations[1:])]
    check_with_tex("\n".join([head, begin, *bodies, r"\end{document}"]), tmp_path)


def letters(animal, preset):
    """The preset; where the last layer's weights have no number, the weights of samples get another letter."""
    return {"preset": preset, "w": "ω"} if preset == "previous" and animal.network.sample_weights else preset


@pytest.mark.slow
@pytest.mark.parametrize(("layout", "preset"), [*DEALT, ("rows", "delta"), ("index", "bracket"), ("index", "previous")])
def test_text_of_the_whole_zoo_fits_a_hundred_columns(layout, preset):
    for animal in ZOO:
        if preset != "previous" or animal.network.depth <= 2:
            symbols = letters(animal, preset)
            text = derive(animal.network, layout=layout, symbols=symbols, detail="full", optimiser=Adam()).to_text()
            assert [line for line in text.splitlines() if len(line) > 100] == []


@needs_tex
def test_tex_accepts_numbers_and_a_fragment(tmp_path):
    derivation = small(detail="full", example=EXAMPLE)
    check_with_tex(derivation.to_latex(standalone=True), tmp_path)
    packages = r"\usepackage{amsmath,amssymb,graphicx,tikz,booktabs}"
    fragment = replace(derivation).to_latex()
    check_with_tex(rf"\documentclass{{article}}{packages}\begin{{document}}{fragment}\end{{document}}", tmp_path)


def check_with_tex(source, folder):
    (folder / "derivation.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "derivation.tex"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert ran.returncode == 0, ran.stdout[-2000:]
    assert "Overfull" not in ran.stdout, re.findall(r"Overfull[^\n]*", ran.stdout)
