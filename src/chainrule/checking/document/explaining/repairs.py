"""What would make a wrong line right: every single edit of its right side, tried by values.

The edits are the slips that people make: a sign turned, a factor lost or stray, an argument, a layer or a variable of
differentiation taken for another. The first kind that fits, in this order, is the one that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from chainrule.checking.document.meaning.letters import INDICES, LOSSES, Quantity, is_layer, quantity, rebuilt
from chainrule.checking.document.meaning.model import Model, is_function
from chainrule.notation.text import to_text
from chainrule.notation.tree import (
    Applied,
    Fraction,
    Letter,
    Mark,
    Node,
    Num,
    Partial,
    Power,
    Product,
    Sum,
    children,
    letters,
)

_SMALL = frozenset("axzhwbd")
MAX_TRIED = 600


@dataclass(frozen=True)
class Repair:
    """A kind of slip, in words, and the right side without it."""

    slip: str
    right: Node
    fits: bool = False  # as arrays too


def repair(
    right: Node,
    holds: Callable[[Node], bool],
    model: Model,
    page_letters: Iterable[Letter],
    page_partials: Sequence[Partial] = (),
    fits: Callable[[Node], bool] = lambda candidate: True,
    own: Sequence[Letter] = (),
) -> Repair | None:
    """The first single edit of a right side that makes the line hold; as arrays, if there is one.

    Parameters
    ----------
    right : Node
        What the page says.
    holds : callable
        Whether a candidate is right, by values.
    model : Model
        The page's network.
    page_letters : iterable of Letter
        Letters as the page writes them, to put in where one is missing or wrong.
    page_partials : sequence of Partial
        Derivatives of the loss as the page writes them, to put in where one is missing.
    fits : callable
        Whether a candidate that is right for numbers is right as arrays too.
    own : sequence of Letter
        Letters that mean something in this line only, such as the z of f′(z).
    """
    known = _spellings(page_letters, model) | {quantity(letter): letter for letter in own}
    tried, first = 0, None

    def missing(node: Node, letters_known: dict[Quantity, Letter]) -> Iterator[Repair]:
        return _missing_factors(node, letters_known, page_partials)

    for edits in (_signs, _arguments, _variables, _stray_factors, _letters, missing):
        for candidate in edits(right, known):
            tried += 1
            if tried > MAX_TRIED:
                return first
            if holds(candidate.right):
                if fits(candidate.right):
                    return replace(candidate, fits=True)
                first = first or candidate
        if first is not None and edits is not _letters:
            return first  # another letter may have the right value by chance; what else has it is meant
    return first


def edits_of(factor: Node, model: Model, page_letters: Iterable[Letter]) -> Iterator[Repair]:
    """Single edits of one factor: arguments, variables of differentiation, what is differentiated, letters."""
    known = _spellings(page_letters, model)
    for edits in (_arguments, _variables, _differentiated, _letters):
        yield from edits(factor, known)


def strays_of(right: Node) -> Iterator[Repair]:
    """The side without one of the factors in it."""
    yield from _stray_factors(right, {})


def _differentiated(node: Node, known: dict[Quantity, Letter]) -> Iterator[Repair]:
    """∂Y/∂A for ∂ℒ/∂A, and the like."""
    del known

    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Partial) and isinstance(part.of, Letter) and part.of.name not in LOSSES:
            for loss in losses:
                slip = f"the derivative of {quantity(part.of)} for that of {loss.name}"
                yield Repair(slip, replace(part, of=loss))

    losses = [Letter(name) for name in sorted(LOSSES)]
    yield from _everywhere(node, edit)


def _spellings(page_letters: Iterable[Letter], model: Model) -> dict[Quantity, Letter]:
    """One spelling for each quantity of the page that is an array."""
    found: dict[Quantity, Letter] = {}
    for letter in page_letters:
        if not is_function(letter, model) and letter.name not in LOSSES and not letter.name.startswith("d"):
            found.setdefault(quantity(letter), letter)
    return {one: letter for one, letter in found.items() if one in model.known()}


def _everywhere(node: Node, edit: Callable[[Node], Iterator[Repair]]) -> Iterator[Repair]:
    """Every tree in which one place has been edited."""
    yield from edit(node)
    for child in children(node):
        for inner in _everywhere(child, edit):
            yield Repair(inner.slip, rebuilt(node, {id(child): inner.right}))


def _signs(node: Node, known: dict[Quantity, Letter]) -> Iterator[Repair]:
    del known

    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Sum):
            for turned in range(len(part.terms)):
                flags = tuple(flag != (at == turned) for at, flag in enumerate(part.negative))
                yield Repair("sign", Sum(part.terms, flags))
        if isinstance(part, Power):
            yield Repair("sign", replace(part, exponent=Sum((part.exponent,), (True,))))
        if isinstance(part, Applied) and len(part.arguments) == 1:
            yield Repair("sign", replace(part, arguments=(Sum(part.arguments, (True,)),)))

    yield from _everywhere(node, edit)
    yield Repair("sign", Sum((node,), (True,)))


def _arguments(node: Node, known: dict[Quantity, Letter]) -> Iterator[Repair]:
    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Applied) and len(part.arguments) == 1 and isinstance(part.arguments[0], Letter):
            own = quantity(part.arguments[0])
            for one, letter in known.items():
                if one != own:
                    slip = f"argument: {part.function.name} is taken at {own}, not at {one}"
                    yield Repair(slip, replace(part, arguments=(_dressed(letter, part.arguments[0]),)))

    yield from _everywhere(node, edit)


def _variables(node: Node, known: dict[Quantity, Letter]) -> Iterator[Repair]:
    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Partial):
            own = quantity(part.by)
            for one, letter in known.items():
                if one != own:
                    by = _dressed(letter, part.by)
                    yield Repair(f"variable: differentiated by {own}, not by {one}", replace(part, by=by))

    yield from _everywhere(node, edit)


def _stray_factors(node: Node, known: dict[Quantity, Letter]) -> Iterator[Repair]:
    del known

    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Product):
            for at, factor in enumerate(part.factors):
                rest = part.factors[:at] + part.factors[at + 1 :]
                signs = part.signs[: max(at - 1, 0)] + part.signs[max(at, 1) :]
                slip = f"stray factor {quantity(factor)}" if isinstance(factor, Letter) else "stray factor"
                yield Repair(slip, rest[0] if len(rest) == 1 else Product(rest, signs))
        if isinstance(part, Fraction) and isinstance(part.denominator, Num):
            yield Repair(f"stray factor 1/{part.denominator.text}", part.numerator)

    yield from _everywhere(node, edit)


def _letters(node: Node, known: dict[Quantity, Letter]) -> Iterator[Repair]:
    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Letter) and quantity(part) in known:
            own = quantity(part)
            for one, letter in known.items():
                if one != own:
                    slip = f"layer: {own} for {one}" if one.name == own.name else f"letter: {own} for {one}"
                    yield Repair(slip, _dressed(letter, part))

    yield from _everywhere(node, edit)


def _missing_factors(node: Node, known: dict[Quantity, Letter], partials: Sequence[Partial]) -> Iterator[Repair]:
    """A factor put to the whole, or to one term of a sum inside it."""
    candidates: list[tuple[str, Node]] = [(str(one), letter) for one, letter in known.items()]
    candidates += [(to_text(partial), partial) for partial in partials]
    for function in sorted({letter for letter in letters(node) if letter.upper == (Mark("′"),)}, key=str):
        candidates += [(f"{function.name}′({one})", Applied(function, (letter,))) for one, letter in known.items()]
    candidates += [("2", Num("2")), ("m", Letter("m"))]
    for name, factor in candidates:
        both = (factor, node) if name in {"2", "m"} else (node, factor)
        yield Repair(f"missing factor {name}", Product(both, ("",)))
        yield Repair(f"missing factor {name}", Product(both, ("⊙",)))
    for name, factor in (("2", Num("2")), ("m", Letter("m"))):
        yield Repair(f"stray factor {name}", Fraction(node, factor))

    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Sum):
            for at, term in enumerate(part.terms):
                for name, factor in candidates:
                    terms = (*part.terms[:at], Product((term, factor), ("⊙",)), *part.terms[at + 1 :])
                    yield Repair(f"missing factor {name}", Sum(terms, part.negative))

    yield from _everywhere(node, edit)


def _dressed(letter: Letter, like: Letter) -> Letter:
    """The letter with the sample and entry marks of the one that it replaces, small where that is."""
    upper = tuple(mark for mark in letter.upper if mark.style != "round")
    upper += tuple(mark for mark in like.upper if mark.style == "round")
    lower = tuple(mark for mark in letter.lower if not _chooses(mark))
    lower += tuple(mark for mark in like.lower if _chooses(mark))
    name = letter.name.lower() if like.name.islower() and letter.name.lower() in _SMALL else letter.name
    return replace(letter, name=name, lower=lower, upper=upper)


def _chooses(mark: Mark) -> bool:
    """Whether a mark below a letter chooses an entry."""
    return mark.text in INDICES and not is_layer(mark)
