"""``chainrule derive``: the equations of a network, from its forward pass to its updates."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from chainrule.cli.exits import Refused, ends_well


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
        Literal["text", "latex"], typer.Option("--format", "-f", metavar="FORMAT", help="text or latex.")
    ] = "text",
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
    derivation = derivation_of(declared, layout=layout, optimiser=optimisers[optimiser])
    text = derivation.to_latex() if form == "latex" else derivation.to_text()
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        message = f"standard output takes {encoding}, which lacks letters of mathematics; give --format latex"
        raise Refused(f"{message}, or set PYTHONIOENCODING=utf-8") from None
    sys.stdout.write(text.rstrip("\n") + "\n")
