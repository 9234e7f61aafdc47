"""What a page was found to define: the networks that its lines are judged by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from chainrule.checking.document.meaning.affine_maps import affine
from chainrule.checking.document.meaning.model import Model
from chainrule.notation.text import to_text


@dataclass(frozen=True)
class InferredNetwork:
    """One network, as the page's own definitions have it.

    Attributes
    ----------
    definitions : tuple of str
        The forward pass and the loss, without marks of samples; a layer is a number behind the letter.
    loss : str
        The letter that gradients are of; empty where the page defines none.
    layout : {"columns", "rows", ""}
        Whether samples are columns (W x) or rows (x W); empty where no weighted sum says so.
    one_sample : bool
        Whether the page says that it treats one sample.
    """

    definitions: tuple[str, ...]
    loss: str
    layout: Literal["columns", "rows", ""]
    one_sample: bool


def inferred(models: Iterable[Model]) -> tuple[InferredNetwork, ...]:
    """The networks of a page: none, one, or one of plain letters and one of numbered layers."""
    distinct = {id(model): model for model in models if model.definitions}
    return tuple(_network(model) for model in distinct.values())


def _network(model: Model) -> InferredNetwork:
    maps = [found for body in model.definitions.values() if (found := affine(body)) is not None]
    layout: Literal["columns", "rows", ""] = "" if not maps else "columns" if maps[0].columns else "rows"
    lines = tuple(f"{one} = {to_text(body)}" for one, body in model.definitions.items())
    return InferredNetwork(lines, "" if model.loss is None else str(model.loss), layout, model.one_sample)
