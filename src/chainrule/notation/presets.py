"""The letters of a derivation: a preset, the reader's own choices, and no letter for two things."""

from __future__ import annotations

from typing import Literal

from chainrule.calculus import Derivation
from chainrule.calculus.forward import prediction
from chainrule.expressions.activations import ACTIVATIONS, Softmax
from chainrule.network import Adam, Network
from chainrule.notation.naming import SPELLED, Layers, Symbols

Gradients = Literal["partial", "d", "delta"]
STYLES: dict[str, tuple[Gradients, Layers]] = {
    "subscript": ("partial", "below"),
    "bracket": ("partial", "bracket"),
    "delta": ("delta", "above"),
    "d": ("d", "below"),
    "previous": ("partial", "previous"),
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
        letters |= {"J": "C"} | ({} if network.sample_weights else {"W": "w"})
    elif choice.symbols == "previous" and network.depth > 2:
        raise ValueError(
            f"symbols: 'previous' has names for the last layer and the one before it; the network has {network.depth} "
            "layers, so take 'subscript', 'bracket', 'delta' or 'd'"
        )
    letters |= dict(choice.letters)
    functions = _functions(network, letters)
    _check_distinct(derivation, letters, functions)
    return Symbols(
        gradients,
        letters.pop("n", "n"),
        letters,
        layers,
        prediction(network).name,
        functions,
        network.depth,
    )


def _functions(network: Network, letters: dict[str, str]) -> dict[str, str]:
    """Letters for activations: the reader's, taken out of `letters`, and φ, ψ, … for those that have no name."""
    names = dict.fromkeys(layer.activation.name for layer in network.layers)
    chosen = {name: letters.pop(name) for name in names if name in letters}
    own = [
        name
        for layer in network.layers
        if not isinstance(layer.activation, Softmax) and (name := layer.activation.name) not in {*ACTIVATIONS, *chosen}
    ]
    free = [letter for letter in OWN_FUNCTIONS if letter not in {*letters.values(), *chosen.values()}]
    return chosen | dict(zip(dict.fromkeys(own), free, strict=False))


def _check_distinct(derivation: Derivation, letters: dict[str, str], functions: dict[str, str]) -> None:
    """No letter for two quantities or functions; a prediction may not be called Y."""
    bases = {symbol.name.split("_")[0].rstrip("0123456789+") for symbol in derivation.equations.inputs}
    bases |= {equation.left.name.rstrip("0123456789+") for equation in derivation.forward}
    bases |= {"J", "n"} | ({"yhat"} & letters.keys())
    named = {base: letters.get(base, SPELLED.get(base, base)) for base in sorted(bases)} | functions
    if derivation.presentation.symbols == "previous" and "w" in named and named["w"] == named["W"].lower():
        raise ValueError(
            "symbols: an entry of the last W is written w, as the sample weights are; give w another letter"
        )
    taken: dict[str, str] = {}
    for base, letter in named.items():
        if letter in taken:
            raise ValueError(
                f"symbols: {letter!r} would stand for both {taken[letter]} and {base}; give one another letter"
            )
        taken[letter] = base
