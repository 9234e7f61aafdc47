"""The number that `loss_curve_` reports, where it is not the cost J itself.

scikit-learn's squared error is reported as the mean over outputs, while its gradient sums; its Poisson loss is half
the deviance, ŷ − y log ŷ − (y − y log y), which differs from ours by what depends on y alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from chainrule.engines.interface import Costs, Data, Epoch
from chainrule.network import Network
from chainrule.training.loop import mean_cost


@dataclass(frozen=True)
class ReportedLoss:
    """(L / outputs + C + R)/s, averaged over the samples of the batches.

    Parameters
    ----------
    outputs : int
        What the data term is divided by.
    constants : float64 ndarray of shape (n,), optional
        Per sample, weighted: what is added to its loss; their sum over a batch is C.
    """

    outputs: int = 1
    constants: NDArray[np.float64] | None = None

    def __call__(self, costs: Costs, epoch: Epoch) -> float:
        if self.outputs == 1 and self.constants is None:
            return mean_cost(costs, epoch)
        data = costs.data / self.outputs
        if self.constants is not None:
            starts = np.arange(0, len(epoch.order), epoch.batch_size)
            data = data + np.add.reduceat(self.constants[epoch.order], starts)
        return mean_cost(replace(costs, data=data), epoch)


def reported_loss(network: Network, data: Data) -> ReportedLoss:
    """What scikit-learn reports for this loss, on these data."""
    if network.loss.name == "poisson":
        return ReportedLoss(constants=poisson_constants(data))
    return ReportedLoss(outputs=network.widths[-1] if network.loss.name == "squared-error" else 1)


def poisson_constants(data: Data) -> NDArray[np.float64]:
    """Σ_j (y log y − y) of every sample, times its weight."""
    y = np.asarray(data.Y, np.float64)
    each: NDArray[np.float64] = (xlogy(y, y) - y).sum(axis=1)
    return each if data.weight is None else each * np.asarray(data.weight, np.float64)


def cost_offset(network: Network, data: Data) -> float:
    """What scikit-learn's cost of all data has in addition to J."""
    if network.loss.name != "poisson":
        return 0.0
    s: Any = len(data) if data.weight is None else data.weight.sum(dtype=np.float64)
    return float(poisson_constants(data).sum() / s)


def reported_cost(network: Network, data: Data, J: float) -> float:
    """From J of all data, without penalty, to the number that is reported for them."""
    outputs = network.widths[-1] if network.loss.name == "squared-error" else 1
    return J / outputs + cost_offset(network, data)
