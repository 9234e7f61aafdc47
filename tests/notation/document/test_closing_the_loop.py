"""What derive writes in LaTeX is read by the checker of written derivations, and every equation is right."""

import pytest

from chainrule.calculus import derive
from chainrule.checking.document.derivation import check_derivation
from chainrule.network import Network

SIGMOIDS = Network.parse("2 -> 3 tanh -> 1 sigmoid", loss="bce")
REGRESSION = Network.parse("3 -> 2 relu -> 1 identity", loss="mse")


@pytest.mark.parametrize(
    ("network", "options"),
    [
        (SIGMOIDS, {"layout": "columns"}),
        (SIGMOIDS, {"layout": "rows", "symbols": "bracket"}),
        (REGRESSION, {"layout": "columns", "symbols": "d"}),
        (REGRESSION, {"layout": "rows", "symbols": "delta"}),
    ],
)
def test_every_equation_is_judged_exact(network, options):
    report = check_derivation(derive(network, **options)._repr_latex_())
    verdicts = [str(item.verdict) for item in report.items]
    assert set(verdicts) <= {"exact", "given"}
    assert verdicts.count("exact") >= 10


@pytest.mark.parametrize("symbols", ["subscript", "bracket"])
def test_no_line_before_the_general_recursion_is_judged_wrong(symbols):
    text = derive(SIGMOIDS, symbols=symbols).to_markdown().partition("## In general")[0]
    report = check_derivation(text)
    assert [item.latex for item in report.items if str(item.verdict) == "wrong"] == []
    assert sum(str(item.verdict) == "exact" for item in report.items) > 15
