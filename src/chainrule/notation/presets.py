"""The letters of a derivation: a preset, the reader's own choices, and no letter for two things."""

from __future__ import annotations

from typing import Literal

from chainrule.calculus import Derivation
from chainrule.calculus.forward import prediction
from chainrule.expressions.activations import ACTIVATIONS, Softmax
from chainrule.network import Adam
from chainrule.notation.naming import SPELLED, Symbols

Gradients = Literal["partial", "d", "delta"]
Layers = Literal["below", "bracket"]
STYLES: dict[str, tuple[Gradients, Layers]] = {
    "subscript": ("partial", "below"),
    "bracket": ("partial", "bracket"),
    "delta": ("delta", "below"),
    "d": ("d", "below"),
}
OWN_FUNCTIONS = ("φ", "ψ", "f", "g")


def symbols_of(derivation: Derivation) -> Symbols:
    """The letters that a derivation is written with.

    Raises
    ------
    ValueError
        If two quantities of this derivation would have the same letter.

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> from chainrule.notation.text import to_text
    >>> d = derive(Network.parse("2 -> 1 sigmoid", loss="bce"), symbols={"preset": "bracket", "yhat": "t"})
    >>> print(to_text(symbols_of(d).letter("W1")), to_text(symbols_of(d).letter("A1", small=True)))
    W^{[1]} t
    """
    choice, network = derivation.presentation, derivation.network
    gradients, layers = STYLES[choice.symbols]
    letters: dict[str, str] = {}
    if choice.symbols == "bracket":
        letters |= {} if isinstance(derivation.optimiser, Adam) else {"n": "m"}  # whose moments are called m
        letters |= {} if network.penalty else {"eta": "α"}
    elif choice.symbols == "delta":
        letters |= {"J": "C"}
    letters |= dict(choice.letters)
    _check_distinct(derivation, letters)
    own = dict.fromkeys(
        layer.activation.name
        for layer in network.layers
        if not isinstance(layer.activation, Softmax) and layer.activation.name not in ACTIVATIONS
    )
    return Symbols(
        gradients,
        letters.pop("n", "n"),
        letters,
        layers,
        prediction(network).name,
        dict(zip(own, OWN_FUNCTIONS, strict=False)),
    )


def _check_distinct(derivation: Derivation, letters: dict[str, str]) -> None:
    """No letter for two quantities; a prediction may not be called Y."""
    bases = {symbol.name.split("_")[0].rstrip("0123456789+") for symbol in derivation.equations.inputs}
    bases |= {equation.left.name.rstrip("0123456789+") for equation in derivation.forward}
    bases |= {"J", "n"} | ({"yhat"} & letters.keys())
    taken: dict[str, str] = {}
    for base in sorted(bases):
        letter = letters.get(base, SPELLED.get(base, base))
        if letter in taken:
            raise ValueError(
                f"symbols: {letter!r} would stand for both {taken[letter]} and {base}; give one another letter"
            )
        taken[letter] = base
