"""How far a trace is from what the independent autodiff says, per array, relative to that array's own size."""

import numpy as np

from chainrule import derive
from chainrule.engines.reference import evaluate
from tests.engines.reference import autodiff
from tests.zoo import draw

TOLERANCE = 1e-12


def relative_error(found, expected):
    scale = np.linalg.norm(expected)
    return np.linalg.norm(np.asarray(found) - np.asarray(expected)) / (scale or 1.0)


def disagreements(animal, equations=None):
    """The arrays (J, dW1, …) whose relative error exceeds the tolerance, with the error."""
    params, X, Y, weight, masks = draw(animal)
    given = {**params, **masks, "X": X, "Y": Y} | ({} if weight is None else {"w": weight})
    trace = evaluate(equations or derive(animal.network).gradients, given)
    J, gradients = autodiff.cost_and_gradients(animal.network, params, X, Y, weight, masks)
    expected = {"J": J} | {f"d{name}": gradient for name, gradient in gradients.items()}
    assert all(trace[name].shape == np.shape(value) for name, value in expected.items())
    errors = {name: relative_error(trace[name], value) for name, value in expected.items()}
    return {name: error for name, error in errors.items() if not error <= TOLERANCE}
