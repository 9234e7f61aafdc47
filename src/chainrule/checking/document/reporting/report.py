"""What was found on a page, link by link, and how it is shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from chainrule.checking.document.explaining.kinds import Kind
from chainrule.checking.document.explaining.offers import Offer
from chainrule.checking.document.judging.verdicts import Verdict
from chainrule.checking.document.meaning.inferred import InferredNetwork
from chainrule.checking.document.reading.places import Place

Hint = Literal["verdict", "line", "kind", "answer"]
HINTS: tuple[Hint, ...] = get_args(Hint)


@dataclass(frozen=True)
class Item:
    """One link of the page and its verdict.

    Attributes
    ----------
    line : int
        The line of the source in which the formula begins, counted from 1.
    left, right : str
        The two sides as the source has them.
    verdict : {"given", "exact", "scalar", "wrong", "order", "unread"}
    scope : str
        The largest regime in which the link holds.
    slip : str
        For a wrong link, what kind of slip it fits.
    origin : {"", "root", "inherited"}
    correct : str
        In LaTeX: for a wrong link, its right side without the slip, where one edit makes it right; for a scalar link,
        the matrix form that it wants, where one was found.
    follows : bool or None
        Whether the step follows from the side before it in the chain; None for a chain's first step.
    reason : str
        The reason, for people.
    sign : str
        The relation between the sides.
    place : Place or None
        Where the right side stands; for a loop, its first line.
    offer : Offer or None
        A reading of damaged handwriting, with the verdict that it would have; it is never applied.
    culprits : tuple of Place
        The letters to blame, where it isn't the whole right side.
    as_arrays : str
        In LaTeX: for a wrong link, the matrix form that `correct` wants where it holds for numbers only.
    kinds : tuple of str
        The kind of `slip`, as one of a fixed set of names ("sign", "layer", …), several where several came together;
        for a scalar link, the kinds of what it wants. Empty where no kind is known.
    """

    line: int
    left: str
    right: str
    verdict: Verdict
    scope: str = ""
    slip: str = ""
    origin: str = ""
    correct: str = ""
    follows: bool | None = None
    reason: str = ""
    sign: str = "="
    place: Place | None = None
    offer: Offer | None = None
    culprits: tuple[Place, ...] = ()
    as_arrays: str = ""
    kinds: tuple[Kind, ...] = ()

    @property
    def latex(self) -> str:
        """The link as the source has it."""
        return f"{self.left} {self.sign} {self.right}" if self.right else self.left


@dataclass(frozen=True)
class DerivationReport:
    """Every link of a page with its verdict, and what was noticed about the page as a whole.

    Attributes
    ----------
    items : tuple of Item
    networks : tuple of InferredNetwork
        What the page defines and is judged by.
    notes : tuple of str
        What was noticed about the page as a whole.
    source : tuple of str
        The lines of the page.
    """

    items: tuple[Item, ...]
    networks: tuple[InferredNetwork, ...]
    notes: tuple[str, ...]
    source: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; what is unread isn't judged."""
        return not any(item.verdict in {"wrong", "order"} for item in self.items)

    def count(self, verdict: Verdict) -> int:
        """How many links have a verdict."""
        return sum(item.verdict == verdict for item in self.items)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return self.hint("answer")

    def hint(self, level: Hint = "answer") -> str:
        """The report as text, so that a teacher can keep answers back.

        Parameters
        ----------
        level : {"verdict", "line", "kind", "answer"}
            How much is told of what isn't right: how many equations, which, their kind of slip and where it is, or all.

        Raises
        ------
        ValueError
            For another level.
        """
        from chainrule.checking.document.reporting.printed import printed

        return "\n".join(line.text for line in printed(self, level))

    def to_html(self, *, title: str = "A derivation, checked", level: Hint = "answer") -> str:
        """The document with its verdicts beside the lines: one HTML file without scripts or links to elsewhere.

        Parameters
        ----------
        title : str
        level : {"verdict", "line", "kind", "answer"}
            How much is told, as in `hint`.
        """
        from chainrule.checking.document.reporting.html import page

        return page(self, title, level)

    def _repr_html_(self) -> str:
        from chainrule.checking.document.reporting.html import fragment

        return fragment(self, "A derivation, checked", "answer")

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values; docs/checking.md says what each key holds."""
        return {
            "schema": 1,
            "ok": self.ok,
            "networks": [{**asdict(network), "definitions": list(network.definitions)} for network in self.networks],
            "items": [{"latex": item.latex, **asdict(item)} for item in self.items],
            "notes": list(self.notes),
        }
