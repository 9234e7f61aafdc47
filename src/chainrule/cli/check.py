"""``chainrule check``: a written derivation, equation by equation."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from chainrule.cli.exits import NO, Refused, ends_well
from chainrule.cli.terminal import output

if TYPE_CHECKING:
    from chainrule.checking import DerivationReport
    from chainrule.checking.document.reporting.printed import Line
    from chainrule.checking.document.reporting.report import Hint

_TONES = {
    "": "", "given": "dim", "exact": "green", "scalar": "yellow", "wrong": "red", "order": "magenta", "unread": "cyan",
}  # fmt: skip


@ends_well
def check(
    notes: Annotated[
        Path,
        typer.Argument(
            help="A derivation in Markdown, LaTeX or plain text, prose in between.",
            metavar="NOTES",
            show_default=False,
        ),
    ],
    network: Annotated[
        str | None,
        typer.Option(
            metavar="NETWORK", help='What it is about, such as "2 -> 3 relu -> 1 sigmoid".', show_default=False
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option("--loss", "-l", metavar="LOSS", help="The loss that gradients are of.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the document with its verdicts beside its lines.", show_default=False),
    ] = None,
    hint: Annotated[
        Literal["verdict", "line", "kind", "answer"],
        typer.Option(metavar="LEVEL", help="How much is told: verdict, line, kind or answer."),
    ] = "answer",
) -> None:
    """Judge every equation of a written derivation: which are wrong, in which way, and what is right.

    Each is given (a definition), exact, scalar (right for numbers, not yet for arrays), wrong, order (a loop that uses
    what it has just changed) or unread. Nothing in the file is executed.

    The exit status is 0; 1 if something is wrong or in the wrong order; 2 if the file or no equation of it can be read.

    For example:

    $ chainrule check notes.md

    $ chainrule check notes.tex --json > report.json

    $ chainrule check notes.md --html checked.html --hint kind

    $ chainrule check notes.md --network "2 -> 3 relu -> 1 sigmoid" --loss bce
    """
    from chainrule.checking import check_derivation
    from chainrule.checking.document.reading.errors import DocumentError

    try:
        report = check_derivation(notes, network, loss)
    except OSError as error:
        raise Refused(f"{notes}: {error.strerror or error}") from None
    except DocumentError as error:
        raise Refused(str(error) if str(notes) in str(error) else f"{notes}: {error}") from None
    except ValueError as error:  # of --network and --loss
        raise Refused(str(error)) from None
    if not report.items:
        raise Refused(f"{notes}: no equation was found; one is a = b between dollars, or on a line of its own")
    if as_json and hint != "answer":
        raise typer.BadParameter("JSON holds the answers; give it without a level", param_hint="--hint")
    if html is not None:
        _write(html, report.to_html(title=notes.name, level=hint), notes)
    if as_json:
        sys.stdout.write(json.dumps(report.to_json(), indent=1) + "\n")
    else:
        _show(report, hint)
    if report.count("unread") == len(report.items):
        raise Refused(f"{notes}: none of its equations could be read")
    if not report.ok:
        raise typer.Exit(NO)


def _show(report: DerivationReport, level: Hint) -> None:
    """The report as text, in colours where somebody looks at it."""
    from rich.text import Text

    from chainrule.checking.document.reporting.printed import printed

    console = output()
    for line in printed(report, level):
        if console.is_terminal:
            console.print(Text(line.text, style=_style(line)), soft_wrap=True)
        else:
            sys.stdout.write(f"{line.text}\n")


def _style(line: Line) -> str:
    """Culprits and what is right stand out; what is in order steps back."""
    tone = _TONES[line.verdict]
    match line.role:
        case "verdict":
            return tone if line.verdict in {"given", "exact", "unread"} else f"bold {tone}"
        case "carets":
            return f"bold {tone}"
        case "right" | "as arrays":
            return "green"
        case "summary":
            return "bold"
        case "remark":
            return "dim" if line.verdict in {"given", "exact"} else ""
        case _:
            return ""


def _write(path: Path, page: str, notes: Path) -> None:
    """The page, whole or not at all, and never over the notes."""
    from chainrule.tables.atomic import atomic_file

    if path.exists() and notes.exists() and path.samefile(notes):
        raise Refused(f"{path}: these are the notes themselves; give --html another file")
    with atomic_file(path) as file:
        file.write(page.encode())
