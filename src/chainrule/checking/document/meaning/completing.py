"""What a page leaves to be understood: the weighted sum inside its loss, the loss of one sample beside its mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.checking.document.meaning.affine_maps import affine
from chainrule.checking.document.meaning.letters import INDICES, INPUTS, LOSSES, Quantity, quantity
from chainrule.checking.document.reading.page import Page
from chainrule.notation.tree import (
    Applied,
    BigSum,
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
    rewritten,
    walk,
)

if TYPE_CHECKING:
    from chainrule.checking.document.meaning.model import Model

_OF_ONE = ("L", "ℒ", "ℓ", "E")
_SUM = Letter("z")
_NESTED = 4  # names within names: z, a = σ(z), …
_OF_ALL = frozenset({"J", "𝒥", "C", "𝒞"})


def complete(model: Model, page: Page) -> None:
    """Add to a model what its page leaves to be understood."""
    _use_names_in_loss(model)
    _name_sum_in_loss(model)
    _add_loss_of_one_sample(model, page)
    model.one_sample = model.one_sample or _is_of_entries(model, page) or _declares_vector(page)


def _use_names_in_loss(model: Model) -> None:
    """L = ½ (y − σ(wᵀ x))² beside z = wᵀ x and a = σ(z): the loss is said of a, so that ∂L/∂a has a meaning."""
    named: dict[Node, Node] = {
        body: _letter(one)
        for one, body in model.definitions.items()
        if one.name not in LOSSES | {"δ"} and one not in model.entries and isinstance(body, Product | Sum | Applied)
    }
    for one in [one for one in model.definitions if one.name in LOSSES]:
        for _ in range(_NESTED):
            model.definitions[one] = rewritten(model.definitions[one], named.get)


def _letter(one: Quantity) -> Letter:
    return Letter(one.name, one.accent, (), (Mark(one.layer, "square"),) if one.layer else ())


def _name_sum_in_loss(model: Model) -> None:
    """½ (X θ − y)ᵀ (X θ − y) without any forward pass: X θ gets a name, so that it says how X and θ lie."""
    if any(affine(body) is not None for body in model.definitions.values()):
        return
    for one, body in list(model.definitions.items()):
        found = next((part for part in walk(body) if _is_sum(part)), None) if one.name in LOSSES else None
        if found is not None:
            del model.definitions[one]
            model.definitions |= {quantity(_SUM): found, one: rewritten(body, {found: _SUM}.get)}
            return


def _is_sum(node: Node) -> bool:
    if not isinstance(node, Product):
        return False
    found = affine(node)
    return found is not None and quantity(found.given).name in INPUTS and not quantity(found.given).layer


def _add_loss_of_one_sample(model: Model, page: Page) -> None:
    """∂L/∂a where only J, the mean over the samples, is defined: L is the loss before it is averaged."""
    used = {
        part.of.name
        for statement in page.statements
        for side in statement.sides
        if side.tree is not None
        for part in walk(side.tree)
        if isinstance(part, Partial) and isinstance(part.of, Letter) and part.of.name in LOSSES
    }
    defined = [one for one in model.definitions if one.name in LOSSES]
    missing = [name for name in _OF_ONE if name in used and Quantity(name) not in model.definitions]
    if len(defined) != 1 or defined[0].name not in _OF_ALL or len(missing) != 1:
        return
    [whole] = defined
    body = model.definitions[whole]
    inner = Letter(missing[0])
    is_mean = any(isinstance(part, Fraction) and _is_of_size(part.denominator) for part in walk(body))
    if not any(isinstance(part, BigSum) for part in walk(body)) or not is_mean:
        return
    del model.definitions[whole]
    model.definitions[quantity(inner)] = Product((Letter("m"), body), ("",))
    model.definitions[whole] = Fraction(inner, Letter("m"))


def _is_of_size(node: Node) -> bool:
    return any(letter.name in {"m", "n", "N"} for letter in letters(node))


def _declares_vector(page: Page) -> bool:
    """Whether a page says that its input is one vector, x ∈ ℝᵈ."""
    for statement in page.statements:
        left, right = statement.sides[0].tree, statement.sides[-1].tree
        if statement.signs == ("∈",) and isinstance(left, Letter) and left.name == "x" and not left.upper:
            return isinstance(right, Power) and isinstance(right.exponent, Letter | Num)
    return False


def _sums_entries(body: Node) -> bool:
    """Whether a definition sums what units below letters count: Σ_i w_i x_i, Σ_k (y_k − t_k)²."""
    return any(
        isinstance(part, BigSum) and any(mark.text in part.indices for one in letters(part.body) for mark in one.lower)
        for part in walk(body)
    )


def _is_of_entries(model: Model, page: Page) -> bool:
    """Whether a page writes entries only, Σ_k ½ (y_k − t_k)², and nothing of samples: then it treats one."""
    loss = model.loss
    if loss is None or not any(_sums_entries(body) for one, body in model.definitions.items() if one.name != "δ"):
        return False
    trees = [side.tree for one in page.statements for side in one.sides if side.tree is not None]
    found = [letter for tree in trees for letter in letters(tree)]
    of_samples = any(mark.style == "round" for letter in found for mark in letter.upper)
    sized = any(letter.name in {"m", "N"} or (letter.name == "n" and not letter.lower) for letter in found)
    whole = any(letter.name in {"X", "Y", "Z", "A"} and len(letter.lower) < 2 for letter in found)
    by_entry = all(
        any(mark.text in INDICES for mark in letter.lower)
        for part in walk(model.definitions[loss])
        if isinstance(part, BigSum)
        for letter in letters(part.body)
        if letter.name.islower() and len(letter.name) == 1 and letter.name != "e"
    )
    return by_entry and not of_samples and not sized and not whole


__all__ = ["complete"]
