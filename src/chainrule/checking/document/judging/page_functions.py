"""The functions of a page: rows of the table by name or description, or expressions of the page's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf, erfc

from chainrule.checking.document.meaning.letters import quantity
from chainrule.checking.document.meaning.model import (
    FUNCTION_OF_NAME,
    FunctionDefinition,
    Model,
)
from chainrule.checking.functions import activation_callables
from chainrule.notation.meaning import Array, Function, MeaningError, Setting, evaluate
from chainrule.notation.tree import Applied, Letter

if TYPE_CHECKING:
    from chainrule.checking.document.judging.worlds import World

STEP = 1e-30
PI = Letter("π")
_UNNAMED = ("f", "g", "h", "φ")  # mean an activation, whichever it is


def function_applied_to(node: Applied, model: Model) -> Letter | None:
    """What an f that the page nowhere defines is at a z: the function of the page's own a = tanh(z), or a = z."""
    if node.function.name not in _UNNAMED or node.function.name in model.functions or len(node.arguments) != 1:
        return None
    [argument] = node.arguments
    if not isinstance(argument, Letter):
        return None
    for one, body in model.definitions.items():
        match body:
            case Applied(function=function, arguments=(Letter() as own,)) if quantity(own) == quantity(argument):
                return function if function.name in FUNCTION_OF_NAME else None
            case Letter() if one.name in {"a", "h"} and quantity(body) == quantity(argument):
                return Letter("identity")
    return None


def functions_of(world: World) -> dict[str, Function]:
    """The page's functions: rows of the table by name or description, or expressions of the page's own."""
    table = activation_callables()
    found: dict[str, Function] = {}
    general = world.model.functions.get("") or "sigmoid"
    units = 0 if world.columns else 1

    def softmax(z: Array) -> Array:
        powers = np.exp(z)
        return np.asarray(powers / powers.sum(axis=units, keepdims=True))

    for name in table:
        if not name.endswith("′"):
            found |= _row(name, name, table)
    found |= {"softmax": softmax, "erf": erf, "erfc": erfc}
    for name in (*_UNNAMED, "S"):
        found |= _row(name, str(general), table)
    for name, row in FUNCTION_OF_NAME.items():
        found |= _row(name, row, table)
    for name, meaning in world.model.functions.items():
        if not name:
            continue
        if isinstance(meaning, str):
            found |= _row(name, meaning, table) if meaning in table else {}
        else:
            found |= _own(name, meaning, {**table, **found})
    return found


def _row(name: str, row: str, table: Mapping[str, Function]) -> dict[str, Function]:
    return {name: table[row], f"{name}′": table[f"{row}′"], f"d{name}": table[f"{row}′"]}


def _own(name: str, definition: FunctionDefinition, table: Mapping[str, Function]) -> dict[str, Function]:
    """A function that the page defines; a row of the table where it has the same values."""

    def value(z: Array) -> Array:
        setting = Setting({definition.argument: np.asarray(z), PI: np.asarray(np.pi)}, dict(table), lenient=True)
        return evaluate(definition.body, setting)

    points = np.linspace(-2.1, 1.9, 9)
    try:
        values = value(points.reshape(1, -1))
    except (MeaningError, ValueError):
        return {}
    for row in ("sigmoid", "tanh", "relu", "identity", "softplus"):
        if np.allclose(values, table[row](points)):
            return _row(name, row, table)

    def slope(z: Array) -> Array:
        return np.imag(value(z + 1j * STEP)) / STEP

    return {name: value, f"{name}′": slope, f"d{name}": slope}
