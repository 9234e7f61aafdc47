"""The command ``chainrule`` and what it offers; each command is a file of this room."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from chainrule.cli.check import check
from chainrule.cli.derive import derive
from chainrule.cli.predict import predict
from chainrule.cli.train import train

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(predict)
app.command()(derive)
app.command()(check)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"chainrule {version('chainrule')}")
        raise typer.Exit


@app.callback()
def _chainrule(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version and leave.")
    ] = False,
) -> None:
    """Feed-forward neural networks whose every gradient is an equation that you can read, check, run and ship."""


def main() -> None:
    """Run the command; the exit status is 0, 1 (the result says no), or 2 (usage or input that cannot be used)."""
    app()
