"""A user's own activation and loss in a derivation: as they were written, differentiated, simplified, made stable."""

import re
from dataclasses import replace

import pytest

from chainrule.calculus import derive
from chainrule.expressions.own import activation, loss
from chainrule.network import Dense, Network
from chainrule.notation.document import document_of
from tests.notation.document.chains import Worlds
from tests.notation.document.test_every_line import check_in
from tests.zoo import Animal

LOG_COSH = loss("log-cosh", "log(cosh(yhat - y))")
PINBALL = loss("pin", "0.5 * abs(yhat - y) - 0.4 * (yhat - y)")
RELATIVE = loss("relative", "(yhat - y)**2 / yhat", domain=(0, float("inf")))
GATED = activation("gated", "z / (1 + exp(-1.5 * z))")
HINGED = activation("hinged", "abs(z) / 2 + tanh(z)")
NETWORKS = {
    "log-cosh": Network([Dense(3, GATED), Dense(2, "identity")], 2, LOG_COSH),
    "kinks": Network([Dense(3, HINGED), Dense(1, "tanh")], 2, PINBALL),
    "domain": Network([Dense(3, "tanh"), Dense(2, "exp")], 2, RELATIVE),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("layout", ["columns", "sample"])
def test_every_line_about_own_functions_equals_the_next(network, layout):
    worlds = Worlds(Animal(network, samples=1 if layout == "sample" else 3), layout=layout, detail="full")
    assert sum(check_in(chain, worlds, layout) for chain in document_of(worlds.derivation).chains) > 10


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("log-cosh", [
            "ℓ = Σⱼ log([exp(a_{2,j} − yⱼ) + exp(−(a_{2,j} − yⱼ))] / 2)",
            "(the same in the form that is computed, which does not overflow)",
            "= −tanh(yⱼ − a_{2,j}) simplified",
            "φ(z) = z / (1 + e^{−1.5 z})",
        ]),
        ("kinks", [
            "The pin loss has kinks, where its two sides differ in slope;",
            "φ has a kink at 0: it has no derivative there",
        ]),
        ("domain", [
            "It is defined for predictions in (0, inf)",
            "= 1 − yⱼ² / a_{2,j}² simplified",
        ]),
    ],
)  # fmt: skip
def test_own_functions_are_shown(name, lines):
    text = re.sub(r"\s+", " ", derive(NETWORKS[name], detail="full").to_text())
    for line in lines:
        assert line in text


def test_the_written_form_travels_with_the_network():
    network = NETWORKS["log-cosh"]
    again = Network.from_json(network.to_json())
    assert again == network
    assert again.loss.written == LOG_COSH.written is not None
    assert derive(again).to_text() == derive(network).to_text()
    with pytest.raises(ValueError, match="written"):
        replace(LOG_COSH, written=NETWORKS["kinks"].layers[0].activation.definition)
