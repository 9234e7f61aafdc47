r"""A page's own ways of writing, settled before it is judged: afterwards every page marks layers and samples alike.

Layers may be marked W_1, W^1, W^{[1]}, W^{(1)}, or by the letters of the indices (w_{ji} for the first, w_{kj} for the
second layer); a prime may be a transposition; ∇_W L is ∂L/∂W; ℒ(a, y) may be called with the names of a layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TypeGuard

from chainrule.checking.document.meaning.letters import (
    BIASES,
    INPUTS,
    LABELS,
    LOSSES,
    WEIGHTS,
    quantity,
)
from chainrule.checking.document.meaning.names import errors_called_e, other_indices, spaced_differentials
from chainrule.checking.document.meaning.steps import with_steps
from chainrule.checking.document.meaning.sums import numbered_losses, numbered_samples, samples, sums_of_weights
from chainrule.checking.document.reading.statements import Page, Statement
from chainrule.notation.alphabet import FUNCTIONS, GREEK, LATEX_FUNCTIONS, SUBSCRIPTS, SUPERSCRIPTS, WORD_FUNCTIONS
from chainrule.notation.parsing import Conventions
from chainrule.notation.tree import (
    Applied,
    BigSum,
    Gradient,
    Indicator,
    Letter,
    Mark,
    Node,
    Num,
    Partial,
    Product,
    Relation,
    Transpose,
    letters,
    rewritten,
    walk,
)

Rewrite = Callable[[Node], Node | None]

_NAME = r"(?P<name>\\[a-zA-Z]+|[^\W\d_])"
_BELOW = r"(?:_(?:\{[^{}]*\}|\w))?"
_ABOVE = re.compile(
    rf"{_NAME}{_BELOW}\^\{{?(?P<mark>(?:[lL]|\\ell)(?:\s*[-+]\s*1)?|[01])(?:T|\\top|\\intercal)?\}}?(?![^\W_])"
)
_GENERIC = re.compile(r"[lL](?:[+-]1)?")
_OF_NUMPY = frozenset(
    {"np.matmul", "np.minimum", "np.square", "np.sqrt", "np.abs"}
    | {"np.divide", "np.power", "np.add", "np.subtract", "np.where"}
)
_ACTIVATIONS = r"tanh|sigma|(?:text|mathrm|operatorname)\{(?:ReLU|sigmoid|tanh)|ReLU|sigmoid"
_NO_FUNCTION = "WXwxJLℒCE"


def conventions_of(text: str) -> Conventions:
    r"""What the text's own formulas say about its letters: which are functions, which carry layers above them.

    Examples
    --------
    >>> sorted(conventions_of("$z^l = w^l a^{l-1}$").layers_above)
    ['A', 'W', 'Z', 'a', 'w', 'z']
    >>> conventions_of("$z = w x^2$").layers_above
    frozenset()
    """
    return Conventions(functions=FUNCTIONS | _OF_NUMPY | functions_named(text), layers_above=_layers_above(text))


def functions_named(text: str) -> frozenset[str]:
    """Names that the page itself uses as functions of one letter: S(x) = …, g(z) …"""
    found = re.findall(r"(?<![A-Za-z\\])([A-Za-z])(?:\^\{\[\w\]\})?\(([a-z])\)\s*(?:=|\$|is\b)", text)
    same = re.findall(rf"(?<![A-Za-z\\])([a-z])\s*=\s*\\?(?:{_ACTIVATIONS})(?![\w(]|\s*[\\({{]|\}}\s*\()", text)
    return frozenset(name for name, _ in found if name not in _NO_FUNCTION) | {one for one in same if one in "fghs"}


def _layers_above(text: str) -> frozenset[str]:
    """Letters with a plain layer above them: all with ^l, ^L or ^{l−1}; those with ^1 and ^0 where a weight has ^1.

    With A¹ stands a_j², whose number is then no power.
    """
    generic, numbered = set[str](), set[str]()
    for match in _ABOVE.finditer(_spelled(text)):
        name = GREEK.get(match["name"].lstrip("\\"), match["name"])
        if len(name) == 1 and name != "e":
            (numbered if match["mark"].isdecimal() else generic).add(name)
    if any(name.lower() in WEIGHTS for name in numbered):
        generic |= numbered
    if not any(name.lower() in WEIGHTS | {"z", "a", "h", "δ"} for name in generic):
        return frozenset()
    return frozenset(generic | {name.swapcase() for name in generic})


def _with_large(sign: str, small: Mapping[str, str], match: re.Match[str]) -> str:
    return f"{sign}{{{''.join(small[letter] for letter in match[0])}}}"


def _spelled(text: str) -> str:
    """The text with Unicode's small letters as LaTeX has them: wⱼₖ¹ as w_{jk}^{1}."""
    for sign, small in (("_", SUBSCRIPTS), ("^", SUPERSCRIPTS)):
        run = re.compile(f"[{re.escape(''.join(small))}]+")
        text = run.sub(partial(_with_large, sign, small), text)
    return text


def settled(page: Page) -> Page:
    """The page with one way of writing: layers in square brackets, samples in round ones, no primes to transpose."""
    page = _with_called_losses(with_steps(page))
    of_letters = (_indicators, _hypotheses, _named_functions, _layers, _transpositions, _gradients)
    of_names = (errors_called_e, spaced_differentials, other_indices)
    of_sums = (numbered_losses, numbered_samples, samples, sums_of_weights)
    for customs in (*of_names, *of_letters, *of_sums, _units_as_layers):
        rewrite = customs([side.tree for one in page.statements for side in one.sides if side.tree is not None])
        if rewrite is not None:
            page = _rewritten(page, rewrite)
    return _rewritten(page, _without_arguments)


def _without_arguments(node: Node) -> Node | None:
    """ℒ for ℒ(a, y), ℒ⁽ⁱ⁾ for ℒ(a⁽ⁱ⁾, y⁽ⁱ⁾)."""
    if not isinstance(node, Applied) or node.function.name not in LOSSES:
        return None
    marks = [_samples_of(argument) for argument in node.arguments]
    own = _samples_of(node.function) or next((mark for mark in marks if mark), ())
    return replace(node.function, upper=(*(m for m in node.function.upper if m.style != "round"), *own))


def _samples_of(node: Node) -> tuple[Mark, ...]:
    return tuple(mark for mark in node.upper if mark.style == "round") if isinstance(node, Letter) else ()


def _parts(page: Page) -> Iterator[Node]:
    return (part for one in page.statements for side in one.sides if side.tree is not None for part in walk(side.tree))


def _rewritten(page: Page, rewrite: Rewrite) -> Page:
    return replace(page, statements=tuple(_in_sides(one, rewrite) for one in page.statements))


def _in_sides(one: Statement, rewrite: Rewrite) -> Statement:
    sides = (side if side.tree is None else replace(side, tree=rewritten(side.tree, rewrite)) for side in one.sides)
    conditions = (rewritten(condition, rewrite) for condition in one.given_that)
    given_that = tuple(condition for condition in conditions if isinstance(condition, Relation))
    return replace(one, sides=tuple(sides), given_that=given_that)


# ---------------------------------------------------------------- marks of layers


def _layers(trees: Iterable[Node]) -> Rewrite | None:
    """Plain and round layer marks become square ones; W_l does where W_{l−1} or a_{l+1} stands somewhere."""
    found = [letter for tree in trees for letter in letters(tree)]
    round_too = any(
        mark.style == "round" and _is_layer_text(mark.text)
        for letter in found
        if quantity(letter).name in WEIGHTS
        for mark in letter.upper
    )
    below = any(re.fullmatch(r"l[+-]1", mark.text) for letter in found for mark in letter.lower)
    other = _other_layer_letter(found)

    def rewrite(node: Node) -> Node | None:
        if isinstance(node, Partial):
            return replace(node, of=rewritten(node.of, rewrite), by=one_letter(node.by))
        return one_letter(node) if isinstance(node, Letter) else None

    def one_letter(letter: Letter) -> Letter:
        upper = tuple(
            Mark(mark.text, "square")
            if other and re.fullmatch(rf"{other}(?:[+-]1)?", mark.text)
            else _squared(mark, letter, round_too=round_too or bool(other))
            for mark in letter.upper
        )
        lower = letter.lower
        if below and len(lower) == 1 and re.fullmatch(r"l(?:[+-]1)?", lower[0].text):
            lower = (Mark(lower[0].text, "square"),)
        return replace(letter, lower=lower, upper=upper)

    return rewrite


def _other_layer_letter(found: Iterable[Letter]) -> str:
    """The k of W^{(k)} a^{(k−1)}: a letter other than l for the layer; nothing where there is none."""
    marks = [(quantity(letter).name, mark) for letter in found for mark in letter.upper if mark.style != "plain"]
    of_weights = {mark.text for name, mark in marks if name in WEIGHTS}
    beside = {mark.text[0] for _, mark in marks if re.fullmatch(r"[ijk][+-]1", mark.text)}
    return next(iter(sorted(of_weights & beside)), "")


def _is_layer_text(text: str) -> bool:
    return text.isdecimal() or _GENERIC.fullmatch(text) is not None


def _squared(mark: Mark, letter: Letter, *, round_too: bool) -> Mark:
    if mark.style == "plain" and mark.text not in {"′", "+", "*"} and _is_layer_text(mark.text.replace("ℓ", "l")):
        return Mark(mark.text.replace("ℓ", "l"), "square")
    own = quantity(letter)
    of_sample = own.name in LABELS | INPUTS | LOSSES and own.name != "d"
    if round_too and mark.style == "round" and not of_sample and _is_layer_text(mark.text):
        return Mark(mark.text, "square")
    return mark


def _units_as_layers(trees: Iterable[Node]) -> Rewrite | None:
    """w_{ji} of the first layer and w_{kj} of the second: the letters of the indices say which layer is meant."""
    pairs: dict[str, str] = {}
    for tree in trees:
        for part in walk(tree):
            if isinstance(part, BigSum) and len(part.indices) == 1:
                for letter in letters(part.body):
                    marks = [mark.text for mark in letter.lower]
                    if quantity(letter).name not in WEIGHTS or len(marks) != 2:
                        continue
                    if marks[1] == part.indices[0] and marks[0] not in pairs:
                        pairs[marks[0]] = marks[1]
    sources = set(pairs.values()) - set(pairs)
    if (
        len(pairs) < 2
        or len(sources) != 1
        or any(letter.upper for tree in trees for letter in letters(tree) if _says_layer(letter))
    ):
        return None
    depth = {sources.pop(): 0}
    for _ in pairs:
        depth |= {unit: depth[before] + 1 for unit, before in pairs.items() if before in depth}
    if len(set(depth.values())) != len(depth):
        return None
    of_weights = [letter for tree in trees for letter in letters(tree) if quantity(letter).name in WEIGHTS]
    numbered = [(quantity(one).layer, depth.get(one.lower[0].text)) for one in of_weights if one.lower]
    if any(layer and layer != str(own) for layer, own in numbered):
        return None

    def rewrite(node: Node) -> Node | None:
        if isinstance(node, Partial):
            return replace(node, of=rewritten(node.of, rewrite), by=one_letter(node.by))
        return one_letter(node) if isinstance(node, Letter) else None

    def one_letter(letter: Letter) -> Letter:
        unit = next((mark.text for mark in letter.lower if mark.text in depth), None)
        own = quantity(letter)
        if unit is None or own.name in LABELS | INPUTS or not depth[unit] or own.layer:
            return letter
        return replace(letter, upper=(Mark(str(depth[unit]), "square"), *letter.upper))

    return rewrite


def _says_layer(letter: Letter) -> bool:
    """Whether a letter has a layer of its own; that of a weight may only repeat what its indices say."""
    own = quantity(letter)
    return bool(own.layer) and own.name not in WEIGHTS


# ---------------------------------------------------------------- primes, gradients


def _transpositions(trees: Iterable[Node]) -> Rewrite:
    """A′ for Aᵀ, where A is no function."""
    applied = {
        part.function.name
        for tree in trees
        for part in walk(tree)
        if isinstance(part, Applied) and not part.function.upper
    }

    def is_array(letter: Letter) -> bool:
        primed = letter.upper[-1:] == (Mark("′"),)
        return primed and letter.name not in applied and letter.name not in FUNCTIONS

    def bare(letter: Letter) -> Letter:
        return replace(letter, upper=letter.upper[:-1])

    def rewrite(node: Node) -> Node | None:
        if isinstance(node, Applied) and is_array(node.function) and len(node.arguments) == 1:
            name = node.function.name
            if name in arrays:
                return Product((Transpose(bare(node.function)), rewritten(node.arguments[0], rewrite)), ("",))
        if isinstance(node, Letter) and is_array(node):
            return Transpose(bare(node))
        return None

    arrays = {letter.name for tree in trees for letter in letters(tree) if not letter.upper} - applied
    return rewrite


def _gradients(trees: Iterable[Node]) -> Rewrite:
    """∇_W L is ∂L/∂W, laid out as W."""
    del trees

    def rewrite(node: Node) -> Node | None:
        if isinstance(node, Gradient) and node.by is not None:
            return Partial(node.of, node.by)
        return None

    return rewrite


# ---------------------------------------------------------------- samples and losses


def _with_called_losses(page: Page) -> Page:
    """ℒ(a, y) = … is the loss of whatever J = Σ ℒ(a^{[2](i)}, y⁽ⁱ⁾) calls it with."""
    defined = {id(one.sides[0].tree) for one in page.statements}
    calls = {
        part.function.name: part.arguments
        for part in _parts(page)
        if isinstance(part, Applied) and part.function.name in LOSSES and any(_is_marked(a) for a in part.arguments)
        if id(part) not in defined
    }

    def statement(one: Statement) -> Statement:
        left = one.sides[0].tree
        if not isinstance(left, Applied) or left.function.name not in calls:
            return one
        wanted = calls[left.function.name]
        renamed = {
            own: replace(called, upper=tuple(mark for mark in called.upper if mark.style != "round"))
            for own, called in zip(left.arguments, wanted, strict=False)
            if isinstance(own, Letter) and isinstance(called, Letter) and quantity(own) != quantity(called)
        }
        return (
            one if not renamed else _in_sides(one, lambda node: renamed.get(node) if isinstance(node, Letter) else None)
        )

    return replace(page, statements=tuple(statement(one) for one in page.statements))


def _is_marked(node: Node) -> bool:
    return isinstance(node, Letter) and bool(quantity(node).layer or node.accent)


def _indicators(trees: Iterable[Node]) -> Rewrite:
    """1[u > 0], with an ordinary 1, is the indicator."""
    del trees

    def rewrite(node: Node) -> Node | None:
        if not isinstance(node, Product):
            return None
        for at, (first, second) in enumerate(pairwise(node.factors)):
            if first == Num("1") and isinstance(second, Relation) and node.signs[at] == "":
                kept = (*node.factors[:at], Indicator(second), *node.factors[at + 2 :])
                rest = kept[0] if len(kept) == 1 else Product(kept, node.signs[:at] + node.signs[at + 1 :])
                return rewritten(rest, rewrite)
        return None

    return rewrite


def _named_functions(trees: Iterable[Node]) -> Rewrite:
    """g_{ReLU}(z) and σ_{softmax}(z) are the functions that stand below."""
    del trees

    def rewrite(node: Node) -> Node | None:
        if not isinstance(node, Applied):
            return None
        named = next((mark for mark in node.function.lower if mark.text in WORD_FUNCTIONS | LATEX_FUNCTIONS), None)
        if named is None:
            return None
        function = replace(node.function, name=named.text, lower=())
        return replace(node, function=function, arguments=tuple(rewritten(one, rewrite) for one in node.arguments))

    return rewrite


def _hypotheses(trees: Iterable[Node]) -> Rewrite:
    """h_θ(x⁽ⁱ⁾), the prediction, is one letter: h⁽ⁱ⁾."""
    del trees

    def rewrite(node: Node) -> Node | None:
        match node:
            case Applied(function=function, arguments=(Letter() as given,)) if _is_hypothesis(function):
                return _prediction(given)
            case Product(factors=factors, signs=signs):
                for at, (first, second) in enumerate(pairwise(factors)):
                    one = _applied_letter(first, second)
                    if one is not None and signs[at] == "":
                        kept = (*factors[:at], one, *factors[at + 2 :])
                        rest = kept[0] if len(kept) == 1 else Product(kept, signs[:at] + signs[at + 1 :])
                        return rewritten(rest, rewrite)
            case _:
                pass
        return None

    return rewrite


def _is_hypothesis(node: Node) -> TypeGuard[Letter]:
    return (
        isinstance(node, Letter)
        and node.name in {"h", "f"}
        and any(mark.text.lower() in WEIGHTS for mark in node.lower)
    )


def _applied_letter(first: Node, second: Node) -> Node | None:
    """h_θ(x), log h_θ(x) and J(θ), which look like products: the prediction, its logarithm, the cost."""
    if isinstance(first, Applied) and first.function.name in LATEX_FUNCTIONS and len(first.arguments) == 1:
        inner = _applied_letter(first.arguments[0], second)
        return None if inner is None else replace(first, arguments=(inner,))
    if isinstance(first, Partial) and first.form == "operator" and _applied_letter(first.of, second) == first.of:
        return first
    if not isinstance(first, Letter) or not isinstance(second, Letter):
        return None
    if _is_hypothesis(first):
        return _prediction(second)
    own = quantity(second).name
    return first if first.name in LOSSES and own in WEIGHTS | BIASES else None


def _prediction(given: Letter) -> Letter:
    return Letter("h", upper=tuple(mark for mark in given.upper if mark.style == "round"))


__all__ = ["conventions_of", "functions_named", "settled"]
