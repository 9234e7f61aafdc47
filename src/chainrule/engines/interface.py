"""What every engine offers to training: the one seam between equations and the way they run.

An `Engine` compiles a derivation into a `Program`.  A program holds the state of one training (parameters, the
optimiser's memory, the step number t) wherever and however it likes; arrays go in and out by the names that they have
in the equations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus import Derivation

if TYPE_CHECKING:
    from scipy.sparse import csr_array, csr_matrix

Floats = NDArray[np.floating[Any]]
RowNumbers = NDArray[np.signedinteger[Any]]
State = dict[str, Floats]


def row_numbers(count: int) -> RowNumbers:
    """0, 1, …, in 4 bytes each where they fit: of narrow data, 8 would be a good part."""
    numbers: RowNumbers = np.arange(count, dtype=np.int32 if count <= np.iinfo(np.int32).max else np.int64)
    return numbers


@dataclass(frozen=True)
class Data:
    """Samples in rows, ready for a network.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n, n_inputs)
        In the program's dtype.
    Y : ndarray of shape (n, n_outputs) or (n,)
        Labels in the program's dtype; or class codes 0 … n_outputs − 1 as int64, which stand for one-hot rows.
    weight : ndarray of shape (n,), optional
        Sample weights, given exactly when the network declares them.

    Raises
    ------
    ValueError
        For an array of another shape, and for codes that are no whole numbers.
    """

    X: Floats | csr_array | csr_matrix
    Y: Floats | NDArray[np.int64]
    weight: Floats | None = None

    def __post_init__(self) -> None:
        if len(self.X.shape) != 2:
            raise ValueError(f"X must have the shape (n, n_inputs), got {self.X.shape}")
        if self.Y.ndim not in (1, 2) or len(self.Y) != len(self):
            raise ValueError(f"Y must have the shape (n, n_outputs) or (n,) with n = {len(self)}, got {self.Y.shape}")
        if self.Y.ndim == 1 and self.Y.dtype.kind not in "iu":
            raise ValueError(
                f"Y of shape (n,) must be class codes, whole numbers, got {self.Y.dtype}; values of one output "
                f"have the shape (n, 1)"
            )
        if self.weight is not None and self.weight.shape != (len(self),):
            raise ValueError(f"weight must have the shape ({len(self)},), got {self.weight.shape}")

    def __len__(self) -> int:
        return int(self.X.shape[0])


@dataclass(frozen=True)
class Epoch:
    """One pass over the data, decided before it begins.

    Parameters
    ----------
    order : ndarray of int of shape (n,)
        Which row comes when; the last batch may be short.
    batch_size : int
    rates : float64 ndarray of shape (n_steps,)
        The learning rate η of every step.
    seed : int
        Key of the dropout masks, which are a function of (seed, step, layer, row in the batch, unit).

    Raises
    ------
    ValueError
        For an array of another shape, or a batch size below 1.

    Notes
    -----
    A program's ``t`` counts the steps done, 0 at first; a batch that is skipped (s = 0) is none.  A step draws its
    masks with the ``t`` before it (`dropout_mask`), and its update equations see the ``t`` after it, which is 1 in the
    first step.
    """

    order: RowNumbers
    batch_size: int
    rates: NDArray[np.float64]
    seed: int = 0

    def __post_init__(self) -> None:
        if self.order.ndim != 1 or self.order.dtype.kind not in "iu":
            shape, dtype = self.order.shape, self.order.dtype
            raise ValueError(f"order must be the numbers of rows, of shape (n,), got {dtype} of shape {shape}")
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if self.rates.shape != self.sizes.shape:
            raise ValueError(
                f"rates must hold one rate for each of the {len(self.sizes)} steps, got the shape {self.rates.shape}"
            )

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """The number of samples of every step."""
        return _sizes(len(self.order), self.batch_size)


@lru_cache(maxsize=16)
def _sizes(samples: int, batch_size: int) -> NDArray[np.int64]:
    """The same array for every epoch, so that who prepares something for it can see that it comes again."""
    sizes: NDArray[np.int64] = np.minimum(batch_size, samples - np.arange(0, samples, batch_size, dtype=np.int64))
    sizes.flags.writeable = False
    return sizes


@dataclass(frozen=True)
class Costs:
    """The parts of J for every step, each with the parameters before that step's update.

    J = (L + R)/s, or L/s + R where the penalty is not divided.

    Parameters
    ----------
    data : float64 ndarray of shape (n_steps,)
        L: the weighted sum of the losses of the batch.
    penalty : float64 ndarray of shape (n_steps,)
        R.
    divisor : float64 ndarray of shape (n_steps,)
        s: what the batch's cost was divided by; a batch with s = 0 was skipped.
    norm : float64 ndarray of shape (n_steps,), optional
        The global norm of the gradients before clipping, where the optimiser clips.
    """

    data: NDArray[np.float64]
    penalty: NDArray[np.float64]
    divisor: NDArray[np.float64]
    norm: NDArray[np.float64] | None = None

    @property
    def finite_steps(self) -> NDArray[np.bool_]:
        """Which steps saw no NaN and no infinity."""
        finite = np.isfinite(self.data) & np.isfinite(self.penalty)
        return finite if self.norm is None else finite & np.isfinite(self.norm)

    @property
    def finite(self) -> bool:
        """Whether no step saw a NaN or an infinity."""
        return bool(self.finite_steps.all())


class Program(Protocol):
    """A derivation, compiled: it holds the state of one training."""

    def load(self, state: Mapping[str, Any]) -> None:
        """Set parameters ``W1``, ``b1``, …; the optimiser's memory (zeros where absent) and ``t`` (0 where absent)."""

    def state(self) -> State:
        """Copies of the parameters, the optimiser's memory, and ``t`` as an array without axes."""

    def snapshot(self) -> object:
        """The state in the program's own form, cheap to take; only `restore` of the same program reads it."""

    def restore(self, snapshot: object) -> None:
        """Go back to a snapshot."""

    def finite(self) -> bool:
        """Whether the parameters and the optimiser's memory are finite: an infinite v would end Adam's steps."""

    def train(self, data: Data, epoch: Epoch) -> Costs:
        """One step of the optimiser for every batch of the epoch."""

    def gradients(self, data: Data) -> tuple[float, State]:
        """J, and ``dW1``, ``db1``, … of one batch of all rows, at the current parameters, without dropout."""

    def predict(self, X: Floats | csr_array | csr_matrix) -> Floats:
        """The network's outputs, of shape (n, n_outputs)."""


class Engine(Protocol):
    """A way to run equations."""

    name: str

    def compile(
        self, derivation: Derivation, *, dtype: np.dtype[Any], batch_size: int, n_threads: int | str = 1
    ) -> Program:
        """A program for a derivation.

        Parameters
        ----------
        derivation : Derivation
            Its optimiser says which update.
        dtype : float32 or float64
        batch_size : int
            The usual number of rows in a step; others are accepted.
        n_threads : int or "auto"
        """
