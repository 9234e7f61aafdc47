"""What a page calls the error of a layer: which of the usual meanings of δ₂ and dZ₂ makes its own lines hold.

δ is ∂J/∂z for most, m ∂J/∂z for those who divide by m when they come to the weights, −∂J/∂z for some, ∂J/∂a for a few.
The meaning with which most lines that mention it hold is taken; its lines are then claims, and may be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from chainrule.checking.document.meaning.affine_maps import affine
from chainrule.checking.document.meaning.generic_layers import is_d_letter
from chainrule.checking.document.meaning.letters import BIASES, INDICES, WEIGHTS, Quantity, quantity
from chainrule.checking.document.meaning.model import Model
from chainrule.checking.document.reading.statements import Page, Statement
from chainrule.notation.tree import Applied, Letter, Mark, Node, Partial, Product, letters, negated, walk

Verdicts = Callable[[Model], Callable[[Node, Node, str], str]]
_WORTH = {"exact": 4, "scalar": 3}
_LINES = 16  # that are tried for each meaning


def with_errors(page: Page, model: Model, verdicts: Verdicts) -> Model:
    """The model with the meanings of δ and of dZ that fit the page best; the model itself where it has neither.

    Parameters
    ----------
    page : Page
    model : Model
    verdicts : callable
        Of a model: what a link of the page gets by it, of its sides and the sign between them.
    """
    lines = [*_links(page)]
    if model.loss is None:
        return model
    used = [line for line in lines if any(_uses_error(letter) for side in line[:2] for letter in letters(side))]
    if used:
        model = _best(model, [*_meanings(model, used), model], used[:_LINES], verdicts)
    named = [line for line in lines if any(_names_error(letter) for side in line[:2] for letter in letters(side))]
    if named:
        model = _best(model, [model, replace(model, errors_per_sample=True)], named[:_LINES], verdicts)
    return model


def _links(page: Page) -> Iterator[tuple[Node, Node, str]]:
    for statement in page.statements:
        yield from _links_of(statement)


def _links_of(statement: Statement) -> Iterator[tuple[Node, Node, str]]:
    left = statement.sides[0].tree
    for side, sign in zip(statement.sides[1:], statement.signs, strict=False):
        if left is not None and side.tree is not None and sign in {"=", ":="}:
            yield left, side.tree, sign


def _is_error(letter: Letter) -> bool:
    """Whether a letter is the δ of a layer; with two indices it is Kronecker's."""
    return letter.name == "δ" and sum(mark.text in INDICES for mark in letter.lower) < 2


def _uses_error(letter: Letter) -> bool:
    return _is_error(letter) or letter.name == "Δ"


def _names_error(letter: Letter) -> bool:
    return is_d_letter(letter) and letter.name[1].lower() not in WEIGHTS | BIASES


def _best(
    model: Model, candidates: Sequence[Model], lines: Sequence[tuple[Node, Node, str]], verdicts: Verdicts
) -> Model:
    """The first of the candidates by which most lines hold; a line that only defines is worth nothing."""
    best, most = model, 0
    for candidate in candidates:
        claims = [line for line in lines if not _only_defines(line[0], candidate)]
        if len(claims) * _WORTH["exact"] <= most:  # however they are judged: where all hold, no other meaning is tried
            continue
        verdict = verdicts(candidate)
        worth = sum(_WORTH.get(verdict(*line), 0) for line in claims)
        if worth > most:
            best, most = candidate, worth
    return best


def _only_defines(left: Node, model: Model) -> bool:
    """Whether a line with this left side defines, by the page's own definition, what it is held against."""
    if not isinstance(left, Letter):
        return False
    return quantity(left) in model.definitions and quantity(left) not in model.claimed


def _meanings(model: Model, lines: Iterable[tuple[Node, Node, str]]) -> Iterator[Model]:
    """The model with each usual meaning of δ."""
    loss = model.loss
    if loss is None:
        return
    maps = {
        one: found
        for one, body in model.definitions.items()
        if one.name != "δ" and (found := affine(body)) is not None  # Wᵀδ, behind an identity, is no weighted sum
    }
    outputs = {
        quantity(body.arguments[0]): one
        for one, body in model.definitions.items()
        if isinstance(body, Applied) and len(body.arguments) == 1 and isinstance(body.arguments[0], Letter)
    }
    wanted = {
        quantity(letter) for line in lines for side in line[:2] for part in walk(side) for letter in letters(part)
    }
    errors = {one for one in wanted if one.name == "δ"}
    numbered = {Quantity("δ", "", found.weight_layer): one for one, found in maps.items() if not one.layer}
    numbered |= {Quantity("δ", "", one.layer): one for one in maps if one.layer}
    numbered |= {Quantity("δ", "", one.name): one for one in maps if not one.layer}  # δ_u, of the sum u
    targets = numbered if any(one.layer for one in errors) else {}
    if Quantity("δ") in errors and maps:
        targets = {**targets, Quantity("δ"): [*maps][-1]}
    if not targets:
        return

    def by(of: dict[Quantity, Quantity], scale: Callable[[Node], Node]) -> Model:
        meaning = {
            error: scale(Partial(_letter(loss), _letter(of[one]))) for error, one in targets.items() if one in of
        }
        kept = {one: body for one, body in model.definitions.items() if one not in meaning}
        entries = {one: left for one, left in model.entries.items() if one not in meaning}
        return replace(model, definitions={**kept, **meaning}, entries=entries, claimed=model.claimed | set(meaning))

    itself = {one: one for one in maps}
    yield by(itself, lambda slope: slope)
    yield by(itself, _times_samples)
    yield by(itself, negated)
    yield by(itself, lambda slope: negated(_times_samples(slope)))
    if outputs:
        yield by(outputs, lambda slope: slope)


def _times_samples(slope: Node) -> Node:
    return Product((Letter("m"), slope), ("",))


def _letter(one: Quantity) -> Letter:
    return Letter(one.name, one.accent, (Mark(one.layer),) if one.layer else ())
