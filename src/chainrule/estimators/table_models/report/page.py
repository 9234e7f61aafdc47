"""The page: what was found in a table, what was trained, and how good it is on rows that were held out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.calculus import derive
from chainrule.estimators.table_models.assessment import NETWORK, Assessment
from chainrule.estimators.table_models.model import Model
from chainrule.estimators.table_models.report.figures import loss_figure, reliability_figure, scatter_figure
from chainrule.estimators.table_models.report.markup import Markup, element, table, together
from chainrule.estimators.table_models.report.network_figure import network_figure
from chainrule.estimators.table_models.report.style import STYLE
from chainrule.estimators.table_models.score_words import CALIBRATION, SCORE_WORDS, amount, best_values, spread_over
from chainrule.estimators.table_models.training import TableTraining
from chainrule.expressions.lookup import text_of
from chainrule.tables import Table
from chainrule.tables.atomic import atomic_file

_MOST_CLASSES_IN_MATRIX = 30
_MOST_COLUMNS_BESIDE = 6
_MOST_COLUMNS = 200
_MOST_CONFUSED = 8
_LONGEST_CELL = 40


def write_report(path: str | os.PathLike[str], training: TableTraining, model: Model, assessment: Assessment) -> None:
    """Write the page as one file, whole or not at all; see `report_page`.

    Raises
    ------
    TableError
        The file cannot be written.
    """
    page = report_page(training, model, assessment)
    with atomic_file(path) as file:
        file.write(page.encode("utf-8", "replace"))


def report_page(training: TableTraining, model: Model, assessment: Assessment) -> str:
    """The page as HTML that loads nothing: styles and drawings are in it, scripts there are none."""
    title = f"{model.target} from {Path(training.table.source).name}"
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = together(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        element("title", f"{title} · chainrule"),
        element("style", Markup(STYLE)),
    )
    body = element(
        "main",
        _head(title, training, model),
        _tiles(model),
        _scores(model),
        _notes(model),
        _mistakes(assessment, model),
        _worst(training, assessment, model),
        _network(model),
        _plan(model),
        element("footer", f"Written by chainrule {model.training.version}. Nothing in this page comes from elsewhere."),
    )
    return "<!doctype html>\n" + element("html", element("head", head), element("body", body), lang="en") + "\n"


def _section(title: str, *content: object) -> Markup:
    return element("section", element("h2", title), *content)


def _figure(caption: object, drawing: Markup) -> Markup:
    return element("figure", element("figcaption", caption), drawing)


def _head(title: str, training: TableTraining, model: Model) -> Markup:
    rows = model.training.rows
    kind = f"{len(model.classes)} classes" if model.classes else "a number"
    parts = f"{rows['training']:,} rows to learn from, "
    parts += f"{rows['validation']:,} to decide when to stop, " if rows["validation"] else ""
    text = f"Predicts {kind} from {len(training.plan.inputs):,} columns. {parts}scored on "
    return together(
        element("h1", title), element("p", text + model.training.settings["scored_on"] + ".", _class="soft")
    )


def _tiles(model: Model) -> Markup:
    scores = model.training.scores[NETWORK]
    tiles = [
        element("div", element("b", words.written(scores[name])), element("span", words.label), _class="tile")
        for name, words in SCORE_WORDS.items()
        if name in scores
    ]
    return element("div", *tiles, _class="tiles")


def _scores(model: Model) -> Markup:
    scores, folds = model.training.scores, model.training.folds
    best = best_values(scores.values())
    header: list[object] = ["", *(SCORE_WORDS[name].label for name in best)]
    rows: list[list[object]] = []
    for kind, part in scores.items():
        cells: list[object] = [kind]
        for name in best:
            text = SCORE_WORDS[name].written(part[name]) if name in part else ""
            is_best = part.get(name) == best[name] and name != CALIBRATION  # a constant is calibrated
            cells.append(element("span", text, _class="best") if is_best else text)
        rows.append(cells)
    if folds:
        spread = spread_over(folds)
        texts = [SCORE_WORDS[score].written(spread[score]) if score in spread else "" for score in best]
        rows.append([element("span", "network, ± over folds", _class="soft"), *texts])
    return _section("Scores beside what must be beaten", table(header, rows))


def _notes(model: Model) -> Markup:
    if not model.training.notes:
        return Markup("")
    return _section(
        "What was noticed", element("ul", *(element("li", note) for note in model.training.notes), _class="notes")
    )


def _mistakes(assessment: Assessment, model: Model) -> Markup:
    if not model.classes:
        drawing = scatter_figure(assessment.truth, assessment.outputs[NETWORK], model.target)
        caption = "A held-out row is a point; on the dashed line, the prediction is right."
        curve = _loss(model)
        return _section("Predicted and true", element("div", _figure(caption, drawing), curve, _class="pair"))
    given = f"probability of {model.classes[1]}" if len(model.classes) == 2 else "probability of the likeliest class"
    caption = "Of what is given 70 %, do 70 % come true? On the dashed line, yes; a point's area is its number of rows."
    curves = element(
        "div", _figure(caption, reliability_figure(assessment.reliability, given)), _loss(model), _class="pair"
    )
    matrix = _confusion(assessment)
    return together(_section("Which class is taken for which", *matrix), _section("Probabilities and loss", curves))


def _confusion(assessment: Assessment) -> list[Markup]:
    labels, counts = [_short(label) for label in assessment.classes], assessment.confusion
    parts = []
    if len(labels) <= _MOST_CLASSES_IN_MATRIX:
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        rows = [
            element(
                "tr",
                element("th", label),
                *(
                    element("td", f"{count:,}" if count else "·", style=f"--share: {share:.3f}")
                    for count, share in zip(counts[k].tolist(), shares[k].tolist(), strict=True)
                ),
            )
            for k, label in enumerate(labels)
        ]
        head = element(
            "tr", element("th", "true ↓", Markup("<br>"), "predicted →"), *(element("th", label) for label in labels)
        )
        parts.append(
            element("p", "Rows; a cell is the stronger, the larger its share of the true class.", _class="soft")
        )
        parts.append(
            element(
                "div",
                element("table", head, *rows, _class="matrix" if len(labels) <= 12 else "matrix many"),
                _class="wide",
                tabindex="0",
            )
        )
    if len(labels) > 4:
        wrong = counts - np.diag(np.diag(counts))
        worst = [at for at in np.argsort(-wrong, axis=None, kind="stable")[:_MOST_CONFUSED] if wrong.flat[at]]
        pairs = [f"{labels[at // len(labels)]} for {labels[at % len(labels)]} ({wrong.flat[at]:,})" for at in worst]
        if pairs:
            parts.append(element("p", "Most often taken for another: ", "; ".join(pairs), ".", _class="soft"))
    return parts


def _loss(model: Model) -> Markup:
    history = model.training.history
    drawing = loss_figure(history)
    if drawing is None:
        return Markup("")
    keys = [element("span", "training", _class="key one")]
    if history.validation:
        keys.append(element("span", "validation", _class="key two"))
        keys.append(element("span", f"kept: epoch {history.best_epoch}", _class="key kept"))
    return _figure(together(*keys), drawing)


def _worst(training: TableTraining, assessment: Assessment, model: Model) -> Markup:
    source = training.scoring.test or training.table
    said, inputs = assessment.outputs[NETWORK], [column.name for column in training.plan.inputs]
    beside = [name for name in inputs if name in source.series][:_MOST_COLUMNS_BESIDE]
    rows: list[list[object]] = []
    for at in assessment.worst():
        row = int(assessment.rows[at])
        cells: list[object] = [f"{source.row_number(row):,}"]
        if model.classes:
            code, taken = int(assessment.truth[at]), int(said[at].argmax())
            true = model.classes[code] if code >= 0 else source.column(model.target)[row]
            given = f"{said[at, code]:.1%}" if code >= 0 else "unknown in training"
            cells += [_short(true), _short(model.classes[taken]), given]
        else:
            true, predicted = float(assessment.truth[at]), float(said[at])
            cells += [
                amount(true),
                amount(predicted),
                f"{'+' if predicted > true else ''}{amount(predicted - true).replace('-', '−')}",
            ]
        rows.append([*cells, *(_cell(source, name, row) for name in beside)])
    last = "given to the true class" if model.classes else "off by"
    more = f" Of {len(inputs)} columns, the first {len(beside)} are shown." if len(inputs) > len(beside) else ""
    caption = f"Rows are numbered as in {Path(source.source).name}, from 1 below the line of names.{more}"
    header: list[object] = ["row", "true", "predicted", last, *beside]
    return _section(
        "The worst predictions", element("p", caption, _class="soft"), table(header, rows, numbers_from=len(header))
    )


def _cell(source: Table, name: str, row: int) -> str:
    value = source.column(name)[row]
    return "missing" if value is None else amount(value) if isinstance(value, float) else _short(value)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def _network(model: Model) -> Markup:
    network, settings = model.network, model.training.settings
    n = sum(value.size for value in model.parameters.values())
    facts: list[list[object]] = [
        ["network", element("code", str(network))],
        ["parameters", f"{n:,}"],
        ["loss", text_of(network.loss)],
        ["optimiser", f"AdamW, learning rate {settings['learning_rate']:g}, weight decay {settings['weight_decay']:g}"],
        ["batches", f"of {settings['batch_size']:,} rows"],
        ["stopped", model.training.why_stopped],
        ["seed", str(settings["seed"])],
    ]
    text = derive(network, layout="rows").to_text()
    equations = element("details", element("summary", "Every equation of this network"), element("pre", text))
    drawing = _figure("", network_figure(network)) if len(network.widths) <= 8 else ""
    pair = element("div", drawing, table([], facts, numbers_from=2), _class="pair")
    return _section("The network", pair, equations)


def _plan(model: Model) -> Markup:
    header, *rows = model.plan.summary()
    target, columns = rows[-1], rows[:-1]
    shown = [target, *columns[:_MOST_COLUMNS]]
    left = len(columns) - _MOST_COLUMNS
    more = element("p", f"and {left:,} more columns", _class="soft") if left > 0 else ""
    lines: list[list[object]] = [[_short(line[0]), *line[1:]] for line in shown]
    caption = "Fitted on the training part only; it travels in the model file."
    return _section(
        "What each column is and becomes",
        element("p", caption, _class="soft"),
        table([*header], lines, numbers_from=3),
        more,
    )
