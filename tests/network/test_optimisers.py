"""Optimisers as declarations: values, JSON, and what is refused."""

# ruff: noqa: E501 - a message stays in one piece

import dataclasses
import json
import re
from fractions import Fraction

import numpy as np
import pytest

from chainrule import SGD, Adam, AdamW, Network, derive

SETTINGS = [
    SGD(), SGD(momentum=0.9, nesterov=True), Adam(), Adam(beta1=0.8, clip_norm=1.0), AdamW(weight_decay=0.1, average=0.99)
]  # fmt: skip


@pytest.mark.parametrize("optimiser", SETTINGS, ids=repr)
def test_json_has_every_setting(optimiser):
    written = json.loads(json.dumps(optimiser.to_json()))
    assert written.pop("name") == type(optimiser).__name__.lower()
    assert type(optimiser)(**written) == optimiser
    assert len({optimiser, dataclasses.replace(optimiser)}) == 1


def test_a_declaration_of_ones_own_has_a_title():
    class Mine(Adam):
        """Adam by another name."""

    derivation = derive(Network.parse("2 -> 1", loss="mse"), optimiser=Mine())
    assert "Update: Mine" in derivation.to_text()
    titles = [SGD().title, SGD(momentum=0.5).title, AdamW().title]
    assert titles == ["gradient descent", "gradient descent with momentum", "AdamW"]


@pytest.mark.parametrize("half", [np.float32(0.5), np.float64(0.5), Fraction(1, 2)], ids=type)
def test_any_real_number_is_held_as_a_float(half):
    for optimiser in (SGD(momentum=half, clip_norm=half), AdamW(beta1=half, average=half)):
        assert json.loads(json.dumps(optimiser.to_json())) == optimiser.to_json()
        settings = [value for name, value in optimiser.to_json().items() if name not in ("name", "nesterov")]
        assert {type(value) for value in settings} <= {float, type(None)}
    assert SGD(momentum=half) == SGD(momentum=0.5)
    assert type(SGD(clip_norm=1).clip_norm) is float


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(momentum=1.01), "SGD: momentum must be a number in [0, 1], got 1.01"),
        (lambda: Adam(beta1=Fraction(10**20 - 1, 10**20)), "Adam: beta1 must be a number in [0, 1), got Fraction("),
        (lambda: SGD(momentum=True), "SGD: momentum must be a number in [0, 1], got True"),
        (lambda: SGD(momentum=None), "SGD: momentum must be a number in [0, 1], got None"),
        (lambda: SGD(nesterov=1), "SGD: nesterov must be True or False, got 1"),
        (lambda: SGD(clip_norm=0), "SGD: clip_norm must be a number in (0, inf) or None, got 0"),
        (lambda: Adam(epsilon=0), "Adam: epsilon must be a number in (0, inf), got 0"),
        (lambda: Adam(beta2=float("nan")), "Adam: beta2 must be a number in [0, 1), got nan"),
        (lambda: AdamW(weight_decay=-1), "AdamW: weight_decay must be a number in [0, inf), got -1"),
        (lambda: AdamW(average="x"), "AdamW: average must be a number in [0, 1) or None, got 'x'"),
    ],
)  # fmt: skip
def test_nonsense_is_refused(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()
