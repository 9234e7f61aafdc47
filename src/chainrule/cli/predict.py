"""``chainrule predict``: the rows of a table, in order, with what a model says about each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.exits import Refused, complain, ends_well
from chainrule.cli.terminal import side

if TYPE_CHECKING:
    import polars as pl
    from rich.status import Status

    from chainrule.estimators.table_models import Model
    from chainrule.tables import PreparationReport


@ends_well
def predict(
    model: Annotated[Path, typer.Argument(help="What chainrule train wrote.", metavar="MODEL", show_default=False)],
    data: Annotated[
        Path, typer.Argument(help="A table with the columns of the training.", metavar="DATA", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where they go: .csv, .tsv, .csv.gz, .parquet, ….",
            show_default="standard output, as CSV",
        ),
    ] = None,
) -> None:
    """Write the rows of a table, in order, each with its prediction and, for classes, their probabilities.

    Columns may come in any order, with others between them; the target is not needed.  A table longer than memory is
    read and written in batches.

    For example:

    $ chainrule predict cancer.chainrule new.csv --out predictions.csv

    $ chainrule predict houses.chainrule new.parquet --out predictions.parquet

    $ chainrule predict cancer.chainrule new.csv | head
    """
    _refuse_overwriting(out, model, data)
    from chainrule.export import load_model
    from chainrule.tables import PreparationReport, write_table

    report = PreparationReport()
    batches = _batches(load_model(model), data, report)
    if out is None:
        _to_standard_output(batches, str(data))
    else:
        with side().status("") as status:
            written = write_table(out, _counted(batches, status, report))
        complain(f"{out}: {written.n_rows:,} rows with predictions")
        if written.n_guarded:
            complain(f"{written.n_guarded:,} cells could be formulas and got an apostrophe in front")
    for line in report.lines():
        complain(f"note: {line}")


def _batches(model: Model, data: Path, report: PreparationReport) -> Iterator[pl.DataFrame]:
    from chainrule.tables import stream_table, with_predictions

    for table in stream_table(data):
        said = model.predictions(table)
        report.add(said.report)
        yield with_predictions(table, said.answers, said.probabilities, said.classes)


def _counted(batches: Iterator[pl.DataFrame], status: Status, report: PreparationReport) -> Iterator[pl.DataFrame]:
    for batch in batches:
        status.update(f"{report.n_rows:,} rows")
        yield batch


def _to_standard_output(batches: Iterator[pl.DataFrame], source: str) -> None:
    from chainrule.tables import TableError
    from chainrule.tables.formula_guard import guarded
    from chainrule.tables.plain_types import is_nested

    for number, batch in enumerate(batches):
        for name, kind in batch.schema.items():
            if is_nested(kind):
                raise TableError(
                    f"holds {kind}, which has no form as text; give --out FILE.parquet", source=source, column=name
                )
        frame, _ = guarded(batch)
        sys.stdout.write(frame.write_csv(include_header=number == 0))


def _refuse_overwriting(out: Path | None, *inputs: Path) -> None:
    for path in inputs:
        if out is not None and out.exists() and path.exists() and out.samefile(path):
            raise Refused(f"--out {out}: this is what is read; name another file")
