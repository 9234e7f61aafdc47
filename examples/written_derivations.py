"""Five derivations of backpropagation, each in another notation, written as web pages.

    python examples/written_derivations.py [FOLDER]

Without a folder they go to docs/derivations. Each page has the whole argument, from the network to the update of its
parameters; the letters and the layout are those that people use for that network when they derive it by hand.
"""

import sys
from pathlib import Path

from chainrule import Derivation, Network, derive

SIGMOID_LAYERS = derive(
    Network.parse("2 -> 4 sigmoid -> 3 sigmoid -> 1 sigmoid", loss="binary-cross-entropy", reduction="sum"),
    symbols={"W": "w", "yhat": "ŷ", "L": "L", "eta": "α"},
    detail="full",
)
RELU_IN_BRACKETS = derive(
    Network.parse("2 -> 3 relu -> 1 sigmoid", loss="binary-cross-entropy"),
    symbols={"preset": "bracket", "yhat": "t", "L": "ℒ"},
    detail="full",
    example=([[0.5, -1.0], [1.5, 2.0]], [[1.0], [0.0]], 0.5),
)
REGRESSION = derive(
    Network.parse("2 -> 3 sigmoid -> 1 identity", loss="mse"),
    symbols={"n": "N", "yhat": "ŷ", "L": "L", "eta": "α"},
    detail="full",
)
SHORT_NAMES = derive(
    Network.parse("3 -> 4 sigmoid -> 1 sigmoid", loss="binary-cross-entropy", reduction="sum"),
    symbols={"preset": "d", "yhat": "ŷ", "L": "ℒ"},
    detail="full",
)
ONE_SAMPLE = derive(
    Network.parse("3 -> 2 relu -> 1 sigmoid", loss="binary-cross-entropy"),
    layout="sample",
    symbols={"L": "L", "eta": "α"},
    detail="full",
)
PAGES: dict[str, Derivation] = {
    "three-sigmoid-layers": SIGMOID_LAYERS,
    "relu-in-brackets": RELU_IN_BRACKETS,
    "regression": REGRESSION,
    "short-names": SHORT_NAMES,
    "one-sample": ONE_SAMPLE,
}


def main() -> None:
    """Write the pages."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "docs" / "derivations"
    folder.mkdir(parents=True, exist_ok=True)
    for name, derivation in PAGES.items():
        path = folder / f"{name}.html"
        path.write_text(derivation.to_html(), encoding="utf-8")
        print(f"{path.name}: {derivation.network}, {derivation.layout}, {derivation.presentation.symbols}")


if __name__ == "__main__":
    main()
