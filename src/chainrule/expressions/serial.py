"""Terms, functions and losses as JSON values, so that a network can carry its user's own; reading builds nodes only.

A number is a number; everything else is a list whose head says what it is: ``["symbol", "z"]``, ``["add", …, …]``,
``["reduce", "sum", ["u1"], …]``, ``["call", function, …, order]``, ``["size", "i"]``.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from chainrule.expressions.activations import ACTIVATIONS, Activation, Softmax
from chainrule.expressions.functions import MAX_DEPTH, Function
from chainrule.expressions.intervals import Interval
from chainrule.expressions.lookup import activation, loss, text_of
from chainrule.expressions.losses import LOSSES, Loss
from chainrule.expressions.operations import OPERATIONS, REDUCTIONS
from chainrule.expressions.quoting import shown, suggest
from chainrule.expressions.terms import (
    Apply,
    Call,
    Number,
    Reduce,
    Size,
    Symbol,
    Term,
)


def term_to_json(term: Term) -> Any:
    """A term as JSON values."""
    match term:
        case Number(value):
            return value
        case Symbol(name, axes):
            return ["symbol", name, *axes]
        case Size(axis):
            return ["size", axis]
        case Apply(operation, arguments):
            return [operation, *map(term_to_json, arguments)]
        case Call(function, argument, order):
            return ["call", activation_to_json(function), term_to_json(argument), order]
        case Reduce(operation, over, operand):
            return ["reduce", operation, list(over), term_to_json(operand)]
    raise TypeError(f"not a term: {term!r}")


def term_from_json(value: Any, depth: int = 0) -> Term:
    """The term that `term_to_json` wrote.

    Raises
    ------
    ValueError
        If the value is not a term, or nested too deeply.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"an expression is nested more than {MAX_DEPTH} deep")
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        return Number(value)
    below = depth + 1
    match value:
        case ["symbol", str(name), *axes] if all(isinstance(axis, str) for axis in axes):
            return Symbol(name, tuple(axes))
        case ["size", str(axis)]:
            return Size(axis)
        case ["call", function, argument, (0 | 1) as order]:
            row = activation_from_json(function, below)
            if isinstance(row, Function):
                return Call(row, term_from_json(argument, below), order)
        case ["reduce", str(operation), [*over], operand] if operation in REDUCTIONS:
            return Reduce(operation, tuple(map(str, over)), term_from_json(operand, below))
        case [str(operation), *arguments] if operation in OPERATIONS:
            if len(arguments) == OPERATIONS[operation].arity:
                return Apply(operation, tuple(term_from_json(argument, below) for argument in arguments))
    raise ValueError(f"not an expression: {shown(value)}")


def activation_to_json(row: Activation) -> Any:
    """A row of the table as its text; a user's own function as its expressions."""
    row = activation(row)
    if isinstance(row, Softmax) or (row.name in ACTIVATIONS):
        return text_of(row)
    return {
        "name": row.name,
        "definition": term_to_json(row.definition),
        "stable": None if row.stable is None else term_to_json(row.stable),
        "derivative": None if row.derivative is None else term_to_json(row.derivative),
        "kinks": list(row.kinks),
        "range": None if row.range is None else interval_to_json(row.range),
        "parameters": [list(pair) for pair in row.parameters],
        "keeps_sign": row.keeps_sign,
    }


def activation_from_json(value: Any, depth: int = 0) -> Activation:
    """The activation that `activation_to_json` wrote.

    Raises
    ------
    ValueError
        If the value is no activation, or its expressions are nested too deeply.
    """
    if isinstance(value, str):
        return activation(value)
    check_keys(value, [field.name for field in fields(Function)], "an activation")
    try:
        return Function(
            name=str(value["name"]),
            definition=term_from_json(value["definition"], depth),
            stable=None if value["stable"] is None else term_from_json(value["stable"], depth),
            derivative=None if value["derivative"] is None else term_from_json(value["derivative"], depth),
            kinks=tuple(float(kink) for kink in value["kinks"]),
            range=None if value["range"] is None else interval_from_json(value["range"]),
            parameters=tuple((str(name), float(number)) for name, number in value["parameters"]),
            keeps_sign=bool(value["keeps_sign"]),
        )
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"not an activation: {shown(value)} ({error!r})") from None


def loss_to_json(row: Loss) -> Any:
    """A row of the table as its text; a user's own loss as its expression."""
    row = loss(row)
    if row.name in LOSSES:
        return text_of(row)
    return {
        "name": row.name,
        "definition": term_to_json(row.definition),
        "domain": interval_to_json(row.domain),
        "labels": interval_to_json(row.labels),
        "has_kink": row.has_kink,
        "parameters": [list(pair) for pair in row.parameters],
        "labels_sum_to_one": row.labels_sum_to_one,
        "per_output": [[name, list(values)] for name, values in row.per_output],
        "written": None if row.written is None else term_to_json(row.written),
    }


def loss_from_json(value: Any) -> Loss:
    """The loss that `loss_to_json` wrote.

    Raises
    ------
    ValueError
        If the value is no loss, or its expression is nested too deeply.
    """
    if isinstance(value, str):
        return loss(value)
    check_keys(value, [field.name for field in fields(Loss)], "a loss")
    try:
        return Loss(
            name=str(value["name"]),
            definition=term_from_json(value["definition"]),
            domain=interval_from_json(value["domain"]),
            labels=interval_from_json(value["labels"]),
            has_kink=bool(value["has_kink"]),
            parameters=tuple((str(name), float(number)) for name, number in value["parameters"]),
            labels_sum_to_one=bool(value["labels_sum_to_one"]),
            per_output=tuple((name, tuple(map(float, values))) for name, values in value.get("per_output", ())),
            written=None if value.get("written") is None else term_from_json(value["written"]),
        )
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"not a loss: {shown(value)} ({error!r})") from None


def interval_to_json(interval: Interval) -> list[Any]:
    """[low, high, low_open, high_open]; an infinite end is null."""
    ends = [end if math.isfinite(end) else None for end in (interval.low, interval.high)]
    return [*ends, interval.low_open, interval.high_open]


def interval_from_json(value: Any) -> Interval:
    """The interval that `interval_to_json` wrote."""
    low, high, low_open, high_open = value
    return Interval(
        -math.inf if low is None else float(low),
        math.inf if high is None else float(high),
        bool(low_open),
        bool(high_open),
    )


def check_keys(value: Any, known: Sequence[str], what: str) -> None:
    """Raise ValueError for a key that nothing reads: a slip of the pen would otherwise be a default."""
    for key in value if isinstance(value, Mapping) else ():
        if key not in known:
            raise ValueError(f"{what} has no {shown(key)}{suggest(str(key), known)}; it has {', '.join(known)}")
