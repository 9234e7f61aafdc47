"""What happened in a training on a table: a record that travels with the model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, get_args

from chainrule.estimators.table_models.scores import Scores
from chainrule.training.history import History, StopReason


@dataclass(frozen=True)
class TrainingSummary:
    """What a model was trained on, how, and how good it is.

    Attributes
    ----------
    rows : dict of str to int
        Rows to learn from (``training``), to decide when to stop (``validation``), and for the scores (``held_out``).
    scores : dict of str to dict of str to float
        On the held-out rows: of the ``network`` and of two baselines.
    folds : tuple of dict
        The network's scores on each fold of a cross-validation.
    history : History
        Loss and validation score of every epoch.
    settings : dict
        What was chosen.
    notes : tuple of str
        What was noticed and decided on the way.
    version : str
        Of chainrule.
    """

    rows: dict[str, int]
    scores: dict[str, Scores]
    history: History = field(default_factory=History)
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    version: str = ""
    folds: tuple[Scores, ...] = ()

    @property
    def why_stopped(self) -> str:
        """After how many epochs training stopped, why, and which epoch's parameters are kept."""
        history = self.history
        kept = f"; the parameters of epoch {history.best_epoch} are kept" * bool(
            history.validation and history.best_epoch
        )
        why = history.message
        if history.stopped == "converged":
            part = "validation part" if history.validation else "training part"
            why = f"for {self.settings['patience']} epochs, no epoch was better on the {part}"
        return f"after {history.epochs} epochs: {why}{kept}"

    def to_json(self) -> dict[str, Any]:
        """The record as JSON values; a number that is not finite is null."""
        history = asdict(self.history)
        for name in _SERIES:
            history[name] = [value if math.isfinite(value) else None for value in history[name]]
        return {
            "rows": self.rows,
            "scores": self.scores,
            "history": history,
            "settings": self.settings,
            "notes": list(self.notes),
            "version": self.version,
            "folds": list(self.folds),
        }

    @classmethod
    def from_json(cls, value: Any) -> TrainingSummary:
        """The record that `to_json` wrote.

        Raises
        ------
        ValueError
            If the value is not such a record; the entry is named.
        """
        entries = _mapping(value, "the training's record", [entry.name for entry in fields(cls)])
        rows = {name: _whole(number, f"rows: {name}") for name, number in _mapping(entries["rows"], "rows").items()}
        scores = {
            name: _scores(part, f"scores: {name}") for name, part in _mapping(entries["scores"], "scores").items()
        }
        if not isinstance(entries["folds"], list):
            raise ValueError("folds is not a list")
        folds = tuple(_scores(part, "folds") for part in entries["folds"])
        notes = entries["notes"]
        if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
            raise ValueError("notes is not a list of texts")
        version, settings = _text(entries["version"], "version"), dict(_mapping(entries["settings"], "settings"))
        return cls(rows, scores, _history(entries["history"]), settings, tuple(notes), version, folds)


_SERIES = ("loss", "validation", "validation_loss", "rate")


def _scores(value: Any, what: str) -> Scores:
    return {name: _number(number, f"{what}: {name}") for name, number in _mapping(value, what).items()}


def _history(value: Any) -> History:
    entries = _mapping(value, "history", [entry.name for entry in fields(History)])
    read: dict[str, Any] = {}
    for name in _SERIES:
        if not isinstance(entries[name], list):
            raise ValueError(f"history: {name} is not a list")
        read[name] = [math.nan if item is None else _number(item, f"history: {name}") for item in entries[name]]
    for name in ("best_epoch", "steps", "samples", "reductions"):
        read[name] = _whole(entries[name], f"history: {name}")
    stopped = _text(entries["stopped"], "history: stopped")
    if stopped not in get_args(StopReason):
        raise ValueError(f"history: stopped is {stopped!r}")
    return History(**read, stopped=stopped, message=_text(entries["message"], "history: message"))  # type: ignore[arg-type]


def _mapping(value: Any, what: str, names: list[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(value, dict) or (names is not None and sorted(value) != sorted(names)):
        raise ValueError(f"{what} should have entries{': ' + ', '.join(names) if names else ''}")
    return value


def _whole(value: Any, what: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"{what} is not a whole number")


def _number(value: Any, what: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e308:
        return float(value)
    raise ValueError(f"{what} is not a finite number")


def _text(value: Any, what: str) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"{what} is not a text")
