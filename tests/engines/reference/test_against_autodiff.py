"""The reference engine against an independent autodiff, for the whole zoo."""

from tests.engines.reference.comparing import disagreements
from tests.zoo import every_animal


@every_animal
def test_cost_and_gradients(animal):
    assert disagreements(animal) == {}
