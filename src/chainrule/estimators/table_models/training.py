"""From a table to a model: hold a part out, prepare, train until a validation part stops improving, and score."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus import derive
from chainrule.engines.choosing import compile_with
from chainrule.engines.interface import Data, Program
from chainrule.estimators.table_models.assessment import NETWORK, Assessment, pooled
from chainrule.estimators.table_models.baselines import linear_outputs, majority_probabilities
from chainrule.estimators.table_models.dividing import Scoring, notes_on, rows_to_test
from chainrule.estimators.table_models.model import Model, table_from
from chainrule.estimators.table_models.settings import TrainingSettings
from chainrule.estimators.table_models.summary import TrainingSummary
from chainrule.network import Network
from chainrule.tables import PreparationPlan, Split, Table, TableError, with_target
from chainrule.tables.errors import listed
from chainrule.tables.targets import TASKS, ClassTarget, Task, fit_target
from chainrule.training import History, Plan, train
from chainrule.training.initialisers import initial_parameters
from chainrule.training.loop import shuffled_by
from chainrule.training.schedules import Constant

OnEpoch = Callable[[History], bool | None]

MOST_CLASSES = 1000
_OUTPUT_START = 0.1
_DTYPE = np.dtype(np.float32)


@dataclass(frozen=True, eq=False)
class TableTraining:
    """A training that is decided but not yet done: rows are split, the preparation is fitted, the network declared.

    Attributes
    ----------
    table : Table
        Every row that has a target.
    learning, validation, held_out : Table
        Its parts; ``validation`` is None where there are too few rows, ``held_out`` is empty with cross-validation and
        the test table where there is one.
    held_out_rows : int64 array
        Positions of ``held_out`` in ``table``, or in the test table.
    plan : PreparationPlan
        Fitted on ``learning`` and ``validation``.
    network : Network
    settings : TrainingSettings
    scoring : Scoring
    batch_size : int
    folds : tuple of Split
        Of the cross-validation.
    notes : tuple of str
        What was noticed and decided.
    """

    table: Table
    learning: Table
    validation: Table | None
    held_out: Table
    held_out_rows: NDArray[np.int64]
    plan: PreparationPlan
    network: Network
    settings: TrainingSettings
    scoring: Scoring
    batch_size: int
    folds: tuple[Split, ...] = ()
    notes: tuple[str, ...] = ()
    _columns: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def prepare(
        cls,
        data: Any,
        target: str,
        *,
        task: Task | None = None,
        features: Iterable[str] | None = None,
        drop: Iterable[str] = (),
        test: Any = None,
        time: str | None = None,
        group: str | None = None,
        cv: int | None = None,
        settings: TrainingSettings | None = None,
    ) -> TableTraining:
        """Read, split, fit the preparation and declare the network; the arguments are those of `train_table`."""
        settings = settings or TrainingSettings()
        if task is not None and task not in TASKS:
            raise TableError(f"task={task!r}; accepted are {listed(TASKS)}")
        scoring = Scoring(
            test_size=settings.test_size,
            test=None if test is None else rows_to_test(table_from(test), target),
            time=time,
            group=group,
            cv=cv,
            seed=settings.seed,
        )
        whole = table_from(data)
        table = with_target(whole, target)
        if len(table) < 2:
            raise table.error(f"{len(table)} rows with a target: at least two are needed", column=target)
        found, target_notes = fit_target(table, target, task)  # by the whole table: a part may look otherwise
        if isinstance(found, ClassTarget) and len(found.classes) > MOST_CLASSES:
            message = f"{len(found.classes)} classes; at most {MOST_CLASSES} are learnt: group the rare ones"
            raise table.error(message, column=target)
        notes = [f"{len(whole) - len(table)} rows without a target are passed over"] * (len(table) < len(whole))
        columns: dict[str, Any] = {
            "target": target,
            "task": found.task,
            "features": None if features is None else tuple(features),
            "drop": tuple(drop),
        }
        if group is not None and features is None and group not in columns["drop"]:
            columns["drop"] += (table.column(group).name,)
            notes.append(f"{group}: left out, because the groups to come are others")
        split = scoring.split(table, target, found.task)
        training = cls._of(table, split, scoring, settings, columns)
        notes += [note for note in (*training.notes, *target_notes) if f"{target}: {note}" not in notes]
        folds = scoring.folds(table, target, found.task)
        notes += [note for note in {note: None for fold in folds for note in fold.notes} if note not in notes]
        result = replace(training, folds=folds)
        notes += notes_on(result.rows["held_out"])
        return replace(result, notes=tuple(dict.fromkeys(notes)))

    @classmethod
    def _of(
        cls, table: Table, split: Split, scoring: Scoring, settings: TrainingSettings, columns: dict[str, Any]
    ) -> TableTraining:
        """The training on one part of the rows, scored on another."""
        target, task = columns["target"], columns["task"]
        training = table.rows(split.train)
        plan = PreparationPlan.fit(training, **columns)
        if plan.target is None:
            raise TypeError("a plan that was fitted with a target has one")
        learning, validation = scoring.validation(training, target, task)
        held_out, rows = table.rows(split.test), split.test
        if scoring.test is not None:
            held_out, rows = scoring.test, np.arange(len(scoring.test))
        return cls(
            table,
            learning,
            validation,
            held_out,
            rows,
            plan,
            settings.network(plan.n_features, plan.target, len(learning)),
            settings,
            scoring,
            settings.rows_per_batch(len(learning)),
            notes=(*(f"{name}: {note}" if name else note for name, note in plan.notes), *split.notes),
            _columns=columns,
        )

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each part has; with cross-validation, ``held_out`` counts those of all folds."""
        validation = 0 if self.validation is None else len(self.validation)
        held_out = sum(len(fold.test) for fold in self.folds) if self.folds else len(self.held_out)
        return {"training": len(self.learning), "validation": validation, "held_out": held_out}

    def run(self, on_epoch: OnEpoch | None = None) -> Model:
        """Train, and score on the held-out rows beside two baselines; see `run_and_assess`."""
        return self.run_and_assess(on_epoch)[0]

    def run_and_assess(self, on_epoch: OnEpoch | None = None) -> tuple[Model, Assessment]:
        """Train, and compare with the held-out rows; with cross-validation, the folds are trained first.

        Parameters
        ----------
        on_epoch : callable, optional
            Called with the history after every epoch; a true value stops.

        Raises
        ------
        KeyboardInterrupt
            The user ended the training of a fold; during the last training, what is best so far is kept.
        """
        parts = []
        for split in self.folds:
            fold = TableTraining._of(self.table, split, Scoring(seed=self.scoring.seed), self.settings, self._columns)
            model = fold.fit(on_epoch)
            if model.training.history.stopped == "interrupted":
                raise KeyboardInterrupt
            parts.append(fold.assess(model))
        model = self.fit(on_epoch)
        if parts:
            truth = self._truth(self.table.rows(np.concatenate([part.rows for part in parts])))
            assessment = pooled(parts, truth, model.classes)
        else:
            assessment = self.assess(model)
        folds = tuple(part.scores[NETWORK] for part in parts)
        return replace(model, training=replace(model.training, scores=assessment.scores, folds=folds)), assessment

    def fit(self, on_epoch: OnEpoch | None = None) -> Model:
        """Train, without scores."""
        settings, learning = self.settings, self._data(self.learning)
        validation = None if self.validation is None else self._data(self.validation)
        rng = np.random.default_rng(settings.seed)
        derivation = derive(self.network, optimiser=settings.optimiser)
        program = compile_with(settings.engine, derivation, dtype=_DTYPE, batch_size=self.batch_size)
        program.load(_start(self.network, rng))
        history = train(
            program,
            learning,
            Plan(
                epochs=settings.epochs,
                batch_size=self.batch_size,
                schedule=Constant(settings.learning_rate),
                reorder=shuffled_by(rng),
                tol=0.0,
                patience=settings.patience,
                validate=None if validation is None else _negative_cost(validation),
                seed=settings.seed,
                callbacks=() if on_epoch is None else (on_epoch,),
            ),
        )
        state = program.state()
        parameters = {name: np.asarray(state[name], _DTYPE) for name in self.network.parameter_shapes}
        summary = TrainingSummary(self.rows, {}, history, self._chosen(), self.notes, _version())
        return Model(self.network, parameters, self.plan, summary)

    def _data(self, table: Table) -> Data:
        y = self.plan.transform_target(table)
        labels: NDArray[Any] = y if self.network.widths[-1] > 1 else y.astype(_DTYPE)[:, None]
        return Data(self.plan.transform(table, _DTYPE), labels)

    def _chosen(self) -> dict[str, Any]:
        hidden = [layer.width for layer in self.network.layers[:-1]]
        return (
            self.settings.to_json()
            | self.scoring.to_json()
            | {
                "hidden": hidden,
                "batch_size": self.batch_size,
                "optimiser": self.settings.optimiser.to_json(),
                "scored_on": self.scoring.described(self.rows["held_out"]),
            }
        )

    def _truth(self, table: Table) -> NDArray[Any]:
        plan = self.plan
        if isinstance(plan.target, ClassTarget):
            return plan.transform_target(table, unknown="minus one")
        return plan.inverse_target(plan.transform_target(table))

    def assess(self, model: Model) -> Assessment:
        """Compare with the held-out rows; the two baselines learn from training and validation rows alike."""
        plan, parts = self.plan, [self.learning, *([self.validation] if self.validation is not None else [])]
        X = np.concatenate([plan.transform(part, _DTYPE) for part in parts])
        y = np.concatenate([plan.transform_target(part) for part in parts])
        X_test, n_classes = plan.transform(self.held_out, _DTYPE), len(model.classes) or None
        linear, n_linear = linear_outputs(X, y, n_classes, X_test, self.settings.seed)
        name = "linear model" if n_linear == len(X) else f"linear model on {n_linear} rows"
        outputs = {NETWORK: model.outputs(X_test), name: linear}
        if n_classes:
            outputs["majority class"] = majority_probabilities(y, n_classes, len(X_test))
        else:
            outputs["mean"] = np.full(len(X_test), y.mean())
            outputs = {name: plan.inverse_target(output) for name, output in outputs.items()}
        return Assessment(self.held_out_rows, self._truth(self.held_out), outputs, model.classes)


def _negative_cost(validation: Data) -> Callable[[Program], float]:
    """The validation score: minus the cost, which has no penalty, on the validation part."""
    return lambda program: -program.gradients(validation)[0]


def _start(network: Network, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Starting values; small in the output layer, so that the first predictions are even odds, or the mean."""
    saturating = network.layers[0].activation.name in {"sigmoid", "tanh"}
    parameters = initial_parameters(network, "glorot_uniform" if saturating else "he_uniform", rng, _DTYPE)
    parameters[f"W{network.depth}"] *= _OUTPUT_START
    return parameters


def _version() -> str:
    from importlib.metadata import version

    return version("chainrule")
