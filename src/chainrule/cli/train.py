"""``chainrule train``: a table in, a model file out, and scores that can be believed."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
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
    test: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A table of its own for the scores.", show_default=False),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Hold the latest rows out, by this column.", show_default=False),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Keep rows of one value together.", show_default=False),
    ] = None,
    cv: Annotated[
        int | None,
        typer.Option(metavar="K", help="Hold every row out once, in K parts.", show_default=False),
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Same seed, same model.", show_default="0")] = None,
    engine: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What runs the equations: auto, jit, reference.", show_default="auto"),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A page (.html) with curves, plan and mistakes.", show_default=False),
    ] = None,
    columns: Annotated[bool, typer.Option("--columns", help="Show every column, however many there are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON instead.")] = False,
) -> None:
    """Train a network on a table, score it on held-out rows beside two baselines, and write a model file.

    For example:

    $ chainrule train examples/breast_cancer.csv --target diagnosis

    $ chainrule train houses.csv -t price --drop id,notes --model houses.chainrule

    $ chainrule train visits.csv -t stage --group patient --cv 5 --report stage.html

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
    path = _writable("--model", Path(data.name.split(".")[0] + ".chainrule") if model is None else model, data, test)
    if report is not None:
        _writable("--report", report, data, test, path)
    progress = side()
    with progress.status(f"reading {data}"):
        from chainrule.cli import training_report
        from chainrule.estimators.table_models import TableTraining

        settings = _settings(chosen)
        with _naming_the_option():
            training = TableTraining.prepare(
                data,
                target,
                task=task,
                features=_names(features),
                drop=_names(drop) or (),
                test=test,
                time=time,
                group=group,
                cv=cv,
                settings=settings,
            )
    result = output()
    if not as_json:
        n_rows = len(training.table)
        result.print(
            f"[bold]{data.name}[/]: {n_rows:,} rows, {len(training.plan.columns) + 1:,} columns\n", markup=True
        )
        training_report.say_before(result, training, all_columns=columns)
    from chainrule.cli.training_progress import TrainingProgress

    with TrainingProgress(progress, settings.epochs, len(training.folds)) as shown:
        try:
            trained, assessment = training.run_and_assess(shown.epoch)
        except (ImportError, NotImplementedError) as error:
            raise Refused(str(error)) from error
    history = trained.training.history
    if history.stopped == "interrupted" and not history.epochs:
        raise KeyboardInterrupt
    usable = history.stopped != "diverged" or history.best_epoch > 0
    if usable:
        trained.save(path)
    if report is not None:
        from chainrule.estimators.table_models.report import write_report

        write_report(report, training, trained, assessment)
    if as_json:
        values = training_report.as_json(training, trained, assessment, str(path) if usable else None)
        result.print_json(json.dumps(values, allow_nan=False), indent=2)
    else:
        training_report.say_after(result, trained)
        if usable:
            _say_where(result, path)
        if report is not None:
            result.print(f"report    {report}", markup=False, soft_wrap=True)
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


@contextmanager
def _naming_the_option() -> Iterator[None]:
    """What only options can be blamed for is blamed on the option that the message begins with."""
    from chainrule.tables import TableError

    try:
        yield
    except TableError:
        raise
    except ValueError as error:
        name = str(error).split(maxsplit=1)[0]
        raise typer.BadParameter(str(error), param_hint=f"'--{name}'") from None


def _writable(option: str, path: Path, *inputs: Path | None) -> Path:
    """The path of a result; what would fail at the end fails before the training."""
    if path.is_dir():
        raise Refused(f"{option} {path}: this is a folder; name a file in it")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise Refused(f"{option} {path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise Refused(f"{option} {path}: writing in {folder} is not permitted")
    for other in inputs:
        if other is not None and path.exists() and other.exists() and path.samefile(other):
            raise Refused(f"{option} {path}: this is the table itself")
        if other is not None and path.resolve() == other.resolve():
            raise Refused(f"{option} {path}: the model goes there; name another file")
    return path
