"""Trying somebody's function in one form after another, and which form it is written for."""

from __future__ import annotations

import contextlib
import copy
import io
import linecache
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.checking.calling import arguments
from chainrule.checking.forms import Form
from chainrule.checking.supplying import CACHE_FORMS, PARAMETER_FORMS, NamedArrays, Supply
from chainrule.network import Network

Function = Callable[..., Any]
Call = Callable[[Function, NamedArrays], Any]


@dataclass(frozen=True)
class Attempt:
    """One call in one form.

    Attributes
    ----------
    supply : Supply
    containers : tuple of str
        How parameters and cache were packed.
    returned : anything
    error : Exception or None
        What the function raised.
    mutated : tuple of str
        The inputs that it changed.
    """

    supply: Supply
    containers: tuple[str, ...]
    returned: Any = None
    error: Exception | None = None
    mutated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """A function, what its arguments stand for, and how to call it.

    Attributes
    ----------
    function : callable
    roles : mapping of str to str
        Empty where `call` says how.
    call : callable or None
    """

    function: Function
    roles: Mapping[str, str]
    call: Call | None

    def attempts(self, supply: Supply) -> Iterator[Attempt]:
        """One attempt for every way to pack parameters and cache."""
        roles = set(self.roles.values())
        packed = list(PARAMETER_FORMS) if "params" in roles and "params" not in supply.given else [""]
        cached = list(CACHE_FORMS) if "cache" in roles else [""]
        for params_as in packed:
            for cache_as in cached:
                with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                    warnings.simplefilter("ignore")  # the attempt that is judged runs once more, unsilenced
                    yield self.run(supply, params_as, cache_as)

    def run(self, supply: Supply, params_as: str, cache_as: str) -> Attempt:
        """Call the function once, with fresh copies."""
        packed = (params_as, cache_as)
        given = {} if self.call else arguments(self.roles, supply, params_as, cache_as)
        values = supply.named_values if self.call else NamedArrays(given)
        before = copy.deepcopy(dict(values))
        try:
            returned = self.call(self.function, values) if self.call else self.function(**given)
        except Exception as error:  # noqa: BLE001  it is reported, with its line
            return Attempt(supply, packed, error=error)
        if returned is None:
            returned = _written_into(given.values())
        return Attempt(supply, packed, returned, mutated=tuple(changed(before, dict(values))))


def _written_into(values: Any) -> Any:
    """A container of ours into which the function has put gradients, for a function that returns nothing."""
    for value in values:
        if isinstance(value, NamedArrays) and any(key[:2] in ("dW", "db", "gr", "na") for key in value):
            return {key: content for key, content in value.items() if key[0] in "dgn"}
    return None


def changed(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """The names of arrays that differ from their copies."""
    if isinstance(before, Mapping):
        for key, value in before.items():
            yield from changed(value, after.get(key), f"{where}[{key!r}]" if where else str(key))
    elif isinstance(before, list | tuple):
        for position, value in enumerate(before):
            same_length = isinstance(after, list | tuple) and len(after) > position
            yield from changed(value, after[position] if same_length else None, f"{where}[{position}]")
    elif isinstance(before, np.ndarray) and not (
        isinstance(after, np.ndarray) and before.shape == after.shape and np.array_equal(before, after, equal_nan=True)
    ):
        yield where


def reached(error: Exception) -> int:
    """How far an exception came: the last line of the reader's outermost code; −1 if the call itself failed."""
    places = _places(error)
    return places[0][1] if places else -1


def described(error: Exception) -> str:
    """The exception, and where in the reader's code it came from."""
    kind = type(error).__name__
    places = _places(error)
    if not places:
        return f"calling the function failed: {kind}: {error}"
    (file, line), (deepest_file, deepest_line) = places[0], places[-1]
    source = linecache.getline(file, line).strip()
    where = f"\n    at its line {line}" + (f": {source}" if source else "")
    if (deepest_file, deepest_line) != (file, line):
        where += f" (raised at line {deepest_line} of {deepest_file.replace(chr(92), '/').rpartition('/')[2]})"
    return f"the function raised {kind}: {error}{where}"


def _places(error: Exception) -> list[tuple[str, int]]:
    """File and line of every call between ours and the one that raised."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    return [(file, line) for file, line in frames if file != __file__]


def forms(network: Network, layout: str | None) -> Iterator[Form]:
    """The forms to try for a batch, the likeliest first."""
    rows, columns = (("rows", "in-out"), ("rows", "out-in")), (("columns", "out-in"), ("columns", "in-out"))
    arrangements = {"rows": rows, "columns": columns}.get(layout or "", (rows[0], columns[0], rows[1], columns[1]))
    one_output = network.widths[-1] == 1
    labels = ["matrix"] + ["vector"] * one_output + ["classes"] * (len(network.distributions) == 1)
    for samples, weights in arrangements:
        biases = ["vector", "matrix"] if samples == "rows" else ["matrix", "vector"]
        biases += ["number"] if one_output and network.depth == 1 else []
        for label in labels:
            for bias in biases:
                yield Form(samples, weights, bias, label)  # type: ignore[arg-type]


def single_forms() -> Iterator[Form]:
    """The forms of code for one sample at a time."""
    yield Form("one", "out-in", "matrix")
    yield Form("one", "out-in", "vector")
    yield Form("one", "in-out", "matrix")
    yield Form("one", "in-out", "vector")
