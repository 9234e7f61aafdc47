"""The whole document, in the order in which a person would write it."""

from __future__ import annotations

from dataclasses import replace

from chainrule.calculus import Derivation
from chainrule.expressions.functions import Function
from chainrule.expressions.lookup import text_of
from chainrule.notation.document.declaring import cost_section, forward_section, kinks, network_section
from chainrule.notation.document.layers import layer_section, result, results
from chainrule.notation.document.pen import Pen
from chainrule.notation.document.recursion import recursion_section
from chainrule.notation.document.updating import update_section
from chainrule.notation.document.values import Block, Document, Section
from chainrule.notation.document.worked import worked_section
from chainrule.notation.writing import as_written


def document_of(derivation: Derivation) -> Document:
    """A derivation as a document, in its layout, letters and detail.

    Parameters
    ----------
    derivation : Derivation

    Returns
    -------
    Document

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> document = document_of(derive(Network.parse("2 -> 3 relu -> 1 sigmoid", loss="bce")))
    >>> [section.name for section in document.sections]
    ['network', 'forward', 'cost', 'layer-2', 'layer-1', 'update', 'recursion']
    """
    pen = Pen(as_written(derivation))
    network = pen.derivation.network
    sections = [network_section(pen), forward_section(pen), cost_section(pen)]
    if pen.detail == "summary":
        sections.append(_gradients(pen))
    else:
        known: set[Function] = set()
        layers = [layer_section(pen, layer, known) for layer in range(network.depth, 0, -1)]
        layers[-1] = replace(layers[-1], blocks=(*layers[-1].blocks, *kinks(pen)))
        sections += layers
    sections.append(update_section(pen))
    if pen.detail != "summary":
        sections.append(recursion_section(pen))
    if derivation.presentation.example is not None:
        sections.append(worked_section(pen, derivation.presentation.example))
    arrows = str(network).replace("->", "→")
    return Document(f"Backpropagation through {arrows}", tuple(_facts(pen)), tuple(sections))


def _facts(pen: Pen) -> list[tuple[str, str]]:
    network, optimiser = pen.derivation.network, pen.derivation.optimiser
    facts = [("network", str(network)), ("loss", text_of(network.loss))]
    if pen.batch:
        facts.append(("cost", "sum over the samples" if network.reduction == "sum" else "mean over the samples"))
    return [*facts, ("layout", pen.layout.words), ("optimiser", optimiser.name)]


def _gradients(pen: Pen) -> Section:
    blocks: list[Block] = [
        result(pen, equation, boxed=equation.left.name[1] in "Wb")
        for layer in range(pen.depth, 0, -1)
        for equation in results(pen, layer)
    ]
    return Section(("Gradients, last layer first",), (*blocks, *kinks(pen)), "gradients")
