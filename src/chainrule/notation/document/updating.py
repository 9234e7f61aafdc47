"""The update rule of the chosen optimiser, and when the weights may change."""

from __future__ import annotations

from chainrule.calculus.equations import Equation, Rule
from chainrule.notation.document.pen import Pen
from chainrule.notation.document.prose import sentence
from chainrule.notation.document.values import Block, Prose, Section

RULES = {
    Rule.GLOBAL_NORM: "the length of all gradients taken as one vector",
    Rule.CLIPPING: "no longer than allowed",
    Rule.BIAS_CORRECTION: "both averages start at 0",
    Rule.FIRST_MOMENT: "average of the gradients",
    Rule.SECOND_MOMENT: "average of their squares",
    Rule.VELOCITY: "the step keeps part of its last direction",
    Rule.NESTEROV: "looks one step ahead",
    Rule.MOVING_AVERAGE: "kept beside the parameters",
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
