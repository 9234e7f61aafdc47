"""`derive`: from a declared network to its equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chainrule.calculus.equations import Equation, Equations
from chainrule.calculus.forward import dropout_rates
from chainrule.calculus.presentation import LAYOUTS, Presentation, presentation
from chainrule.calculus.systems import Systems, systems
from chainrule.network import SGD, Network, Optimiser

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from chainrule.engines.reference.evaluation import Trace


@dataclass(frozen=True)
class Derivation:
    """A network's equations, each with its shape and its reason.

    Attributes
    ----------
    network : Network
    optimiser : Optimiser
    layout : {"columns", "rows", "sample", "index"}
        How it is written down; the equations themselves have no layout.
    presentation : Presentation
        Letters, detail and example of the written forms.
    """

    network: Network
    optimiser: Optimiser = field(default_factory=SGD)
    layout: str = "columns"
    presentation: Presentation = field(default_factory=Presentation)

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, got {self.layout!r}")

    @property
    def equations(self) -> Equations:
        """What engines run: forward, cost, simplified backward, updates."""
        return self._systems.equations

    @property
    def unreduced(self) -> Equations:
        """The same before any rewriting: the cost as defined, the bare chain rule, with ∂J/∂A_L."""
        return self._systems.unreduced

    @property
    def gradients(self) -> Equations:
        """Forward, cost and simplified backward, without updates: what a gradient-based solver or a check needs."""
        return self._systems.gradients

    @property
    def objective(self) -> Equations:
        """Forward and cost only: J as a function of the parameters."""
        return self._systems.objective

    @property
    def prediction(self) -> Equations:
        """The forward equations without dropout: what `predict` computes."""
        return self._systems.prediction

    @property
    def forward(self) -> tuple[Equation, ...]:
        """Z, A, … of every layer."""
        return self.equations.part("forward")

    @property
    def cost(self) -> tuple[Equation, ...]:
        """L, J and, where they are declared, the sum of weights s and the penalty R."""
        return self.equations.part("cost")

    @property
    def backward(self) -> tuple[Equation, ...]:
        """The gradients, last layer first."""
        return self.equations.part("backward")

    @property
    def updates(self) -> tuple[Equation, ...]:
        """One step of the optimiser."""
        return self.equations.part("update")

    def trace(self, values: Mapping[str, ArrayLike]) -> Trace:
        """Every value of one step, updates included, computed by the reference engine in float64.

        Parameters
        ----------
        values : mapping of str to array
            Every input of the equations: ``X``, ``Y``, parameters, the rate ``eta``, …, but for the constants.

        Examples
        --------
        >>> from chainrule import Network, derive
        >>> d = derive(Network.parse("1 -> 1 identity", loss="squared-error"))
        >>> d.trace({"X": [[2.0]], "Y": [[3.0]], "W1": [[1.0]], "b1": [0.0], "eta": 0.1})["W1+"]
        array([[1.2]])
        """
        from chainrule.engines.reference.evaluation import evaluate

        return evaluate(self.equations, values)

    def to_text(self) -> str:
        """The derivation as Unicode text of at most 100 columns.

        Examples
        --------
        >>> from chainrule import Network, derive
        >>> d = derive(Network.parse("2 -> 1 identity", loss="mse"), layout="rows", detail="summary")
        >>> [line.split("  ")[1] for line in d.to_text().splitlines() if "W₁ =" in line]
        ['▸ ∂J/∂W₁ = Xᵀ ∂J/∂Z₁']
        """
        from chainrule.notation.document import document_of, plain

        return plain.to_text(document_of(self))

    def to_markdown(self) -> str:
        """The derivation as Markdown with mathematics between dollar signs, as GitHub and notebooks show it."""
        from chainrule.notation.document import document_of, markdown

        return markdown.to_markdown(document_of(self))

    def to_latex(self, *, standalone: bool = False) -> str:
        """The derivation as LaTeX.

        Parameters
        ----------
        standalone : bool
            A whole document that compiles; otherwise its body, for a document of one's own that loads amsmath,
            amssymb, graphicx, tikz and booktabs, and the few commands that a standalone document defines.
        """
        from chainrule.notation.document import document_of, latex_document

        return latex_document.to_latex(document_of(self), standalone=standalone)

    def to_html(self) -> str:
        """The derivation as one HTML file with MathML: no network, no script; light and dark, printable."""
        from chainrule.notation.document import document_of, html

        return html.to_html(document_of(self))

    def to_json(self) -> dict[str, Any]:
        """The derivation as JSON values: the document, and every equation with its shape, reason and algebra."""
        from chainrule.notation.document import json_value

        return json_value.to_json(self)

    def to_python(self) -> str:
        """A stand-alone script of plain NumPy that trains this network, its equations beside its lines."""
        from chainrule.notation.document import python_script

        return python_script.to_python(self)

    def __repr__(self) -> str:
        return f"derive({self.network!r}, optimiser={self.optimiser!r}, layout={self.layout!r})"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        from chainrule.notation.document import document_of, html

        return html.to_fragment(document_of(self))

    def _repr_latex_(self) -> str:
        from chainrule.notation.listing import latex_listing

        return latex_listing(self)

    def __getitem__(self, name: str) -> Equation:
        return self.equations[name]

    @cached_property
    def _systems(self) -> Systems:
        return systems(self.network, self.optimiser)


def derive(
    network: Network,
    *,
    layout: str = "columns",
    optimiser: Optimiser | None = None,
    symbols: str | Mapping[str, str] | None = None,
    detail: str = "steps",
    example: Sequence[Any] | None = None,
    params: Mapping[str, Any] | None = None,
) -> Derivation:
    """The forward, cost, backward and update equations of a network.

    Parameters
    ----------
    network : Network
    layout : {"columns", "rows", "sample", "index"}
        How the derivation is written: Z = WX + b, Z = XW + b, one sample, or with indices.
    optimiser : Optimiser, optional
        Plain gradient descent by default.
    symbols : str or mapping of str to str, optional
        A preset, ``"subscript"`` (W₁), ``"bracket"`` (W^{[1]}), ``"delta"`` (w¹, δ¹), ``"d"`` (dZ₁) or ``"previous"``
        (W, W_prev; at most two layers), or letters by their names in code, those of activations too, with a
        ``"preset"`` among them: ``{"preset": "bracket", "yhat": "t", "eta": "α", "relu": "g"}``.
    detail : {"summary", "steps", "full"}
        Results only; with the chain of partial derivatives and the algebra; with every function's derivative from
        its definition and the way from one sample to the batch.
    example : (X, Y) or (X, Y, learning rate), optional
        Up to 8 samples to fill the equations in with, and to take one step on.
    params : mapping of str to array, optional
        The parameters of the example before the step, ``W1`` (n_in, n_out), ``b1`` (n_out,), …; otherwise small numbers
        of one decimal.

    Returns
    -------
    Derivation

    Raises
    ------
    TypeError
        If the network is no `Network`, or the optimiser none; if symbols or example are of another type.
    ValueError
        For an unknown layout, preset, letter or detail, or an example or parameters that do not fit the network.

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> d = derive(Network.parse("2 -> 1 sigmoid", loss="bce"))
    >>> print(d["dZ1"])
    dZ1 = 1 / size(i) * (A1 - Y)
    >>> for step in d["dZ1"].steps:
    ...     print(step.rewrite)
    chain rule
    sigmoid'(Z1) = A1 * (1 - A1)
    insert dA1
    common denominator
    collect like terms
    cancel
    """
    if not isinstance(network, Network):
        raise TypeError(f"derive takes a Network, got {type(network).__name__}; Network.parse reads one from a line")
    if not isinstance(optimiser, Optimiser | None):
        raise TypeError(f"optimiser must be SGD(…), Adam(…) or AdamW(…), got {type(optimiser).__name__}")
    if not isinstance(symbols, str | Mapping | None):
        raise TypeError(f"symbols must be a preset's name or a mapping of letters, got {type(symbols).__name__}")
    if not isinstance(example, Sequence | None):
        raise TypeError(f"example must be (X, Y) or (X, Y, learning rate), got {type(example).__name__}")
    if not isinstance(params, Mapping | None):
        raise TypeError(f"params must be a mapping from W1, b1, … to arrays, got {type(params).__name__}")
    written = presentation(network, symbols, detail, example, params)
    return Derivation(network, SGD() if optimiser is None else optimiser, layout, written)


def dropout_free(derivation: Derivation) -> Derivation:
    """The derivation of the same network without dropout: its cost has no chance in it."""
    network = derivation.network
    if not any(dropout_rates(network)):
        return derivation
    layers = tuple(with_fields(layer, dropout=0.0) for layer in network.layers)
    return with_fields(derivation, network=with_fields(network, layers=layers, input_dropout=0.0))
