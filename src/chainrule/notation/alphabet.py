"""Letters and their spellings: Greek and script names in LaTeX, Unicode's small letters above and below the line."""

from __future__ import annotations

import unicodedata

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω",
}  # fmt: skip
SCRIPT = {"L": "ℒ", "J": "𝒥", "E": "ℰ", "C": "𝒞", "N": "𝒩", "R": "ℛ"}
ELL = {"ell": "ℓ"}
ONES_NAME = "𝟏"

ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}

# Named functions that LaTeX knows by a command of their own, and may be written without brackets: \log t.
LATEX_FUNCTIONS = frozenset({"log", "ln", "exp", "sin", "cos", "tanh", "cosh", "sinh", "max", "min"})
WORD_FUNCTIONS = frozenset({
    "ReLU", "relu", "Relu", "ReLu", "sigmoid", "softmax", "logsumexp", "lse", "softplus", "sgn", "sign", "diag", "sum",
    "mean", "np.sum", "np.dot", "np.mean", "np.exp", "np.log", "np.maximum", "np.outer", "np.multiply", "np.tanh",
    "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "swish", "erf", "erfc", "abs", "sqrt", "tr", "dot", "expm1",
    "log1p", "huber", "greater", "clip",
})  # fmt: skip
LETTER_FUNCTIONS = frozenset({"σ", "f", "g", "φ", "ψ", "√", "Φ"})
FUNCTIONS = LATEX_FUNCTIONS | WORD_FUNCTIONS | LETTER_FUNCTIONS

# Words that are one symbol though they have several letters.
WORDS = frozenset(
    {"prev", "previous", "next", "axis", "keepdims", "True", "False", "lr", "out", "otherwise", "underbrace"}
    | {"net", "BCE", "MSE", "SSE", "NLL"}  # a weighted sum, and losses
    | {"new", "old", "neu", "alt", "target", "pred"}
)

SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-=aehijklmnoprstuvx", strict=True))
SUPERSCRIPTS = dict(
    zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ", "0123456789+-()abcdefghijklmnoprstuvwxyzT", strict=True)
)
_TO_SUBSCRIPT = {plain: small for small, plain in SUBSCRIPTS.items()}
_TO_SUPERSCRIPT = {plain: small for small, plain in SUPERSCRIPTS.items()}


def subscript(text: str) -> str | None:
    """The text in Unicode's subscript letters, or None where one is lacking.

    Examples
    --------
    >>> subscript("12"), subscript("jk"), subscript("q")
    ('₁₂', 'ⱼₖ', None)
    """
    return _small(text, _TO_SUBSCRIPT)


def superscript(text: str) -> str | None:
    """The text in Unicode's superscript letters, or None where one is lacking."""
    return _small(text, _TO_SUPERSCRIPT)


def _small(text: str, table: dict[str, str]) -> str | None:
    if not text or any(char not in table for char in text):
        return None
    return "".join(table[char] for char in text)


def with_accent(name: str, accent: str) -> str:
    """The name with a hat, bar or tilde in Unicode, composed where Unicode has the composed letter: ŷ."""
    return unicodedata.normalize("NFC", name + ACCENTS[accent]) if accent else name


LATEX_NAMES = {
    **{char: f"\\{name}" for name, char in GREEK.items() if not name.startswith("var")},
    **{char: f"\\mathcal{{{name}}}" for name, char in SCRIPT.items()},
    **{char: f"\\{name}" for name, char in ELL.items()},
    "ε": "\\varepsilon",
    ONES_NAME: "\\mathbf{1}",
}
