"""`MLPClassifier`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import _check_sample_weight, validate_data

from chainrule.engines.interface import Data, Engine
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.documentation import ATTRIBUTES, OWN_PARAMETERS, PARAMETERS, documented
from chainrule.estimators.fitting_state import Request, request_for_fit
from chainrule.estimators.several_targets import SeveralTargets, has_several_targets, share_all_right
from chainrule.estimators.targets import classification_loss, smoothed
from chainrule.expressions.activations import Softmax
from chainrule.expressions.losses import Loss


@documented(parameters=PARAMETERS, own_parameters=OWN_PARAMETERS, attributes=ATTRIBUTES)
class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron that classifies: scikit-learn's, with the same numbers, faster, and with more to ask for.

    Two classes, more than two, several labels at once, each there or not, or several targets at once with several
    classes each, which have a softmax each.

    Parameters
    ----------
    {parameters}
    loss : {"log_loss", "focal(gamma=2)"} or Loss, default="log_loss"
        Cross-entropy: −Σ y log ŷ of classes that exclude each other, −Σ (y log ŷ + (1 − y) log(1 − ŷ)) of labels that
        do not.  Focal, which weighs down what is sure and right already: −Σ y (1 − ŷ)^γ log ŷ, or
        −Σ (y (1 − ŷ)^γ log ŷ + (1 − y) ŷ^γ log(1 − ŷ)), with γ of at least 1.  Or a loss of one's own in probabilities.
    label_smoothing : float, default=0.0
        ε: y becomes (1 − ε) y + ε/K with K classes; K = 2 for a label that is there or not.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Factors of wᵢ by class; "balanced" is n / (K · number of samples of the class).  With several labels or targets
        a dict for each, whose factors are multiplied.
    {own_parameters}

    Attributes
    ----------
    classes_ : ndarray, or list of ndarray
        The classes in sorted order; with several targets, those of each.
    {attributes}

    Notes
    -----
    The cost is J = (Σᵢ wᵢ Σⱼ ℓᵢⱼ + ½ α Σ‖W‖² + α₁ Σ|W|) / s with s = Σ wᵢ of the batch.  For float64 data and the same
    `random_state`, training gives the numbers of scikit-learn 1.9, but for these: a diverging training stops at
    once, keeps the last finite weights, and says so; with float32 data L-BFGS keeps float32; a warm start with early
    stopping keeps the earlier best weights when no epoch is better; probabilities are not clipped in the loss, which
    matters where one is below 2⁻⁵²: there scikit-learn's cost stays at 36.04 while its gradient does not vanish, and
    L-BFGS, whose line search looks at the cost, may take other steps where no penalty keeps the weights small.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier((8,), activation="tanh", solver="lbfgs", random_state=0).fit(scale(X), y)
    >>> print(clf.network_)
    4 -> 8 tanh -> 3 softmax
    >>> print(clf.derivation_["dZ2"])
    dZ2 = 1 / size(i) * (A2 - Y)
    >>> clf.score(scale(X), y) > 0.95
    True
    """

    _targets: SeveralTargets | None = None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "loss": [str, Loss],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
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
        loss: str | Loss = "log_loss",
        label_smoothing: float = 0.0,
        class_weight: Any = None,
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
    ) -> MLPClassifier:
        """Train on data.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)
            float32 and float64 are kept as they are.
        y : array of shape (n,), or (n, n_labels) of zeros and ones for several labels at once, or (n, n_targets)
            of classes for several targets at once
        sample_weight : array of shape (n,), optional
            At least 0.
        X_val, y_val, sample_weight_val : arrays, optional
            Held-out data, instead of a part of X that `early_stopping` holds out.
        resume : path, optional
            A checkpoint that `chainrule.training.callbacks.Checkpoints` wrote: go on from it, to the bit.

        Returns
        -------
        MLPClassifier
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
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, classes: ArrayLike | None = None
    ) -> MLPClassifier:
        """Train one more epoch, on these data.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array of shape (n_classes,), or list of arrays, optional
            All classes that will ever come, with several targets those of each; needed in the first call.

        Returns
        -------
        MLPClassifier
            Itself.

        Raises
        ------
        ValueError
            As in `fit`; also without `classes` in the first call, and with ``early_stopping=True``.
        """
        self._fit(X, y, sample_weight, Request(incremental=True, classes=classes))
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable class of every sample.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n,), (n, n_labels) or (n, n_targets)
        """
        return self._decoded(self._outputs(X))

    def predict_proba(self, X: ArrayLike) -> NDArray[Any] | list[NDArray[Any]]:
        """The probability of every class.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n, n_classes), or list of these
            In the order of `classes_`; with several labels, that of each label; with several targets, a list with an
            array for each, as scikit-learn's classifiers of several targets give it.
        """
        outputs = self._outputs(X)
        if self._targets is not None:
            return self._targets.parts(outputs)
        return np.hstack([1 - outputs, outputs]) if self.n_outputs_ == 1 else outputs

    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any] | list[NDArray[Any]]:
        """The logarithm of `predict_proba`.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n, n_classes), or list of these
        """
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            if isinstance(probabilities, list):
                return [np.log(part) for part in probabilities]
            result: NDArray[Any] = np.log(probabilities)
        return result

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The accuracy: the share of samples whose class, or all of whose labels or targets, are predicted.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, n_features)
        y, sample_weight
            As in `fit`.

        Returns
        -------
        float
        """
        if getattr(self, "_targets", None) is None:
            return float(super().score(X, y, sample_weight))
        predicted, true = self.predict(X), np.asarray(y)
        if true.shape != predicted.shape:
            raise ValueError(f"y must have the shape {predicted.shape}, got {true.shape}")
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        return share_all_right(true, predicted, weight)

    def _validated(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=self._dtypes, order="C", reset=reset
        )
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _learn_labels(self, y: Any, request: Request) -> None:
        goes_on = hasattr(self, "classes_") and (self.warm_start or request.incremental)
        several = self._targets is not None if goes_on else has_several_targets(y, request.classes)
        if several:
            self._learn_targets(y, request, goes_on=goes_on)
            return
        self._targets = None
        if request.incremental and _check_partial_fit_first_call(self, request.classes):
            self._label_binarizer = LabelBinarizer()
            self._label_binarizer.fit(y if type_of_target(y).startswith("multilabel") else request.classes)
        if not hasattr(self, "classes_") or not (self.warm_start or request.incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        elif self.warm_start:
            self._check_the_same(unique_labels(y))
        one_each = self._label_binarizer.y_type_ in ("multiclass", "multilabel-indicator")
        self.n_outputs_ = len(self.classes_) if one_each else 1

    def _learn_targets(self, y: Any, request: Request, *, goes_on: bool) -> None:
        known = self._targets if goes_on else None
        if known is None:
            known = SeveralTargets.announced(request.classes, y) if request.incremental else SeveralTargets.of(y)
        elif not request.incremental and not known.same_as(SeveralTargets.of(y)):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit"
            )
        self._targets, self.classes_, self.n_outputs_ = known, list(known.classes), sum(known.groups)

    def _check_the_same(self, classes: NDArray[Any]) -> None:
        if set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {classes}"
            )

    def _labels_of(self, y: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
        if self._targets is not None:
            return self._targets.one_hot(y, dtype, self.label_smoothing)
        classes = unique_labels(y)
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )
        if self._label_binarizer.y_type_ == "multilabel-indicator":
            return smoothed(self._label_binarizer.transform(y).astype(dtype), self.label_smoothing, 2)
        codes: NDArray[np.int64] = np.searchsorted(self.classes_, y).astype(np.int64)
        if not self._multiclass:
            return smoothed(codes.astype(dtype)[:, None], self.label_smoothing, 2)
        if not self.label_smoothing:
            return codes
        return smoothed(np.eye(self.n_outputs_, dtype=dtype)[codes], self.label_smoothing, self.n_outputs_)

    def _class_weights(self, y: Any, request: Request) -> NDArray[np.float64] | None:
        if self.class_weight is None:
            return None
        if request.incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported for partial_fit, which does not see all classes' numbers; "
                "pass a dict of weights"
            )
        weights: NDArray[np.float64] = compute_sample_weight(self.class_weight, y)
        return weights

    def _strata(self, Y: NDArray[Any]) -> NDArray[Any] | None:
        return Y > 0.5 if self.n_outputs_ == 1 else None

    @property
    def _multiclass(self) -> bool:
        return bool(self._label_binarizer.y_type_ == "multiclass")

    def _loss_and_output(self) -> tuple[Loss, str | Softmax]:
        if self._targets is not None:
            return classification_loss(self.loss, multiclass=True), Softmax(self._targets.groups)
        return classification_loss(
            self.loss, multiclass=self._multiclass
        ), "softmax" if self._multiclass else "logistic"

    def _decoded(self, outputs: NDArray[Any]) -> NDArray[Any]:
        if self._targets is not None:
            return self._targets.decoded(outputs)
        kind = self._label_binarizer.y_type_
        if kind == "multiclass":
            labels: NDArray[Any] = self.classes_[outputs.argmax(axis=1)]
        elif kind == "binary" and len(self.classes_) == 2:
            labels = self.classes_[(outputs[:, 0] > 0.5).astype(np.intp)]
        else:
            labels = self._label_binarizer.inverse_transform(outputs.ravel() if self.n_outputs_ == 1 else outputs)
        return labels

    def _held_out_score(self, outputs: NDArray[Any], data: Data) -> float:
        Y = np.asarray(data.Y)
        if self._targets is not None:
            return share_all_right(self._targets.best(Y), self._targets.best(outputs), data.weight)
        if self._multiclass:
            true, guessed = Y if Y.ndim == 1 else Y.argmax(axis=1), outputs.argmax(axis=1)
        else:
            true, guessed = Y > 0.5, outputs > 0.5
        return float(accuracy_score(true, guessed, sample_weight=data.weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
