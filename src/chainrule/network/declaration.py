"""The network as a value: layers, loss, penalty, and what a batch's cost is divided by.

J = (Σᵢ wᵢ Σⱼ ℓᵢⱼ + ½ α Σ‖W_l‖² + α₁ Σ|W_l|) / s, where s = Σᵢ wᵢ (n without sample weights, 1 for ``reduction="sum"``);
biases are not penalised.  This is the objective of scikit-learn 1.9.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Literal

from chainrule.expressions.activations import Activation, Softmax
from chainrule.expressions.activations import identity as identity_row
from chainrule.expressions.lookup import activation as find_activation
from chainrule.expressions.lookup import loss as find_loss
from chainrule.expressions.lookup import text_of
from chainrule.expressions.losses import Loss
from chainrule.expressions.numbers import is_real
from chainrule.expressions.quoting import shown, suggest
from chainrule.network.admission import check_output

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from chainrule.engines.reference.evaluation import Trace

Reduction = Literal["mean", "sum"]
MOST_UNITS = 2**31 - 1


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: Z = A_prev W + b, A = activation(Z).

    Parameters
    ----------
    width : int
        The number of units, at least 1.
    activation : str or Activation
        A name, with parameters where it has some: ``"relu"``, ``"leaky_relu(0.1)"``.
    dropout : float
        The probability with which an output of this layer is set to 0 in training; the others are divided by
        1 − dropout ("inverted" dropout, Srivastava et al. 2014).

    Raises
    ------
    ValueError
        If a value is not accepted; the message names it and what would be.
    TypeError
        If the activation is neither a name nor an activation.

    Examples
    --------
    >>> print(Dense(16, "relu", dropout=0.2))
    16 relu dropout(0.2)
    """

    width: int
    activation: Activation = identity_row
    dropout: float = 0.0

    def __init__(self, width: int, activation: str | Activation = "relu", dropout: float = 0.0) -> None:
        object.__setattr__(self, "width", _whole(width, "width"))
        object.__setattr__(self, "activation", find_activation(activation))
        object.__setattr__(self, "dropout", _probability(dropout, "dropout"))

    def __repr__(self) -> str:
        dropout = f", dropout={self.dropout!r}" if self.dropout else ""
        return f"Dense({self.width}, {text_of(self.activation)!r}{dropout})"

    def __str__(self) -> str:
        dropout = f" dropout({self.dropout!r})" if self.dropout else ""
        return f"{self.width} {text_of(self.activation)}{dropout}"


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """½ · l2 · Σ W² + l1 · Σ |W| over all weights, not biases.

    Parameters
    ----------
    l2, l1 : float
        Strengths, at least 0; `l2` is scikit-learn's ``alpha``.
    divided : bool
        Whether the penalty is divided by s like the data term, as scikit-learn does.
    """

    l2: float = 0.0
    l1: float = 0.0
    divided: bool = True

    def __post_init__(self) -> None:
        for name in ("l2", "l1"):
            value = getattr(self, name)
            if not is_real(value) or not 0 <= value < math.inf:
                raise ValueError(f"Penalty: {name} must be a number in [0, inf), got {shown(value)}")
            object.__setattr__(self, name, float(value))
        object.__setattr__(self, "divided", _truth(self.divided, "Penalty: divided"))

    def __bool__(self) -> bool:
        return self.l2 > 0 or self.l1 > 0


@dataclass(frozen=True)
class Network:
    """A feed-forward network and its cost.

    Parameters
    ----------
    layers : sequence of Dense
        From the first hidden layer to the output layer.
    n_inputs : int
        The number of features.
    loss : str or Loss
        ``"cross-entropy"``, ``"huber(delta=2)"``, ….
    penalty : Penalty
        Of the weights; none by default.
    reduction : {"mean", "sum"}
        Whether the cost is divided by the (weighted) number of samples.
    sample_weights : bool
        Whether every sample has a weight wᵢ.
    input_dropout : float
        The probability with which a feature is set to 0 in training.

    Raises
    ------
    ValueError
        If something is not accepted; the message names the culprit and what would be.
    TypeError
        If the loss is neither a name nor a `Loss`.

    Examples
    --------
    >>> net = Network([Dense(8, "tanh"), Dense(3, "softmax")], n_inputs=4, loss="cross-entropy")
    >>> print(net)
    4 -> 8 tanh -> 3 softmax
    >>> net == Network.parse("4 -> 8 tanh -> 3 softmax", loss="cross-entropy")
    True
    """

    layers: tuple[Dense, ...]
    n_inputs: int
    loss: Loss
    penalty: Penalty = field(default_factory=Penalty)
    reduction: Reduction = "mean"
    sample_weights: bool = False
    input_dropout: float = 0.0

    def __init__(
        self,
        layers: Sequence[Dense],
        n_inputs: int,
        loss: str | Loss,
        *,
        penalty: Penalty | None = None,
        reduction: Reduction = "mean",
        sample_weights: bool = False,
        input_dropout: float = 0.0,
    ) -> None:
        try:
            layers = tuple(layers)
        except TypeError:
            raise ValueError(f"layers must be a sequence of Dense layers, got {shown(layers)}") from None
        if not layers or not all(isinstance(layer, Dense) for layer in layers):
            raise ValueError(f"layers must be one or more Dense layers, got {shown(layers)}")
        if not isinstance(penalty, Penalty | None):
            raise ValueError(f"penalty must be a Penalty, e.g. Penalty(l2=0.1), got {shown(penalty)}")
        if reduction not in ("mean", "sum"):
            hint = suggest(str(reduction), ("mean", "sum"))
            raise ValueError(f"reduction must be 'mean' or 'sum', got {shown(reduction)}{hint}")
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "n_inputs", _whole(n_inputs, "n_inputs"))
        object.__setattr__(self, "loss", find_loss(loss))
        object.__setattr__(self, "penalty", Penalty() if penalty is None else penalty)
        object.__setattr__(self, "reduction", reduction)
        object.__setattr__(self, "sample_weights", _truth(sample_weights, "sample_weights"))
        object.__setattr__(self, "input_dropout", _probability(input_dropout, "input_dropout"))
        check_output(self)

    @classmethod
    def parse(cls, text: str, loss: str | Loss, **options: Any) -> Network:
        """The network that a line such as ``"30 -> 16 relu dropout(0.2) -> 1 sigmoid"`` declares.

        Raises
        ------
        ValueError
            Naming the part that cannot be read, and the form that is expected.
        TypeError
            If the text is no line, the loss neither a name nor a `Loss`, or an option unknown.
        """
        from chainrule.network.text import read_network

        n_inputs, input_dropout, layers = read_network(text)
        options = {"input_dropout": input_dropout} | options
        return cls(layers, n_inputs, loss, **options)

    def __repr__(self) -> str:
        said = [repr(str(self)), f"loss={text_of(self.loss)!r}"]
        said += [f"penalty={self.penalty}"] if self.penalty else []
        said += [f"reduction={self.reduction!r}"] if self.reduction != "mean" else []
        said += ["sample_weights=True"] if self.sample_weights else []
        return f"Network.parse({', '.join(said)})"

    def __str__(self) -> str:
        dropout = f" dropout({self.input_dropout!r})" if self.input_dropout else ""
        return " -> ".join([f"{self.n_inputs}{dropout}", *map(str, self.layers)])

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of units of every layer, the input first."""
        return (self.n_inputs, *(layer.width for layer in self.layers))

    @property
    def depth(self) -> int:
        """The number of layers with parameters, L."""
        return len(self.layers)

    @property
    def reads_logits(self) -> bool:
        """Whether the loss is cross-entropy after identity: the softmax then belongs to the loss."""
        return self.loss.name == "cross-entropy" and self.layers[-1].activation == identity_row

    @property
    def distributions(self) -> tuple[slice, ...]:
        """The outputs whose labels sum to 1: all of them, or those of each target; none where labels are free.

        Examples
        --------
        >>> Network.parse("2 -> 5 softmax(2,3)", loss="cross-entropy").distributions
        (slice(0, 2, None), slice(2, 5, None))
        """
        if not self.loss.labels_sum_to_one:
            return ()
        output = self.layers[-1].activation
        groups = output.groups if isinstance(output, Softmax) and output.groups else (self.widths[-1],)
        return tuple(slice(low, high) for low, high in pairwise(accumulate(groups, initial=0)))

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter: ``W1 (n_in, n_out)``, ``b1 (n_out,)``, ….

        Examples
        --------
        >>> Network.parse("2 -> 3 relu -> 1 sigmoid", loss="bce").parameter_shapes
        {'W1': (2, 3), 'b1': (3,), 'W2': (3, 1), 'b2': (1,)}
        """
        shapes: dict[str, tuple[int, ...]] = {}
        for number, (n_in, n_out) in enumerate(zip(self.widths, self.widths[1:], strict=False), 1):
            shapes[f"W{number}"], shapes[f"b{number}"] = (n_in, n_out), (n_out,)
        return shapes

    def to_json(self) -> dict[str, Any]:
        """The declaration as JSON values; `from_json` reads them back."""
        from chainrule.network.serial import network_to_json

        return network_to_json(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Network:
        """The network that `to_json` wrote.

        Raises
        ------
        ValueError
            If the value is not such a declaration, or of a newer schema.
        """
        from chainrule.network.serial import network_from_json

        return network_from_json(value)

    def trace(
        self,
        params: Mapping[str, ArrayLike],
        X: ArrayLike,
        Y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        masks: Mapping[str, ArrayLike] | None = None,
    ) -> Trace:
        """Every value of one step, forward, cost and backward, computed by the reference engine in float64.

        Parameters
        ----------
        params : mapping of str to array
            ``W1 (n_in, n_out)``, ``b1 (n_out,)``, ….
        X : array of shape (n, n_inputs)
        Y : array of shape (n, n_outputs)
            Real values; one-hot for classes.  One output may be given as shape (n,).
        sample_weight : array of shape (n,), optional
            Needed exactly when the network declares sample weights.
        masks : mapping of str to array, optional
            ``M1 (n, n_units)`` of zeros and ones for every layer with dropout, ``M0`` for the input's.

        Returns
        -------
        Trace
            A mapping from names to arrays: ``trace["dW1"]``.

        Raises
        ------
        ValueError
            If an array is missing or of the wrong shape.

        Examples
        --------
        >>> net = Network.parse("2 -> 1 identity", loss="squared-error")
        >>> trace = net.trace({"W1": [[1.0], [2.0]], "b1": [0.5]}, [[1.0, 1.0]], [[3.0]])
        >>> trace["Z1"], trace["dW1"]
        (array([[3.5]]), array([[0.5],
               [0.5]]))
        """
        from chainrule.engines.reference.tracing import trace_network

        return trace_network(self, params, X, Y, sample_weight, masks)


def _whole(value: Any, name: str) -> int:
    try:
        number = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = 0
    if not 1 <= number <= MOST_UNITS:
        raise ValueError(f"{name} must be a whole number from 1 to {MOST_UNITS}, got {shown(value)}")
    return number


def _probability(value: Any, name: str) -> float:
    if not is_real(value) or not 0 <= value < 1:
        raise ValueError(f"{name} must be a probability in [0, 1), got {shown(value)}")
    return float(value)


def _truth(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {shown(value)}")
    return value
