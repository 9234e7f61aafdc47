"""L-BFGS on the whole data set: SciPy's solver, fed with the program's cost and gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from chainrule.engines.interface import Data, Program


def minimise(
    program: Program,
    data: Data,
    names: Sequence[str],
    *,
    tol: float,
    max_iter: int,
    max_fun: int,
    offset: float = 0.0,
) -> OptimizeResult:
    """Minimise J over the parameters with L-BFGS-B (Byrd, Lu, Nocedal and Zhu 1995); the program holds the result.

    Parameters
    ----------
    program : Program
        Loaded with starting values.
    data : Data
    names : sequence of str
        The parameters, in the order in which they are packed into one vector.
    tol : float
        Stop when no component of the gradient is larger.  SciPy's other rule stays in force, as in scikit-learn: stop
        when an iteration lowers J by less than 2.2e-9 of itself.
    max_iter, max_fun : int
        Iterations and evaluations of the cost at most.
    offset : float
        A constant added to J: the solver also stops when J's relative decrease is small.

    Returns
    -------
    scipy.optimize.OptimizeResult
        ``fun`` is J + offset, ``nit`` the number of iterations.
    """
    start = program.state()
    shapes = [start[name].shape for name in names]

    def unpacked(vector: NDArray[np.float64]) -> dict[str, Any]:
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
        parts = np.split(vector, ends[:-1])
        return {name: part.reshape(shape) for name, part, shape in zip(names, parts, shapes, strict=True)}

    def cost_and_gradient(vector: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        program.load(unpacked(vector))
        J, gradients = program.gradients(data)
        packed_gradients = [np.asarray(gradients[f"d{name}"], np.float64).ravel() for name in names]
        return J + offset, np.concatenate(packed_gradients)

    packed = np.concatenate([np.asarray(start[name], np.float64).ravel() for name in names])
    options: Any = {"maxiter": max_iter, "maxfun": max_fun, "gtol": tol}
    result: OptimizeResult = minimize(cost_and_gradient, packed, args=(), method="L-BFGS-B", jac=True, options=options)
    program.load(unpacked(result.x))
    return result
