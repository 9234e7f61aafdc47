"""The layouts: which way round arrays stand on the page.  To add one, add a row; nothing else reads a layout's name."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.expressions.terms import SAMPLES, Axes


@dataclass(frozen=True)
class Layout:
    """How one layout writes.

    Attributes
    ----------
    name : str
    words : str
        What a document says of it.
    as_in_code : bool
        Whether arrays stand as in code, samples down and units across; otherwise the other way round.
    one_sample : bool
        Whether there is one sample only, whose quantities are small letters.
    entries : bool
        Whether single entries are written in place of matrices.
    """

    name: str
    words: str
    as_in_code: bool = False
    one_sample: bool = False
    entries: bool = False

    def ordered(self, axes: Axes) -> Axes:
        """The axes that an array has on the page, in their order there."""
        kept = tuple(axis for axis in axes if not (self.one_sample and axis == SAMPLES))
        return kept if self.as_in_code else kept[::-1]

    def is_small(self, axes: Axes) -> bool:
        """Whether an array is written with a small letter: a vector of the one sample."""
        return self.one_sample and SAMPLES in axes

    @property
    def of_matrices(self) -> str:
        """The layout in which matrices are written where this one has only entries."""
        return "columns" if self.entries else self.name


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("columns", "samples in columns"),
        Layout("rows", "samples in rows", as_in_code=True),
        Layout("sample", "one sample", one_sample=True),
        Layout("index", "single entries", entries=True),
    )
}
