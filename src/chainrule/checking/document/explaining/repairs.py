"""What would make a wrong line right: every single edit of its right side, tried by values.

The edits are the slips that people make: a sign turned, a factor lost or stray, an argument, a layer or a variable of
differentiation taken for another. The first kind that fits, in this order, is the one that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from chainrule.checking.document.explaining.edits import Repair, brackets, everywhere, indices, powers, transposes
from chainrule.checking.document.explaining.kinds import SIGN, Kind, instead, missing, stray
from chainrule.checking.document.meaning.letters import INDICES, LOSSES, Quantity, is_layer, is_size, quantity
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
    letters,
)

Others = Callable[[Quantity], Iterator[tuple[Quantity, Letter]]]
_SMALL = frozenset("axzhwbd")
MAX_TRIED = 600
_SHOWN = 30  # characters of a factor that is named


def repair(
    right: Node,
    holds: Callable[[Node], bool],
    model: Model,
    page_letters: Iterable[Letter],
    page_partials: Sequence[Partial] = (),
    fits: Callable[[Node], bool] = lambda candidate: True,
    own: Sequence[Letter] = (),
    among: Iterable[str] = (),
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
    among : iterable of str
        The indices of the line.
    """
    known = _spellings(page_letters, model) | {quantity(letter): letter for letter in own}
    first = None
    kinds = (
        _signs(right),
        brackets(right),
        _arguments(right, known),
        _variables(right, known),
        powers(right),
        transposes(right),
        indices(right, among),
        _stray_factors(right),
        _letters(right, known),
        _missing_factors(right, known, page_partials),
    )
    for candidate in chain.from_iterable(islice(kind, MAX_TRIED) for kind in kinds):
        if holds(candidate.right):
            if fits(candidate.right):
                return replace(candidate, fits=True)
            first = first or candidate
    return first


def edits_of(factor: Node, model: Model, page_letters: Iterable[Letter], among: Iterable[str] = ()) -> Iterator[Repair]:
    """Single edits of one factor: arguments, variables of differentiation, what is differentiated, indices, letters."""
    known = _spellings(page_letters, model)
    yield from _arguments(factor, known)
    yield from _variables(factor, known)
    yield from _differentiated(factor)
    yield from indices(factor, among)
    yield from _letters(factor, known)


def strays_of(right: Node) -> Iterator[Repair]:
    """The side without one of the factors in it."""
    yield from _stray_factors(right)


def _differentiated(node: Node) -> Iterator[Repair]:
    """∂Y/∂A for ∂ℒ/∂A, and the like."""

    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Partial) and isinstance(part.of, Letter) and part.of.name not in LOSSES:
            for loss in losses:
                slip = f"the derivative of {instead(to_text(part.of), loss.name)}"
                yield Repair(slip, replace(part, of=loss), ("variable",))

    losses = [Letter(name) for name in sorted(LOSSES)]
    yield from everywhere(node, edit)


def _spellings(page_letters: Iterable[Letter], model: Model) -> dict[Quantity, Letter]:
    """One spelling for each quantity of the page that is an array: how many samples there are is none."""
    found: dict[Quantity, Letter] = {}
    for letter in page_letters:
        if not is_function(letter, model) and letter.name not in LOSSES and not letter.name.startswith("d"):
            found.setdefault(quantity(letter), letter)
    known = model.known()
    return {one: letter for one, letter in found.items() if one in known and not is_size(one)}


def _signs(node: Node) -> Iterator[Repair]:
    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Sum):
            for turned in range(len(part.terms)):
                flags = tuple(flag != (at == turned) for at, flag in enumerate(part.negative))
                yield Repair(SIGN, Sum(part.terms, flags), ("sign",))
        if isinstance(part, Power):
            yield Repair(SIGN, replace(part, exponent=Sum((part.exponent,), (True,))), ("sign",))
        if isinstance(part, Applied) and len(part.arguments) == 1:
            yield Repair(SIGN, replace(part, arguments=(Sum(part.arguments, (True,)),)), ("sign",))

    yield from everywhere(node, edit)
    yield Repair(SIGN, Sum((node,), (True,)), ("sign",))


def _likest_first(
    node: Node, known: dict[Quantity, Letter], edit: Callable[[Node, Others], Iterator[Repair]]
) -> Iterator[Repair]:
    """Edits that put another letter in: the same one of another layer, another of the same layer, then any other."""

    def others(own: Quantity, likeness: int) -> Iterator[tuple[Quantity, Letter]]:
        for one, letter in known.items():
            if one != own and (0 if one.name == own.name else 1 if one.layer == own.layer else 2) == likeness:
                yield one, letter

    def at_likeness(likeness: int) -> Callable[[Node], Iterator[Repair]]:
        return lambda part: edit(part, lambda own: others(own, likeness))

    for likeness in range(3):
        yield from everywhere(node, at_likeness(likeness))


def _arguments(node: Node, known: dict[Quantity, Letter]) -> Iterator[Repair]:
    def edit(part: Node, others: Others) -> Iterator[Repair]:
        if isinstance(part, Applied) and len(part.arguments) == 1 and isinstance(part.arguments[0], Letter):
            for _, letter in others(quantity(part.arguments[0])):
                put = _dressed(letter, part.arguments[0])
                slip = instead(to_text(part.arguments[0]), to_text(put), "argument", to_text(part.function))
                yield Repair(slip, replace(part, arguments=(put,)), ("argument",))

    yield from _likest_first(node, known, edit)


def _variables(node: Node, known: dict[Quantity, Letter]) -> Iterator[Repair]:
    def edit(part: Node, others: Others) -> Iterator[Repair]:
        if isinstance(part, Partial):
            for _, letter in others(quantity(part.by)):
                by = _dressed(letter, part.by)
                yield Repair(instead(to_text(part.by), to_text(by), "variable"), replace(part, by=by), ("variable",))

    yield from _likest_first(node, known, edit)


def _stray_factors(node: Node) -> Iterator[Repair]:
    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Product):
            for at, factor in enumerate(part.factors):
                rest = part.factors[:at] + part.factors[at + 1 :]
                signs = part.signs[: max(at - 1, 0)] + part.signs[max(at, 1) :]
                slip = stray(_short(factor))
                kind = kind_of_factor(factor, "stray factor")
                yield Repair(slip, rest[0] if len(rest) == 1 else Product(rest, signs), (kind,))
        if isinstance(part, Fraction) and isinstance(part.denominator, Num):
            yield Repair(stray(f"1/{part.denominator.text}"), part.numerator, ("constant factor",))

    yield from everywhere(node, edit)


def _letters(node: Node, known: dict[Quantity, Letter]) -> Iterator[Repair]:
    def edit(part: Node, others: Others) -> Iterator[Repair]:
        if isinstance(part, Letter) and quantity(part) in known:
            own = quantity(part)
            for one, letter in others(own):
                put = _dressed(letter, part)
                kind: Kind = "layer" if one.name == own.name else "letter"
                yield Repair(instead(to_text(part), to_text(put), kind), put, (kind,))

    yield from _likest_first(node, known, edit)


def kind_of_factor(factor: Node, otherwise: Kind) -> Kind:
    """Whether what is missing, or stands there too often, is a number, 1/m, or anything else."""
    parts = (factor.numerator, factor.denominator) if isinstance(factor, Fraction) else (factor,)
    if all(isinstance(part, Num) for part in parts):
        return "constant factor"
    sizes = [isinstance(part, Letter) and is_size(quantity(part)) for part in parts]
    return "1/m" if sizes[-1] and (len(parts) == 1 or parts[0] == Num("1")) else otherwise


def _missing_factors(node: Node, known: dict[Quantity, Letter], partials: Sequence[Partial]) -> Iterator[Repair]:
    """A factor put to the whole, or to one term of a sum inside it."""
    if not any(mark.style == "round" for letter in letters(node) for mark in letter.upper):
        known = {one: _of_no_sample(letter) for one, letter in known.items()}
    candidates: list[tuple[str, Node]] = [(to_text(letter), letter) for letter in known.values()]
    candidates += [(to_text(partial), partial) for partial in partials]
    for function in sorted({letter for letter in letters(node) if letter.upper == (Mark("′"),)}, key=str):
        candidates += [
            (to_text(taken), taken) for letter in known.values() for taken in (Applied(function, (letter,)),)
        ]
    candidates += [("2", Num("2")), ("m", Letter("m"))]
    for name, factor in candidates:
        both = (factor, node) if name in {"2", "m"} else (node, factor)
        kind = kind_of_factor(factor, "missing factor")
        yield Repair(missing(name), Product(both, ("",)), (kind,))
        yield Repair(missing(name), Product(both, ("⊙",)), (kind,))
    for name, factor in (("2", Num("2")), ("m", Letter("m"))):
        yield Repair(stray(name), Fraction(node, factor), (kind_of_factor(factor, "stray factor"),))

    def edit(part: Node) -> Iterator[Repair]:
        if isinstance(part, Sum):
            for at, term in enumerate(part.terms):
                for name, factor in candidates:
                    terms = (*part.terms[:at], Product((term, factor), ("⊙",)), *part.terms[at + 1 :])
                    yield Repair(missing(name), Sum(terms, part.negative), (kind_of_factor(factor, "missing factor"),))

    yield from everywhere(node, edit)


def _dressed(letter: Letter, like: Letter) -> Letter:
    """The letter with the sample and entry marks of the one that it replaces, small where that is."""
    upper = tuple(mark for mark in letter.upper if mark.style != "round")
    upper += tuple(mark for mark in like.upper if mark.style == "round")
    lower = tuple(mark for mark in letter.lower if not _chooses(mark))
    lower += tuple(mark for mark in like.lower if _chooses(mark))
    name = letter.name.lower() if like.name.islower() and letter.name.lower() in _SMALL else letter.name
    return replace(letter, name=name, lower=lower, upper=upper)


def _of_no_sample(letter: Letter) -> Letter:
    return replace(letter, upper=tuple(mark for mark in letter.upper if mark.style != "round"))


def _short(factor: Node) -> str:
    """A factor as it is named, if that isn't too long."""
    text = to_text(factor)
    return text if len(text) <= _SHOWN else ""


def _chooses(mark: Mark) -> bool:
    """Whether a mark below a letter chooses an entry."""
    return mark.text in INDICES and not is_layer(mark)
