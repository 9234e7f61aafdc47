"""A reading that a damaged line may have had, offered with the verdict that it would get; never applied."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.checking.document.judging.verdicts import Verdict


@dataclass(frozen=True)
class Offer:
    """What the handwriting may have said.

    Attributes
    ----------
    damage : str
        What was taken for what: "2 for α".
    latex : str
        The whole link as it then reads.
    verdict : {"given", "exact", "scalar", "wrong"}
        The verdict that it would have.
    slip : str
        And the slip, where it would be wrong.
    """

    damage: str
    latex: str
    verdict: Verdict
    slip: str = ""

    def __str__(self) -> str:
        slip = f" ({self.slip})" if self.slip else ""
        return f"{self.damage}: {self.latex} would be {self.verdict}{slip}"
