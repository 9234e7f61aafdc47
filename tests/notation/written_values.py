"""A trace of the reference engine as values for the letters of a page, in each layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from chainrule.calculus import Derivation
from chainrule.checking.functions import activation_callables, callable_of, derivative_callable
from chainrule.expressions.activations import Softmax
from chainrule.expressions.terms import SAMPLES, Symbol
from chainrule.notation.meaning import Array, Setting
from chainrule.notation.naming import FUNCTION_NAMES, Symbols
from chainrule.notation.tree import Node


def as_laid_out(value: Array, axes: tuple[str, ...], layout: str) -> Array:
    """An array of the code (rows are samples) as it stands on the page; a vector is a column."""
    kept = [axis for axis in axes if not (layout == "sample" and axis == SAMPLES)]
    if layout == "sample" and SAMPLES in axes:
        value = np.take(value, 0, axis=axes.index(SAMPLES))
    if len(kept) == 2:
        return value if layout == "rows" else value.T
    return value.reshape(-1, 1) if len(kept) == 1 else value.reshape(())


def setting(derivation: Derivation, trace: Mapping[str, Array], symbols: Symbols, layout: str) -> Setting:
    """Values for every letter that the layout writes."""
    equations = derivation.equations
    values: dict[Node, Array] = {}
    every = set(equations.inputs) | {equation.left for equation in equations}
    for symbol in sorted(every, key=lambda symbol: symbol.name):
        value = as_laid_out(np.asarray(trace[symbol.name], float), symbol.axes, layout)
        for small in (False, bool(symbol.axes)):
            for named in (symbols, replace(symbols, prediction="")):  # Ŷ, which is A₂
                values[named.letter(symbol.name, small=small)] = value
    vectors = frozenset(symbols.letter(symbol.name) for symbol in every if symbol.axes == (SAMPLES,))
    n = trace["X"].shape[0]
    values[symbols.letter("n")] = np.asarray(float(1 if layout == "sample" else n))
    sample_axis = 0 if layout == "rows" else 1
    return Setting(values, _functions(derivation, symbols, 1 - sample_axis), {"i": n}, sample_axis, vectors)


def _functions(derivation: Derivation, symbols: Symbols, units_axis: int) -> dict[str, object]:
    def softmax(z: Array) -> Array:
        shifted = np.exp(z - z.max(axis=units_axis, keepdims=True))
        return shifted / shifted.sum(axis=units_axis, keepdims=True)

    found = dict(activation_callables())
    for layer in derivation.network.layers:
        row = layer.activation
        if not isinstance(row, Softmax):
            found |= {row.name: callable_of(row), f"{row.name}′": derivative_callable(row)}
    for name, written in (FUNCTION_NAMES | symbols.functions).items():
        found |= {f"{written}{prime}": found[f"{name}{prime}"] for prime in ("", "′") if f"{name}{prime}" in found}
    return found | {"softmax": softmax}


def left_value(left: Symbol, trace: Mapping[str, Array], layout: str) -> Array:
    """What the equation's left side is worth."""
    return as_laid_out(np.asarray(trace[left.name], float), left.axes, layout)
