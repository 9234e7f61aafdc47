"""Whether what a line is claimed under, j = k or z > 0, is met by a world's numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from chainrule.checking.document.judging.worlds import World
from chainrule.checking.document.meaning.letters import INDICES, quantity
from chainrule.checking.document.meaning.model import Model
from chainrule.notation.meaning import Setting, evaluate
from chainrule.notation.tree import Applied, Bars, Cases, Indicator, Letter, Relation, walk

_KINKED = frozenset(
    {"relu", "ReLU", "Relu", "ReLu", "max", "np.maximum", "min", "np.minimum", "abs", "np.abs"} | {"leaky_relu"}
)


def limits_values(condition: Relation, model: Model) -> bool:
    """Whether a condition is about something that the page computes; one about a rate or an index is not."""
    compared = condition.sides[0]
    return isinstance(compared, Letter) and compared.name not in INDICES and quantity(compared) in model.definitions


def has_kink(model: Model) -> bool:
    """Whether something that the page defines differs where a condition is met: a ReLU, a maximum, cases."""
    general = {model.functions.get(name) for name in ("", "f", "g", "h", "φ")}
    return any(
        isinstance(part, Cases | Indicator | Bars)
        or (isinstance(part, Applied) and part.function.name in _KINKED)
        or (isinstance(part, Applied) and part.function.name in model.functions and "relu" in general)
        for body in model.definitions.values()
        for part in walk(body)
    )


def is_met(condition: Relation, world: World, bound: Mapping[str, int]) -> bool:
    """Whether a condition is met everywhere in a world, its indices bound."""
    names = [side.name for side in condition.sides if isinstance(side, Letter)]
    if not limits_values(condition, world.model) and not set(names) <= bound.keys():
        return True
    return bool(np.all(evaluate(condition, world.setting().binding(**bound)) > 0))


def is_met_at(condition: Relation, argument: Letter, setting: Setting) -> bool:
    """Whether a condition on the argument of f′(x) = … is met at a point; one on anything else is."""
    return condition.sides[0] != argument or bool(np.all(evaluate(condition, setting) > 0))
