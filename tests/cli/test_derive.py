"""``chainrule derive`` prints what the library derives."""

import json
from pathlib import Path

import numpy as np
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


def test_every_form_is_the_derivations(chainrule: Command) -> None:
    options = ["--detail", "full", "--symbols", "bracket", "--letter", "yhat=t"]
    derivation = cr.derive(
        cr.Network.parse(NETWORK, loss="bce"), detail="full", symbols={"preset": "bracket", "yhat": "t"}
    )
    for form, expected in (
        ("markdown", derivation.to_markdown()),
        ("html", derivation.to_html()),
        ("python", derivation.to_python()),
        ("tex", derivation.to_latex(standalone=True)),
    ):
        assert chainrule("derive", NETWORK, "--loss", "bce", *options, "--format", form).out.strip() == expected.strip()
    printed = json.loads(chainrule("derive", NETWORK, "--loss", "bce", *options, "--format", "json").out)
    assert printed == json.loads(json.dumps(derivation.to_json()))


def test_an_example_is_worked_through(chainrule: Command, tmp_path: Path) -> None:
    table = tmp_path / "example.csv"
    table.write_text("a,b,y\n1,2,1\n0,1,0\n5,5,5\n", encoding="utf-8")
    ran = chainrule("derive", NETWORK, "--loss", "bce", "--example", str(table), "--rows", "2")
    example = ([[1, 2], [0, 1]], [[1], [0]])
    assert ran.out == cr.derive(cr.Network.parse(NETWORK, loss="bce"), example=example).to_text()
    table.write_text("a,y\n1,2\n", encoding="utf-8")
    refused = chainrule("derive", NETWORK, "--loss", "bce", "--example", str(table))
    assert refused.status == 2
    assert "has 2 columns" in " ".join(refused.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--letter", "eta"], "NAME=LETTER is expected"), (["--letter", "etta=α"], "did you mean 'eta'")],
)
def test_letters_that_cannot_be_given_are_refused(chainrule: Command, options: list[str], message: str) -> None:
    ran = chainrule("derive", NETWORK, "--loss", "bce", *options)
    assert ran.status == 2
    assert message in " ".join(ran.err.replace("│", " ").split())


PARAMETERS = {"W1": [[0.5, -1.0], [0.25, 2.0]], "b1": [0.1, 0.0], "W2": [[1.0], [-0.5]], "b2": [0.3]}
EXAMPLE = ("derive", "2 -> 2 tanh -> 1 sigmoid", "--loss", "bce", "--example", "batch.csv")


@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_an_example_takes_parameters_from_a_file(chainrule: Command, suffix: str) -> None:
    Path("batch.csv").write_text("a,b,y\n1,2,1\n0,-1,0\n", encoding="utf-8")
    file = Path(f"parameters.{suffix}")
    if suffix == "json":
        file.write_text(json.dumps(PARAMETERS), encoding="utf-8")
    else:
        np.savez(file, **{name: np.asarray(value) for name, value in PARAMETERS.items()})
    ran = chainrule(*EXAMPLE, "--params", str(file))
    network = cr.Network.parse(EXAMPLE[1], loss="bce")
    expected = cr.derive(network, example=([[1.0, 2.0], [0.0, -1.0]], [[1.0], [0.0]]), params=PARAMETERS)
    assert (ran.status, ran.out) == (0, expected.to_text().rstrip("\n") + "\n")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.json", b"[1, 2]", "must hold an object"),
        ("p.json", b"{", "is no JSON"),
        ("p.json", b'{"W1": [[1, 2], [3, 4]]}', "params: b1, W2, b2 missing"),
        ("p.npz", b"not a zip file", "is no .npz file"),
    ],
)
def test_files_without_parameters_are_refused(chainrule: Command, name: str, content: bytes, message: str) -> None:
    Path("batch.csv").write_text("a,b,y\n1,2,1\n0,-1,0\n", encoding="utf-8")
    Path(name).write_bytes(content)
    ran = chainrule(*EXAMPLE, "--params", name)
    assert (ran.status, ran.out) == (2, "")
    assert message in " ".join(ran.err.split())


def test_objects_in_an_npz_are_not_loaded(chainrule: Command) -> None:
    Path("batch.csv").write_text("a,b,y\n1,2,1\n0,-1,0\n", encoding="utf-8")
    np.savez("p.npz", W1=np.array([{"a": 1}], dtype=object))
    ran = chainrule(*EXAMPLE, "--params", "p.npz")
    assert ran.status == 2
    assert "no .npz file of plain arrays" in " ".join(ran.err.split())
