"""`train_table`: a table in, a model out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from chainrule.estimators.table_models.model import Model
from chainrule.estimators.table_models.settings import TrainingSettings
from chainrule.estimators.table_models.training import OnEpoch, TableTraining
from chainrule.tables.targets import Task


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
    test: Any = None,
    time: str | None = None,
    group: str | None = None,
    cv: int | None = None,
    seed: int = 0,
    engine: str = "auto",
    report: str | os.PathLike[str] | None = None,
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
        The share of rows held out for the scores: drawn at random, for classes with each one's share kept.
    test : path, data frame or Table, optional
        Rows of their own for the scores; then none of ``data`` is held out.
    time : str, optional
        A column of dates or numbers: what is held out is later than what is learnt from.
    group : str, optional
        A column whose equal values stay together, such as a patient; it is an input only if ``features`` names it.
    cv : int, optional
        Cross-validation: every row is held out once, in so many folds (with ``time``, the later ones), each with a
        network and a preparation of its own; the model that is returned learns from all rows.
    seed : int
        Same data, settings and seed: same model.
    engine : {"auto", "jit", "reference"}
        What runs the equations; "auto" takes the fastest that can.
    report : path, optional
        Where a page (HTML, one file) goes that shows plan, network, curves, scores and the worst predictions.
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
    training = TableTraining.prepare(
        data,
        target,
        task=task,
        features=features,
        drop=drop,
        test=test,
        time=time,
        group=group,
        cv=cv,
        settings=settings,
    )
    model, assessment = training.run_and_assess(on_epoch)
    if report is not None:
        from chainrule.estimators.table_models.report import write_report

        write_report(report, training, model, assessment)
    return model
