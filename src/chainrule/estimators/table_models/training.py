"""From a table to a model: hold a part out, prepare, train until a validation part stops improving, and score."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus import derive
from chainrule.engines.choosing import compile_with
from chainrule.engines.interface import Data, Program
from chainrule.estimators.table_models.model import Model, table_from
from chainrule.estimators.table_models.scores import (
    Scores,
    class_scores,
    linear_outputs,
    majority_probabilities,
    number_scores,
)
from chainrule.estimators.table_models.settings import TrainingSettings
from chainrule.estimators.table_models.summary import TrainingSummary
from chainrule.network import Network
from chainrule.tables import PreparationPlan, Table, TableError, held_out, with_target
from chainrule.tables.errors import listed
from chainrule.tables.targets import TASKS, ClassTarget, Task, fit_target
from chainrule.training import History, Plan, train
from chainrule.training.initialisers import initial_parameters
from chainrule.training.schedules import Constant

OnEpoch = Callable[[History], bool | None]

MOST_CLASSES = 1000
_VALIDATION_SHARE = 0.15
_MOST_VALIDATION_ROWS = 20_000
_FEWEST_ROWS_TO_VALIDATE = 40
_FEW_ROWS_TO_SCORE = 30
_OUTPUT_START = 0.1
_DTYPE = np.dtype(np.float32)


@dataclass(frozen=True, eq=False)
class TableTraining:
    """A training that is decided but not yet done: rows are split, the preparation is fitted, the network declared.

    Attributes
    ----------
    learning, validation, held_out : Table
        Parts of the table; ``validation`` is None where there are too few rows.
    plan : PreparationPlan
        Fitted on ``learning`` and ``validation``.
    network : Network
    settings : TrainingSettings
    batch_size : int
    notes : tuple of str
        What was noticed and decided.
    """

    learning: Table
    validation: Table | None
    held_out: Table
    plan: PreparationPlan
    network: Network
    settings: TrainingSettings
    batch_size: int
    notes: tuple[str, ...] = ()

    @classmethod
    def prepare(
        cls,
        data: Any,
        target: str,
        *,
        task: Task | None = None,
        features: Iterable[str] | None = None,
        drop: Iterable[str] = (),
        settings: TrainingSettings | None = None,
    ) -> TableTraining:
        """Read, split, fit the preparation and declare the network; the arguments are those of `train_table`."""
        settings = settings or TrainingSettings()
        if task is not None and task not in TASKS:
            raise TableError(f"task={task!r}; accepted are {listed(TASKS)}")
        whole = table_from(data)
        table = with_target(whole, target)
        if len(table) < 2:
            raise table.error(f"{len(table)} rows with a target: at least two are needed", column=target)
        found, target_notes = fit_target(table, target, task)  # by the whole table: a part may look otherwise
        if isinstance(found, ClassTarget) and len(found.classes) > MOST_CLASSES:
            message = f"{len(found.classes)} classes; at most {MOST_CLASSES} are learnt: group the rare ones"
            raise table.error(message, column=target)
        split = held_out(table, target, task=found.task, fraction=settings.test_size, seed=settings.seed)
        training, test = table.rows(split.train), table.rows(split.test)
        plan = PreparationPlan.fit(training, target, task=found.task, features=features, drop=drop)
        learning, validation = _validation_part(training, target, found.task, settings.seed)
        notes = [f"{len(whole) - len(table)} rows without a target are passed over"] * (len(table) < len(whole))
        notes += [f"{name}: {note}" if name else note for name, note in plan.notes]
        notes += [note for note in (*target_notes, *split.notes) if f"{target}: {note}" not in notes]
        if len(test) < _FEW_ROWS_TO_SCORE:
            notes.append(f"only {len(test)} rows are held out: the scores are rough")
        if plan.target is None:
            raise TypeError("a plan that was fitted with a target has one")
        network = settings.network(plan.n_features, plan.target, len(learning))
        batch_size = settings.rows_per_batch(len(learning))
        return cls(learning, validation, test, plan, network, settings, batch_size, tuple(notes))

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each part has."""
        validation = 0 if self.validation is None else len(self.validation)
        return {"training": len(self.learning), "validation": validation, "held_out": len(self.held_out)}

    def run(self, on_epoch: OnEpoch | None = None) -> Model:
        """Train, and score on the held-out rows beside two baselines.

        Parameters
        ----------
        on_epoch : callable, optional
            Called with the history after every epoch; a true value stops.
        """
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
                reorder=rng.permutation,
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
        model = Model(self.network, parameters, self.plan, summary)
        return replace(model, training=replace(summary, scores=self._scores(model)))

    def _data(self, table: Table) -> Data:
        y = self.plan.transform_target(table)
        labels: NDArray[Any] = y if self.network.widths[-1] > 1 else y.astype(_DTYPE)[:, None]
        return Data(self.plan.transform(table, _DTYPE), labels)

    def _chosen(self) -> dict[str, Any]:
        hidden = [layer.width for layer in self.network.layers[:-1]]
        return self.settings.to_json() | {
            "hidden": hidden,
            "batch_size": self.batch_size,
            "optimiser": self.settings.optimiser.to_json(),
        }

    def _scores(self, model: Model) -> dict[str, Scores]:
        """Of the network and the baselines, which learn from training and validation rows alike."""
        plan, parts = self.plan, [self.learning, *([self.validation] if self.validation is not None else [])]
        X = np.concatenate([plan.transform(part, _DTYPE) for part in parts])
        y = np.concatenate([plan.transform_target(part) for part in parts])
        X_test, n_classes = plan.transform(self.held_out, _DTYPE), len(model.classes) or None
        linear, n_linear = linear_outputs(X, y, n_classes, X_test, self.settings.seed)
        name = "linear model" if n_linear == len(X) else f"linear model on {n_linear} rows"
        if n_classes:
            codes = plan.transform_target(self.held_out, unknown="minus one")
            majority = majority_probabilities(y, n_classes, len(X_test))
            outputs = {"network": model.outputs(X_test), name: linear, "majority class": majority}
            return {kind: class_scores(codes, probabilities) for kind, probabilities in outputs.items()}
        values = plan.inverse_target(plan.transform_target(self.held_out))
        outputs = {"network": model.outputs(X_test), name: linear, "mean": np.full(len(X_test), y.mean())}
        return {kind: number_scores(values, plan.inverse_target(output)) for kind, output in outputs.items()}


def train_table(
    data: Any,
    target: str,
    *,
    task: Task | None = None,
    features: Iterable[str] | None = None,
    drop: Iterable[str] = (),
    hidden: tuple[int, ...] | None = None,
    activation: str = "relu",
    epochs: int = 200,
    batch_size: int | None = None,
    learning_rate: float = 2e-3,
    weight_decay: float = 0.3,
    patience: int = 20,
    test_size: float = 0.2,
    seed: int = 0,
    engine: str = "auto",
    on_epoch: OnEpoch | None = None,
) -> Model:
    """Train a network on a table, and score it on held-out rows beside two baselines.

    Columns are prepared by a plan that is fitted on the training part only; AdamW minimises cross-entropy or half the
    squared error of the standardised target; a validation part decides which epoch's parameters are kept.

    Parameters
    ----------
    data : path, data frame or Table
        CSV, TSV or Parquet; or a data frame of pandas, polars or pyarrow.
    target : str
        The column to predict; rows without it are passed over.
    task : {"classification", "regression"}, optional
        By default found from the target.
    features, drop : iterable of str, optional
        The only columns to use; columns to leave out.
    hidden : tuple of int, optional
        Widths of the hidden layers, by default from the number of rows; an empty tuple is a linear model.
    activation : str
        Of the hidden layers.
    epochs : int
        At most so many.
    batch_size : int, optional
        By default from the number of rows.
    learning_rate : float
    weight_decay : float
        How strongly AdamW pulls weights towards 0.
    patience : int
        Epochs without a better validation part before training stops.
    test_size : float
        The share of rows held out for the scores.
    seed : int
        Same data, settings and seed: same model.
    engine : {"auto", "jit", "reference"}
        What runs the equations; "auto" takes the fastest that can.
    on_epoch : callable, optional
        Called with the :class:`~chainrule.training.History` after every epoch; a true value stops.

    Returns
    -------
    Model
        Its ``training`` has scores, history and notes.

    Raises
    ------
    TableError
        The table or target cannot be used; the message says where and why.
    ValueError
        Another argument is not accepted.

    Examples
    --------
    >>> import chainrule as cr, polars as pl
    >>> frame = pl.DataFrame({"x": range(100), "y": [3.0 * x + 1 for x in range(100)]})
    >>> model = cr.train_table(frame, target="y", epochs=100)
    >>> model.training.scores["network"]["r2"] > 0.99
    True
    """
    settings = TrainingSettings(
        hidden=hidden,
        activation=activation,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        patience=patience,
        test_size=test_size,
        seed=seed,
        engine=engine,
    )
    training = TableTraining.prepare(data, target, task=task, features=features, drop=drop, settings=settings)
    return training.run(on_epoch)


def _validation_part(training: Table, target: str, task: Task, seed: int) -> tuple[Table, Table | None]:
    if len(training) < _FEWEST_ROWS_TO_VALIDATE:
        return training, None
    share = min(_VALIDATION_SHARE, _MOST_VALIDATION_ROWS / len(training))
    split = held_out(training, target, task=task, fraction=share, seed=seed)
    return training.rows(split.train), training.rows(split.test)


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
