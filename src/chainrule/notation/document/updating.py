"""The update rule of the chosen optimiser, and when the weights may change."""

from __future__ import annotations

from chainrule.calculus.equations import Equation
from chainrule.notation.document.pen import Pen
from chainrule.notation.document.prose import sentence
from chainrule.notation.document.values import Block, Prose, Section

RULES = {
    "global norm": "the length of all gradients taken as one vector",
    "clipping": "no longer than allowed",
    "bias correction": "both averages start at 0",
    "first moment": "average of the gradients",
    "second moment": "average of their squares",
    "velocity": "the step keeps part of its last direction",
    "nesterov": "looks one step ahead",
    "moving average": "kept beside the parameters",
}


def update_section(pen: Pen) -> Section:
    """Every parameter's next value; in a summary and for many layers alike, all of them."""
    blocks: list[Block] = [
        sentence(
            "A superscript + marks the value after the step. All right sides use the values from before it: every "
            "gradient is computed first, then every parameter changes."
        ),
        *(pen.chain(equation, why=_why(equation)) for equation in pen.derivation.updates),
    ]
    return Section((f"Update: {pen.derivation.optimiser.title}",), tuple(blocks), "update")


def _why(equation: Equation) -> Prose:
    words = RULES.get(equation.reason.rule)
    return (words,) if words else ()
