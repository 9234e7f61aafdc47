"""What classifier and regressor share: declare, derive, compile, train, read back."""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight

from chainrule.engines.interface import Data, Program
from chainrule.estimators.compiled import Compiled
from chainrule.estimators.declaring import (
    declare_network,
    declare_optimiser,
    declare_schedule,
    derive_for,
    refuse_what_lbfgs_cannot,
)
from chainrule.estimators.fitted import FittedMLP, row_wise
from chainrule.estimators.fitting_state import BESTS, OF_EARLIER_FITS, OptimiserMemory, Request, unchanged_on_error
from chainrule.estimators.held_out import HeldOut, Parts, predicting, split
from chainrule.estimators.parameters import CONSTRAINTS
from chainrule.estimators.reported_loss import cost_offset, reported_loss
from chainrule.estimators.resuming import identity_of, same_training, starting_generator
from chainrule.estimators.verbose import PrintEpochs
from chainrule.expressions.activations import Softmax
from chainrule.expressions.losses import Loss
from chainrule.network import Network, Optimiser
from chainrule.training import History, Plan, train
from chainrule.training.initialisers import initial_parameters
from chainrule.training.lbfgs import minimise
from chainrule.training.loop import in_order, shuffled_by
from chainrule.training.stopping import Improvement

STOCHASTIC_SOLVERS = ("sgd", "adam", "adamw")
NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class BaseMLP(FittedMLP):
    """A multilayer perceptron; see `MLPClassifier` and `MLPRegressor`."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    def _keep(self, given: dict[str, Any]) -> None:
        """What a constructor was given, as it is, each under its own name: what scikit-learn wants of a constructor."""
        self.__dict__.update({name: value for name, value in given.items() if name != "self"})

    # ---- what a task defines

    @abstractmethod
    def _learn_labels(self, y: Any, request: Request) -> None:
        """Settle what the targets are: classes, or the number of outputs."""

    @abstractmethod
    def _labels_of(self, y: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Validated targets as `Data.Y`."""

    @abstractmethod
    def _loss_and_output(self) -> tuple[Loss, str | Softmax]:
        """The loss of the network, and its output activation, by scikit-learn's name where it has one."""

    @abstractmethod
    def _held_out_score(self, outputs: NDArray[Any], data: Data) -> float:
        """The score of held-out data, from the network's outputs."""

    def _class_weights(self, y: Any, request: Request) -> NDArray[np.float64] | None:  # noqa: ARG002
        """A factor per sample, or None."""
        return None

    def _settle(self, data: Data) -> None:
        """What there is to say of a fitted network and its training data."""

    def _strata(self, Y: NDArray[Any]) -> NDArray[Any] | None:  # noqa: ARG002
        """By what a held-out part is stratified."""
        return None

    # ---- fitting

    def _fit(self, X: Any, y: Any, sample_weight: Any, request: Request) -> None:
        if request.incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        refuse_what_lbfgs_cannot(self)
        if request.resume is not None and self.solver == "lbfgs":
            raise ValueError("resume needs a stochastic solver ('sgd', 'adam' or 'adamw'), got 'lbfgs'")
        with unchanged_on_error(self):
            fresh = not hasattr(self, "coefs_") or not (self.warm_start or request.incremental)
            data = self._data(X, y, sample_weight, request, fresh=fresh)
            parts = Parts(data, self._given_held_out(request, data.X.dtype))
            rng = check_random_state(self.random_state)
            if request.resume is not None:
                rng = starting_generator(request.resume)
            loss, output = self._loss_and_output()
            network = declare_network(
                self,
                int(data.X.shape[1]),
                self.n_outputs_,
                output=output,
                loss=loss,
                sample_weights=data.weight is not None,
            )
            identity: dict[str, Any] = {}
            if request.resume is not None or (self.callbacks and not request.incremental):
                identity = identity_of(self, network, data, rng)
            if request.resume is not None:
                same_training(request.resume, identity)
            parameters = self._starting_values(network, rng, data.X.dtype, fresh=fresh)
            self.network_, self.n_layers_ = network, network.depth + 1
            self.out_activation_ = output if isinstance(output, str) else output.name
            if fresh:
                self._program_holder = Compiled()
            if self.solver == "lbfgs":
                trouble = self._fit_lbfgs(data, parameters)
            else:
                trouble = self._fit_stochastic(parts, parameters, rng, request, identity)
            self._settle(data)
        if trouble:
            raise ValueError(f"{NOT_FINITE} {trouble}")

    def _data(self, X: Any, y: Any, sample_weight: Any, request: Request, *, fresh: bool) -> Data:
        X, y = self._validated(X, y, reset=fresh)
        dtype = X.dtype if fresh else self.coefs_[0].dtype
        self._learn_labels(y, request)
        return self._as_data(X, y, sample_weight, dtype, request)

    def _given_held_out(self, request: Request, dtype: np.dtype[Any]) -> Data | None:
        if request.held_out is None:
            return None
        X, y, weight = request.held_out
        if self.solver == "lbfgs":
            raise ValueError("X_val and y_val need a stochastic solver ('sgd', 'adam' or 'adamw'), got 'lbfgs'")
        if X is None or y is None:
            raise ValueError("X_val and y_val belong together: one of them is missing")
        X, y = self._validated(X, y, reset=False)
        return self._as_data(X, y, weight, dtype, request)

    def _as_data(self, X: Any, y: Any, sample_weight: Any, dtype: np.dtype[Any], request: Request) -> Data:
        X, factors = row_wise(X, dtype), self._class_weights(y, request)
        weight = None
        if sample_weight is not None or factors is not None:
            weight = _check_sample_weight(sample_weight, X, dtype=dtype, ensure_non_negative=True)
            weight = weight if factors is None else weight * factors.astype(dtype)
            if not weight.sum() > 0:
                raise ValueError(
                    "class_weight and sample_weight together are zero for every sample, so there is nothing to learn "
                    "from; at least one must be positive"
                )
        return Data(X, self._labels_of(y, dtype), weight)

    def _starting_values(
        self, network: Network, rng: np.random.RandomState, dtype: np.dtype[Any], *, fresh: bool
    ) -> dict[str, NDArray[Any]]:
        if fresh:
            self.t_ = 0
            self._no_improvement_count = 0
            for name in OF_EARLIER_FITS:
                self.__dict__.pop(name, None)
            logistic = self.activation in ("logistic", "sigmoid")
            return initial_parameters(network, "sklearn", rng, dtype, logistic=logistic)
        parameters = self._parameters()
        shapes = {name: np.shape(value) for name, value in parameters.items()}
        if shapes != network.parameter_shapes:
            raise ValueError(
                f"the network {network} does not continue the fitted one ({shapes}): keep hidden_layer_sizes and the "
                "number of outputs, or fit anew with warm_start=False"
            )
        return parameters

    def _fit_stochastic(
        self,
        parts: Parts,
        parameters: dict[str, NDArray[Any]],
        rng: np.random.RandomState,
        request: Request,
        identity: dict[str, Any],
    ) -> str:
        optimiser, incremental = declare_optimiser(self), request.incremental
        memory: OptimiserMemory | None = getattr(self, "_optimizer", None) if incremental else None
        if memory is None or memory.optimiser != optimiser:
            memory = OptimiserMemory(optimiser, {})
        if self.early_stopping and parts.held_out is None:
            parts = split(parts.training, self.validation_fraction, self._strata(parts.training.Y), rng)
        data = parts.training
        batch_size = self._batch_size(len(data))
        # A fit that another continues, perhaps for more epochs, runs on the engine that this one will run on.
        continued = incremental or self.callbacks or request.resume is not None
        self._planned_steps = None if continued else self.max_iter * math.ceil(len(data) / batch_size)
        held_out = None if parts.held_out is None else self._judge(parts.held_out, optimiser)
        drops = any(layer.dropout for layer in self.network_.layers) or self.network_.input_dropout
        history = self._history(memory)
        before = history.epochs
        plan = Plan(
            epochs=1 if incremental else self.max_iter,
            planned_epochs=self.max_iter,
            batch_size=batch_size,
            schedule=declare_schedule(self),
            reorder=shuffled_by(rng) if self.shuffle else in_order,
            rng=rng,
            tol=self.tol,
            patience=self.n_iter_no_change if self.patience is None else self.patience,
            loss=reported_loss(self.network_, data),
            validate=held_out.score if held_out else None,
            validation_loss=held_out.loss if held_out and self._wants_validation_loss(request) else None,
            score_training=self._judge(data, optimiser).score if self.training_scores else None,
            monitor=self._monitored(held_out),
            seed=int(rng.randint(2**31)) if drops else 0,
            callbacks=[*([PrintEpochs()] if self.verbose else []), *(() if incremental else self.callbacks)],
            identity=identity,
        )
        improvement = self._improvement(plan)
        self._rows_at_once = plan.batch_size
        with self._program(derive_for(self.network_, optimiser), plan.batch_size, data.X) as program:
            program.load(parameters | memory.state)
            train(program, data, plan, history, improvement, request.resume)
            self._read_back(program, optimiser, history)
        self._publish(plan, history, improvement, before if request.resume is None else request.resume.begun)
        return self._say_how_it_ended(plan, history, incremental=incremental)

    def _judge(self, data: Data, optimiser: Optimiser) -> HeldOut:
        how = {"engine": self.engine, "dtype": data.X.dtype, "n_threads": self.n_threads, "steps": self._planned_steps}
        return HeldOut(data, self._held_out_score, self.network_, averaged=optimiser.average is not None, **how)

    def _wants_validation_loss(self, request: Request) -> bool:
        """scikit-learn's early stopping needs the score alone."""
        return request.held_out is not None or self.monitor == "val_loss"

    def _monitored(self, held_out: HeldOut | None) -> Any:
        if held_out is None and self.monitor in ("val_loss", "val_score"):
            raise ValueError(
                f"monitor={self.monitor!r} needs held-out data: early_stopping=True, or X_val and y_val in fit"
            )
        return self.monitor

    def _publish(self, plan: Plan, history: History, improvement: Improvement, before: int) -> None:
        """Set scikit-learn's attributes, and the history."""
        self.history_ = history
        self.n_iter_ = history.epochs - before
        self.loss_curve_, self.t_ = history.loss, history.samples
        self.loss_ = history.loss[-1] if history.loss else math.nan
        self.validation_scores_ = history.validation if plan.validate else None
        self.validation_loss_curve_ = history.validation_loss if plan.validation_loss else None
        self._no_improvement_count = improvement.stalled
        for name, monitored in BESTS.items():
            setattr(self, name, improvement.best if plan.monitored == monitored else None)

    def _say_how_it_ended(self, plan: Plan, history: History, *, incremental: bool) -> str:
        """Warn where scikit-learn warns; what went wrong, if it diverged and held-out data chose no earlier weights."""
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
            if plan.monitored == "loss":
                return history.message
            warnings.warn(history.message, ConvergenceWarning, stacklevel=6)
        return ""

    def _fit_lbfgs(self, data: Data, parameters: dict[str, NDArray[Any]]) -> str:
        names = sorted(parameters, key=lambda name: name[0] == "b")  # scikit-learn packs weights first
        optimiser = declare_optimiser(self)
        self._rows_at_once, self._planned_steps = len(data), None
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

    # ---- between the estimator's attributes and the program's state

    def _read_back(self, program: Program, optimiser: Optimiser, history: History) -> None:
        state = program.state()
        averaged = optimiser.average is not None
        values = predicting(state, self.network_, averaged=averaged)
        numbers = range(1, self.n_layers_)
        self.coefs_ = [values[f"W{number}"] for number in numbers]
        self.intercepts_ = [values[f"b{number}"] for number in numbers]
        memory = {name: value for name, value in state.items() if averaged or name not in values}
        self._optimizer = OptimiserMemory(optimiser, memory, history.steps, history.reductions)

    def _history(self, memory: OptimiserMemory) -> History:
        """What an earlier fit has left, to go on from."""
        history = getattr(self, "history_", History())
        return History(
            loss=list(getattr(self, "loss_curve_", [])),
            validation=list(getattr(self, "validation_scores_", None) or []),
            validation_loss=list(getattr(self, "validation_loss_curve_", None) or []),
            training=list(history.training),
            rate=list(history.rate),
            best_epoch=history.best_epoch,
            steps=memory.steps,
            samples=self.t_,
            reductions=memory.reductions,
        )

    def _improvement(self, plan: Plan) -> Improvement:
        higher = plan.monitored == "val_score"
        best = next(getattr(self, name, None) for name, monitored in BESTS.items() if monitored == plan.monitored)
        start = -math.inf if higher else math.inf
        return Improvement(self.tol, higher, start if best is None else best, self._no_improvement_count)

    def _batch_size(self, n_samples: int) -> int:
        if self.batch_size == "auto":
            return min(200, n_samples)
        if self.batch_size > n_samples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=6
            )
        return min(int(self.batch_size), n_samples)

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
