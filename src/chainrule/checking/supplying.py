"""What somebody's function is given: one batch, parameters and a forward pass, in the form that its code expects."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.calculus.forward import prediction
from chainrule.checking.forms import Form
from chainrule.checking.naming import OUTPUT_NAMES, X_NAMES, Y_NAMES, bare, meaning
from chainrule.engines.reference import Trace
from chainrule.network import Network

RATE = 0.1  # where a function asks for a learning rate


class NamedArrays(dict[str, Any]):
    """A dictionary of arrays that also answers to other names for them, and to attributes.

    Examples
    --------
    >>> arrays = NamedArrays(W1=1.0, b1=2.0, W2=3.0, b2=4.0)
    >>> arrays["w1"], arrays.Theta2, arrays["biases"]
    (1.0, 3.0, [2.0, 4.0])
    """

    def __missing__(self, key: object) -> Any:
        name = key if isinstance(key, str) else ""
        for accepted, own in ((X_NAMES, "X"), (Y_NAMES, "Y"), (OUTPUT_NAMES, "output")):
            if bare(name) in accepted and own in self:
                return self[own]
        found = meaning(name)
        if found is not None and not found.derivative:
            layers = sorted(int(own[1:]) for own in self if own[0] == found.letter and own[1:].isdecimal())
            if found.number is None and layers:
                several = [self[f"{found.letter}{layer}"] for layer in layers]
                return several[0] if len(several) == 1 else several
            number = layers[-1] if found.number == -1 and layers else found.number
            if f"{found.letter}{number}" in self:
                return self[f"{found.letter}{number}"]
        raise KeyError(key)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no array {name!r}; there are {', '.join(self)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default

    def copy(self) -> NamedArrays:
        return NamedArrays(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> NamedArrays:
        return NamedArrays({key: copy.deepcopy(value, memo) for key, value in self.items()})


@dataclass(frozen=True)
class Supply:
    """All values of one step, in one form.

    Parameters
    ----------
    network : Network
    trace : Trace
        Their values, in the core's arrangement.
    form : Form
    given : mapping of str to anything
        What the reader gave: ``"params"``, ``"X"``, ``"Y"``, passed on as it is.
    """

    network: Network
    trace: Trace
    form: Form
    given: Mapping[str, Any] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        """W or b of a layer."""
        value = self.trace[name]
        if name[0] == "b":
            return self.form.biased(value.copy())
        return self.form.arranged((f"u{int(name[1:]) - 1}", f"u{name[1:]}"), value).copy()

    def data(self, name: str) -> Any:
        """X, Y, or a value of the forward pass; the prediction under the name of the last activation."""
        if name in self.given:
            return copy.deepcopy(self.given[name])
        if name == "Y":
            return np.array(self.form.labelled(self.trace["Y"]))
        own = prediction(self.network).name if name == f"A{self.network.depth}" else name
        return np.array(self.form.data(("i", "u1"), self.trace[own]))

    @property
    def layers(self) -> range:
        """1, …, L."""
        return range(1, self.network.depth + 1)

    @property
    def named_parameters(self) -> NamedArrays:
        """W1, b1, …."""
        return NamedArrays({name: self.parameter(name) for name in self.network.parameter_shapes})

    @property
    def named_values(self) -> NamedArrays:
        """X, Y, the parameters and everything that the forward pass computes."""
        forward = [name for name in self.trace if name[0] in "ZADM" and name[1:].isdecimal()]
        values = {name: self.data(name) for name in ("X", "Y", *forward)}
        values["output"] = self.data(f"A{self.network.depth}")
        return NamedArrays(values | self.named_parameters | {"A0": self.data("X"), "m": len(self.trace["X"])})


PARAMETER_FORMS: dict[str, Callable[[Supply], Any]] = {
    "a dict W1, b1, …": lambda supply: supply.named_parameters,
    "a tuple (W1, b1, W2, b2, …)": lambda supply: tuple(supply.named_parameters.values()),
    "a list of pairs (W, b)": lambda supply: [
        (supply.parameter(f"W{layer}"), supply.parameter(f"b{layer}")) for layer in supply.layers
    ],
    "two lists, of W and of b": lambda supply: (
        [supply.parameter(f"W{layer}") for layer in supply.layers],
        [supply.parameter(f"b{layer}") for layer in supply.layers],
    ),
    "a list of dicts W, b": lambda supply: [
        NamedArrays(W=supply.parameter(f"W{layer}"), b=supply.parameter(f"b{layer}")) for layer in supply.layers
    ],
    "a dict W0, b0, …": lambda supply: NamedArrays(
        {f"{name[0]}{int(name[1:]) - 1}": value for name, value in supply.named_parameters.items()}
    ),
}

CACHE_FORMS: dict[str, Callable[[Supply], Any]] = {
    "a dict Z1, A1, W1, b1, …": lambda supply: supply.named_values,
    "a tuple (Z1, A1, W1, b1, Z2, …)": lambda supply: tuple(
        value
        for layer in supply.layers
        for value in (
            supply.data(f"Z{layer}"),
            supply.data(f"A{layer}"),
            supply.parameter(f"W{layer}"),
            supply.parameter(f"b{layer}"),
        )
    ),
    "a tuple (Z1, A1, Z2, A2, …)": lambda supply: tuple(
        supply.data(f"{letter}{layer}") for layer in supply.layers for letter in "ZA"
    ),
    "a list of ((A_prev, W, b), Z)": lambda supply: [
        (
            (_before(supply, layer), supply.parameter(f"W{layer}"), supply.parameter(f"b{layer}")),
            supply.data(f"Z{layer}"),
        )
        for layer in supply.layers
    ],
    "two lists, of Z and of A": lambda supply: (
        [supply.data(f"Z{layer}") for layer in supply.layers],
        [_before(supply, layer) for layer in (*supply.layers, supply.network.depth + 1)],
    ),
    "a list of dicts A_prev, Z, A, W, b": lambda supply: [
        {
            "A_prev": _before(supply, layer),
            "Z": supply.data(f"Z{layer}"),
            "A": supply.data(f"A{layer}"),
            "W": supply.parameter(f"W{layer}"),
            "b": supply.parameter(f"b{layer}"),
        }
        for layer in supply.layers
    ],
}


def _before(supply: Supply, layer: int) -> Any:
    return supply.data("X" if layer == 1 else f"A{layer - 1}")
