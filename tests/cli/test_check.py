"""``chainrule check`` judges a written derivation and ends with a status that a script can use."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule as cr
from tests.cli.conftest import START, Command

RIGHT = r"""# One neuron

The neuron adds and squashes, $z = w x + b$ and $a = \sigma(z)$; its loss is
$L = -[y \log a + (1 - y) \log(1 - a)]$.

Hence $\frac{\partial L}{\partial z} = a - y$, and with that

$$
\frac{\partial L}{\partial w} = \frac{\partial L}{\partial z} x^T
$$
"""
WRONG = RIGHT + "\n" + r"The bias: $\frac{\partial L}{\partial b} = y - a$." + "\n"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.md"
    path.write_text(WRONG, encoding="utf-8")
    return path


@pytest.mark.usefixtures("notes")
def test_a_slip_is_shown_under_its_line_with_what_is_right(chainrule: Command) -> None:
    ran = chainrule("check", "notes.md")
    assert (ran.status, ran.err) == (1, "")
    lines = ran.out.splitlines()
    assert [line.split()[:2] for line in lines[:5]] == [
        ["3", "given"],
        ["3", "given"],
        ["4", "given"],
        ["6", "exact"],
        ["9", "exact"],
    ]
    wrong, source, carets, slip, right, as_arrays, reason, summary = lines[5:]
    assert wrong.split()[:2] == ["12", "wrong"]
    assert source[carets.index("^") : carets.rindex("^") + 1] == "y - a"
    assert (slip.strip(), right.strip()) == ("slip: wrong sign", "right: -(y - a)")
    assert as_arrays.strip() == r"as arrays: [-(y - a)] \mathbf{1}"
    assert reason.strip() == "it fails even for numbers"
    assert summary == "6 equations: 3 given, 2 exact, 1 wrong"


def test_nothing_wrong_is_status_0(chainrule: Command, notes: Path) -> None:
    notes.write_text(RIGHT, encoding="utf-8")
    ran = chainrule("check", notes)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == str(cr.check_derivation(notes)) + "\n" == str(cr.check_derivation(RIGHT)) + "\n"


def test_a_loop_in_the_wrong_order_is_status_1(chainrule: Command, notes: Path) -> None:
    notes.write_text(
        RIGHT + "\nfor l = L to 1\n\n$w = w - \\eta \\frac{\\partial L}{\\partial w}$\n\n$q = w^T d$\n\nend for\n",
        encoding="utf-8",
    )
    ran = chainrule("check", notes)
    assert ran.status == 1
    assert "slip: w is updated before it is used" in ran.out


@pytest.mark.usefixtures("notes")
def test_json_has_the_whole_report(chainrule: Command) -> None:
    ran = chainrule("check", "notes.md", "--json")
    report = json.loads(ran.out)
    assert ran.status == 1
    assert report == json.loads(json.dumps(cr.check_derivation(WRONG).to_json()))
    assert (report["schema"], report["ok"], len(report["items"])) == (1, False, 6)
    [network] = report["networks"]
    assert network["definitions"][:2] == ["z = w x + b", "a = σ(z)"]
    assert (network["loss"], network["layout"], network["one_sample"]) == ("L", "columns", False)
    last = report["items"][-1]
    assert (last["line"], last["verdict"], last["slip"], last["origin"]) == (12, "wrong", "wrong sign", "root")
    place = last["place"]
    assert WRONG.splitlines()[place["line"] - 1][place["column"] - 1 :][: place["length"]] == "y - a"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "notes.md: No such file or directory"),
        (b"\x89PNG\r\n\0\0", "notes.md: not a text file (it has zero bytes)"),
        (b"caf\xe9 = 1", "notes.md: not text in UTF-8 (byte 4)"),
        (b"x" * 400_001, "notes.md: a document of 400,001 characters; at most 400,000 are read"),
        (b"x" * 10_000_000, "notes.md: more than 1,600,000 bytes; at most 400,000 characters are read"),
        (b"$a = b$\n" * 3_001, "notes.md: a document of more than 3,000 statements"),
        (b"", "notes.md: no equation was found"),
        (b"prose only", "notes.md: no equation was found"),
        (rb"$\frac{a}{} = b$", "notes.md: none of its equations could be read"),
    ],
    ids=["missing", "binary", "latin-1", "long", "10 MB", "many", "empty", "prose", "damaged"],
)
def test_what_cannot_be_read_is_one_line_and_status_2(
    chainrule: Command, notes: Path, content: bytes | None, message: str
) -> None:
    notes.unlink()
    if content is not None:
        notes.write_bytes(content)
    ran = chainrule("check", "notes.md")
    assert ran.status == 2
    [line] = ran.err.splitlines()
    assert line.startswith(f"chainrule: {message}")


def test_a_folder_is_refused(chainrule: Command) -> None:
    ran = chainrule("check", ".")
    assert (ran.status, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1


def test_lines_are_counted_alike_in_windows_files(chainrule: Command, notes: Path) -> None:
    unix = chainrule("check", notes).out
    notes.write_bytes(b"\xef\xbb\xbf" + WRONG.replace("\n", "\r\n").encode())
    assert chainrule("check", notes).out == unix


def test_what_moves_a_cursor_is_not_printed(chainrule: Command, notes: Path) -> None:
    notes.write_text(WRONG.replace("The bias", "The \x1b[31mbias\x07"), encoding="utf-8")
    ran = chainrule("check", notes)
    assert ran.status == 1
    assert "bias" in ran.out
    assert not set(ran.out) & {"\x1b", "\x07"}


@pytest.mark.slow
@pytest.mark.usefixtures("notes")
def test_an_output_of_few_letters_is_no_obstacle(chainrule_process: Command) -> None:
    for options in ([], ["--json"]):
        ran = chainrule_process("check", "notes.md", *options, env={"PYTHONIOENCODING": "ascii"})
        assert (ran.status, ran.err) == (1, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_closed_pipe_is_quiet(notes: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [sys.executable, "-c", START, "check", str(notes)],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (141, "")


def test_help_has_an_example_and_the_statuses(chainrule: Command) -> None:
    ran = chainrule("check", "--help")
    said = " ".join(ran.out.split())
    assert ran.status == 0
    assert "$ chainrule check notes.md" in said
    assert "1 if something is wrong" in said


@pytest.mark.usefixtures("notes")
def test_a_page_is_written_with_the_verdicts_beside_the_lines(chainrule: Command, tmp_path: Path) -> None:
    ran = chainrule("check", "notes.md", "--html", "checked.html", "--json")
    assert (ran.status, ran.err) == (1, "")
    assert json.loads(ran.out)["ok"] is False
    page = (tmp_path / "checked.html").read_text(encoding="utf-8")
    assert page == cr.check_derivation(WRONG).to_html(title="notes.md")


def test_the_notes_are_not_overwritten_by_their_page(chainrule: Command, notes: Path) -> None:
    ran = chainrule("check", "notes.md", "--html", "./notes.md")
    assert (ran.status, notes.read_text(encoding="utf-8")) == (2, WRONG)
    assert ran.err == "chainrule: notes.md: these are the notes themselves; give --html another file\n"


@pytest.mark.usefixtures("notes")
def test_a_page_that_cannot_be_written_is_one_line(chainrule: Command) -> None:
    ran = chainrule("check", "notes.md", "--html", "nowhere/checked.html")
    assert ran.status == 2
    assert len(ran.err.splitlines()) == 1


@pytest.mark.usefixtures("notes")
def test_a_teacher_can_keep_the_answer_back(chainrule: Command) -> None:
    ran = chainrule("check", "notes.md", "--hint", "kind")
    assert ran.status == 1
    assert "slip: wrong sign" in ran.out
    assert "right:" not in ran.out
    assert chainrule("check", "notes.md", "--hint", "verdict").out == "6 equations: 3 given, 2 exact, 1 wrong\n"
    assert chainrule("check", "notes.md", "--hint", "kind", "--json").status == 2


def test_a_network_and_a_loss_judge_the_page(chainrule: Command, notes: Path) -> None:
    notes.write_text(RIGHT, encoding="utf-8")
    ran = chainrule("check", notes, "--network", "3 -> 1 sigmoid", "--loss", "bce")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "5 equations: 5 exact"
    assert chainrule("check", notes, "--loss", "mse").status == 1


def test_an_unknown_loss_is_refused(chainrule: Command, notes: Path) -> None:
    ran = chainrule("check", notes, "--loss", "hinge")
    assert (ran.status, ran.out) == (2, "")
    assert "unknown loss 'hinge'" in ran.err
