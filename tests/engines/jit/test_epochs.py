"""What one epoch leaves prepared for the next must not reach into an epoch that differs from it."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.engines.interface import Data, Epoch
from chainrule.network import Adam
from tests.engines.jit.agreement import SMALL, programs, relative, samples_of


def same_steps(epochs):
    """(jit's, reference's) parameters and costs after the same epochs: (data, exact data, epoch) each."""
    params, *_ = samples_of(SMALL, "float64", 5)
    found = []
    for program, number in zip(programs(SMALL, Adam(), "float64", 16), (0, 1), strict=True):
        program.load(params)
        costs = [program.train(one[number], one[2]) for one in epochs]
        found.append((program.state(), np.concatenate([cost.data for cost in costs])))
    return found


def agree(found):
    (mine, costs), (wanted, wanted_costs) = found
    assert relative(costs, wanted_costs) < 1e-12
    assert max(relative(mine[name], wanted[name]) for name in ("W1", "b1", "W2", "b2")) < 1e-12


@pytest.mark.parametrize("second", [(45, 16), (45, 11), (23, 16), (16, 16)])
def test_other_rows_and_other_batches(second):
    epochs = []
    for samples, batch_size in ((45, 16), second, (45, 16), (45, 16)):
        _, data, exact = samples_of(SMALL, "float64", samples)
        rates = np.linspace(1e-2, 1e-3, -(-samples // batch_size))
        epochs.append((data, exact, Epoch(np.random.default_rng(samples).permutation(samples), batch_size, rates)))
    agree(same_steps(epochs))


def test_other_data_of_the_same_shape():
    _, data, exact = samples_of(SMALL, "float64", 45)
    turned = [Data(one.X[::-1].copy(), one.Y[::-1].copy(), one.weight) for one in (data, exact)]
    plan = Epoch(np.arange(45), 16, np.full(3, 1e-2))
    agree(same_steps([(data, exact, plan), (*turned, plan), (data, exact, replace(plan, order=plan.order[::-1]))]))


def test_numbers_of_rows_that_are_shared_cannot_be_written():
    sizes = Epoch(np.arange(45), 16, np.ones(3)).sizes
    assert sizes is Epoch(np.arange(45)[::-1], 16, np.zeros(3)).sizes
    with pytest.raises(ValueError, match="read-only"):
        sizes[0] = 17
