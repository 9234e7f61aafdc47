"""From the story of somebody's backward function to the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from chainrule.calculus.equations import Equation
from chainrule.checking.backward_code import Writer
from chainrule.checking.backward_report import BackwardReport, FoundSlip, ReturnedArray
from chainrule.checking.explaining import Explainer, Outcome, Story, single_precision
from chainrule.checking.forms import Form
from chainrule.checking.judging import Reading
from chainrule.checking.slips import KINDS, Slip
from chainrule.checking.trying import Attempt
from chainrule.network import Network

ROUNDED = 1e-12  # an error above this is no rounding of float64


def failure_report(network: Network, attempt: Attempt, text: str) -> BackwardReport:
    """The report on a function that did not run."""
    return BackwardReport(str(network), form_text(attempt), (), failure=text)


def tell(
    network: Network,
    lines: Mapping[str, Equation],
    reading: Reading,
    attempt: Attempt,
    explainer: Explainer,
    story: Story,
) -> BackwardReport:
    """The report on a function that ran.

    Parameters
    ----------
    network : Network
    lines : mapping of str to Equation
        The right backward pass.
    reading : Reading
        What is judged.
    attempt : Attempt
        The last call, for what it did to its inputs.
    explainer : Explainer
    story : Story
    """
    outcomes = {outcome.name: outcome for outcome in story.outcomes}
    wanted = [f"d{name}" for name in network.parameter_shapes]
    items = tuple(_item(name, reading, explainer, outcomes.get(name)) for name in wanted)
    notes = []
    if any(single_precision(claim) for claim in reading.claims.values()) and any(
        item.error > ROUNDED for item in items
    ):
        notes.append("computed in single precision: differences up to 2e-4 of an array's size are its rounding")
    if attempt.mutated:
        notes.append(f"the function changes its inputs: {', '.join(attempt.mutated)}")
    if attempt.supply.form.samples == "one" and "X" not in attempt.supply.given:
        notes.append("judged for one sample at a time")
    if all(item.verdict == "unknown" for item in items):
        notes.append(
            f"nothing explains any array: is its forward pass that of {network}, and its loss {network.loss.name}?"
        )
    slips = tuple(_slips(story, lines, attempt.supply.form))
    return BackwardReport(str(network), form_text(attempt), items, slips, tuple(notes))


def _item(name: str, reading: Reading, explainer: Explainer, outcome: Outcome | None) -> ReturnedArray:
    layer = int(name[2:])
    if name not in reading.claims or outcome is None:
        return ReturnedArray(name, layer, "missing", np.inf)
    claim, expected = reading.claims[name], explainer.expected(name)
    note = ""
    if not np.isfinite(claim).all():
        note = KINDS["not finite"]
    elif outcome.verdict == "unknown":
        fits = explainer.fits(name)
        note = KINDS["unknown"] if fits else f"its shape is {claim.shape}, and must be {expected.shape}"
    roots = ", ".join(dict.fromkeys(root.line for root in outcome.roots))
    line = outcome.slip.line if outcome.slip else roots
    return ReturnedArray(name, layer, outcome.verdict, explainer.error(name), line, note)


def _slips(story: Story, lines: Mapping[str, Equation], form: Form) -> Iterator[FoundSlip]:
    writer = Writer(form)
    by_line: dict[tuple[str, str], tuple[Slip, list[Outcome]]] = {}
    for outcome in story.outcomes:
        if outcome.slip is not None:
            key = outcome.slip.line, outcome.slip.kind
            by_line.setdefault(key, (outcome.slip, []))[1].append(outcome)
    for (line, kind), (slip, outcomes) in by_line.items():
        also = dict.fromkeys(
            other.kind if other.line == line else f"{other.kind} in {other.line}"
            for outcome in outcomes
            for other in outcome.also
            if (other.kind, other.line) != (kind, line)
        )
        arrays = tuple(outcome.name for outcome in outcomes)
        correct = writer.equation(lines[line])
        yield FoundSlip(line, int(line[2:]), kind, slip.words, arrays, tuple(also), correct)


def form_text(attempt: Attempt) -> str:
    """How the function was found to take and return arrays."""
    packed = [text for text in attempt.containers if text]
    return "; ".join([str(attempt.supply.form), *packed])
