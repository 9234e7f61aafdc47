"""What a fitted network does: predict, show its equations, explain its training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule.calculus import Derivation
from chainrule.engines.interface import Data, Program
from chainrule.engines.reference.few_rows import AT_MOST
from chainrule.estimators.compiled import Compiled
from chainrule.estimators.declaring import derive_for
from chainrule.estimators.explaining import TrainingReport, explain
from chainrule.estimators.fitting_state import Request
from chainrule.training import History


class FittedMLP(BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """What `BaseMLP` does after it has been fitted."""

    @abstractmethod
    def _validated(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """X and y, checked as scikit-learn does."""

    @abstractmethod
    def _as_data(self, X: Any, y: Any, sample_weight: Any, dtype: np.dtype[Any], request: Request) -> Data:
        """Validated arrays as an engine takes them."""

    def _parameters(self) -> dict[str, NDArray[Any]]:
        """coefs_ and intercepts_ by their names in the equations."""
        layers = enumerate(zip(self.coefs_, self.intercepts_, strict=True), 1)
        return {f"{letter}{number}": value for number, pair in layers for letter, value in zip("Wb", pair, strict=True)}

    @contextmanager
    def _program(self, derivation: Derivation, batch_size: int, X: Any) -> Iterator[Program]:
        how = {"engine": self.engine, "batch_size": batch_size, "n_threads": self.n_threads}
        how["steps"] = getattr(self, "_planned_steps", None)
        with self._held().program(derivation, dtype=X.dtype, **how) as program:
            yield program

    def _held(self) -> Compiled:
        if not hasattr(self, "_program_holder"):
            self._program_holder = Compiled()
        return self._program_holder

    def _outputs(self, X: Any) -> NDArray[Any]:
        """What the network gives for X, of shape (n, n_outputs)."""
        if not self._needs_no_check(X):
            check_is_fitted(self)
            X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=self._dtypes, reset=False)
            X = row_wise(X, self.coefs_[0].dtype)
        return self._outputs_of(X)

    def _outputs_of(self, X: Any) -> NDArray[Any]:
        """The same for rows that are checked."""
        if X.shape[0] <= AT_MOST and not is_sparse(X):
            return self._held().few_rows(self.network_)(self._parameters(), X)
        with self._program(self.derivation_, self._rows_at_once, X) as program:
            program.load(self._parameters())
            return program.predict(X)

    def _needs_no_check(self, X: Any) -> bool:
        """Whether X is a few rows that scikit-learn's check, which takes longer than predicting them, would pass on."""
        return (
            type(X) is np.ndarray
            and X.ndim == 2
            and 0 < X.shape[0] <= AT_MOST
            and hasattr(self, "network_")
            and not hasattr(self, "feature_names_in_")
            and X.shape[1] == self.n_features_in_
            and X.dtype == self.coefs_[0].dtype
            and bool(np.isfinite(X).all())
        )

    def explain_training(self, X: Any = None, y: Any = None, sample_weight: Any = None) -> TrainingReport:
        """What was trained, how it went, what the layers look like now, and what to try next.

        Parameters
        ----------
        X, y, sample_weight : arrays, optional
            Data by which gradients, dead units and saturation are judged; at most 2,000 rows are looked at.

        Returns
        -------
        TrainingReport
            Prints as text, shows itself in a notebook; its `plot` draws the curves.

        Raises
        ------
        ValueError
            If it is not fitted, or the data are not accepted.
        """
        check_is_fitted(self)
        network, data = self.network_, None
        if X is not None:
            X, y = self._validated(X, y, reset=False)
            data = self._as_data(X, y, sample_weight, self.coefs_[0].dtype, Request())
            network = replace(network, sample_weights=data.weight is not None)
        history = getattr(self, "history_", History())
        return explain(
            network,
            self._parameters(),
            history,
            solver=self.solver,
            epochs=self.n_iter_,
            loss=self.loss_,
            data=data,
            remarks=self._remarks(),
        )

    def _remarks(self) -> tuple[str, ...]:
        """What else there is to say of the training."""
        return ()

    @property
    def derivation_(self) -> Derivation:
        """The equations of the fitted network and of its update rule.

        With L-BFGS, whose steps are SciPy's, the update is that of plain gradient descent.
        """
        check_is_fitted(self)
        return derive_for(self.network_, self._optimizer.optimiser)

    @property
    def _dtypes(self) -> Any:
        return (np.float64, np.float32) if self.dtype is None else np.dtype(self.dtype)


def row_wise(X: Any, dtype: np.dtype[Any]) -> Any:
    """X with its rows one after the other in memory, in the network's dtype; sparse stays sparse."""
    return X.tocsr().astype(dtype, copy=False) if is_sparse(X) else np.ascontiguousarray(X, dtype)


def is_sparse(X: Any) -> bool:
    """Whether X is one of SciPy's sparse matrices."""
    return hasattr(X, "tocsr")
