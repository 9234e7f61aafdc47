"""From the names of code to the letters of a page: ``dZ2`` is ∂J/∂Z₂, ``W1+`` is W₁⁺, ``m_W1`` is m with W₁ below it.

The grammar of names is in ``docs/equations.md``: ``[d] letters [layer] [+]``, or ``letter _ name`` for an optimiser's
memory.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

from chainrule.notation.alphabet import ACCENTS, FUNCTIONS
from chainrule.notation.cursor import Conventions
from chainrule.notation.tree import Letter, Mark, Node, Partial

_NAME = re.compile(r"(?P<d>d(?=[A-Z]|b\d))?(?P<base>[A-Za-z]+?)(?P<layer>\d*)(?P<next>\+?)")
_MEMORY = re.compile(r"(?P<base>m|v|avg)_(?P<of>[A-Za-z]+)(?P<layer>\d*)(?P<next>\+?)")

SPELLED = {
    "alpha": "α", "beta": "β", "eta": "η", "epsilon": "ε", "mu": "μ", "lambda": "λ", "decay": "ρ", "clip": "c",
    "ell": "ℓ",
}  # fmt: skip
PHRASES = {"eta_t": ("eta", "t"), "g_norm": ("g", "norm"), "clip_norm": ("clip", "max")}
FUNCTION_NAMES = {"sigmoid": "σ", "relu": "ReLU"}


Layers = Literal["below", "bracket", "above", "previous"]


@dataclass(frozen=True)
class Symbols:
    """Which letters the reader wants.

    Parameters
    ----------
    gradients : {"partial", "d", "delta"}
        Whether ∂J/∂Z₁ is written as a fraction, as dZ₁ or as δ₁ (other gradients than those by Z stay fractions).
    samples : str
        The letter for the number of samples.
    letters : dict of str to str
        Other letters for names of the code: ``{"eta": "α", "J": "C", "yhat": "ŷ"}``.
    layers : {"below", "bracket", "above", "previous"}
        Where a layer's number stands: W₁, W^{[1]} or W¹; or W without a number in the last layer and W_prev in the
        one before it.
    prediction : str
        The name in code of the value that the loss compares with Y, to which the letter for ``yhat`` belongs.
    functions : dict of str to str
        Letters for functions that have no name of their own on a page, or another than their own.
    depth : int
        The number of layers, which tells the last one where layers go without numbers.
    sample : str
        The letter of the sample whose loss the cost is, which marks that loss: ℓ⁽ⁱ⁾.
    """

    gradients: Literal["partial", "d", "delta"] = "partial"
    samples: str = "n"
    letters: dict[str, str] = field(default_factory=dict)
    layers: Layers = "below"
    prediction: str = ""
    functions: dict[str, str] = field(default_factory=dict)
    depth: int = 0
    sample: str = ""

    def letter(self, name: str, extra: tuple[Mark, ...] = (), sample: str = "", *, small: bool = False) -> Node:
        """The letter for a name, with indices below it and a sample mark above.

        Parameters
        ----------
        name : str
            A name of the equations: ``"dZ2"``.
        extra : tuple of Mark
            Indices, behind the layer.
        sample : str
            The letter of the sample, written above in round brackets.
        small : bool
            Whether a matrix's capital becomes a small letter: one sample, or one entry.
        """
        upper = (Mark(sample, "round"),) if sample else ()
        if name in PHRASES:
            base, mark = PHRASES[name]
            return _spelled(self._base(base), (Mark(mark),), ())
        if memory := _MEMORY.fullmatch(name):
            return self._memory(memory, extra, upper)
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"not a name of the equations: {name!r}")
        value = name.removeprefix("d") if match["d"] else name
        if value == self.prediction and "yhat" in self.letters:
            base, layer = self.letters["yhat"], ""
            base = base.lower() if small or self._base("A").islower() else base.upper()
        else:
            base, layer = self._base(match["base"]), match["layer"]
            base = base.lower() if small and match["base"] in _CAPITALS else base
        if match["base"] in SPELLED or match["base"] == "G":  # β₁, α₁ and the group G₁ belong to no layer
            return _spelled(base, (*((Mark(layer),) if layer else ()), *extra), (*upper, *_plus(match["next"])))
        if not match["d"]:
            return self._marked(base, layer, extra, (*upper, *_plus(match["next"])))
        if self.gradients == "d":
            return self._marked(f"d{base}", layer, extra, upper)
        if self.gradients == "delta" and match["base"] == "Z":
            return self._marked("δ", layer, extra, upper)
        return Partial(self.cost, self._marked(base, layer, extra, upper))

    @property
    def cost(self) -> Letter:
        """The letter for the cost; of one sample, marked with it."""
        return _spelled(self._base("J"), (), (Mark(self.sample, "round"),) if self.sample else ())

    @property
    def conventions(self) -> Conventions:
        """What a reader of these letters must be told: which are functions, and whose superscripts are layers."""
        functions = FUNCTIONS | set(self.functions.values())
        if self.layers != "above":
            return Conventions(functions)
        bases = {self._base(base) for base in "WbZADMPp"} | {"δ", "f", "m", "v", "a"}
        return Conventions(functions, frozenset(bases | {base.lower() for base in bases}))

    @property
    def argument(self) -> Letter:
        """What functions are functions of where they are defined: z; where z² is the z of layer 2, x."""
        return Letter("x" if self.layers == "above" else "z")

    def layered(self, name: str, layer: str, *, small: bool = False) -> Letter:
        """The letter for a name of any layer l, l + 1, …: W_l."""
        base = self._base(name)
        return self._marked(base.lower() if small else base, layer, (), ())

    def function(self, name: str, order: int = 0) -> Letter:
        """The letter or word for a function or its derivative."""
        return Letter(self.functions.get(name, FUNCTION_NAMES.get(name, name)), upper=(Mark("′"),) * order)

    def _base(self, base: str) -> str:
        return self.letters.get(base, SPELLED.get(base, base))

    def _memory(self, memory: re.Match[str], extra: tuple[Mark, ...], upper: tuple[Mark, ...]) -> Letter:
        base = "a\u0304" if memory["base"] == "avg" else memory["base"]
        of, layer, following = self._base(memory["of"]), memory["layer"], _plus(memory["next"])
        if self.layers == "below" and layer:
            return _spelled(base, (Mark(f"{of}_{layer}"), *extra), (*upper, *following))
        return self._marked(base, layer, (Mark(of), *extra), (*upper, *following))

    def _marked(self, base: str, layer: str, lower: tuple[Mark, ...], upper: tuple[Mark, ...]) -> Letter:
        """A letter with its layer where the reader wants it."""
        if not layer or (self.layers == "previous" and layer == str(self.depth)):
            return _spelled(base, lower, upper)
        match self.layers:
            case "bracket":
                return _spelled(base, lower, (Mark(layer, "square"), *upper))
            case "above":
                return _spelled(base, lower, (Mark(layer), *upper))
            case "previous" if layer == str(self.depth - 1):
                return _spelled(base, (Mark("prev"), *lower), upper)
        return _spelled(base, (Mark(layer), *lower), upper)


def is_derivative(name: str) -> bool:
    """Whether a name of the equations is that of a derivative of the cost: dZ2."""
    match = _NAME.fullmatch(name)
    return match is not None and match["d"] is not None


_CAPITALS = frozenset("WXYZADPM")
_ACCENT_NAMES = {sign: name for name, sign in ACCENTS.items()}


def _spelled(base: str, lower: tuple[Mark, ...], upper: tuple[Mark, ...]) -> Letter:
    """A letter as Unicode writes it, its accent taken apart: ŷ."""
    taken_apart = unicodedata.normalize("NFD", base)
    if len(taken_apart) == 2 and taken_apart[1] in _ACCENT_NAMES:
        return Letter(taken_apart[0], _ACCENT_NAMES[taken_apart[1]], lower, upper)
    return Letter(base, "", lower, upper)


def _plus(text: str) -> tuple[Mark, ...]:
    return (Mark("+"),) if text else ()
