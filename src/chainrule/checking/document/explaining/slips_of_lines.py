"""The kind of slip of a wrong line, the right side without it, and whether it came in here or before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chainrule.checking.document.explaining.damage import without_differentials
from chainrule.checking.document.explaining.edits import Repair
from chainrule.checking.document.explaining.explaining_lines import Explainer
from chainrule.checking.document.explaining.kinds import UNKNOWN, Kind, of_ratio, times
from chainrule.checking.document.judging.verdicts import Judgement
from chainrule.checking.document.meaning.model import FUNCTION_OF_NAME, Model
from chainrule.checking.document.reading.statements import Side
from chainrule.notation.tree import Applied, Letter, Node, Partial, walk

_SIZE = Letter("m")


@dataclass(frozen=True)
class Slip:
    """What a wrong line gets: the slip in words, the right side without it, where it came in, and its kinds."""

    words: str
    correct: Node | None = None
    origin: str = "root"
    why: str = ""
    kinds: tuple[Kind, ...] = ()


class Slips:
    """Names the slips of a page, line after line: what was seen before is inherited.

    Parameters
    ----------
    judge_for : callable
        The judge of a link.
    letters, partials : sequences
        Letters, and derivatives of the loss, as the page writes them.
    parts : sequence of Node
        All that stands on the page, to put in where a factor of more than a letter is missing.
    size : Letter
        How the page writes the number of samples.
    """

    def __init__(
        self,
        judge_for: Callable[[Node, Node], Explainer],
        letters: Sequence[Letter],
        partials: Sequence[Partial],
        parts: Sequence[Node] = (),
        size: Letter = _SIZE,
    ) -> None:
        self.judge_for = judge_for
        self.letters = letters
        self.partials = partials
        self.parts = parts
        self.size = size
        self.seen: set[str | float] = set()

    def of(self, left: Side, right: Side, judgement: Judgement, *, follows_right: bool) -> Slip:
        """The slip of a wrong link; `follows_right` says that the side before it in its chain was right."""
        if left.tree is None or right.tree is None:
            return _unknown()
        judge = self.judge_for(left.tree, right.tree)
        if judgement.slip:
            return self._stray(judge, left.tree, right.tree, judgement, follows_right=follows_right)
        ratio = judgement.ratio
        if ratio is not None and ratio != 0:
            origin = self._origin(ratio, follows_right=follows_right)
            found = judge.explain(left.tree, right.tree, self.letters, self.partials, ())
            if found is not None and found.fits and found.kinds[0] not in {"sign", "constant factor", "1/m"}:
                return Slip(found.slip, found.right, origin, judgement.why, found.kinds)  # 1.05 is selu′ of all z > 0
            correct = None if found is None else found.right
            return Slip(times(ratio), correct, origin, judgement.why, (of_ratio(ratio),))
        ratios = [one for one in self.seen if isinstance(one, float)]
        single, why = self._single(judge, left.tree, right.tree, ratios)
        if single is not None:
            known = single.kinds != ("sign",)
            origin = self._origin(single.slip, follows_right=follows_right) if known else "root"
            return Slip(single.slip, single.right, origin, why or judgement.why, single.kinds)
        both, why = self._double(judge, left.tree, right.tree, ratios)
        if both is not None:
            return Slip(both.slip, both.right, "root", why or judgement.why, both.kinds)
        return _unknown(judgement.why)

    def of_reading(self, left: Side, right: Side, judgement: Judgement) -> Slip:
        """The slip of a line as it may have been before it was damaged; later lines inherit nothing from it."""
        seen = set(self.seen)
        try:
            return self.of(left, right, judgement, follows_right=False)
        finally:
            self.seen = seen

    def _stray(self, judge: Explainer, left: Node, right: Node, judgement: Judgement, *, follows_right: bool) -> Slip:
        """A differential that stands alone; a constant that is wrong besides is inherited by later lines."""
        origin = self._origin(judgement.slip, follows_right=follows_right)
        without = without_differentials(right)
        ratio = None if without == right else judge.ratio(left, without)
        if ratio is None:
            return Slip(judgement.slip, None, origin, judgement.why, ("differential",))
        self.seen.add(ratio)
        more = "" if ratio == 1 else f"; without it a factor of {ratio:g} is left"
        without_it = without if ratio == 1 else None
        return Slip(judgement.slip, without_it, origin, f"{judgement.why}{more}", ("differential",))

    def _origin(self, slip: str | float, *, follows_right: bool) -> str:
        inherited = slip in self.seen and not follows_right
        self.seen.add(slip)
        return "inherited" if inherited else "root"

    def _single(self, judge: Explainer, left: Node, right: Node, ratios: Sequence[float]) -> tuple[Repair | None, str]:
        found = judge.explain(left, right, self.letters, self.partials, ratios, self.parts)
        if found is not None and (found.fits or not judge.model.has_softmax):
            return found, ""
        if judge.model.has_softmax:
            found = judge.rearranged(left, right, "=", self.size) or found
        if found is not None:
            return found, ""
        for name, other in variants(judge.model):
            found = Explainer(other).explain(left, right, self.letters, self.partials, ratios)
            if found is not None:
                return found, f"with {name} as the activation"
        return None, ""

    def _double(self, judge: Explainer, left: Node, right: Node, ratios: Sequence[float]) -> tuple[Repair | None, str]:
        found = judge.explain_two(left, right, self.letters, ratios)
        return found, "two slips in one line" if found is not None else ""


def _unknown(why: str = "") -> Slip:
    return Slip(UNKNOWN, why=why, kinds=("unknown",))


def variants(model: Model) -> list[tuple[str, Model]]:
    """The model with each other activation that the page speaks of, y = tanh, in the place of its own."""
    applied = {
        part.function.name
        for body in model.definitions.values()
        for part in walk(body)
        if isinstance(part, Applied) and part.function.name in {*model.functions, *FUNCTION_OF_NAME, "f", "g"}
    }
    found = []
    for name in dict.fromkeys(model.aliases.values()):
        row = FUNCTION_OF_NAME[name]
        if applied and model.functions.get("") != row:
            found.append((name, replace(model, functions={**model.functions, "": row, **dict.fromkeys(applied, row)})))
    return found
