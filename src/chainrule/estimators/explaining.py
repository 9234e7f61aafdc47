"""A training on one page: what was trained, how it went, what the layers look like now, and what to try next."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.interface import Data
from chainrule.estimators.advice import advise
from chainrule.estimators.curves import sparkline, svg
from chainrule.estimators.diagram import svg_diagram, text_diagram
from chainrule.estimators.layer_states import LayerState, layer_states
from chainrule.expressions.lookup import text_of
from chainrule.network import Network
from chainrule.training.history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS_AT_MOST = 2000
STOPPED = {
    "converged": "it converged",
    "epochs": "the limit of epochs was reached",
    "diverged": "it diverged",
    "interrupted": "it was interrupted",
    "callback": "a callback stopped it",
    "": "L-BFGS ended",
}


@dataclass(frozen=True)
class TrainingReport:
    """What `explain_training` says; prints as text, shows itself in a notebook.

    Attributes
    ----------
    network : Network
    history : History
    layers : tuple of LayerState
    advice : tuple of str
        What to try next, the most pressing first.
    """

    network: Network
    history: History
    layers: tuple[LayerState, ...]
    advice: tuple[str, ...]
    solver: str = ""
    epochs: int = 0
    loss: float = math.nan
    curves: dict[str, list[float]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        lines = [str(self.network), *text_diagram(self.network), *self._summary(), ""]
        lines += _columns(*self._table())
        if self.curves:
            width = max(map(len, self.curves))
            lines += ["", *(f"{name:<{width}}  {sparkline(v)}  {_ends(v)}" for name, v in self.curves.items())]
        lines += ["", "What to try next", *(f"- {line}" for line in self.advice)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head, rows = self._table()
        cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        plots = "".join(
            f"<figure>{svg(v)}<figcaption>{name}: {_ends(v)}</figcaption></figure>" for name, v in self.curves.items()
        )
        advice = "".join(f"<li>{html.escape(line)}</li>" for line in self.advice)
        summary = "".join(f"<p>{html.escape(line)}</p>" for line in self._summary())
        return (
            f"<h3>{html.escape(str(self.network))}</h3>{svg_diagram(self.network)}{summary}<table><tr>{cells}</tr>{body}</table>{plots}"
            f"<h4>What to try next</h4><ul>{advice}</ul>"
        )

    def plot(self) -> Figure:
        """The curves, and with data the norm of every layer's gradient, as a matplotlib figure.

        Raises
        ------
        ImportError
            If matplotlib is not installed: ``pip install "chainrule[plot]"``.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError('plotting needs matplotlib: pip install "chainrule[plot]"') from error
        norms = [layer.gradient_norm for layer in self.layers if layer.gradient_norm is not None]
        rows = len(self.curves) + bool(norms)
        figure = Figure(figsize=(7, 2.2 * max(rows, 1)), layout="constrained")
        for number, (name, values) in enumerate(self.curves.items(), 1):
            axes = figure.add_subplot(rows, 1, number)
            axes.plot(range(1, len(values) + 1), values)
            axes.set(xlabel="epoch", ylabel=name)
            if self.history.best_epoch and name != "learning rate":
                axes.axvline(self.history.best_epoch, linestyle=":", color="gray")
        if norms:
            axes = figure.add_subplot(rows, 1, rows)
            axes.bar([str(layer.number) for layer in self.layers], norms)
            axes.set(xlabel="layer", ylabel="norm of dW")
        return figure

    def _summary(self) -> Iterator[str]:
        total = sum(layer.parameters for layer in self.layers)
        yield f"{total} parameters; loss {text_of(self.network.loss)}; solver {self.solver}"
        count = f"{self.epochs} {'iterations' if self.solver == 'lbfgs' else 'epochs'}"
        yield f"It ended after {count}: {self.history.message or STOPPED[self.history.stopped]}."
        yield f"Final loss {self.loss:.6g}."
        if self.history.best_epoch and (self.history.validation or self.history.validation_loss):
            yield f"The best held-out epoch was {self.history.best_epoch}."
        yield from self.remarks

    def _table(self) -> tuple[list[str], list[list[str]]]:
        head = ["layer", "units", "activation", "parameters", "norm of W", "norm of dW", "dead units", "saturated"]
        rows = [
            [
                str(layer.number),
                str(layer.width),
                layer.activation,
                str(layer.parameters),
                f"{layer.weight_norm:.3g}",
                "" if layer.gradient_norm is None else f"{layer.gradient_norm:.2g}",
                "" if layer.dead is None else f"{layer.dead:.0%}",
                "" if layer.saturated is None else f"{layer.saturated:.0%}",
            ]
            for layer in self.layers
        ]
        return head, rows


def explain(
    network: Network,
    parameters: dict[str, NDArray[Any]],
    history: History,
    *,
    solver: str,
    epochs: int,
    loss: float,
    data: Data | None = None,
    remarks: tuple[str, ...] = (),
) -> TrainingReport:
    """The report of a training; with data, also of gradients, dead units and saturation.

    Parameters
    ----------
    network : Network
    parameters : dict of str to ndarray
    history : History
    solver, epochs, loss
        As the estimator has them.
    data : Data, optional
        Of which at most 2,000 rows are looked at.
    remarks : tuple of str
        Further sentences about the training.
    """
    if data is not None and len(data) > ROWS_AT_MOST:
        rows = np.linspace(0, len(data) - 1, ROWS_AT_MOST).astype(np.int64)
        data = Data(data.X[rows], data.Y[rows], None if data.weight is None else data.weight[rows])
    layers = tuple(layer_states(network, parameters, data))
    curves = {
        "training loss": history.loss,
        "training score": history.training,
        "held-out loss": history.validation_loss,
        "held-out score": history.validation,
        "learning rate": history.rate if len(set(history.rate)) > 1 else [],
    }
    curves = {name: values for name, values in curves.items() if values}
    advice = tuple(advise(network, history, layers, data))
    return TrainingReport(network, history, layers, advice, solver, epochs, loss, curves, remarks)


def _ends(values: Sequence[float]) -> str:
    return f"{values[0]:.4g} → {values[-1]:.4g}"


def _columns(head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]
    ]
