"""``chainrule derive``: the equations of a network, from its forward pass to its updates."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from chainrule.cli.exits import Refused, ends_well
from chainrule.cli.parameters import read_parameters

if TYPE_CHECKING:
    from chainrule.network import Network

Rows = list[list[float]]


@ends_well
def derive(
    network: Annotated[
        str,
        typer.Argument(
            help='Such as "2 -> 3 relu -> 1 sigmoid": inputs, layers.', metavar="NETWORK", show_default=False
        ),
    ],
    loss: Annotated[
        str, typer.Option("--loss", "-l", metavar="LOSS", help="Such as bce, cross-entropy, mse.", show_default=False)
    ],
    layout: Annotated[
        Literal["columns", "rows", "sample", "index"],
        typer.Option(metavar="LAYOUT", help="columns (Z = WX + b), rows (Z = XW + b), sample or index."),
    ] = "columns",
    form: Annotated[
        Literal["text", "latex", "tex", "markdown", "html", "python", "json"],
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="text, latex (for a document of yours), tex (a whole one), markdown, html, python or json.",
        ),
    ] = "text",
    detail: Annotated[
        Literal["summary", "steps", "full"], typer.Option(metavar="DETAIL", help="summary, steps or full.")
    ] = "steps",
    symbols: Annotated[
        Literal["subscript", "bracket", "delta", "d", "previous"],
        typer.Option(metavar="PRESET", help="subscript (W₁), bracket (W^[1]), delta (δ¹), d (dW₁), previous (W_prev)."),
    ] = "subscript",
    letter: Annotated[
        list[str] | None,
        typer.Option("--letter", metavar="NAME=LETTER", help="Such as eta=α; may be repeated.", show_default=False),
    ] = None,
    example: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Numbers to work through: inputs, then outputs.", show_default=False),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, max=8, metavar="N", help="How many rows of the example.")] = 2,
    params: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The example's W1, b1, …, as JSON or .npz.", show_default=False),
    ] = None,
    optimiser: Annotated[
        Literal["sgd", "momentum", "nesterov", "adam", "adamw"],
        typer.Option(help="sgd, momentum, nesterov, adam or adamw.", metavar="NAME"),
    ] = "sgd",
    l2: Annotated[float, typer.Option(metavar="α", help="Adds the penalty ½ α Σ W².", show_default=False)] = 0.0,
    reduction: Annotated[
        Literal["mean", "sum"], typer.Option(metavar="HOW", help="mean or sum over the samples.")
    ] = "mean",
    sample_weights: Annotated[bool, typer.Option("--sample-weights", help="Give every sample a weight.")] = False,
) -> None:
    """Write down the derivation of a network: forward pass, cost, every gradient, and the updates.

    For example:

    $ chainrule derive "2 -> 3 relu -> 1 sigmoid" --loss bce

    $ chainrule derive "4 -> 8 tanh -> 3 softmax" --loss cross-entropy --layout rows --format latex

    $ chainrule derive "2 -> 3 tanh -> 1 identity" --loss mse --detail full --format html > derivation.html

    $ chainrule derive "10 -> 5 relu dropout(0.2) -> 1 identity" --loss mse --optimiser adam --l2 0.1
    """
    from chainrule.calculus import derive as derivation_of
    from chainrule.network import SGD, Adam, AdamW, Network, Optimiser, Penalty

    optimisers: dict[str, Optimiser] = {
        "sgd": SGD(),
        "momentum": SGD(momentum=0.9),
        "nesterov": SGD(momentum=0.9, nesterov=True),
        "adam": Adam(),
        "adamw": AdamW(),
    }
    try:
        declared = Network.parse(
            network, loss, penalty=Penalty(l2=l2), reduction=reduction, sample_weights=sample_weights
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="the network") from None
    given = None if example is None else _example(example, rows, declared)
    try:
        derivation = derivation_of(
            declared,
            layout=layout,
            optimiser=optimisers[optimiser],
            symbols={"preset": symbols} | _letters(letter or []),
            detail=detail,
            example=given,
            params=None if params is None else read_parameters(params),
        )
        forms: dict[str, Callable[[], str]] = {
            "text": derivation.to_text,
            "latex": derivation.to_latex,
            "tex": lambda: derivation.to_latex(standalone=True),
            "markdown": derivation.to_markdown,
            "html": derivation.to_html,
            "python": derivation.to_python,
            "json": lambda: json.dumps(derivation.to_json(), indent=1),
        }
        written = forms[form]()
    except ValueError as error:
        raise Refused(str(error)) from None
    try:
        written.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        message = f"standard output takes {encoding}, which lacks letters of mathematics; give --format latex"
        raise Refused(f"{message}, or set PYTHONIOENCODING=utf-8") from None
    sys.stdout.write(written.rstrip("\n") + "\n")


def _letters(pairs: list[str]) -> dict[str, str]:
    letters = dict(pair.partition("=")[::2] for pair in pairs)
    if not all(letters.values()):
        raise Refused("--letter: NAME=LETTER is expected, e.g. eta=α")
    return letters


def _example(path: Path, rows: int, network: Network) -> tuple[Rows, Rows]:
    """The first rows of a table of numbers: inputs, then outputs."""
    from chainrule.tables import read_table

    frame = read_table(path).frame.head(rows)
    n_in, n_out = network.n_inputs, network.widths[-1]
    if frame.width != n_in + n_out:
        raise Refused(f"{path} has {frame.width} columns; {n_in} inputs and {n_out} outputs need {n_in + n_out}")
    try:
        numbers = [[float(value) for value in row] for row in frame.iter_rows()]
    except (TypeError, ValueError):
        raise Refused(f"{path}: the first {rows} rows must hold numbers only") from None
    return [row[:n_in] for row in numbers], [row[n_in:] for row in numbers]
