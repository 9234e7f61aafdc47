"""The derivation as JSON values: what a web page or another program reads.

``schema`` counts up when a field changes its meaning or goes.
"""

from __future__ import annotations

from typing import Any

from chainrule.calculus import Derivation
from chainrule.calculus.equations import Equation
from chainrule.expressions.serial import term_to_json
from chainrule.notation.document.building import document_of
from chainrule.notation.document.mathml import to_mathml
from chainrule.notation.document.pen import Pen
from chainrule.notation.document.svg import to_svg
from chainrule.notation.document.values import (
    Block,
    Bullets,
    Chain,
    Paragraph,
    Picture,
    Prose,
    Steps,
    Table,
)
from chainrule.notation.latex import to_latex
from chainrule.notation.text import to_text
from chainrule.notation.tree import Node
from chainrule.notation.writing import as_written

SCHEMA = 1


def to_json(derivation: Derivation) -> dict[str, Any]:
    """The document and its equations as JSON values.

    Returns
    -------
    dict
        ``schema``, ``network``, ``layout``, ``title``, ``facts``, ``sections`` (each with ``blocks``), and
        ``equations`` (each with ``name``, ``part``, ``axes``, ``shape``, ``written``, ``reason``, ``term``, ``steps``).

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> value = to_json(derive(Network.parse("2 -> 1 sigmoid", loss="bce")))
    >>> value["schema"], value["equations"][0]["written"]["text"]
    (1, 'Z₁ = W₁ X + b₁ 𝟏ᵀ')
    """
    document = document_of(derivation)
    pen = Pen(as_written(derivation))
    return {
        "schema": SCHEMA,
        "network": pen.derivation.network.to_json(),
        "layout": derivation.layout,
        "detail": derivation.presentation.detail,
        "title": document.title,
        "facts": dict(document.facts),
        "sections": [
            {
                "name": section.name,
                "title": _prose(section.title),
                "blocks": [_block(block) for block in section.blocks],
            }
            for section in document.sections
        ],
        "equations": [_equation(pen, equation) for equation in pen.derivation.equations],
    }


def _formula(node: Node) -> dict[str, str]:
    return {"text": to_text(node), "latex": to_latex(node), "mathml": to_mathml(node)}


def _prose(prose: Prose) -> list[Any]:
    return [part if isinstance(part, str) else _formula(part) for part in prose]


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Paragraph(prose):
            return {"kind": "paragraph", "prose": _prose(prose)}
        case Chain():
            return {
                "kind": "chain",
                "about": block.kind,
                "name": block.name,
                "left": _formula(block.left),
                "links": [
                    {"sign": link.sign, "right": _formula(link.right), "why": _prose(link.why)} for link in block.links
                ],
                "shape": block.shape,
                "boxed": block.boxed,
            }
        case Table(header, rows):
            return {"kind": "table", "header": list(header), "rows": [[_prose(cell) for cell in row] for row in rows]}
        case Bullets(items, numbered):
            return {"kind": "list", "numbered": numbered, "items": [_prose(item) for item in items]}
        case Steps(summary, blocks, is_open):
            inner = [_block(part) for part in blocks]
            return {"kind": "steps", "summary": _prose(summary), "open": is_open, "blocks": inner}
        case Picture(network, to, caption):
            return {"kind": "picture", "svg": to_svg(network), "to": to.name, "caption": _prose(caption)}


def _equation(pen: Pen, equation: Equation) -> dict[str, Any]:
    return {
        "name": equation.left.name,
        "part": equation.part,
        "axes": list(equation.left.axes),
        "shape": list(pen.derivation.equations.shape(equation.left)),
        "written": _formula(pen.writer.equation(equation)),
        "reason": {"rule": equation.reason.rule, "applied_to": equation.reason.applied_to},
        "term": term_to_json(equation.right),
        "steps": [
            {"rewrite": step.rewrite, "written": _formula(pen.writer.equation(equation, step.term))}
            for step in equation.steps
        ],
    }
