"""The zoo: the networks that every engine, every check and every reading runs over.

Widths are pairwise distinct, so that a missing transpose cannot hide; labels are real numbers where the loss admits
them; parameters are drawn so that ReLUs are alive.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from chainrule.expressions.activations import ACTIVATIONS, Softmax
from chainrule.expressions.functions import Function
from chainrule.expressions.lookup import activation, text_of
from chainrule.expressions.losses import LOSSES
from chainrule.network import Dense, Network, Penalty


@dataclass(frozen=True)
class Animal:
    """A network of the zoo, and the number of samples to run it on."""

    network: Network
    samples: int = 17

    @property
    def id(self):
        n, extras = self.network, []
        if n.penalty:
            extras.append(f"l2={n.penalty.l2:g},l1={n.penalty.l1:g},divided={n.penalty.divided}")
        extras += ["weights"] * n.sample_weights + ["sum"] * (n.reduction == "sum") + [f"batch={self.samples}"]
        return f"{n} {text_of(n.loss)} {' '.join(extras)}".replace(" -> ", ">").replace(" ", "_")


LOSS_TEXTS = [name if not callable(row) else text_of(row()) for name, row in LOSSES.items()]
LOSS_TEXTS += ["binary-focal(1.5)", "focal(1)", "quantile(0.9)", "quantile(0.1, 0.5, 0.8)"]
WIDTHS = (6, 5, 4, 7, 3, 2)


def network(activations, loss, *, outputs=None, **options):
    """A network of as many layers as activations, with widths pairwise distinct."""
    widths = list(WIDTHS[1 : len(activations)]) + [outputs or 3]
    if outputs is None and 3 in widths[:-1]:
        widths[-1] = 2
    layers = [Dense(width, row) for width, row in zip(widths, activations, strict=True)]
    return Network(layers, WIDTHS[0], loss, **options)


def admissible(loss):
    """The activations that may stand before a loss."""
    for name in ACTIVATIONS:
        try:
            network(["tanh", name], loss)
        except ValueError:
            continue
        yield name


def _zoo():
    for loss in LOSS_TEXTS:
        for output in admissible(loss):
            yield Animal(network(["tanh", output], loss))
            yield Animal(network(["tanh", output], loss, penalty=Penalty(l2=0.2, l1=0.1), sample_weights=True))
    for hidden in ACTIVATIONS:
        if hidden != "softmax":
            yield Animal(network([hidden, "identity"], "squared-error"))
            yield Animal(network([hidden, hidden, "softmax"], "cross-entropy"), samples=1)
    for depth in range(1, 6):
        hidden = ["relu", "tanh", "elu", "sigmoid"][: depth - 1]
        for output, loss in (("sigmoid", "bce"), ("softmax", "cross-entropy"), ("identity", "mse")):
            yield Animal(network([*hidden, output], loss))
            yield Animal(network([*hidden, output], loss), samples=1)
    penalties = (Penalty(), Penalty(l2=0.3), Penalty(l2=0.2, l1=0.1), Penalty(l2=0.3, divided=False))
    outputs = (("sigmoid", "bce"), ("softmax", "cross-entropy"), ("identity", "huber"), ("exp", "poisson"))
    for (output, loss), penalty, weights, reduction in itertools.product(
        outputs, penalties, (False, True), ("mean", "sum")
    ):
        options = {"penalty": penalty, "sample_weights": weights, "reduction": reduction}
        yield Animal(network(["tanh", output], loss, **options))
    for output, loss in outputs:
        bare = network(["relu", "tanh", output], loss, penalty=Penalty(l2=0.3), sample_weights=True)
        layers = tuple(Dense(layer.width, layer.activation, 0.3) for layer in bare.layers[:-1]) + bare.layers[-1:]
        yield Animal(Network(layers, bare.n_inputs, loss, penalty=bare.penalty, sample_weights=True, input_dropout=0.2))
        yield Animal(network(["relu", output], loss, outputs=None if loss == "cross-entropy" else 1))


# A softmax for each of several targets: beside the zoo, because the checker of pages knows no values for the groups.
GROUPED = [
    Animal(network(["tanh", "softmax(3,2,4)"], "cross-entropy", outputs=9)),
    Animal(network(["relu", "softmax(2,1)"], "cross-entropy", outputs=3)),
    Animal(network(["tanh", "softmax(5,19,3)"], "cross-entropy", outputs=27, penalty=Penalty(l2=0.2, l1=0.1))),
    Animal(network(["tanh", "softmax(2,2)"], "focal", outputs=4, penalty=Penalty(l2=0.2), sample_weights=True)),
]

ZOO = list({animal.id: animal for animal in _zoo()}.values())


def _traits(animal):
    """What an animal shows: loss, activations, depth, batch, kind of cost, penalty, dropout, number of outputs."""
    net = animal.network
    loss = (net.loss.name, bool(net.loss.per_output))
    yield from (("loss", loss), ("depth", net.depth), ("batch", animal.samples), ("one", net.widths[-1] == 1))
    yield from (("cost", net.reduction, net.sample_weights), ("penalty", net.penalty), ("dropout", net.input_dropout))
    yield from (("hidden", layer.activation) for layer in net.layers[:-1])
    yield ("output", net.layers[-1].activation)


def _representatives():
    """A few animals that between them show every trait: at each turn the one that shows most that is new."""
    left = {trait for animal in ZOO for trait in _traits(animal)}
    while left:
        best = max(ZOO, key=lambda animal: len(left.intersection(_traits(animal))))
        left.difference_update(_traits(best))
        yield best


REPRESENTATIVES = list(_representatives())


def each(animals, fast):
    """A test parametrised over animals, all but the fast ones in the slow tier."""
    marked = [pytest.param(a, id=a.id, marks=() if a in fast else pytest.mark.slow) for a in animals]
    return pytest.mark.parametrize("animal", marked)


every_animal = each(ZOO, REPRESENTATIVES)


def every_written_animal(layouts):
    """A test parametrised over the zoo, groups included, in every layout.

    In the fast tier each representative is in one of the layouts, by turns; all of it in all of them is slow.
    """
    fast = {(a.id, layouts[turn % len(layouts)]) for turn, a in enumerate([*REPRESENTATIVES, GROUPED[-1]])}
    marked = [
        pytest.param(layout, a, id=f"{layout}-{a.id}", marks=() if (a.id, layout) in fast else pytest.mark.slow)
        for layout, a in itertools.product(layouts, [*ZOO, *GROUPED])
    ]
    return pytest.mark.parametrize(("layout", "animal"), marked)


def draw(animal, seed=0):
    """Parameters, X, Y, sample weights and masks for an animal, in float64."""
    net, n = animal.network, animal.samples
    rng = np.random.default_rng(seed)
    params = {name: rng.normal(size=shape) * (0.7 if len(shape) == 2 else 0.3) for name, shape in
              net.parameter_shapes.items()}  # fmt: skip
    X = rng.normal(size=(n, net.n_inputs))
    shape = (n, net.layers[-1].width)
    if net.loss.labels_sum_to_one:
        groups = getattr(net.layers[-1].activation, "groups", ()) or shape[1:]
        Y = np.hstack([rng.dirichlet(np.ones(size), size=n) for size in groups])
    elif net.loss.labels.high == 1:
        Y = rng.uniform(0.1, 0.9, shape)
    else:
        Y = rng.uniform(0.1, 3.0, shape)
    weight = rng.uniform(0.3, 2.0, n) if net.sample_weights else None
    masks = {}
    for number, (width, rate) in enumerate(
        zip(net.widths, (net.input_dropout, *(layer.dropout for layer in net.layers)), strict=True)
    ):
        if rate:
            masks[f"M{number}"] = (rng.uniform(size=(n, width)) >= rate).astype(float)
    return params, X, Y, weight, masks


def standard_functions():
    """Every pointwise activation of the table, with its default parameters."""
    rows = (activation(name) for name in ACTIVATIONS)
    return [row for row in rows if not isinstance(row, Softmax) and isinstance(row, Function)]


def with_samples(animal, samples):
    """The same network on another number of samples."""
    return replace(animal, samples=samples)
