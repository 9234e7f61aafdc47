"""What a name in somebody's code means: ``w1``, ``Theta1``, ``grad_W_1``, ``weights[0]`` are W1."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WEIGHTS = ("weights", "weight", "theta", "kernel", "coefs", "coef", "w", "ws")
_BIASES = ("biases", "bias", "intercepts", "intercept", "beta", "b", "bs")
_FORWARD = {
    "z": "Z", "zs": "Z", "a": "A", "as": "A", "h": "A", "activations": "A", "activation": "A", "aprev": "A", "d": "D",
    "mask": "M", "masks": "M", "m": "M",
}  # fmt: skip
_PREFIX = re.compile(r"(?:(?:grads?|gradients?|nabla|delta|deriv|d[jlce]?)_*)(?:d_*)?")
_SUFFIX = re.compile(r"_*(?:grads?|gradients?)$")
_NAME = re.compile(r"(?P<letter>[a-z]+)_*\[?(?P<number>\d+)?\]?")
_PLACES = {"hidden": 1, "h": 1, "in": 1, "ih": 1, "input": 1, "output": -1, "out": -1, "o": -1, "ho": -1}

X_NAMES = ("x", "inputs", "input", "data", "features", "a0", "xbatch", "xtrain", "batchx", "xs", "images")
Y_NAMES = (
    "y",
    "labels",
    "label",
    "targets",
    "target",
    "t",
    "ytrue",
    "ybatch",
    "ytrain",
    "batchy",
    "ys",
    "truth",
    "onehot",
)
OUTPUT_NAMES = (
    "yhat",
    "ypred",
    "al",
    "p",
    "probs",
    "output",
    "outputs",
    "prediction",
    "predictions",
    "pred",
    "preds",
    "scores",
)
PARAMS_NAMES = (
    "params", "parameters", "theta", "thetas", "model", "net", "network", "nn", "weightsandbiases", "variables", "self",
)  # fmt: skip
CACHE_NAMES = ("cache", "caches", "memory", "forward", "values", "state", "intermediates", "trace", "ctx", "saved")
COUNT_NAMES = ("m", "n", "nsamples", "batchsize", "numsamples", "size", "nexamples")
RATE_NAMES = ("lr", "eta", "learningrate", "stepsize", "rate")
PENALTY_NAMES = ("alpha", "lam", "lambd", "lambda", "reg", "l2", "lmbda", "regularization", "weightdecay")
SAMPLE_WEIGHT_NAMES = ("sampleweight", "sampleweights", "w", "weight", "weights", "sw")
MASK_NAMES = ("masks", "mask", "dropoutmasks")


@dataclass(frozen=True)
class Meaning:
    """What a name stands for.

    Attributes
    ----------
    letter : str
        ``"W"``, ``"b"``, ``"Z"``, ``"A"`` or ``"M"``.
    number : int or None
        The layer, as written; −1 for the last; None for all layers in a list.
    derivative : bool
        Whether it is a gradient.
    """

    letter: str
    number: int | None
    derivative: bool


def bare(name: str) -> str:
    """A name in lower case without underscores."""
    return name.lower().replace("_", "")


def meaning(name: str) -> Meaning | None:
    """The meaning of a name of a parameter, an activation, or a gradient of one; None for any other.

    Examples
    --------
    >>> meaning("grad_W_1")
    Meaning(letter='W', number=1, derivative=True)
    >>> meaning("Theta2").number, meaning("b_hidden").number, meaning("cost")
    (2, 1, None)
    """
    text = name.strip().lower()
    for ending, number in _PLACES.items():
        stem = text.removesuffix(f"_{ending}")
        if stem != text and (found := meaning(stem)) and found.number is None:
            return Meaning(found.letter, number, found.derivative)
    undecorated = _SUFFIX.sub("", text)
    for stem in (undecorated, _PREFIX.sub("", undecorated, count=1)):
        match = _NAME.fullmatch(stem.replace("_", ""))
        if match and (kind := _letter(match["letter"])):
            return Meaning(kind, int(match["number"]) if match["number"] else None, stem != text)
    return None


def _letter(word: str) -> str | None:
    return "W" if word in _WEIGHTS else "b" if word in _BIASES else _FORWARD.get(word)
