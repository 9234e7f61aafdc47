"""Every page that derive can write of the zoo, judged: networks × layouts × presets × forms × levels of detail.

The nine pages of one network in one layout and preset (three forms, three levels) say much the same. Pages of the same
text are judged once, and a link a = b is judged once among pages whose judges are equal: its verdict follows from the
two trees, the sign, the model and what else the judge is told of the page. Everything else is done for each page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest import mock

from chainrule.calculus import derive
from chainrule.checking.document.derivation import check_derivation
from chainrule.checking.document.judging.verdicts import Judge
from chainrule.checking.document.meaning.model import Model
from chainrule.network import Network
from tests.zoo import ZOO, Animal

LAYOUTS = ("columns", "rows", "sample", "index")
PRESETS = ("subscript", "bracket", "delta", "d", "previous")
FORMS = ("to_latex", "to_markdown", "to_text")
DETAILS = ("full", "steps", "summary")
NETWORKS: dict[str, Network] = {}
for _animal in ZOO:  # the number of samples changes nothing that is written
    if _animal.network not in NETWORKS.values():
        NETWORKS[Animal(_animal.network).id.removesuffix("batch=17").rstrip("_")] = _animal.network


@dataclass(frozen=True)
class Combination:
    """A network, a layout and a preset: nine pages."""

    network: str
    layout: str
    preset: str

    @property
    def id(self) -> str:
        return f"{self.layout}-{self.preset}-{self.network}"

    def pages(self, forms: Sequence[str] = FORMS, details: Sequence[str] = DETAILS) -> Iterator[tuple[str, str]]:
        """What each page is and its text; a ValueError where derive refuses the letters of this preset."""
        for detail in details:
            derivation = derive(NETWORKS[self.network], layout=self.layout, symbols=self.preset, detail=detail)
            for form in forms:
                yield f"{form[3:]} {detail}", getattr(derivation, form)()


@dataclass
class Outcome:
    """What became of a combination's pages."""

    pages: int = 0
    distinct: int = 0
    refused: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)
    faults: list[dict[str, object]] = field(default_factory=list)


def combinations() -> list[Combination]:
    """All of them, those that derive refuses included."""
    return [Combination(network, layout, preset) for network in NETWORKS for layout in LAYOUTS for preset in PRESETS]


def outcome_of(combination: Combination, forms: Sequence[str] = FORMS, details: Sequence[str] = DETAILS) -> Outcome:
    """Judge the pages of a combination.

    What isn't given or exact, or is said not to follow or to differ, is a fault; so is any remark about a whole page.
    """
    outcome = Outcome()
    seen: set[str] = set()
    try:
        pages = list(combination.pages(forms, details))
    except ValueError as error:
        outcome.refused = str(error)
        return outcome
    with links_judged_once():
        for name, text in pages:
            outcome.pages += 1
            if text in seen:
                continue
            seen.add(text)
            outcome.distinct += 1
            verdicts, faults = judged(text)
            outcome.verdicts.update(verdicts)
            outcome.faults += [{"page": name, **fault} for fault in faults]
    return outcome


def judged(text: str) -> tuple[Counter[str], list[dict[str, object]]]:
    """The verdicts on a page's lines, and its faults."""
    report = check_derivation(text)
    faults: list[dict[str, object]] = [
        {"line": item.line, "verdict": item.verdict, "left": item.left, "right": item.latex,
         "slip": item.slip, "reason": item.reason, "follows": item.follows}
        for item in report.items
        if item.verdict not in {"given", "exact"} or item.follows is False or item.reason.startswith("it differs")
    ]  # fmt: skip
    return Counter(item.verdict for item in report.items), faults + [{"note": note} for note in report.notes]


@contextmanager
def links_judged_once() -> Iterator[None]:
    """While it lasts, a link is judged once among equal judges: of equal models, told the same of their pages."""
    known: dict[object, object] = {}
    models: dict[int, tuple[Model, str]] = {}

    def key_of(judge: Judge) -> tuple[object, ...]:
        model = judge.model
        if id(model) not in models:
            models[id(model)] = (model, _key(model))  # the model is kept, so that its id is its own
        told = {name: value for name, value in vars(judge).items() if name not in {"model", "_worlds"}}
        return models[id(model)][1], repr(told)

    def once(judged: Callable[..., object]) -> Callable[..., object]:
        def remembered(self: Judge, *line: object, **options: object) -> object:
            key = (judged.__name__, *key_of(self), line, *options.items())
            if key not in known:
                known[key] = judged(self, *line, **options)
            return known[key]

        return remembered

    with mock.patch.multiple(Judge, link=once(Judge.link), reads=once(Judge.reads)):
        yield


def _key(model: Model) -> str:
    """Equal for equal models; notes are for people."""
    return repr([(name, sorted(value, key=str) if isinstance(value, set | frozenset) else value)
                 for name, value in vars(model).items() if name != "notes"])  # fmt: skip


def as_record(combination: Combination, outcome: Outcome) -> dict[str, object]:
    """An outcome as a line of JSON has it."""
    return {"id": combination.id, **vars(outcome)}
