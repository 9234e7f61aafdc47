"""From the names of code to the letters of a page: ``dZ2`` is ∂J/∂Z₂, ``W1+`` is W₁⁺, ``m_W1`` is m with W₁ below it.

The grammar of names is in ``docs/equations.md``: ``[d] letters [layer] [+]``, or ``letter _ name`` for an optimiser's
memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from chainrule.notation.tree import Letter, Mark, Node, Partial

_NAME = re.compile(r"(?P<d>d(?=[A-Z]|b\d))?(?P<base>[A-Za-z]+?)(?P<layer>\d*)(?P<next>\+?)")
_MEMORY = re.compile(r"(?P<base>m|v|avg)_(?P<of>[A-Za-z]+\d*)(?P<next>\+?)")

SPELLED = {
    "alpha": "α", "beta": "β", "eta": "η", "epsilon": "ε", "mu": "μ", "lambda": "λ", "decay": "ρ", "clip": "c",
}  # fmt: skip
PHRASES = {
    "eta_t": Letter("η", lower=(Mark("t"),)),
    "g_norm": Letter("g", lower=(Mark("norm"),)),
    "clip_norm": Letter("c", lower=(Mark("max"),)),
}
FUNCTION_NAMES = {"sigmoid": "σ", "relu": "ReLU"}


@dataclass(frozen=True)
class Symbols:
    """Which letters the reader wants.

    Parameters
    ----------
    gradients : {"partial", "d"}
        Whether ∂J/∂W₁ is written as a fraction or as dW₁.
    samples : str
        The letter for the number of samples.
    letters : dict of str to str
        Other letters for names of the code: ``{"eta": "α", "J": "C"}``.
    """

    gradients: Literal["partial", "d"] = "partial"
    samples: str = "n"
    letters: dict[str, str] = field(default_factory=dict)

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
            return PHRASES[name]
        if memory := _MEMORY.fullmatch(name):
            of = re.sub(r"(\d+)$", r"_\1", memory["of"])
            base = "ā" if memory["base"] == "avg" else memory["base"]
            return _letter(base, (Mark(of), *extra), (*upper, *_plus(memory["next"])))
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"not a name of the equations: {name!r}")
        base = self.letters.get(match["base"], SPELLED.get(match["base"], match["base"]))
        base = base.lower() if small and base in _CAPITALS else base
        layer = (Mark(match["layer"]),) if match["layer"] else ()
        if not match["d"]:
            return Letter(base, lower=(*layer, *extra), upper=(*upper, *_plus(match["next"])))
        if self.gradients == "d":
            return Letter(f"d{base}", lower=(*layer, *extra), upper=upper)
        return Partial(self.cost, Letter(base, lower=(*layer, *extra), upper=upper))

    @property
    def cost(self) -> Letter:
        """The letter for the cost."""
        return Letter(self.letters.get("J", "J"))

    def function(self, name: str, order: int = 0) -> Letter:
        """The letter or word for a function or its derivative."""
        return Letter(FUNCTION_NAMES.get(name, name), upper=(Mark("′"),) * order)


_CAPITALS = frozenset("WXYZADPM")


def _letter(base: str, lower: tuple[Mark, ...], upper: tuple[Mark, ...]) -> Letter:
    if base == "ā":
        return Letter("a", "bar", lower, upper)
    return Letter(base, "", lower, upper)


def _plus(text: str) -> tuple[Mark, ...]:
    return (Mark("+"),) if text else ()
