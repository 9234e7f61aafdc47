"""What classifier and regressor share: declare, derive, compile, train, read back."""

from __future__ import annotations

import math
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, shuffle
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from chainrule.calculus import Derivation
from chainrule.engines.interface import Data, Program
from chainrule.estimators.compiled import Compiled
from chainrule.estimators.declaring import declare_network, declare_optimiser, declare_schedule, derive_for
from chainrule.estimators.held_out import HeldOut, split
from chainrule.estimators.parameters import CONSTRAINTS
from chainrule.estimators.reported_loss import cost_offset, reported_loss
from chainrule.expressions.losses import Loss
from chainrule.network import Network, Optimiser
from chainrule.training import History, Plan, train
from chainrule.training.initialisers import initial_parameters
from chainrule.training.lbfgs import minimise
from chainrule.training.loop import in_order
from chainrule.training.stopping import Improvement

STOCHASTIC_SOLVERS = ("sgd", "adam")
DTYPES = (np.float64, np.float32)
NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


@dataclass(frozen=True)
class OptimiserMemory:
    """What an optimiser remembers from one `partial_fit` to the next.

    Parameters
    ----------
    optimiser : Optimiser
        Whose memory it is.
    state : dict of str to ndarray
        ``m_W1``, …, and the step number ``t``.
    steps, reductions : int
        Where the learning rate's schedule stands.
    """

    optimiser: Optimiser
    state: dict[str, NDArray[Any]]
    steps: int
    reductions: int


@contextmanager
def unchanged_on_error(estimator: BaseEstimator) -> Iterator[None]:
    """Whatever a fit has set is taken back when it fails: an estimator is never half fitted."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


class BaseMLP(BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron; see `MLPClassifier` and `MLPRegressor`."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    @abstractmethod
    def _labels(self, y: Any, dtype: np.dtype[Any], *, incremental: bool) -> NDArray[Any]:
        """Validated targets as `Data.Y`."""

    @abstractmethod
    def _loss_and_output(self) -> tuple[str | Loss, str]:
        """The loss of the network, and its output activation by scikit-learn's name."""

    @abstractmethod
    def _held_out_score(self, outputs: NDArray[Any], data: Data) -> float:
        """The score of a validation part, from the network's outputs."""

    @abstractmethod
    def _validated(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """X and y, checked as scikit-learn does."""

    def _begin(self, y: Any, classes: Any) -> None:
        """What the first of several `partial_fit` must settle."""

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool, classes: Any = None) -> None:
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        with unchanged_on_error(self):
            if incremental:
                self._begin(y, classes)
            fresh = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
            data = self._data(X, y, sample_weight, incremental=incremental, fresh=fresh)
            rng = check_random_state(self.random_state)
            loss, output = self._loss_and_output()
            weighted = data.weight is not None
            n_inputs, optimiser = int(data.X.shape[1]), declare_optimiser(self)
            network = declare_network(
                self, n_inputs, self.n_outputs_, output=output, loss=loss, sample_weights=weighted
            )
            parameters = self._starting_values(network, rng, data.X.dtype, fresh=fresh)
            self.network_, self.out_activation_, self.n_layers_ = network, output, network.depth + 1
            if fresh:
                self._program_holder = Compiled()
            if self.solver == "lbfgs":
                diverged = self._fit_lbfgs(data, parameters, optimiser)
            else:
                diverged = self._fit_stochastic(data, parameters, optimiser, rng, incremental=incremental)
        if diverged:
            raise ValueError(f"{NOT_FINITE} {diverged}")

    def _data(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool, fresh: bool) -> Data:
        X, y = self._validated(X, y, reset=fresh)
        dtype = X.dtype if fresh else self.coefs_[0].dtype
        X = _row_wise(X, dtype)
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, X, dtype=dtype, ensure_non_negative=True)
            if not weight.sum() > 0:
                raise ValueError(
                    "sample_weight is zero for every sample, so there is nothing to learn from; at least one weight "
                    "must be positive"
                )
        return Data(X, self._labels(y, dtype, incremental=incremental), weight)

    def _starting_values(
        self, network: Network, rng: np.random.RandomState, dtype: np.dtype[Any], *, fresh: bool
    ) -> dict[str, NDArray[Any]]:
        if fresh:
            self.t_ = 0
            self._no_improvement_count = 0
            for name in ("loss_curve_", "validation_scores_", "best_loss_", "best_validation_score_", "_optimizer"):
                self.__dict__.pop(name, None)
            return initial_parameters(network, "sklearn", rng, dtype)
        pairs = enumerate(zip(self.coefs_, self.intercepts_, strict=True), 1)
        parameters = {
            f"{letter}{number}": value for number, pair in pairs for letter, value in zip("Wb", pair, strict=True)
        }
        shapes = {name: np.shape(value) for name, value in parameters.items()}
        if shapes != network.parameter_shapes:
            raise ValueError(
                f"the network {network} does not continue the fitted one ({shapes}): keep hidden_layer_sizes and the "
                "number of outputs, or fit anew with warm_start=False"
            )
        return parameters

    def _fit_stochastic(
        self,
        data: Data,
        parameters: dict[str, NDArray[Any]],
        optimiser: Optimiser,
        rng: np.random.RandomState,
        *,
        incremental: bool,
    ) -> str:
        memory: OptimiserMemory | None = getattr(self, "_optimizer", None) if incremental else None
        if memory is None or memory.optimiser != optimiser:
            memory = OptimiserMemory(optimiser, {}, 0, 0)
        history = self._history(memory)
        before, validate = history.epochs, None
        if self.early_stopping:
            stratify = data.Y if is_classifier(self) and self.n_outputs_ == 1 else None
            stratify = None if stratify is None else stratify.astype(bool)
            data, held_out = split(data, self.validation_fraction, stratify, rng)
            validate = HeldOut(held_out, self._held_out_score)
        plan = Plan(
            epochs=1 if incremental else self.max_iter,
            batch_size=self._batch_size(len(data)),
            schedule=declare_schedule(self),
            reorder=(lambda order: shuffle(order, random_state=rng)) if self.shuffle else in_order,
            tol=self.tol,
            patience=self.n_iter_no_change,
            loss=reported_loss(self.network_, data),
            validate=validate,
            callbacks=[partial(_print_epoch, before)] if self.verbose else [],
        )
        improvement = self._improvement()
        self._rows_at_once = plan.batch_size
        with self._program(derive_for(self.network_, optimiser), plan.batch_size, data.X) as program:
            program.load(parameters | memory.state)
            train(program, data, plan, history, improvement)
            self._read_back(program, optimiser, history)
        self.n_iter_ = history.epochs - before
        self.loss_, self.loss_curve_, self.t_ = history.loss[-1], history.loss, history.samples
        self._no_improvement_count = improvement.stalled
        self.best_loss_ = None if validate else improvement.best
        self.validation_scores_ = history.validation if validate else None
        self.best_validation_score_ = improvement.best if validate else None
        return self._say_how_it_ended(history, incremental=incremental)

    def _say_how_it_ended(self, history: History, *, incremental: bool) -> str:
        """Warn where scikit-learn warns; what went wrong, if it diverged and no validation part chose the weights."""
        if history.stopped == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=6)
        elif history.stopped == "epochs" and not incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet.",
                ConvergenceWarning,
                stacklevel=6,
            )
        elif history.stopped == "diverged":
            if not self.early_stopping:
                return history.message
            warnings.warn(history.message, ConvergenceWarning, stacklevel=6)
        return ""

    def _fit_lbfgs(self, data: Data, parameters: dict[str, NDArray[Any]], optimiser: Optimiser) -> str:
        names = sorted(parameters, key=lambda name: name[0] == "b")  # scikit-learn packs weights first
        self._rows_at_once = len(data)
        with self._program(derive_for(self.network_, optimiser), len(data), data.X) as program:
            program.load(parameters)
            result = minimise(
                program,
                data,
                names,
                tol=self.tol,
                max_iter=self.max_iter,
                max_fun=self.max_fun,
                offset=cost_offset(self.network_, data),
            )
            finite = program.finite()
            if not finite:
                program.load(parameters)
            self._read_back(program, optimiser, History())
        self.n_iter_, self.loss_ = min(result.nit, self.max_iter), float(result.fun)
        if not finite:
            return "The starting weights are kept. Scale the inputs (and a regression target) to unit variance."
        if result.status != 0:
            more = f" Increase max_iter ({self.max_iter}), or scale the data." if result.nit >= self.max_iter else ""
            warnings.warn(
                f"lbfgs failed to converge after {self.n_iter_} iteration(s) (status={result.status}):\n"
                f"{result.message}.{more}",
                ConvergenceWarning,
                stacklevel=5,
            )
        return ""

    def _read_back(self, program: Program, optimiser: Optimiser, history: History) -> None:
        state = program.state()
        numbers = range(1, self.n_layers_)
        self.coefs_ = [state.pop(f"W{number}") for number in numbers]
        self.intercepts_ = [state.pop(f"b{number}") for number in numbers]
        self._optimizer = OptimiserMemory(optimiser, state, history.steps, history.reductions)

    def _history(self, memory: OptimiserMemory) -> History:
        return History(
            loss=list(getattr(self, "loss_curve_", [])),
            validation=list(getattr(self, "validation_scores_", None) or []),
            steps=memory.steps,
            samples=self.t_,
            reductions=memory.reductions,
        )

    def _improvement(self) -> Improvement:
        name = "best_validation_score_" if self.early_stopping else "best_loss_"
        best = getattr(self, name, None)
        start = -math.inf if self.early_stopping else math.inf
        best = start if best is None else best
        return Improvement(self.tol, self.early_stopping, best, self._no_improvement_count)

    def _batch_size(self, n_samples: int) -> int:
        if self.batch_size == "auto":
            return min(200, n_samples)
        if self.batch_size > n_samples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=6
            )
        return min(int(self.batch_size), n_samples)

    @contextmanager
    def _program(self, derivation: Derivation, batch_size: int, X: Any) -> Iterator[Program]:
        if not hasattr(self, "_program_holder"):
            self._program_holder = Compiled()
        how = {"engine": self.engine, "batch_size": batch_size, "n_threads": self.n_threads}
        sparse = not isinstance(X, np.ndarray)
        with self._program_holder.program(derivation, dtype=X.dtype, sparse=sparse, **how) as program:
            yield program

    def _outputs(self, X: Any) -> NDArray[Any]:
        """What the network gives for X, of shape (n, n_outputs)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=DTYPES, reset=False)
        X = _row_wise(X, self.coefs_[0].dtype)
        parameters: dict[str, Any] = {f"W{number}": W for number, W in enumerate(self.coefs_, 1)}
        parameters |= {f"b{number}": b for number, b in enumerate(self.intercepts_, 1)}
        with self._program(self.derivation_, self._rows_at_once, X) as program:
            program.load(parameters)
            return program.predict(X)

    @property
    def derivation_(self) -> Derivation:
        """The equations of the fitted network, updates included."""
        check_is_fitted(self)
        return derive_for(self.network_, self._optimizer.optimiser)

    def _check_solver(self) -> bool:
        if self.solver not in STOCHASTIC_SOLVERS:
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not stochastic."
            )
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _row_wise(X: Any, dtype: np.dtype[Any]) -> Any:
    """X with its rows one after the other in memory, in the network's dtype; sparse stays sparse."""
    return X.tocsr().astype(dtype, copy=False) if hasattr(X, "tocsr") else np.ascontiguousarray(X, dtype)


def _print_epoch(before: int, history: History) -> None:
    sys.stdout.write(f"Iteration {history.epochs - before}, loss = {history.loss[-1]:.8f}\n")
    if history.validation:
        sys.stdout.write(f"Validation score: {history.validation[-1]:f}\n")
