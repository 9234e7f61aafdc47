"""``chainrule check``: a written derivation, equation by equation."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.exits import NO, Refused, ends_well


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
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Judge every equation of a written derivation: which are wrong, in which way, and what is right.

    Each is given (a definition), exact, scalar (right for numbers, not yet for arrays), wrong, order (a loop that uses
    what it has just changed) or unread. Nothing in the file is executed.

    The exit status is 0; 1 if something is wrong or in the wrong order; 2 if the file or no equation of it can be read.

    For example:

    $ chainrule check notes.md

    $ chainrule check notes.tex --json > report.json
    """
    from chainrule.checking import check_derivation
    from chainrule.checking.document.errors import DocumentError

    try:
        report = check_derivation(notes)
    except OSError as error:
        raise Refused(f"{notes}: {error.strerror or error}") from None
    except DocumentError as error:
        raise Refused(str(error) if str(notes) in str(error) else f"{notes}: {error}") from None
    if not report.items:
        raise Refused(f"{notes}: no equation was found; one is a = b between dollars, or on a line of its own")
    sys.stdout.write((json.dumps(report.to_json(), indent=1) if as_json else str(report)) + "\n")
    if report.count("unread") == len(report.items):
        raise Refused(f"{notes}: none of its equations could be read")
    if not report.ok:
        raise typer.Exit(NO)
