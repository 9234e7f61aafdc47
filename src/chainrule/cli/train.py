"""``chainrule train``: a table in, a model file out, and scores that can be believed."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from chainrule.cli.exits import INTERRUPTED, NO, Refused, complain, ends_well
from chainrule.cli.terminal import output, side

if TYPE_CHECKING:
    from rich.console import Console

    from chainrule.estimators.table_models import TrainingSettings


@ends_well
def train(
    data: Annotated[
        Path, typer.Argument(help="A table: CSV, TSV or Parquet, also compressed.", metavar="DATA", show_default=False)
    ],
    target: Annotated[
        str, typer.Option("--target", "-t", metavar="COLUMN", help="The column to predict.", show_default=False)
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", "-m", metavar="FILE", help="Where the model goes.", show_default="the table's name, .chainrule"
        ),
    ] = None,
    task: Annotated[
        Literal["classification", "regression"] | None,
        typer.Option(metavar="TASK", help="classification or regression.", show_default="found from the column"),
    ] = None,
    features: Annotated[
        list[str] | None,
        typer.Option(metavar="A,B,…", help="The only columns to use; may be repeated.", show_default=False),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="A,B,…", help="Columns to leave out; may be repeated.", show_default=False),
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHS", help="Of the hidden layers: 64,32 or none.", show_default="by the number of rows"
        ),
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the hidden layers: relu, tanh, gelu, …", show_default="relu"),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="Passes over the data, at most.", show_default="200")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", help="Rows in a step.", show_default="by the number of rows")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(metavar="RATE", help="How far a step goes.", show_default="0.002")
    ] = None,
    test_size: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Of the rows, held out for the scores.", show_default="0.2")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Same seed, same model.", show_default="0")] = None,
    engine: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What runs the equations: auto, jit, reference.", show_default="auto"),
    ] = None,
    columns: Annotated[bool, typer.Option("--columns", help="Show every column, however many there are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON instead.")] = False,
) -> None:
    """Train a network on a table, score it on held-out rows beside two baselines, and write a model file.

    For example:

    $ chainrule train examples/breast_cancer.csv --target diagnosis

    $ chainrule train houses.csv -t price --drop id,notes --model houses.chainrule

    $ chainrule train patients.csv -t stage --task classification --hidden 64,32

    Ctrl-C ends the training early and keeps what is best so far.
    """
    chosen = {
        "hidden": None if hidden is None else _widths(hidden),
        "activation": activation,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "test_size": test_size,
        "seed": seed,
        "engine": engine,
    }
    path = _model_path(data, model)
    progress = side()
    with progress.status(f"reading {data}"):
        from chainrule.cli import training_report
        from chainrule.estimators.table_models import TableTraining

        settings = _settings(chosen)
        training = TableTraining.prepare(
            data, target, task=task, features=_names(features), drop=_names(drop) or (), settings=settings
        )
    result = output()
    if not as_json:
        n_rows = sum(training.rows.values())
        result.print(
            f"[bold]{data.name}[/]: {n_rows:,} rows, {len(training.plan.columns) + 1:,} columns\n", markup=True
        )
        training_report.say_before(result, training, all_columns=columns)
    from chainrule.cli.training_progress import TrainingProgress

    with TrainingProgress(progress, settings.epochs) as shown:
        try:
            trained = training.run(shown.epoch)
        except (ImportError, NotImplementedError) as error:
            raise Refused(str(error)) from error
    history = trained.training.history
    if history.stopped == "interrupted" and not history.epochs:
        raise KeyboardInterrupt
    usable = history.stopped != "diverged" or history.best_epoch > 0
    if usable:
        trained.save(path)
    if as_json:
        report = training_report.as_json(training, trained, str(path) if usable else None)
        result.print_json(json.dumps(report, allow_nan=False), indent=2)
    else:
        training_report.say_after(result, trained)
        if usable:
            _say_where(result, path)
    if not usable:
        complain("no model file was written")
    if history.stopped in {"diverged", "interrupted"}:
        raise typer.Exit(NO if history.stopped == "diverged" else INTERRUPTED)


def _say_where(console: Console, path: Path) -> None:
    size = path.stat().st_size if path.is_file() else 0
    console.print(f"\nmodel     {path}  ({max(size // 1000, 1):,} kB)", markup=False, soft_wrap=True)
    console.print(f"predict   chainrule predict {path} TABLE.csv --out PREDICTIONS.csv", markup=False, soft_wrap=True)


def _widths(text: str) -> tuple[int, ...]:
    if text.strip().lower() == "none":
        return ()
    try:
        return tuple(int(width) for width in text.split(","))
    except ValueError:
        message = f"{text!r} is not a list of widths; write --hidden 64,32, or --hidden none for a linear model"
        raise typer.BadParameter(message, param_hint="'--hidden'") from None


def _names(options: list[str] | None) -> list[str] | None:
    """Column names out of options; as in CSV, a name with a comma is quoted."""
    if not options:
        return None
    return [name for line in options for name in next(csv.reader([line], skipinitialspace=True), [])]


def _settings(chosen: dict[str, Any]) -> TrainingSettings:
    from chainrule.estimators.table_models import TrainingSettings

    try:
        return TrainingSettings(**{name: value for name, value in chosen.items() if value is not None})
    except ValueError as error:
        message = str(error)
        name = next((name for name in chosen if message.startswith(name)), "activation")
        raise typer.BadParameter(message, param_hint=f"'--{name.replace('_', '-')}'") from None


def _model_path(data: Path, model: Path | None) -> Path:
    """Where the model goes; what would fail at the end fails before the training."""
    path = Path(data.name.split(".")[0] + ".chainrule") if model is None else model
    if path.is_dir():
        raise Refused(f"--model {path}: this is a folder; name a file in it")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise Refused(f"--model {path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise Refused(f"--model {path}: writing in {folder} is not permitted")
    if path.exists() and data.exists() and path.samefile(data):
        raise Refused(f"--model {path}: this is the table itself")
    return path
