"""Five people derive backpropagation by hand, each in a notation of their own; here are their derivations, written out.

    python examples/written_derivations.py [FOLDER]

Without a folder the pages go to docs/derivations. Each has the whole argument, from the network to the update of its
parameters, in the layout and the letters that its author used; the last derivation fills two pages, one for each
activation at the output.
"""

import argparse
from pathlib import Path

from chainrule import Derivation, Network, derive

# Small letters throughout, g for the activation, and a loss that is summed.
THREE_SIGMOID_LAYERS = derive(
    Network.parse("2 -> 4 sigmoid -> 3 sigmoid -> 1 sigmoid", loss="binary-cross-entropy", reduction="sum"),
    symbols={
        "W": "w", "X": "x", "Z": "z", "A": "a", "Y": "y", "yhat": "ŷ", "J": "L", "L": "ℓ", "eta": "α", "sigmoid": "g",
    },
    detail="full",
)  # fmt: skip
# Layers in square brackets, samples in round ones, t for the prediction; worked with numbers at the end.
RELU_IN_BRACKETS = derive(
    Network.parse("2 -> 3 relu -> 1 sigmoid", loss="binary-cross-entropy"),
    symbols={"preset": "bracket", "yhat": "t", "L": "ℒ"},
    detail="full",
    example=([[0.5, -1.0], [1.5, 2.0]], [[1.0], [0.0]], 0.5),
)
# The mean of squared errors, with its factor 2; N samples.
REGRESSION = derive(
    Network.parse("2 -> 3 sigmoid -> 1 identity", loss="mse"),
    symbols={
        "Z": "z", "A": "a", "Y": "y", "n": "N", "yhat": "ŷ", "J": "L", "L": "ℓ", "eta": "α", "sigmoid": "g",
    },
    detail="full",
)  # fmt: skip
# dZ and dW for the derivatives, f for the activation.
SHORT_NAMES = derive(
    Network.parse("3 -> 4 sigmoid -> 1 sigmoid", loss="binary-cross-entropy", reduction="sum"),
    symbols={"preset": "d", "J": "ℒ", "L": "ℓ", "sigmoid": "f"},
    detail="full",
)
# One node without a number, fed by the previous one; first a sigmoid at the output, then a ReLU.  A ReLU gives 0 and
# numbers above 1, of which the cross-entropy is not defined: there the error is squared.
ONE_NODE, ONE_RELU_NODE = (
    derive(
        Network.parse(f"3 -> 2 sigmoid -> 1 {output}", loss=loss),
        layout="sample",
        symbols={"preset": "previous", "L": "L"},
        detail="full",
    )
    for output, loss in (("sigmoid", "binary-cross-entropy"), ("relu", "squared-error"))
)
PAGES: dict[str, Derivation] = {
    "three-sigmoid-layers": THREE_SIGMOID_LAYERS,
    "relu-in-brackets": RELU_IN_BRACKETS,
    "regression": REGRESSION,
    "short-names": SHORT_NAMES,
    "one-node": ONE_NODE,
    "one-node-relu": ONE_RELU_NODE,
}


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent.parent / "docs" / "derivations")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, derivation in PAGES.items():
        path = folder / f"{name}.html"
        path.write_text(derivation.to_html(), encoding="utf-8")
        print(f"{path.name}: {derivation.network}, {derivation.layout}, {derivation.presentation.symbols}")


if __name__ == "__main__":
    main()
