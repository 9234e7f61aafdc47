"""What `chainrule train` says: the columns, the network, the curve, the scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from chainrule.cli.loss_curve import (
    ASCII_TRAINING,
    ASCII_VALIDATION,
    TRAINING,
    VALIDATION,
    loss_curve,
)
from chainrule.cli.terminal import shows_unicode
from chainrule.estimators.table_models import Model, TableTraining, TrainingSummary
from chainrule.estimators.table_models.assessment import Assessment
from chainrule.estimators.table_models.score_words import CALIBRATION, SCORE_WORDS, best_values, spread_over
from chainrule.expressions.lookup import text_of
from chainrule.network import Network
from chainrule.tables import PreparationPlan
from chainrule.training import History

_COLUMNS_IN_FULL = 12


def say_before(console: Console, training: TableTraining, *, all_columns: bool) -> None:
    """What was found in the table and decided, before training begins."""
    plan, rows, network = training.plan, training.rows, training.network
    console.print(_columns_in_full(plan) if all_columns or len(plan.columns) <= _COLUMNS_IN_FULL else _by_kind(plan))
    for note in training.notes:
        console.print(Text("note: ", "yellow").append(note, "default"))
    scoring = training.scoring
    last = "held out for the scores" if scoring.test is None else f"of {scoring.test.source} for the scores"
    if scoring.cv is not None:
        last = f"held out once for the scores, in {scoring.cv} folds"
    parts = [f"{rows['training']:,} rows to learn from", f"{rows['held_out']:,} {last}"]
    if rows["validation"]:
        parts.insert(1, f"{rows['validation']:,} to decide when to stop")
    console.print()
    console.print(_fact("rows", ", ".join(parts)))
    console.print(_fact("network", f"{network}  ({_n_parameters(network):,} parameters)"))
    how = f"{text_of(network.loss)} by AdamW, learning rate {training.settings.learning_rate:g}"
    console.print(_fact("training", f"{how}, batches of {training.batch_size}"))


def say_after(console: Console, model: Model) -> None:
    """The curve, why the training stopped, and the scores."""
    history = model.training.history
    console.print()
    for line in _curve(console, history):
        console.print(line)
    console.print(_fact("stopped", model.training.why_stopped))
    console.print()
    console.print(_scores(model.training))


def as_json(training: TableTraining, model: Model, assessment: Assessment, path: str | None) -> dict[str, Any]:
    """The same as JSON values, and which class is taken for which."""
    header, *lines = training.plan.summary()
    record = model.training.to_json()
    return {
        "target": model.target,
        "task": model.task,
        "classes": list(model.classes),
        "columns": [dict(zip(header, line, strict=True)) for line in lines],
        "network": str(model.network),
        **record,
        **({"confusion": assessment.confusion.tolist()} if model.classes else {}),
        "model": path,
    }


def _fact(name: str, text: str) -> Grid:
    """A name in a narrow column, and a text that wraps beside it."""
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(width=9, style="bold")
    grid.add_column()
    grid.add_row(name, Text(text))
    return grid


def _columns_in_full(plan: PreparationPlan) -> Grid:
    header, *lines = plan.summary()
    grid = Grid(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    for name in header:
        grid.add_column(name, justify="right" if name == "inputs" else "left", overflow="fold")
    for line in lines:
        grid.add_row(*map(Text, line), style="bold" if line[1] == "target" else "dim" if line[1] == "left out" else "")
    return grid


def _by_kind(plan: PreparationPlan) -> Grid:
    """One row per kind of column; columns that are left out each with the reason."""
    _, *lines = plan.summary()
    kinds: dict[str, list[tuple[str, ...]]] = {}
    for line in lines:
        kinds.setdefault(line[1], []).append(line)
    grid = Grid(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    for name, side in (("columns", "right"), ("kind", "left"), ("inputs", "right"), ("which", "left")):
        grid.add_column(name, justify=side)  # type: ignore[arg-type]
    for kind, members in kinds.items():
        if kind in {"target", "left out"}:
            continue
        inputs = sum(int(member[3]) for member in members)
        grid.add_row(str(len(members)), kind, str(inputs), Text(_some([member[0] for member in members])))
    for name, kind, what, _ in [*kinds.get("left out", []), *kinds["target"]]:
        grid.add_row("1", kind, "", Text(f"{name}: {what}"), style="bold" if kind == "target" else "dim")
    return grid


def _some(names: list[str], most: int = 6) -> str:
    return ", ".join(names) if len(names) <= most + 1 else f"{', '.join(names[:most])} and {len(names) - most} more"


def _curve(console: Console, history: History) -> Iterator[Text]:
    unicode = shows_unicode(console)
    validation = [-value for value in history.validation]
    width = min(console.width, 100) - 1
    lines = loss_curve(history.loss, validation, width=width, unicode=unicode)
    if not lines:
        return
    training_mark, validation_mark = (TRAINING, VALIDATION) if unicode else (ASCII_TRAINING, ASCII_VALIDATION)
    legend = f"loss per epoch   {training_mark} training"
    yield Text(f"{legend}   {validation_mark} validation" if validation else legend)
    for line in lines:
        text = Text(line, no_wrap=True)
        text.highlight_regex(r"[\u2801-\u28ff*]", "cyan")
        text.highlight_regex(r"[○o]", "yellow")
        yield text


def _scores(training: TrainingSummary) -> Grid:
    """One row per model; the best of a column is bold."""
    grid = Grid(
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        show_edge=False,
        title=f"scores on {training.settings['scored_on']}",
        title_justify="left",
        title_style="",
    )
    best = best_values(training.scores.values())
    grid.add_column("")
    for name in best:
        grid.add_column(SCORE_WORDS[name].label, justify="right")
    for model, part in training.scores.items():
        cells = [Text(SCORE_WORDS[name].written(part[name]) if name in part else "") for name in best]
        for name, cell in zip(best, cells, strict=True):
            if part.get(name) == best[name] and name != CALIBRATION:  # a constant is always calibrated
                cell.stylize("bold")
        grid.add_row(Text(model), *cells)
    if training.folds:
        spread = spread_over(training.folds)
        cells = [Text(SCORE_WORDS[name].written(spread[name]) if name in spread else "") for name in best]
        grid.add_row(Text("± over folds"), *cells, style="dim")
    return grid


def _n_parameters(network: Network) -> int:
    return sum(width * (before + 1) for before, width in zip(network.widths, network.widths[1:], strict=False))
