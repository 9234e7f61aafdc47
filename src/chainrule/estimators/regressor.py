"""`MLPRegressor`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from chainrule.engines.interface import Data, Engine
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.documentation import ATTRIBUTES, OWN_PARAMETERS, PARAMETERS, documented
from chainrule.estimators.fitting_state import Request, request_for_fit
from chainrule.estimators.quantiles import by_target, crossing, for_targets, in_order, pinball_score, several_quantiles
from chainrule.estimators.targets import check_targets, regression_loss
from chainrule.expressions.losses import Loss


@documented(parameters=PARAMETERS, own_parameters=OWN_PARAMETERS, attributes=ATTRIBUTES)
class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron that predicts numbers: scikit-learn's, with the same numbers, faster, and with more.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        ℓ of a prediction ŷ: "squared_error", ½(ŷ − y)²; "absolute_error", |ŷ − y|; "huber(delta=1)", ½(ŷ − y)² up to δ,
        then δ(|ŷ − y| − δ/2); "quantile(q=0.5)", q(y − ŷ) below y and (1 − q)(ŷ − y) above; "poisson", ŷ − y log ŷ with
        ŷ = e^z; or a loss of one's own.  "quantile(0.1, 0.5, 0.9)" predicts several quantiles with one network, which
        has an output for each quantile of each target; J sums their losses.
    {parameters}
    sort_quantiles : bool, default=False
        Whether `predict` sorts a sample's quantiles, so that a lower one is never above a higher one.  Nothing in the
        cost prevents that they cross; sorting never makes the loss greater (Chernozhukov et al. 2010).  The network,
        and so `loss_`, `quantile_crossing_` and the exported model, stay as they are.
    {own_parameters}

    Attributes
    ----------
    quantile_crossing_ : float or None
        With several quantiles, the share of the training samples for which, before sorting, some of them cross.
    {attributes}

    Notes
    -----
    The cost is J = (Σᵢ wᵢ Σⱼ ℓᵢⱼ + ½ α Σ‖W‖² + α₁ Σ|W|) / s with s = Σ wᵢ of the batch.  For float64 data and the same
    `random_state`, training gives the numbers of scikit-learn 1.9, but for these: with several targets L-BFGS
    minimises J with J's own gradient (scikit-learn's gradient is not that of its loss); a diverging training stops at
    once, keeps the last finite weights, and says so; with float32 data L-BFGS keeps float32; a warm start with early
    stopping keeps the earlier best weights when no epoch is better.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(n_samples=200, n_features=20, random_state=1)
    >>> reg = MLPRegressor("huber(delta=10)", random_state=1, max_iter=2000, tol=0.1).fit(X, y)
    >>> print(reg.network_)
    20 -> 100 relu -> 1 identity
    >>> reg.score(X, y) > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "loss": [str, Loss],
        "sort_quantiles": ["boolean"],
    }

    def __init__(
        self,
        loss: str | Loss = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        sort_quantiles: bool = False,
        dropout: float | Sequence[float] = 0.0,
        input_dropout: float = 0.0,
        l1: float = 0.0,
        weight_decay: float = 0.01,
        max_grad_norm: float | None = None,
        schedule: Any = None,
        average: float | None = None,
        monitor: str | None = None,
        patience: float | None = None,
        training_scores: bool = False,
        callbacks: Sequence[Any] = (),
        dtype: Any = None,
        engine: str | Engine = "auto",
        n_threads: int | str = 1,
    ) -> None:
        self._keep(locals())

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        resume: str | os.PathLike[str] | None = None,
    ) -> MLPRegressor:
        """Train on data.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)
            float32 and float64 are kept as they are.
        y : array of shape (n,) or (n, n_outputs)
        sample_weight : array of shape (n,), optional
            At least 0.
        X_val, y_val, sample_weight_val : arrays, optional
            Held-out data, instead of a part of X that `early_stopping` holds out.
        resume : path, optional
            A checkpoint that `chainrule.training.callbacks.Checkpoints` wrote: go on from it, to the bit.

        Returns
        -------
        MLPRegressor
            Itself.

        Raises
        ------
        ValueError
            If something is not accepted, or the training diverged.
        """
        self._fit(X, y, sample_weight, request_for_fit(X_val, y_val, sample_weight_val, resume))
        return self

    @available_if(lambda estimator: estimator._check_solver())  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> MLPRegressor:
        """Train one more epoch, on these data.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        MLPRegressor
            Itself.

        Raises
        ------
        ValueError
            As in `fit`; also with ``early_stopping=True``.
        """
        self._fit(X, y, sample_weight, Request(incremental=True))
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The predicted values.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n,) or (n, n_targets)
            With several quantiles (n, n_quantiles), in their order in `loss`; of several targets
            (n, n_targets, n_quantiles).
        """
        outputs = self._outputs(X)
        quantiles = self._quantiles
        if quantiles:
            predicted = by_target(outputs, quantiles)
            predicted = in_order(predicted, quantiles) if self.sort_quantiles else predicted
            return predicted[:, 0] if self._n_targets == 1 else predicted
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """R², the share of y's variance that is explained; with several quantiles the mean of their D².

        D² is the share by which the pinball loss is less than that of the quantile of y itself
        (`sklearn.metrics.d2_pinball_score`), averaged over quantiles and targets.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)
        y : array of shape (n,) or (n, n_targets)
        sample_weight : array of shape (n,), optional

        Returns
        -------
        float
        """
        predicted, quantiles = self.predict(X), self._quantiles
        if not quantiles:
            return float(r2_score(y, predicted, sample_weight=sample_weight))
        predicted = predicted.reshape(len(predicted), -1, len(quantiles))
        return pinball_score(np.asarray(y).reshape(len(predicted), -1), predicted, quantiles, sample_weight)

    def _validated(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=True,
            dtype=self._dtypes,
            order="C",
            reset=reset,
        )
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _learn_labels(self, y: Any, request: Request) -> None:  # noqa: ARG002
        self._n_targets = 1 if y.ndim == 1 else y.shape[1]
        self.n_outputs_ = self._n_targets * max(len(several_quantiles(regression_loss(self.loss)[0])), 1)

    def _labels_of(self, y: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
        targets: NDArray[Any] = np.ascontiguousarray(y.reshape(len(y), -1), dtype)
        loss, _ = self._loss_and_output()
        check_targets(targets, loss)
        per_target = self.n_outputs_ // self._n_targets
        return targets if per_target == 1 else np.repeat(targets, per_target, axis=1)

    def _loss_and_output(self) -> tuple[Loss, str]:
        loss, output = regression_loss(self.loss)
        return for_targets(loss, self._n_targets), output

    def _settle(self, data: Data) -> None:
        quantiles = self._quantiles
        self.quantile_crossing_ = None
        if quantiles:
            self.quantile_crossing_ = crossing(by_target(self._outputs_of(data.X), quantiles), quantiles)

    @property
    def _quantiles(self) -> tuple[float, ...]:
        """The several quantiles of each target, or none."""
        every = several_quantiles(self.network_.loss)
        return every[: len(every) // self._n_targets]

    def _held_out_score(self, outputs: NDArray[Any], data: Data) -> float:
        quantiles = self._quantiles
        if not quantiles:
            return float(r2_score(data.Y, outputs, sample_weight=data.weight))
        Y = np.asarray(data.Y)[:, :: len(quantiles)]
        return pinball_score(Y, by_target(outputs, quantiles), quantiles, data.weight)

    def _remarks(self) -> tuple[str, ...]:
        if self.quantile_crossing_ is None:
            return ()
        sorted_there = "predict sorts them" if self.sort_quantiles else "sort_quantiles=True sorts them"
        return (f"Quantiles cross for {self.quantile_crossing_:.1%} of the training samples; {sorted_there}.",)
