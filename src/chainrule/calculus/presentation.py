"""What a reader may choose about the writing of a derivation, as plain values that the equations know nothing of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.calculus.example import Example, read_example
from chainrule.expressions.quoting import shown, suggest
from chainrule.network import Network

LAYOUTS = ("columns", "rows", "sample", "index")
PRESETS = ("subscript", "bracket", "delta", "d", "previous")
DETAILS = ("summary", "steps", "full")
NAMED = ("J", "L", "R", "X", "Y", "yhat", "W", "b", "Z", "A", "D", "M", "P", "w", "s", "n", "eta", "alpha", "alpha1",
         "lambda", "mu", "beta", "epsilon")  # fmt: skip


@dataclass(frozen=True)
class Presentation:
    """Letters, detail and example of a derivation that is written down.

    Attributes
    ----------
    symbols : {"subscript", "bracket", "delta", "d", "previous"}
        W₁ and ∂J/∂Z₁; W^{[1]} and a^{[1](i)}; w¹ and δ¹ for the gradient by Z¹; dZ₁ and dW₁; W and W_prev.
    letters : tuple of (str, str)
        Letters in place of the preset's, by names of the code or of an activation: ``(("eta", "α"), ("relu", "g"))``.
    detail : {"summary", "steps", "full"}
    example : Example, optional
    """

    symbols: str = "subscript"
    letters: tuple[tuple[str, str], ...] = ()
    detail: str = "steps"
    example: Example | None = None


def presentation(
    network: Network,
    symbols: str | Mapping[str, str] | None,
    detail: str,
    example: Sequence[Any] | None,
    params: Mapping[str, Any] | None,
) -> Presentation:
    """The choices, checked.

    Raises
    ------
    ValueError
        For an unknown preset, letter or detail, and an example or parameters that do not fit the network.
    """
    if detail not in DETAILS:
        raise ValueError(
            f"detail must be one of {', '.join(DETAILS)}, got {shown(detail)}{suggest(str(detail), DETAILS)}"
        )
    letters: dict[str, Any] = {"preset": symbols} if isinstance(symbols, str) else dict(symbols or {})
    preset = letters.pop("preset", "subscript")
    if preset not in PRESETS:
        hint = suggest(str(preset), PRESETS)
        raise ValueError(f"symbols: the preset must be one of {', '.join(PRESETS)}, got {shown(preset)}{hint}")
    named = (*NAMED, *dict.fromkeys(layer.activation.name for layer in network.layers))
    for name, letter in letters.items():
        if name not in named:
            raise ValueError(
                f"symbols: no letter is called {shown(name)}{suggest(str(name), named)}; there are {', '.join(named)}"
            )
        if not isinstance(letter, str) or not 1 <= len(letter) <= 2 or not letter[0].isalpha():
            raise ValueError(f"symbols: {name} must be written with one letter, e.g. 'C' or 'ŷ', got {shown(letter)}")
    if params is not None and example is None:
        raise ValueError("params are the numbers of an example; give example=(X, Y) too")
    read = None if example is None else read_example(network, example, params)
    return Presentation(preset, tuple(letters.items()), detail, read)
