"""From a row's text form to the row: ``"relu"``, ``"leaky_relu(0.1)"``, ``"huber(delta=1)"``, and back."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from chainrule.expressions.activations import ACTIVATION_ALIASES, ACTIVATIONS, Activation, Softmax
from chainrule.expressions.losses import LOSS_ALIASES, LOSSES, PARAMETER_DOMAINS, Loss
from chainrule.expressions.terms import Function

_CALL = re.compile(r"\s*([A-Za-z][\w\- ]*?)\s*(?:\(([^()]*)\))?\s*", re.ASCII)

Row = TypeVar("Row")


def activation(text: str | Activation) -> Activation:
    """The activation that a text names; an activation as it is.

    Raises
    ------
    ValueError
        For an unknown name, naming the nearest known one, and for wrong parameters.

    Examples
    --------
    >>> activation("leaky_relu(0.1)").parameters
    (('slope', 0.1),)
    """
    if isinstance(text, Function | Softmax):
        return text
    row: Activation = _find(text, "activation", ACTIVATIONS, ACTIVATION_ALIASES, "_")
    return row


def loss(text: str | Loss) -> Loss:
    """The loss that a text names; a loss as it is.

    Raises
    ------
    ValueError
        For an unknown name, naming the nearest known one, and for wrong parameters.

    Examples
    --------
    >>> loss("huber(delta=2)").parameters
    (('delta', 2.0),)
    """
    if isinstance(text, Loss):
        return text
    row: Loss = _find(text, "loss", LOSSES, LOSS_ALIASES, "-")
    return row


def text_of(row: Activation | Loss) -> str:
    """The text form of a row, which the look-up reads back.

    Examples
    --------
    >>> text_of(activation("leaky_relu(0.10)"))
    'leaky_relu(0.1)'
    """
    values = ", ".join(repr(value).removesuffix(".0") for _, value in row.parameters)
    return f"{row.name}({values})" if values else row.name


def suggest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'relu'`` when something known is near, else nothing."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}" if near else ""


def _find(text: str, kind: str, table: Mapping[str, Any], aliases: Mapping[str, str], joiner: str) -> Any:
    if not isinstance(text, str):
        raise TypeError(f"{kind} must be a name or a {kind} value, got {type(text).__name__}")
    match = _CALL.fullmatch(text)
    name = re.sub(r"[-_ ]", joiner, match[1].lower()) if match else text
    name = aliases.get(name, name)
    if match is None or name not in table:
        hint = suggest(name, [*table, *aliases])
        raise ValueError(f"unknown {kind} {text!r}{hint}; known: {', '.join(table)}")
    row = table[name]
    arguments = _arguments(match[2], text) if match[2] is not None else ([], {})
    if not callable(row):
        if arguments != ([], {}):
            raise ValueError(f"{kind} {name!r} takes no parameters, got {text!r}")
        return row
    return _build(row, name, kind, text, *arguments)


def _build(
    row: Callable[..., Row], name: str, kind: str, text: str, values: list[float], named: dict[str, float]
) -> Row:
    signature = inspect.signature(row)
    try:
        bound = signature.bind(*values, **named)
    except TypeError as error:
        raise ValueError(f"{kind} {text!r}: {error}; accepted: {name}{signature_text(signature)}") from None
    for parameter, value in bound.arguments.items():
        accepted = PARAMETER_DOMAINS[name, parameter]
        low = value > accepted.low or (value == accepted.low and not accepted.low_open)
        if not (low and value < accepted.high):
            raise ValueError(f"{kind} {text!r}: {parameter} must lie in {accepted}, got {value:g}")
    return row(*bound.args, **bound.kwargs)


def signature_text(signature: inspect.Signature) -> str:
    """The parameters and their defaults: ``(slope=0.01)``."""
    return "(" + ", ".join(f"{p.name}={p.default:g}" for p in signature.parameters.values()) + ")"


def _arguments(inner: str, text: str) -> tuple[list[float], dict[str, float]]:
    values: list[float] = []
    named: dict[str, float] = {}
    for part in inner.split(","):
        key, equals, value = part.rpartition("=")
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"cannot read the parameter {part.strip()!r} of {text!r}: a number is expected") from None
        if equals:
            named[key.strip()] = number
        else:
            values.append(number)
    return values, named
