"""From what somebody's function returns to named gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.checking.naming import meaning
from chainrule.network import Network

Named = dict[str, Any]

NAMES_REMEDY = "name them: names={'grad_hidden': 'dW1'}, or return a dict with the keys"


def readings(returned: Any, network: Network, names: Mapping[str, str]) -> list[Named]:
    """The ways to read gradients ``dW1``, ``db1``, … from a returned value, the likeliest first.

    Raises
    ------
    ValueError
        If there is no way: naming what was returned, and what would be read.
    """
    wanted = [f"d{name}" for name in network.parameter_shapes]
    found = [reading for reading in _read(returned, network, names) if reading]
    if found:
        return found
    raise ValueError(f"the function returned {_described(returned)}; {NAMES_REMEDY} {', '.join(wanted)}")


def _read(returned: Any, network: Network, names: Mapping[str, str]) -> Iterator[Named]:
    if hasattr(returned, "_asdict"):
        returned = returned._asdict()
    if isinstance(returned, Mapping):
        yield from _of_mapping(returned, network, names)
    elif isinstance(returned, Sequence) and not isinstance(returned, str):
        yield from _of_sequence(list(returned), network, names)
    elif hasattr(returned, "shape"):
        yield from _of_sequence([returned], network, names)
    elif hasattr(returned, "__dict__"):
        yield from _of_mapping(vars(returned), network, names)


def _of_mapping(returned: Mapping[Any, Any], network: Network, names: Mapping[str, str]) -> Iterator[Named]:
    """By the names of the keys; where some are written as derivatives, only by those."""
    plain: Named = {}
    derivatives: Named = {}
    from_zero = any(
        (found := meaning(str(key))) is not None and found.number == 0 and found.letter in "Wb" for key in returned
    )
    for key, value in returned.items():
        if str(key) in names:
            derivatives[names[str(key)]] = value
            continue
        found = meaning(str(key))
        if found is None or found.letter not in "Wb":
            continue
        into = derivatives if found.derivative else plain
        if found.number is None:
            items = [value] if _is_array(value) else list(value)
            into.update({f"d{found.letter}{layer}": item for layer, item in enumerate(items, 1)})
        else:
            number = network.depth if found.number == -1 else found.number + from_zero
            into[f"d{found.letter}{number}"] = value
    wanted = {f"d{name}" for name in network.parameter_shapes}
    for reading in (derivatives, plain):
        yield {name: value for name, value in reading.items() if name in wanted}
    for key, value in returned.items():
        if not _is_array(value) and meaning(str(key)) is None and isinstance(value, Mapping | list | tuple):
            yield from _read(value, network, names)
    if all(isinstance(value, Mapping) for value in returned.values()) and len(returned) == network.depth:
        yield from _of_layers(list(returned.values()))


def _of_sequence(returned: list[Any], network: Network, names: Mapping[str, str]) -> Iterator[Named]:
    """By position: of a flat sequence, of two lists, or of one entry per layer."""
    depth = network.depth
    if all(_is_number(item) for item in returned) and any(network.widths[number] > 1 for number in range(depth + 1)):
        return
    if all(_is_array(item) for item in returned):
        for order in _orders(depth):
            if len(order) == len(returned):
                yield dict(zip(order, returned, strict=True))
    if len(returned) == 2 and all(_is_list_of_arrays(item, depth) for item in returned):
        for letters in ("Wb", "bW"):
            for step in (1, -1):
                yield {
                    f"d{letter}{layer}": value
                    for letter, item in zip(letters, returned, strict=True)
                    for layer, value in enumerate(_values(item)[::step], 1)
                }
    if len(returned) == depth and not any(_is_array(item) for item in returned):
        for items in (returned, returned[::-1]):
            yield from _of_layers(items)
    if len(returned) > 1:  # a cost, or what else is no gradient, before or after
        for beside, rest in ((returned[0], returned[1:]), (returned[-1], returned[:-1])):
            alone = rest[0] if len(rest) == 1 else rest
            if _is_number(beside) or isinstance(alone, Mapping):
                yield from _read(alone, network, names)


def _orders(depth: int) -> Iterator[list[str]]:
    """The orders in which the gradients of a network are returned."""
    upward = [str(layer) for layer in range(1, depth + 1)]
    for letters in ("Wb", "bW"):
        for layers in (upward, upward[::-1]):
            yield [f"d{letter}{layer}" for layer in layers for letter in letters]
        yield [f"d{letter}{layer}" for letter in letters for layer in upward]
    yield [f"dW{layer}" for layer in upward]
    yield [f"dW{layer}" for layer in upward[::-1]]


def _of_layers(items: Sequence[Any]) -> Iterator[Named]:
    """One entry per layer: a pair, or a dictionary."""
    if all(isinstance(item, Mapping) for item in items):
        reading: Named = {}
        for layer, item in enumerate(items, 1):
            for key, value in item.items():
                found = meaning(str(key))
                if found is not None and found.letter in "Wb":
                    reading[f"d{found.letter}{layer}"] = value
        yield reading
    elif all(not isinstance(item, Mapping) and len(item) == 2 for item in items):
        for letters in ("Wb", "bW"):
            yield {
                f"d{letter}{layer}": value
                for layer, item in enumerate(items, 1)
                for letter, value in zip(letters, item, strict=True)
            }


def _is_list_of_arrays(item: Any, depth: int) -> bool:
    return not _is_array(item) and len(item) == depth and all(_is_array(value) for value in _values(item))


def _values(item: Any) -> list[Any]:
    return list(item.values()) if isinstance(item, Mapping) else list(item)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) or (hasattr(value, "shape") and value.shape == ())


def _is_array(value: Any) -> bool:
    """An array, a number, or nested lists of numbers that stand for one."""
    if _is_number(value) or hasattr(value, "shape"):
        return True
    return isinstance(value, list) and bool(value) and all(_is_number(item) for item in value)


def _described(returned: Any) -> str:
    if isinstance(returned, Mapping):
        return f"a dict with the keys {', '.join(map(repr, list(returned)[:12])) or 'none'}"
    if isinstance(returned, Sequence) and not isinstance(returned, str):
        kinds = [str(getattr(item, "shape", type(item).__name__)) for item in list(returned)[:12]]
        return f"a {type(returned).__name__} of {len(returned)} ({', '.join(kinds)})"
    shape = getattr(returned, "shape", None)
    return f"an array of shape {shape}" if shape is not None else repr(returned)[:80]
