"""Letters that a page uses otherwise than most: e for an error, d Z for dZ, c for an index."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from chainrule.notation.tree import (
    BigSum,
    Letter,
    Mark,
    Node,
    Num,
    Partial,
    Power,
    Product,
    ProductSign,
    Transpose,
    letters,
    rewritten,
    walk,
)

Rewrite = Callable[[Node], Node | None]
_ERROR = "ϵ"  # the letter for an error that a page calls e
_D = Letter("d")
_COUNTERS = frozenset("ijklmnw")  # indices, samples and weights


def errors_called_e(trees: Iterable[Node]) -> Rewrite | None:
    """e = ŷ − y, where the page defines an e: then e² is its square, and only an e with a sum above is Euler's."""
    found = list(trees)
    if not any(isinstance(tree, Letter) and tree.name == "e" and not tree.accent for tree in found):
        return None

    def rewrite(node: Node) -> Node | None:
        match node:
            case Power(base=Letter(name="e") as base, exponent=Num() as exponent):
                return Power(replace(base, name=_ERROR), exponent)
            case Power(base=Letter(name="e") as base, exponent=Letter(name="T" | "⊤", lower=(), upper=())):
                return Transpose(replace(base, name=_ERROR))
            case Power(
                base=Letter(name="e") as base, exponent=Letter(name="i" | "j" | "k" as name, lower=(), upper=())
            ):
                return replace(base, name=_ERROR, upper=(Mark(name, "round"),))
            case Power(base=Letter(name="e") as base, exponent=exponent):
                return Power(base, rewritten(exponent, rewrite))
            case Letter(name="e"):
                return replace(node, name=_ERROR)
            case Partial(of=of, by=Letter(name="e") as by):
                return replace(node, of=rewritten(of, rewrite), by=replace(by, name=_ERROR))
            case _:
                return None

    return rewrite


def spaced_differentials(trees: Iterable[Node]) -> Rewrite | None:
    """d Z for dZ, where no d stands for itself."""
    found = [part for tree in trees for part in walk(tree)]
    alone = sum(part == _D for part in found)
    joined = sum(
        first == _D and sign == "" and isinstance(second, Letter | Transpose)
        for part in found
        if isinstance(part, Product)
        for first, second, sign in zip(part.factors, part.factors[1:], part.signs, strict=False)
    )
    if not joined or joined < alone:
        return None

    def rewrite(node: Node) -> Node | None:
        if not isinstance(node, Product) or _D not in node.factors:
            return None
        factors: list[Node] = []
        signs: list[ProductSign] = []
        for position, factor in enumerate(node.factors):
            if factors and factors[-1] == _D and node.signs[position - 1] == "":
                factors[-1] = _differential(factor)
                continue
            if position:
                signs.append(node.signs[position - 1])
            factors.append(rewritten(factor, rewrite))
        return factors[0] if len(factors) == 1 else Product(tuple(factors), tuple(signs))

    return rewrite


def other_indices(trees: Iterable[Node]) -> Rewrite | None:
    """Σ_c y_c log p_c: a c that some Σ counts by is an index like i, j and k, one of which it becomes."""
    found = [part for tree in trees for part in walk(tree)]
    marks = {mark.text for part in found if isinstance(part, Letter) for mark in (*part.lower, *part.upper)}
    counted = {
        index
        for part in found
        if isinstance(part, BigSum)
        for index in part.indices
        if len(index) == 1 and index.isalpha() and index.islower() and index not in _COUNTERS
        if any(mark.text == index for letter in letters(part.body) for mark in letter.lower)
    }
    bound = {index for part in found if isinstance(part, BigSum) for index in part.indices}
    free = [index for index in "kjil" if index not in marks | bound]
    new = dict(zip(sorted(counted), free, strict=False))
    if not new:
        return None

    def one_letter(letter: Letter) -> Letter:
        return replace(letter, lower=tuple(replace(mark, text=new.get(mark.text, mark.text)) for mark in letter.lower))

    def rewrite(node: Node) -> Node | None:
        match node:
            case Letter():
                return one_letter(node)
            case Partial(of=of, by=by):
                return replace(node, of=rewritten(of, rewrite), by=one_letter(by))
            case BigSum(indices=indices, body=body):
                own = tuple(new.get(index, index) for index in indices)
                return replace(node, indices=own, body=rewritten(body, rewrite))
            case _:
                return None

    return rewrite


def _differential(node: Node) -> Node:
    if isinstance(node, Transpose):
        return replace(node, of=_differential(node.of))
    return replace(node, name=f"d{node.name}") if isinstance(node, Letter) else node


__all__ = ["errors_called_e", "other_indices", "spaced_differentials"]
