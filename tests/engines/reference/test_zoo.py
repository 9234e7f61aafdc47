"""What the zoo promises: distinct widths, live ReLUs, real labels, and every combination that is asked for."""

import itertools

import numpy as np
import pytest

from chainrule.expressions.activations import ACTIVATIONS
from chainrule.expressions.losses import LOSSES
from tests.engines.reference import autodiff
from tests.zoo import REPRESENTATIVES, ZOO, admissible, draw


def test_widths_are_pairwise_distinct():
    for animal in ZOO:
        sizes = (*animal.network.widths, *([animal.samples] if animal.samples > 1 else []))
        assert len(set(sizes)) == len(sizes), animal.id


def test_every_loss_stands_after_every_activation_that_it_admits():
    seen = {(animal.network.loss.name, animal.network.layers[-1].activation.name) for animal in ZOO}
    assert seen >= {(loss, output) for loss in LOSSES for output in admissible(loss)}
    assert {loss for loss, _ in seen} == set(LOSSES)
    assert {layer.activation.name for animal in ZOO for layer in animal.network.layers} == set(ACTIVATIONS)


def test_every_loss_and_output_meets_penalties_and_weights():
    seen = {
        (a.network.loss.name, a.network.layers[-1].activation.name, bool(a.network.penalty), a.network.sample_weights)
        for a in ZOO
    }
    for loss in LOSSES:
        for output, (penalty, weights) in itertools.product(admissible(loss), ((False, False), (True, True))):
            assert (loss, output, penalty, weights) in seen, (loss, output)


def test_depths_batches_costs_and_dropout():
    assert {animal.network.depth for animal in ZOO} >= {1, 2, 3, 4, 5}
    assert {animal.samples for animal in ZOO} == {1, 17}
    assert {(a.network.reduction, a.network.sample_weights) for a in ZOO} == set(
        itertools.product(("mean", "sum"), (False, True))
    )
    assert any(animal.network.input_dropout for animal in ZOO)
    assert any(layer.dropout for animal in ZOO for layer in animal.network.layers)


@pytest.mark.slow
def test_relus_are_alive_and_not_always():
    for animal in ZOO:
        if animal.samples == 1:
            continue
        params, X, Y, weight, masks = draw(animal)
        trace = animal.network.trace(params, X, Y, weight, masks)
        for number, layer in enumerate(animal.network.layers, 1):
            if layer.activation.name in ("relu", "leaky_relu", "elu", "selu"):
                assert 0.02 < (trace[f"Z{number}"] > 0).mean() < 0.98, animal.id


def test_labels_are_real_numbers():
    for animal in ZOO:
        Y = draw(animal)[2]
        assert len(np.unique(Y)) == Y.size


@pytest.mark.slow
def test_no_gradient_of_the_zoo_is_zero():
    """An array of zeros would agree with any other that vanished for a wrong reason."""
    for animal in ZOO:
        params, X, Y, weight, masks = draw(animal)
        trace = animal.network.trace(params, X, Y, weight, masks)
        for name in params:
            assert np.linalg.norm(trace[f"d{name}"]) > 1e-6, (animal.id, name)


def test_the_judge_has_every_activation_and_loss():
    assert set(autodiff.ACTIVATIONS) == set(ACTIVATIONS)
    assert set(autodiff.LOSSES) == set(LOSSES)


def test_representatives_show_everything_once():
    for trait in (
        lambda a: (a.network.loss.name, bool(a.network.loss.per_output)),
        lambda a: a.network.layers[-1].activation,
        lambda a: a.network.depth,
        lambda a: a.network.penalty,
        lambda a: a.samples,
    ):
        assert {trait(a) for a in REPRESENTATIVES} == {trait(a) for a in ZOO}
    assert len(REPRESENTATIVES) < len(ZOO) / 5
