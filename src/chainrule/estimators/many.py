"""Many small networks at once: seeds, grid points, folds.

A network too small to keep several processors busy is trained by one thread; many of them keep all threads busy,
because an epoch runs in machine code that lets other threads go on.  The data are converted once and shared, and
networks of one shape share one program after the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import _get_feature_names

from chainrule.estimators.compiled import ProgramPool, sharing

Result = TypeVar("Result")
Parameters = Mapping[str, Any]


def fit_many(
    estimator: BaseEstimator,
    params_list: Iterable[Parameters],
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    n_workers: int | None = None,
) -> list[Any]:
    """Fit a copy of an estimator for each of several choices of parameters, several at once.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Not fitted itself.
    params_list : iterable of mapping
        What to set on each copy: ``[{"random_state": seed} for seed in range(10)]``, or a
        `sklearn.model_selection.ParameterGrid`.
    X, y, sample_weight
        As in `fit`.
    n_workers : int, optional
        How many are fitted at once; by default as many as there are processors to run on.

    Returns
    -------
    list
        The fitted copies in the order of `params_list`, each to the bit what its own `fit` would have made it.  An
        interrupt waits for the fits that are under way.

    Raises
    ------
    ValueError
        If a fit fails, as it does; or if `n_workers` is below 1.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from chainrule import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier((8,), solver="lbfgs", max_iter=1000)
    >>> fitted = fit_many(clf, [{"random_state": seed} for seed in range(3)], scale(X), y)
    >>> [model.score(scale(X), y) > 0.9 for model in fitted]
    [True, True, True]
    """
    X, names = _converted(X)
    copies = [clone(estimator).set_params(**params) for params in params_list]

    def fit(model: Any) -> Any:
        model.fit(X, y, sample_weight)
        if names is not None:
            model.feature_names_in_ = names
        return model

    return _at_once(fit, copies, n_workers)


def cross_validate(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    params_list: Iterable[Parameters] | None = None,
    cv: Any = 5,
    scoring: Any = None,
    return_train_score: bool = False,
    return_estimator: bool = False,
    n_workers: int | None = None,
) -> dict[str, Any]:
    """Fit and score an estimator on every fold, for one or several choices of parameters, several at once.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    X, y, sample_weight
        As in `fit`; the weights are used in fitting.
    params_list : iterable of mapping, optional
        As in `fit_many`; without it, the estimator as it is.
    cv : int, splitter or iterable, default=5
        As in `sklearn.model_selection.cross_validate`.
    scoring : str or callable, optional
        The estimator's own `score` by default.
    return_train_score, return_estimator : bool, default=False
        Whether the result has ``"train_score"`` and ``"estimator"``.
    n_workers : int, optional
        As in `fit_many`.

    Returns
    -------
    dict
        ``"test_score"``, of shape (n_folds,), or (n_params, n_folds) with a `params_list`, which is ``"params"`` then.

    Raises
    ------
    ValueError
        If a fit fails, as it does.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from chainrule import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier((8,), solver="lbfgs", max_iter=1000, random_state=0)
    >>> result = cross_validate(clf, scale(X), y, params_list=[{"alpha": 0.1}, {"alpha": 1.0}], cv=3)
    >>> result["test_score"].shape
    (2, 3)
    """
    X, y, sample_weight = indexable(X, y, sample_weight)
    X, names = _converted(X)
    choices: Sequence[Parameters] = [{}] if params_list is None else list(params_list)
    folds = list(check_cv(cv, y, classifier=is_classifier(estimator)).split(X, y))
    score = check_scoring(estimator, scoring=scoring)
    parts = [
        [None if array is None else _safe_indexing(array, rows) for array in (X, y, sample_weight) for rows in fold]
        for fold in folds
    ]

    def one(job: tuple[Parameters, list[Any]]) -> tuple[float, float, Any]:
        params, (X_train, X_test, y_train, y_test, weight, _) = job
        model: Any = clone(estimator).set_params(**params).fit(X_train, y_train, weight)
        train = score(model, X_train, y_train) if return_train_score else np.nan
        test = score(model, X_test, y_test)
        if names is not None:
            model.feature_names_in_ = names
        return test, train, model

    results = _at_once(one, [(params, part) for params in choices for part in parts], n_workers)
    shape = (len(folds),) if params_list is None else (len(choices), len(folds))
    found: dict[str, Any] = {"test_score": np.array([test for test, _, _ in results]).reshape(shape)}
    if params_list is not None:
        found["params"] = list(choices)
    if return_train_score:
        found["train_score"] = np.array([train for _, train, _ in results]).reshape(shape)
    if return_estimator:
        models = np.empty(len(results), dtype=object)
        models[:] = [model for _, _, model in results]
        found["estimator"] = models.reshape(shape)
    return found


def _at_once(work: Callable[[Any], Result], jobs: Sequence[Any], n_workers: int | None) -> list[Result]:
    """The results of all jobs, in their order; the first error ends it."""
    workers = processors() if n_workers is None else n_workers
    if workers < 1:
        raise ValueError(f"n_workers must be at least 1, got {n_workers!r}")
    pool, settings = ProgramPool(), get_config()

    def run(job: Any) -> Result:
        with config_context(**settings), sharing(pool):  # scikit-learn's settings are each thread's own
            return work(job)

    executor = ThreadPoolExecutor(min(workers, max(len(jobs), 1)))
    try:
        return list(executor.map(run, jobs))
    finally:
        executor.shutdown(cancel_futures=True)


def processors() -> int:
    """How many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _converted(X: Any) -> tuple[Any, Any]:
    """A data frame as an array, and the names of its columns, so that no copy has to be made for every fit."""
    names = _get_feature_names(X)
    return (X, None) if names is None else (np.asarray(X), names)
