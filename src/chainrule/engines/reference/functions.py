"""Terms as nested functions of NumPy: what a term means is looked up once, and computed as often as there are values.

An array's axes are in the order of its term's; a product summed over an axis that both factors have is a matrix
product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule.engines.reference.operations import OPERATIONS, REDUCTIONS
from chainrule.expressions.terms import Apply, Axes, Number, Reduce, Size, Symbol, Term, union

Values = Mapping[str, Any]
Computed = Callable[[Values], Any]


def function_of(term: Term) -> Computed:
    """A function from the values of symbols, and `length` of the axes that are counted, to the term's value."""
    match term:
        case Number(value):
            return lambda values: value  # Python's own, so that float32 stays float32
        case Symbol(name):
            return lambda values: values[name]
        case Size(axis):
            counted = length(axis)
            return lambda values: values[counted]
        case Reduce("sum", (over,), Apply("mul", (left, right))) if over in left.axes and over in right.axes:
            return _sum_of_products(left, right, over)
        case Reduce(operation, reduced, operand):
            reduction, inner = REDUCTIONS[operation], function_of(operand)
            places = tuple(map(operand.axes.index, reduced))
            return lambda values: reduction(inner(values), axis=places)
        case Apply("select", (condition, *alternatives)):
            test, branches = _truth(condition, term.axes), [aligned(branch, term.axes) for branch in alternatives]
            return lambda values: np.where(test(values), *[branch(values) for branch in branches])
        case Apply(operation, (argument,)):
            function, part = OPERATIONS[operation], function_of(argument)
            return lambda values: function(part(values))
        case Apply(operation, arguments):
            function, parts = OPERATIONS[operation], [aligned(argument, term.axes) for argument in arguments]
            return lambda values: function(*[part(values) for part in parts])
    raise TypeError(f"not a term that can be computed: {term!r}")


def length(axis: str) -> str:
    """The name under which the values hold how long an axis is."""
    return f"size({axis})"


def aligned(term: Term, want: Axes) -> Computed:
    """The term's value with an axis of length 1 wherever it lacks one of `want`."""
    function = function_of(term)
    if not term.axes or want[-len(term.axes) :] == term.axes:  # NumPy adds leading axes by itself
        return function
    index = tuple(slice(None) if axis in term.axes else None for axis in want)
    return lambda values: function(values)[index]


def _truth(condition: Term, want: Axes) -> Computed:
    """The condition of a selection, as truth values where it is a comparison, which saves turning them to numbers."""
    match condition:
        case Apply("less" | "less_equal" as name, arguments):
            compare: Callable[..., Any] = getattr(np, name)
            first, second = (aligned(argument, want) for argument in arguments)
            return lambda values: compare(first(values), second(values))
    number = aligned(condition, want)
    return lambda values: number(values) != 0


def _sum_of_products(left: Term, right: Term, over: str) -> Computed:
    """Σ left · right over an axis of both: a matrix product, or einsum where they share further axes."""
    axes = union(left.axes, right.axes)
    kept = tuple(axis for axis in axes if axis != over)
    if len(left.axes) > 2 or len(right.axes) > 2 or left.axes == right.axes != (over,):
        letters = {axis: chr(ord("a") + number) for number, axis in enumerate(axes)}
        names = ["".join(letters[axis] for axis in group) for group in (left.axes, right.axes, kept)]
        subscripts, first, second = f"{names[0]},{names[1]}->{names[2]}", function_of(left), function_of(right)
        return lambda values: np.einsum(subscripts, first(values), second(values), optimize=True)
    if kept and kept[0] in right.axes:  # the factor with the first of the axes that remain goes first
        left, right = right, left
    first, second = _turned(left, over, last=True), _turned(right, over, last=False)
    return lambda values: first(values) @ second(values)


def _turned(term: Term, over: str, *, last: bool) -> Computed:
    """The term's value, transposed where the axis does not stand where a matrix product wants it."""
    function = function_of(term)
    if len(term.axes) < 2 or (term.axes[-1] == over) is last:
        return function
    return lambda values: function(values).T
