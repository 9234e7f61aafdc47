"""A trained model as a value: a network, its parameters, and the plan that turns tables into its inputs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus import derive
from chainrule.engines.choosing import compile_with
from chainrule.engines.interface import Program
from chainrule.estimators.table_models.scores import Scores, class_scores, number_scores
from chainrule.estimators.table_models.summary import TrainingSummary
from chainrule.network import Network
from chainrule.tables import PreparationPlan, PreparationReport, Table, as_table, read_table
from chainrule.tables.columns import HashedColumn
from chainrule.tables.targets import ClassTarget, Label, NumberTarget, Task

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says about the rows of a table.

    Attributes
    ----------
    answers : array of shape (n,)
        Classes, or numbers in the target's own unit.
    probabilities : float64 array of shape (n, n_classes), or None
        For classes.
    classes : tuple
        What the columns of ``probabilities`` belong to.
    report : PreparationReport
        What was met in the table: missing, unseen and unreadable cells; renamed and extra columns.
    """

    answers: NDArray[Any]
    probabilities: NDArray[np.float64] | None
    classes: tuple[Label, ...]
    report: PreparationReport


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A trained network together with the preparation of its tables; :func:`~chainrule.train_table` makes it.

    Parameters
    ----------
    network : Network
    parameters : mapping of str to ndarray
        ``W1 (n_in, n_out)``, ``b1 (n_out,)``, …, all float32 or all float64.
    plan : PreparationPlan
        From tables to inputs, and from outputs to answers.
    training : TrainingSummary
        Scores, history and settings.

    Raises
    ------
    ValueError
        The parts do not fit together, or a parameter is not finite; the message names which.

    Examples
    --------
    >>> import chainrule as cr, polars as pl
    >>> frame = pl.DataFrame({"x": range(100), "big": [x > 50 for x in range(100)]})
    >>> model = cr.train_table(frame, target="big", epochs=50)
    >>> model
    Model(1 -> 32 relu -> 1 sigmoid, predicts 'big': False, True)
    >>> model.predict(pl.DataFrame({"x": [1, 99]}))
    array([False,  True])
    """

    network: Network
    parameters: Mapping[str, NDArray[Any]]
    plan: PreparationPlan
    training: TrainingSummary

    def __post_init__(self) -> None:
        _check_network(self.network, self.plan)
        _check_parameters(self.network, self.parameters)
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))

    def __repr__(self) -> str:
        classes = ": " + ", ".join(map(str, self.classes[:5])) + ", …" * (len(self.classes) > 5) if self.classes else ""
        return f"Model({self.network}, predicts {self.target!r}{classes})"

    @property
    def target(self) -> str:
        """The name of the column that is predicted."""
        return self._target.name

    @property
    def task(self) -> Task:
        """Classification or regression."""
        return self._target.task

    @property
    def classes(self) -> tuple[Label, ...]:
        """The classes in the order of the probabilities; none for regression."""
        return self._target.classes if isinstance(self._target, ClassTarget) else ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the parameters, and of the prepared inputs."""
        return np.dtype(next(iter(self.parameters.values())).dtype)

    def predict(self, data: Any) -> NDArray[Any]:
        """Answers for the rows of a table, in order: classes, or numbers in the target's own unit; shape (n,).

        Parameters
        ----------
        data : path, data frame or Table
            With the columns that training had, in any order; the target is not needed.

        Raises
        ------
        TableError
            The table cannot be read, or does not fit; see :meth:`~chainrule.tables.PreparationPlan.prepare`.
        """
        return self.predictions(data).answers

    def predict_proba(self, data: Any) -> NDArray[np.float64]:
        """Probabilities of the classes, shape (n, n_classes), in the order of ``classes``.

        Raises
        ------
        ValueError
            The target is a number; else as for :meth:`predict`.
        """
        probabilities = self.predictions(data).probabilities
        if probabilities is None:
            raise ValueError(f"{self.target!r} is a number: there are no probabilities of classes; use predict")
        return probabilities

    def predictions(self, data: Any) -> Predictions:
        """Answers, probabilities and what was met in the table; see :meth:`predict`."""
        prepared = self.plan.prepare(table_from(data), self.dtype)
        outputs = self.outputs(prepared.X)
        if isinstance(self._target, ClassTarget):
            answers = self.plan.inverse_target(outputs.argmax(axis=1))
            return Predictions(answers, outputs, self.classes, prepared.report)
        return Predictions(self.plan.inverse_target(outputs), None, (), prepared.report)

    def outputs(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """What the network says about prepared inputs of shape (n, n_inputs).

        Returns
        -------
        array
            Probabilities of shape (n, n_classes), or standardised numbers of shape (n,).
        """
        outputs = np.asarray(self._program.predict(X), np.float64)
        if not self.classes:
            return outputs[:, 0]
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def score(self, data: Any) -> Scores:
        """Scores on rows whose target is known: accuracy, AUC, …, or R², RMSE, MAE in the target's own unit."""
        table = table_from(data)
        outputs = self.outputs(self.plan.transform(table, self.dtype))
        if self.classes:
            return class_scores(self.plan.transform_target(table, unknown="minus one"), outputs)
        values = self.plan.inverse_target(self.plan.transform_target(table))
        return number_scores(values, self.plan.inverse_target(outputs))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model file, whole or not at all; :func:`~chainrule.load_model` reads it.

        Raises
        ------
        ModelFileError
            The file cannot be written.
        """
        from chainrule.export.model_file import save_model

        save_model(self, path)

    @property
    def _target(self) -> ClassTarget | NumberTarget:
        if self.plan.target is None:
            raise ValueError("plan has no target")  # refused when the model was made
        return self.plan.target

    @cached_property
    def _program(self) -> Program:
        program = compile_with("auto", derive(self.network), dtype=self.dtype, batch_size=_ROWS_AT_ONCE)
        program.load(self.parameters)
        return program


def table_from(data: Any) -> Table:
    """A table out of a path, a data frame or a table."""
    return read_table(data) if isinstance(data, str | os.PathLike) else as_table(data)


def _check_network(network: Network, plan: PreparationPlan) -> None:
    if plan.target is None:
        raise ValueError("plan has no target: fit it with one")
    hashed = sum(column.buckets for column in plan.columns if isinstance(column, HashedColumn))
    n_features = hashed if hashed > network.n_inputs else plan.n_features  # names of absurdly many are not made
    if n_features != network.n_inputs:
        raise ValueError(f"plan prepares {n_features} inputs, but network has {network.n_inputs}")
    width, n_classes = network.widths[-1], len(plan.target.classes) if isinstance(plan.target, ClassTarget) else 0
    fitting = {1} if n_classes == 0 else {1, 2} if n_classes == 2 else {n_classes}
    if width not in fitting:
        what = f"{n_classes} classes" if n_classes else "a number"
        raise ValueError(f"network has {width} outputs, but the target is {what}")


def _check_parameters(network: Network, parameters: Mapping[str, NDArray[Any]]) -> None:
    shapes = network.parameter_shapes
    if set(parameters) != set(shapes):
        raise ValueError(f"parameters should be {', '.join(shapes)}; found {', '.join(map(str, sorted(parameters)))}")
    dtypes = {np.dtype(value.dtype) for value in parameters.values()}
    if dtypes not in ({np.dtype(np.float32)}, {np.dtype(np.float64)}):
        raise ValueError(
            f"parameters should be all float32 or all float64, found {', '.join(sorted(map(str, dtypes)))}"
        )
    for name, shape in shapes.items():
        if parameters[name].shape != shape:
            raise ValueError(f"{name} should have shape {shape}, found {parameters[name].shape}")
        if not np.isfinite(parameters[name]).all():
            raise ValueError(f"{name} holds a value that is not finite")
