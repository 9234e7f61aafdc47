"""``chainrule derive`` prints what the library derives."""

import pytest

import chainrule as cr
from tests.cli.conftest import Command

NETWORK = "2 -> 3 relu -> 1 sigmoid"


@pytest.mark.parametrize("layout", ["columns", "rows", "sample", "index"])
@pytest.mark.parametrize("form", ["text", "latex"])
def test_it_prints_the_derivation(chainrule: Command, layout: str, form: str) -> None:
    derivation = cr.derive(cr.Network.parse(NETWORK, loss="bce"), layout=layout)
    ran = chainrule("derive", NETWORK, "--loss", "bce", "--layout", layout, "--format", form)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == {"text": derivation.to_text, "latex": derivation.to_latex}[form]().rstrip("\n") + "\n"


@pytest.mark.parametrize(
    ("options", "network", "optimiser"),
    [
        (["--optimiser", "adam"], cr.Network.parse(NETWORK, loss="bce"), cr.Adam()),
        (["--optimiser", "adamw"], cr.Network.parse(NETWORK, loss="bce"), cr.AdamW()),
        (["--optimiser", "nesterov"], cr.Network.parse(NETWORK, loss="bce"), cr.SGD(momentum=0.9, nesterov=True)),
        (["--optimiser", "momentum"], cr.Network.parse(NETWORK, loss="bce"), cr.SGD(momentum=0.9)),
        (["--l2", "0.5"], cr.Network.parse(NETWORK, loss="bce", penalty=cr.Penalty(l2=0.5)), None),
        (["--reduction", "sum"], cr.Network.parse(NETWORK, loss="bce", reduction="sum"), None),
        (["--sample-weights"], cr.Network.parse(NETWORK, loss="bce", sample_weights=True), None),
    ],
)
def test_options_change_what_is_derived(
    chainrule: Command, options: list[str], network: cr.Network, optimiser: cr.SGD | cr.Adam | None
) -> None:
    out = chainrule("derive", NETWORK, "--loss", "bce", *options).out
    assert out == cr.derive(network, optimiser=optimiser).to_text().rstrip("\n") + "\n"
    assert out != chainrule("derive", NETWORK, "--loss", "bce").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2 -> 3 rellu -> 1 sigmoid", "--loss", "bce"], "did you mean"),
        (["2 -> 1 relu", "--loss", "bce"], "binary-cross-entropy"),
        (["2 -> 1 sigmoid", "--loss", "bcd"], "unknown loss 'bcd'"),
        (["2", "--loss", "bce"], "Invalid value for the network"),
        (["2 -> 1 sigmoid", "--loss", "bce", "--l2", "-1"], "l2 must be"),
        (["2 -> 1 sigmoid", "--loss", "bce", "--layout", "diagonal"], "'--layout'"),
        (["2 -> 1 sigmoid", "--loss", "bce", "--format", "word"], "'--format'"),
    ],
)
def test_what_cannot_be_derived_is_refused(chainrule: Command, arguments: list[str], message: str) -> None:
    ran = chainrule("derive", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert message in " ".join(ran.err.replace("│", " ").split())


def test_an_output_without_these_letters_is_told_the_remedy(chainrule_process: Command) -> None:
    ran = chainrule_process("derive", NETWORK, "--loss", "bce", env={"PYTHONIOENCODING": "ascii"})
    assert (ran.status, ran.out) == (2, "")
    assert "--format latex" in ran.err
    latex = chainrule_process("derive", NETWORK, "--loss", "bce", "-f", "latex", env={"PYTHONIOENCODING": "ascii"})
    assert latex.status == 0
