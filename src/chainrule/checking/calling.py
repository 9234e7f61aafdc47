"""Calling somebody's function: what each of its arguments stands for, and which forms to try."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from chainrule.checking.naming import (
    CACHE_NAMES,
    COUNT_NAMES,
    MASK_NAMES,
    OUTPUT_NAMES,
    PARAMS_NAMES,
    PENALTY_NAMES,
    RATE_NAMES,
    SAMPLE_WEIGHT_NAMES,
    X_NAMES,
    Y_NAMES,
    bare,
    meaning,
)
from chainrule.checking.supplying import CACHE_FORMS, PARAMETER_FORMS, RATE, Supply
from chainrule.network import Network

_BY_NAME = (
    (X_NAMES, "X"),
    (Y_NAMES, "Y"),
    (OUTPUT_NAMES, "output"),
    (PARAMS_NAMES, "params"),
    (CACHE_NAMES, "cache"),
    (COUNT_NAMES, "m"),
    (RATE_NAMES, "rate"),
    (PENALTY_NAMES, "penalty"),
    (MASK_NAMES, "masks"),
)
REMEDY = (
    "say what they stand for: names={'theta': 'params', 'inp': 'X', 'w_hidden': 'W1'}, "
    "or call=lambda function, v: function(v['W1'], v['X'], v['Y'])"
)


def roles_of(function: Callable[..., Any], network: Network, names: Mapping[str, str]) -> dict[str, str]:
    """What every argument of a function stands for: ``"params"``, ``"X"``, ``"W1"``, …; those with defaults may lack.

    Raises
    ------
    ValueError
        If an argument without a default cannot be understood, or the signature cannot be read.
    """
    where = f"function {getattr(function, '__name__', type(function).__name__)!r}"
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise ValueError(f"{where}: its arguments cannot be read; {REMEDY}") from None
    several = sum(_is_weights(name) for name in signature.parameters) > 1
    roles: dict[str, str] = {}
    unknown = []
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        role = None if parameter.kind is parameter.VAR_POSITIONAL else names.get(name) or _role(name, network, several)
        if role is not None:
            roles[name] = role
        elif parameter.default is parameter.empty:
            unknown.append(name)
    if unknown:
        raise ValueError(f"{where}: cannot tell what {', '.join(unknown)} of {signature} stands for; {REMEDY}")
    return roles


def _is_weights(name: str) -> bool:
    found = meaning(name)
    return bare(name) in PARAMS_NAMES or (found is not None and found.letter == "W")


def _role(name: str, network: Network, several: bool) -> str | None:
    short = bare(name)
    weighted = network.sample_weights and (short.startswith("sample") or (short in SAMPLE_WEIGHT_NAMES and several))
    if weighted:
        return "sample_weight"
    if short == "theta" and network.depth > 1:
        return "params"
    for accepted, role in _BY_NAME:
        if short in accepted and not (short == "theta" and role == "params"):
            return role
    found = meaning(name)
    if found is None or found.derivative:
        return None
    number = network.depth if found.number == -1 else found.number
    if number is None:
        return found.letter if network.depth > 1 else f"{found.letter}1"
    return f"{found.letter}{number}" if 0 <= number <= network.depth else None


def arguments(roles: Mapping[str, str], supply: Supply, params_as: str, cache_as: str) -> dict[str, Any]:
    """Fresh values for the arguments of a function, in one form.

    Raises
    ------
    ValueError
        If a role is none that there is a value for.
    """
    from_zero = any(role[1:] == "0" and role[0] in "Wb" for role in roles.values())
    return {name: _value(role, supply, params_as, cache_as, int(from_zero)) for name, role in roles.items()}


def _value(role: str, supply: Supply, params_as: str, cache_as: str, shift: int) -> Any:
    network = supply.network
    layers = [str(layer) for layer in supply.layers]
    match role:
        case "params":
            return supply.data("params") if "params" in supply.given else PARAMETER_FORMS[params_as](supply)
        case "cache":
            return CACHE_FORMS[cache_as](supply)
        case "X" | "Y":
            return supply.data(role)
        case "output":
            return supply.data(f"A{network.depth}")
        case "m":
            return len(supply.trace["X"])
        case "rate":
            return RATE
        case "penalty":
            return network.penalty.l2 if network.penalty else RATE
        case "sample_weight":
            return supply.trace["w"].copy()
        case "masks":
            return {name: supply.data(name) for name in supply.trace if name[0] == "M" and name[1:].isdecimal()}
        case "W" | "b":
            return [supply.parameter(f"{role}{layer}") for layer in layers]
        case "Z" | "A":
            first = [supply.data("X")] if role == "A" else []
            return [*first, *(supply.data(f"{role}{layer}") for layer in layers)]
    if role[0] in "Wb" and (number := str(int(role[1:] or 0) + shift)) in layers:
        return supply.parameter(f"{role[0]}{number}")
    if role in supply.trace:
        return supply.data(role)
    raise ValueError(f"names: {role!r} is no value of {network}; there are params, cache, {', '.join(supply.trace)}")
