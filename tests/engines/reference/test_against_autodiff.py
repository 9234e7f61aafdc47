"""The reference engine against an independent autodiff, for the whole zoo."""

import numpy as np
import pytest

from tests.engines.reference import autodiff
from tests.zoo import ZOO, draw

TOLERANCE = 1e-12  # relative to the array's own norm


def relative_error(found, expected):
    scale = np.linalg.norm(expected)
    return np.linalg.norm(np.asarray(found) - np.asarray(expected)) / (scale or 1.0)


@pytest.mark.parametrize("animal", ZOO, ids=lambda animal: animal.id)
def test_cost_and_gradients(animal):
    params, X, Y, weight, masks = draw(animal)
    trace = animal.network.trace(params, X, Y, weight, masks)
    J, gradients = autodiff.cost_and_gradients(animal.network, params, X, Y, weight, masks)
    assert relative_error(trace["J"], J) <= TOLERANCE
    for name, gradient in gradients.items():
        assert trace[f"d{name}"].shape == params[name].shape
        assert relative_error(trace[f"d{name}"], gradient) <= TOLERANCE, name
