"""From a row's text form to the row: ``"relu"``, ``"leaky_relu(0.1)"``, ``"huber(delta=1)"``, and back."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chainrule.expressions.activations import (
    ACTIVATION_ALIASES,
    ACTIVATION_PARAMETERS,
    ACTIVATIONS,
    Activation,
    Softmax,
)
from chainrule.expressions.derivatives import computed_derivative, differentiate
from chainrule.expressions.functions import Function
from chainrule.expressions.intervals import Interval
from chainrule.expressions.losses import LOSS_ALIASES, LOSS_PARAMETERS, LOSSES, Loss, yhat
from chainrule.expressions.numbers import read_number
from chainrule.expressions.quoting import shown, suggest
from chainrule.expressions.terms import (
    is_number,
)

_CALL = re.compile(r"([A-Za-z][\w\- ]*)(?:\(([^()]*)\))?", re.ASCII)

Row = TypeVar("Row")


def activation(text: str | Activation) -> Activation:
    """The activation that a text names; an activation as it is.

    Raises
    ------
    ValueError
        For an unknown name, naming the nearest known one, for wrong parameters, and for a function of one's own
        that has the name of a row but is another function.

    Examples
    --------
    >>> activation("leaky_relu(0.1)").parameters
    (('slope', 0.1),)
    """
    if isinstance(text, Function | Softmax):
        _check_own(text, activation, "activation", {**ACTIVATIONS, **ACTIVATION_ALIASES}, "_")
        return text
    row: Activation = _find(text, "activation", ACTIVATIONS, ACTIVATION_ALIASES, "_", ACTIVATION_PARAMETERS)
    return row


def loss(text: str | Loss) -> Loss:
    """The loss that a text names; a loss as it is.

    Raises
    ------
    ValueError
        For an unknown name, naming the nearest known one, for wrong parameters, and for a loss of one's own
        that has the name of a row but is another loss.

    Examples
    --------
    >>> loss("huber(delta=2)").parameters
    (('delta', 2.0),)
    """
    if isinstance(text, Loss):
        _check_own(text, loss, "loss", {**LOSSES, **LOSS_ALIASES}, "-")
        return text
    row: Loss = _find(text, "loss", LOSSES, LOSS_ALIASES, "-", LOSS_PARAMETERS)
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


def _find(
    text: object,
    kind: str,
    table: Mapping[str, Any],
    aliases: Mapping[str, str],
    joiner: str,
    accepted: Mapping[tuple[str, str], Interval],
) -> Any:
    if not isinstance(text, str):
        a = "an" if kind[0] in "aeiou" else "a"
        raise TypeError(f"{kind} must be a name or {a} {kind} value, got {type(text).__name__}")
    match = _CALL.fullmatch(text.strip())
    name = re.sub(r"[-_ ]+", joiner, match[1].strip().lower()) if match else text
    name = aliases.get(name, name)
    if match is None or name not in table:
        hint = suggest(name, [*table, *aliases])
        raise ValueError(f"unknown {kind} {shown(text)}{hint}; known: {', '.join(table)}")
    row = table[name]
    values, named = _arguments(match[2] or "", text)
    if isinstance(row, Softmax) and values and not named:
        return Softmax(tuple(values))  # type: ignore[arg-type]  # which are whole, or it says so
    if callable(row):
        return _build(row, name, f"{kind} {shown(text)}", values, named, accepted)
    if values or named:
        raise ValueError(f"{kind} {name!r} takes no parameters, got {shown(text)}")
    return row


def _check_own(row: Any, find: Callable[[str], Any], kind: str, names: Mapping[str, Any], joiner: str) -> None:
    """Names of rows are theirs: text and JSON would read a namesake back as the row.  And a slope must exist."""
    name = re.sub(r"[-_]+", joiner, row.name.lower())
    if name in names and find(text_of(row)) != row:
        raise ValueError(f"{row.name!r} is the name of {kind} {name!r} of the table; give your own another name")
    if isinstance(row, Function | Loss):
        slope = computed_derivative(row) if isinstance(row, Function) else differentiate(row.definition, yhat)
        if is_number(slope, 0):
            raise ValueError(
                f"{kind} {row.name!r} is constant wherever it has a slope: nothing can be learned through it"
            )


def _build(
    row: Callable[..., Row],
    name: str,
    where: str,
    values: list[float],
    named: dict[str, float],
    accepted: Mapping[tuple[str, str], Interval],
) -> Row:
    signature = inspect.signature(row)
    try:
        bound = signature.bind(*values, **named)
    except TypeError as error:
        raise ValueError(f"{where}: {error}; accepted: {name}{signature_text(signature)}") from None
    for parameter, given in bound.arguments.items():
        for value in given if isinstance(given, tuple) else (given,):
            if value not in accepted[name, parameter]:
                raise ValueError(f"{where}: {parameter} must lie in {accepted[name, parameter]}, got {value:g}")
    return row(*bound.args, **bound.kwargs)


def signature_text(signature: inspect.Signature) -> str:
    """The parameters and their defaults: ``(slope=0.01)``; ``…`` where any number may follow."""
    parts = ["…" if p.kind is p.VAR_POSITIONAL else f"{p.name}={p.default:g}" for p in signature.parameters.values()]
    return f"({', '.join(parts)})"


def _arguments(inner: str, text: str) -> tuple[list[float], dict[str, float]]:
    values: list[float] = []
    named: dict[str, float] = {}
    for part in inner.split(",") if inner.strip() else []:
        key, equals, value = (piece.strip() for piece in part.rpartition("="))
        if key in named:
            raise ValueError(f"the parameter {key!r} of {shown(text)} is given twice")
        try:
            read = read_number(value)
        except ValueError:
            problem = f"cannot read the parameter {shown(part.strip())} of {shown(text)}: a number is expected"
            raise ValueError(problem) from None
        if equals:
            named[key] = read
        else:
            values.append(read)
    return values, named
