"""What a page as a whole shows: the loss that its gradients fit, and a sign that it means otherwise than it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from chainrule.checking.document.judging.verdicts import Judge
from chainrule.checking.document.meaning.generic_layers import is_d_letter
from chainrule.checking.document.meaning.letters import LABELS, LOSSES, Quantity, quantity
from chainrule.checking.document.meaning.model import Model
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
    ProductSign,
    Sum,
    letters,
    negated,
    rewritten,
    walk,
)

_TRIED = 12  # lines by which a loss or a sign is tried
_SIGNS: tuple[ProductSign, ...] = ("×", "*", "·", "")
_NAMES = {"": "side by side", "·": "·", "×": "×", "*": "*"}
_RIGHT = frozenset({"exact", "scalar"})


@dataclass(frozen=True)
class JudgedLine:
    """A link with its verdict, and where it stands."""

    line: int
    left: Node
    right: Node
    verdict: str


def fitted_loss(lines: Sequence[JudgedLine], model: Model) -> str:
    """The loss that a page's gradients are those of, where they don't fit the one that it states; else nothing.

    Gradients that are written with derivatives of the loss itself say nothing about it.
    """
    loss = model.loss
    if loss is None:
        return ""
    gradients = [one for one in lines if _is_gradient(one.left) and not _mentions_slopes(one.right)]
    wrong = [one for one in gradients if one.verdict == "wrong"][:_TRIED]
    right = [one for one in gradients if one.verdict in _RIGHT][:_TRIED]
    if len(wrong) < 2 or len(right) >= len(wrong):
        return ""
    best, fits = None, 0
    for name, body in _losses(model, loss):
        judge = Judge(replace(model, definitions={**model.definitions, loss: body}))
        found = [judge.link(one.left, one.right).verdict for one in wrong]
        # A verdict as arrays tells a sum from a mean, which are the same for one number.
        worth = sum(2 if verdict == "exact" else 1 for verdict in found if verdict in _RIGHT)
        if worth > fits and sum(verdict in _RIGHT for verdict in found) >= 0.6 * len(wrong):
            best, fits = (name, found), worth
    if best is None:
        return ""
    name, found = best
    stated = f"{loss} = {to_text(model.definitions[loss])}"
    where = [str(one.line) for one, verdict in zip(wrong, found, strict=True) if verdict in _RIGHT]
    return f"the page states {stated}, but its gradients fit {name} (line{'s' * (len(where) > 1)} {_listed(where)})"


def _listed(words: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(words))
    return ", ".join(distinct)


def _is_gradient(left: Node) -> bool:
    if isinstance(left, Partial):
        return isinstance(left.of, Letter) and left.of.name in LOSSES
    return is_d_letter(left)


def _mentions_slopes(right: Node) -> bool:
    return any(
        is_d_letter(part) or (isinstance(part, Letter) and part.name == "δ") or isinstance(part, Partial)
        for part in walk(right)
    )


def _losses(model: Model, loss: Quantity) -> Iterator[tuple[str, Node]]:
    """Usual losses of the page's output and labels, with the names that the page would give them."""
    pair = _output_and_labels(model, loss)
    if pair is None:
        return
    output, labels = pair
    error = Sum((labels, output), (False, True))
    square: Node = Power(error, Num("2"))
    one = Num("1")
    log = Letter("log")
    crossed = Product((labels, Applied(log, (output,))), ("⊙",))
    others = (Sum((one, labels), (False, True)), Applied(log, (Sum((one, output), (False, True)),)))
    entropy = negated(Sum((crossed, Product(others, ("⊙",))), (False, False)))
    y, a = to_text(labels), to_text(output)
    half = Product((Fraction(one, Num("2")), square), ("",))
    bce = f"−Σ [{y} log {a} + (1 − {y}) log(1 − {a})]"
    for name, body in (
        (f"½ Σ ({y} − {a})²", half),
        (f"Σ ({y} − {a})²", square),
        (bce, entropy),
        (f"−Σ {y} log {a}", negated(crossed)),
    ):
        yield name, body
        yield f"(1/m) × {name}", Product((Fraction(one, Letter("m")), body), ("",))


def _output_and_labels(model: Model, loss: Quantity) -> tuple[Letter, Letter] | None:
    """The two quantities that the page's loss compares."""
    found = list(dict.fromkeys(quantity(letter) for letter in _reached(model, loss)))
    own = [one for one in found if one.name in LABELS and not one.accent and one not in model.definitions]
    labels = own[0] if own else None
    output = next((one for one in found if one in model.definitions and one.name not in LOSSES), None)
    if labels is None or output is None:
        return None
    return _letter(output), _letter(labels)


def _reached(model: Model, loss: Quantity) -> Iterator[Letter]:
    for letter in letters(model.definitions[loss]):
        one = quantity(letter)
        if one.name in LOSSES and one in model.definitions and one != loss:
            yield from letters(model.definitions[one])
        else:
            yield letter


def _letter(one: Quantity) -> Letter:
    return Letter(one.name, one.accent, (Mark(one.layer),) if one.layer else ())


def elementwise_sign(lines: Sequence[JudgedLine], judge_for: Callable[[Node, Node], Judge]) -> str:
    """Which sign a page means entry by entry though, literally, it is the matrix product; nothing where none is.

    With ⊙ in its place the lines that have it hold as arrays, and none that is exact with it as it is stops to hold.
    """
    for sign in _SIGNS:
        having = [one for one in lines if one.verdict in _RIGHT and _has(one.right, sign)]
        scalar = [one for one in having if one.verdict == "scalar"][:_TRIED]
        exact = [one for one in having if one.verdict == "exact"][:_TRIED]
        mended = [one for one in scalar if _verdict(one, sign, judge_for) == "exact"]
        if not mended or len(mended) * 2 < len(scalar):
            continue
        if any(_verdict(one, sign, judge_for) != "exact" for one in exact):
            continue
        where = _listed([str(one.line) for one in mended])
        lines_said = f"line{'s' * (len(mended) > 1)} {where}"
        return f"{_NAMES[sign]} means entry by entry here: with ⊙ in its place {lines_said} would be exact"
    return ""


def _verdict(one: JudgedLine, sign: ProductSign, judge_for: Callable[[Node, Node], Judge]) -> str:
    right = rewritten(one.right, lambda node: _with_sign(node, sign))
    return judge_for(one.left, right).link(one.left, right).verdict


def _has(node: Node, sign: ProductSign) -> bool:
    return any(isinstance(part, Product) and sign in part.signs for part in walk(node))


def _with_sign(node: Node, sign: ProductSign) -> Node | None:
    if not isinstance(node, Product) or sign not in node.signs:
        return None
    factors = tuple(rewritten(factor, lambda inner: _with_sign(inner, sign)) for factor in node.factors)
    return Product(factors, tuple("⊙" if each == sign else each for each in node.signs))


__all__ = ["JudgedLine", "elementwise_sign", "fitted_loss"]
