"""What a check of somebody's backward function found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Hint = Literal["verdict", "array", "kind", "answer"]
HINTS: tuple[Hint, ...] = ("verdict", "array", "kind", "answer")


@dataclass(frozen=True)
class FoundSlip:
    """One line that is written wrongly.

    Attributes
    ----------
    line : str
        The name that the line assigns: ``"dW2"``, or ``"dZ2"`` for a line that several arrays depend on.
    layer : int
    kind : str
        A key of `chainrule.checking.slips.KINDS`.
    words : str
        What is wrong.
    arrays : tuple of str
        The returned arrays in which it was seen, those that inherit it left out.
    also : tuple of str
        Other kinds, in the same line or another, that would give the same numbers.
    correct : str
        The line as it should be, in NumPy and in the reader's layout.
    """

    line: str
    layer: int
    kind: str
    words: str
    arrays: tuple[str, ...]
    also: tuple[str, ...]
    correct: str


@dataclass(frozen=True)
class ReturnedArray:
    """The verdict on one returned gradient.

    Attributes
    ----------
    name : str
        ``"dW1"``.
    layer : int
    verdict : {"right", "wrong", "inherited", "unknown", "missing"}
        "inherited" where it would be right if a line further back were; "unknown" where no slip explains it.
    error : float
        The norm of the difference, relative to the right array's; infinite where the shape is wrong.
    line : str
        The line with the slip, or the lines that it inherits from.
    note : str
    """

    name: str
    layer: int
    verdict: str
    error: float
    line: str = ""
    note: str = ""


@dataclass(frozen=True)
class BackwardReport:
    """The verdicts on all gradients that a function returned.

    Attributes
    ----------
    network : str
    form : str
        How the function was found to take and return arrays.
    items : tuple of ReturnedArray
    slips : tuple of FoundSlip
        From the last layer to the first.
    notes : tuple of str
        What is no error but worth knowing: single precision, inputs that were changed.
    failure : str
        The exception that the function raised, with its line; empty if it ran.
    """

    network: str
    form: str
    items: tuple[ReturnedArray, ...]
    slips: tuple[FoundSlip, ...] = ()
    notes: tuple[str, ...] = ()
    failure: str = ""

    @property
    def right(self) -> bool:
        """Whether the function ran and every gradient is right."""
        return not self.failure and all(item.verdict == "right" for item in self.items)

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return self.hint("answer")

    def hint(self, level: Hint = "answer") -> str:
        """As much as a learner shall be told.

        Parameters
        ----------
        level : {"verdict", "array", "kind", "answer"}
            Right or wrong; which array; what kind of slip; the right line in the learner's layout.

        Raises
        ------
        ValueError
            For another level.
        """
        if level not in HINTS:
            raise ValueError(f"hint must be one of {', '.join(HINTS)}, got {level!r}")
        depth = HINTS.index(level)
        if self.failure:
            return f"{self.network}\n{self.failure}"
        if depth == 0:
            return "all gradients are right" if self.right else "the gradients are wrong"
        lines = [self.network, self.form] if level == "answer" else []
        lines += [f"{item.name:<5} {_verdict(item, told=depth >= 2)}" for item in self.items]
        return "\n".join([*lines, *self._found(depth)])

    def _found(self, depth: int) -> list[str]:
        """What is said below the arrays."""
        lines = []
        for slip in self.slips if depth >= HINTS.index("kind") else ():
            alike = f" (or: {'; '.join(slip.also)})" if slip.also else ""
            lines.append(f"{slip.line}: {slip.words}{alike}")
            lines += [f"    right: {slip.correct}"] if depth == HINTS.index("answer") and slip.correct else []
        wrong = [item.name for item in self.items if item.verdict != "right"]
        summary = f"wrong: {', '.join(wrong)}" if wrong else "all gradients are right"
        return [*lines, *(f"note: {note}" for note in self.notes), summary]

    def _repr_html_(self) -> str:
        from chainrule.checking.html_table import html_table

        if self.failure:
            return html_table(f"{self.network}\n{self.failure}", (), (), ())
        rows = [((item.name, _verdict(item, told=True)), item.verdict == "right") for item in self.items]
        title = f"{self.network}\n{self.form}"
        return html_table(title, ("array", "verdict"), rows, ["\n".join(self._found(HINTS.index("answer")))])

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values; an error of a wrong shape is null."""
        return {
            "schema": 1,
            "network": self.network,
            "right": self.right,
            "form": self.form,
            "items": [
                {
                    "name": item.name,
                    "layer": item.layer,
                    "verdict": item.verdict,
                    "error": item.error if item.error < float("inf") else None,
                    "line": item.line,
                    "note": item.note,
                }
                for item in self.items
            ],
            "slips": [
                {
                    "line": slip.line,
                    "layer": slip.layer,
                    "kind": slip.kind,
                    "words": slip.words,
                    "arrays": list(slip.arrays),
                    "also": list(slip.also),
                    "correct": slip.correct,
                }
                for slip in self.slips
            ],
            "notes": list(self.notes),
            "failure": self.failure,
        }


def _verdict(item: ReturnedArray, *, told: bool) -> str:
    """The verdict on an array in words, with the line that it comes from if that is told."""
    line = item.line if told else ""
    words = {
        "wrong": f"WRONG in {line}" if line else "WRONG",
        "inherited": f"follows from {line or 'a line further back'}",
        "unknown": f"WRONG, besides what follows from {line}" if line else "WRONG",
        "missing": "not returned",
    }
    return words.get(item.verdict, item.verdict) + (f" ({item.note})" if item.note else "")
