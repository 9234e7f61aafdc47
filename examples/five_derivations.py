"""Five networks that people derive by hand when they learn backpropagation, derived here; then one of them learns.

    python examples/five_derivations.py

For each network: the cost, and the gradients on the way to every weight, with samples in columns as most people write
them. Then plain gradient descent on 569 biopsies (README.md beside this file), until the cost falls no more.
"""

import csv
from pathlib import Path

import numpy as np

from chainrule import Derivation, Network, derive
from chainrule.engines.interface import Data
from chainrule.engines.reference import ReferenceEngine
from chainrule.notation.listing import written_equations
from chainrule.notation.text import to_text
from chainrule.training import descend
from chainrule.training.initialisers import initial_parameters

FIVE = {
    "Three sigmoid layers, and a cost that adds up over the samples": Network.parse(
        "30 -> 8 sigmoid -> 4 sigmoid -> 1 sigmoid", loss="binary-cross-entropy", reduction="sum"
    ),
    "A hidden ReLU layer, and a cost that is the mean": Network.parse(
        "30 -> 8 relu -> 1 sigmoid", loss="binary-cross-entropy"
    ),
    "Regression: the output is the number itself": Network.parse("30 -> 8 tanh -> 1 identity", loss="mse"),
    "A single neuron, which is logistic regression": Network.parse(
        "30 -> 1 sigmoid", loss="binary-cross-entropy", reduction="sum"
    ),
    "A ReLU at the output: nothing flows back where Z is not positive": Network.parse(
        "30 -> 8 tanh -> 1 relu", loss="squared-error"
    ),
}
LEARNS = "A hidden ReLU layer, and a cost that is the mean"


def backpropagation(derivation: Derivation) -> list[str]:
    """The cost, and every ∂J/∂Z, ∂J/∂A and ∂J/∂W, one line each."""
    return [
        to_text(written)
        for equation, written, _ in written_equations(derivation)
        if equation.part == "cost" or (equation.part == "backward" and not equation.left.name.startswith("db"))
    ]


def biopsies() -> tuple[np.ndarray, np.ndarray]:
    """Thirty measurements of each biopsy, and 1 where it is malignant."""
    with (Path(__file__).parent / "breast_cancer.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return np.array([row[:-1] for row in rows], float), np.array([[row[-1] == "malignant"] for row in rows], float)


def learn(network: Network, seed: int = 0) -> tuple[list[float], float]:
    """Train on three quarters of the biopsies: J of every epoch, and the share of the others that is told rightly."""
    rng = np.random.default_rng(seed)
    X, Y = biopsies()
    order = rng.permutation(len(X))
    training, held_out = np.split(order, [3 * len(order) // 4])
    X = (X - X[training].mean(axis=0)) / X[training].std(axis=0)

    program = ReferenceEngine().compile(derive(network), dtype=X.dtype, batch_size=len(training))
    program.load(initial_parameters(network, "he_normal", rng))
    history = descend(program, Data(X[training], Y[training]), rate=0.3, tol=1e-4)
    right = (program.predict(X[held_out]) > 0.5) == (Y[held_out] == 1)
    return history.loss, float(right.mean())


def main() -> None:
    """Print the five, and train one."""
    for number, (title, network) in enumerate(FIVE.items(), 1):
        print(f"{number}. {title}\n   {network}\n")
        print("".join(f"      {line}\n" for line in backpropagation(derive(network, layout="columns"))))
    costs, accuracy = learn(FIVE[LEARNS])
    print(f"Gradient descent on number {list(FIVE).index(LEARNS) + 1}, from the biopsies:\n")
    for epoch in sorted({1, min(10, len(costs)), min(100, len(costs)), len(costs)}):
        print(f"      J = {costs[epoch - 1]:.4f} in epoch {epoch}")
    print(f"\n      {accuracy:.1%} of the biopsies that it has not seen are told rightly")


if __name__ == "__main__":
    main()
