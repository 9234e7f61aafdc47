"""What `chainrule train` says: the columns, the network, the curve, the scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from chainrule.estimators.table_models import Model, TableTraining
from chainrule.expressions.lookup import text_of
from chainrule.network import Network
from chainrule.tables import PreparationPlan
from chainrule.training import History

_COLUMNS_IN_FULL = 12


def _amount(value: float) -> str:
    """Four digits: 30,260 rather than 3.026e+04."""
    return f"{value:,.0f}" if 1e3 <= value < 1e9 else f"{value:.4g}"


_SCORES: dict[str, tuple[str, Callable[[float], str]]] = {
    "accuracy": ("accuracy", "{:.1%}".format),
    "balanced_accuracy": ("balanced accuracy", "{:.1%}".format),
    "auc": ("AUC", "{:.3f}".format),
    "log_loss": ("log loss", "{:.3f}".format),
    "r2": ("R²", "{:.3f}".format),
    "rmse": ("RMSE", _amount),
    "mae": ("MAE", _amount),
}
_FEWER_IS_BETTER = {"log_loss", "rmse", "mae"}


def say_before(console: Console, training: TableTraining, *, all_columns: bool) -> None:
    """What was found in the table and decided, before training begins."""
    plan, rows, network = training.plan, training.rows, training.network
    console.print(_columns_in_full(plan) if all_columns or len(plan.columns) <= _COLUMNS_IN_FULL else _by_kind(plan))
    for note in training.notes:
        console.print(Text("note: ", "yellow").append(note, "default"))
    parts = [f"{rows['training']:,} rows to learn from", f"{rows['held_out']:,} held out for the scores"]
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
    console.print(_fact("stopped", _why(history, model.training.settings["patience"])))
    console.print()
    console.print(_scores(model.training.scores, model.training.rows["held_out"]))


def as_json(training: TableTraining, model: Model, path: str | None) -> dict[str, Any]:
    """The same as JSON values."""
    header, *lines = training.plan.summary()
    record = model.training.to_json()
    return {
        "target": model.target,
        "task": model.task,
        "classes": list(model.classes),
        "columns": [dict(zip(header, line, strict=True)) for line in lines],
        "network": str(model.network),
        **record,
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


def _why(history: History, patience: int) -> str:
    kept = f"; the parameters of epoch {history.best_epoch} are kept" if history.best_epoch else ""
    why = history.message
    if history.stopped == "converged":
        part = "validation part" if history.validation else "training part"
        why = f"for {patience} epochs, no epoch was better on the {part}"
    return f"after {history.epochs} epochs: {why}{kept}"


def _scores(scores: dict[str, dict[str, float]], n_rows: int) -> Grid:
    """One row per model; the best of a column is bold."""
    grid = Grid(
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        show_edge=False,
        title=f"scores on {n_rows:,} held-out rows",
        title_justify="left",
        title_style="",
    )
    names = [name for name in _SCORES if any(name in part for part in scores.values())]
    grid.add_column("")
    for name in names:
        grid.add_column(_SCORES[name][0], justify="right")
    best = {
        name: (min if name in _FEWER_IS_BETTER else max)(part[name] for part in scores.values() if name in part)
        for name in names
    }
    for model, part in scores.items():
        cells = [Text(_SCORES[name][1](part[name]) if name in part else "") for name in names]
        for name, cell in zip(names, cells, strict=True):
            if part.get(name) == best[name]:
                cell.stylize("bold")
        grid.add_row(Text(model), *cells)
    return grid


def _n_parameters(network: Network) -> int:
    return sum(width * (before + 1) for before, width in zip(network.widths, network.widths[1:], strict=False))
