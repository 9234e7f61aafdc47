"""One link of a chain, left = right, judged by its values in five regimes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from chainrule.checking.document.judging.conditions import has_kink, is_met, limits_values
from chainrule.checking.document.judging.identities import Identities, function_derivative
from chainrule.checking.document.judging.judgements import DRAWS, Judgement, Verdict, same, summed
from chainrule.checking.document.judging.page_functions import function_applied_to
from chainrule.checking.document.judging.sample_rows import expanded
from chainrule.checking.document.judging.updates import Updates
from chainrule.checking.document.judging.worlds import (
    BATCH,
    MIXED,
    NEGATIVE,
    ONE_SAMPLE,
    ONE_SAMPLE_OUTPUTS,
    SCALAR,
    Regime,
    World,
)
from chainrule.checking.document.meaning.generic_layers import is_d_letter, layer_versions
from chainrule.checking.document.meaning.letters import (
    LOSSES,
    SIZES,
    Quantity,
    entry_indices,
    quantity,
    rebuilt,
)
from chainrule.checking.document.meaning.model import Model, accumulated, is_function
from chainrule.notation.meaning import (
    Array,
    IndexRangeError,
    MeaningError,
    Setting,
    ShapeError,
    evaluate,
    evaluate_like,
)
from chainrule.notation.text import to_text
from chainrule.notation.tree import (
    Applied,
    Differential,
    Fraction,
    Letter,
    Mark,
    Node,
    Num,
    Partial,
    Product,
    Relation,
    Transpose,
    children,
    letters,
    walk,
)

_AFTER = Mark("+")  # W⁺: after the step
_WORST_FIRST: tuple[Verdict, ...] = ("unread", "wrong", "order", "scalar", "exact", "given")
_IDENTITY = Letter("I")
_DRAWS_OF_SIGNS = 8
_NO_PART_OF_LOSS = "the page's loss, as far as it is read, doesn't depend on it: a 0 says nothing"


class Judge(Updates, Identities):
    """Judges links against one model; its worlds are drawn once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.apart: frozenset[frozenset[str]] = frozenset()  # pairs of indices that aren't equal
        self.columns_only = False  # whether a derivative of a number by a column is a column throughout the page
        self.rate: Letter | None = None  # the page's learning rate, for a step that lacks it
        self.supposed: tuple[Relation, ...] = ()  # what else a line is claimed under: j = k, z > 0
        self._worlds: dict[tuple[Regime, int], World] = {}

    def world(self, regime: Regime, draw: int) -> World:
        """The world of a regime and draw."""
        key = (regime, draw)
        if key not in self._worlds:
            self._worlds[key] = World(self.model, regime, seed=17 * draw + len(regime.name))
        return self._worlds[key]

    def suppose(self, conditions: Sequence[Relation]) -> None:
        """Judge what follows only where these hold."""
        different = [one for one in conditions if one.signs == ("≠",)]
        self.apart = frozenset(frozenset(name.name for name in letters(one)) for one in different)
        self.supposed = tuple(one for one in conditions if one not in different)

    def link(self, left: Node, right: Node, sign: str = "=") -> Judgement:
        """Judge ``left = right``, or an update; of any layer: the worst verdict among the layers that there are."""
        judged = [self._numbered(one, other, sign) for one, other in self._versions(left, right)]
        if not judged:
            return Judgement("given", why="it is about a layer that this page's network doesn't have")
        return min(judged, key=lambda one: _WORST_FIRST.index(one.verdict))

    def _numbered(self, left: Node, right: Node, sign: str) -> Judgement:
        """Judge a line whose layers have numbers."""
        derivative = function_derivative(left) or self._of_a_function(left)
        if derivative is not None and not self._is_of_layer(derivative):
            return self.identity(derivative, right)
        stray = next((part for part in walk(right) if isinstance(part, Differential)), None)
        if stray is not None:
            return Judgement(
                "wrong", why=f"{to_text(stray)} stands alone: it belongs under a ∂", slip="stray differential"
            )
        increment = accumulated(left, right, sign)
        if increment is not None and isinstance(left, Letter) and left.name == "Δ":
            return Judgement("given", why="a loop adds it up over the samples")
        if is_d_letter(left) and _is_its_mean(left, right):
            return Judgement("given", why="what a loop has added up is divided by the number of samples")
        if increment is not None and is_d_letter(left):
            return self._accumulation(left, increment)
        if sign in {"-=", "+="} or self._is_update(left, right):
            return self.update(left, right, sign)
        try:
            if any(limits_values(condition, self.model) for condition in self.supposed):
                return self._where_it_applies(left, right)
            scalar = self._holds(left, right, SCALAR)
        except ShapeError as error:
            return Judgement("unread", why=str(error))
        except MeaningError as error:
            return Judgement("unread", why=str(error))
        if not scalar and self._says_nothing(left, Num("0")):
            return Judgement("unread", why=_NO_PART_OF_LOSS)
        if not scalar:
            return Judgement("wrong", why="it fails even for numbers", ratio=self.ratio(left, right))
        if not isinstance(right, Num) and self._says_nothing(left, right):
            return Judgement("unread", why=_NO_PART_OF_LOSS)
        if self.model.is_of_numbers and not self._contradicted(left, right):
            return Judgement("exact", "one sample", why="every letter of the page is one number")
        if self._try(left, right, BATCH):
            return Judgement("exact", "batch")
        if self._is_jacobian(left) and self._try(left, right, ONE_SAMPLE_OUTPUTS):
            return Judgement("exact", "one sample")
        if self._try_rows(left, right):
            return Judgement(
                "exact", "batch, rows", why="right where rows are samples; the page's forward pass has columns"
            )
        one = self._try(left, right, ONE_SAMPLE)
        if self._contradicted(left, right):  # a few entries of one sample may all be positive
            return Judgement("wrong", why="it fails where a weighted sum is negative")
        if one and self.model.one_sample and not self._is_of_batch(left, right):
            return Judgement("exact", "one sample", why="the page treats one sample")
        return Judgement("scalar", self._scope(left, right), why=self._misfit(left, right))

    # ---------------------------------------------------------------- preparation

    def _of_a_function(self, left: Node) -> Applied | None:
        """d/dx f(x) of an x that nothing defines: the f′(x) that it says."""
        match left:
            case Partial(of=Applied(function=function, arguments=(Letter() as argument,)) as of, by=by) if (
                argument == by
            ):
                known = {quantity(letter) for body in self.model.definitions.values() for letter in letters(body)}
                free = quantity(by) not in known | self.model.definitions.keys()
                plain = function.name != "softmax" and function.name not in LOSSES and not function.upper
                return replace(of, function=replace(function, upper=(Mark("′"),))) if free and plain else None
            case _:
                return None

    def _is_of_layer(self, left: Applied) -> bool:
        """Whether f′(z₂) is the slope at a quantity of a layer: the right side may use any other."""
        argument = left.arguments[0]
        return (
            isinstance(argument, Letter)
            and quantity(argument) in self.model.definitions
            and bool(quantity(argument).layer)
        )

    def _versions(self, left: Node, right: Node) -> list[tuple[Node, Node]]:
        """The line for each layer that it is about, functions of a layer by their names."""
        return [
            (self._with_own_functions(one), self._with_own_functions(other))
            for one, other in layer_versions(left, right, self.model)
        ]

    def _with_own_functions(self, node: Node) -> Node:
        """f₂′(z₂) with the function that the page's own definition of a₂ applies."""
        if isinstance(node, Letter):
            return node
        node = rebuilt(node, {id(child): self._with_own_functions(child) for child in children(node)})
        if not isinstance(node, Applied):
            return node
        layers = [mark for mark in (*node.function.lower, *node.function.upper) if mark.text.isdecimal()]
        if len(layers) != 1:
            own = None if layers else function_applied_to(node, self.model)
            return node if own is None else replace(node, function=replace(own, upper=node.function.upper))
        bodies = [self.model.definitions.get(Quantity(name, "", layers[0].text)) for name in ("a", "h")]
        primes = tuple(mark for mark in node.function.upper if mark.text == "′")
        for body in bodies:
            if isinstance(body, Applied) and body.function.name != "softmax":
                return replace(node, function=replace(body.function, upper=(*body.function.upper, *primes)))
            if isinstance(body, Letter):
                return replace(node, function=Letter("identity", upper=primes))
        return node

    def _is_update(self, left: Node, right: Node) -> bool:
        return (
            isinstance(left, Letter)
            and not is_d_letter(left)
            and left.name != "δ"  # errors are passed back, not stepped down
            and (_AFTER in left.upper or any(quantity(letter) == quantity(left) for letter in letters(right)))
            and not is_function(left, self.model)
        )

    def _is_jacobian(self, left: Node) -> bool:
        """A derivative of something that isn't the loss."""
        return isinstance(left, Partial) and not any(letter.name in LOSSES for letter in letters(left.of))

    def _is_of_batch(self, left: Node, right: Node) -> bool:
        """Whether a line has derivatives of a cost that the page sums over samples."""
        parts = [*walk(left), *walk(right)]
        losses = {part.of.name for part in parts if isinstance(part, Partial) and isinstance(part.of, Letter)}
        if self.model.loss is not None and any(is_d_letter(part) for part in parts):
            losses.add(self.model.loss.name)
        return bool(losses & self.model.batch_costs)

    # ---------------------------------------------------------------- values

    def _is_identity(self, derivative: Applied, right: Node) -> bool:
        return self.identity(derivative, right).verdict == "exact"

    def _contradicted(self, left: Node, right: Node) -> bool:
        """Whether the sides differ as numbers where sums are negative, or some are; what isn't finite says nothing."""
        try:
            pairs = list(self._pairs(left, right, NEGATIVE, rows=False))
            if has_kink(self.model):
                pairs += self._pairs(left, right, MIXED, rows=False, draws=_DRAWS_OF_SIGNS)
        except MeaningError:
            return False
        return any(
            bool(np.all(np.isfinite(one)) and np.all(np.isfinite(other))) and not same(one, other, flattened=True)
            for one, other in pairs  # a row may be meant as a column
        )

    def _try(self, left: Node, right: Node, regime: Regime) -> bool:
        try:
            return self._holds(left, right, regime)
        except MeaningError:
            return False

    def _holds(self, left: Node, right: Node, regime: Regime) -> bool:
        """Whether the two sides have one value in every draw; reading loss derivatives as arrays or as rows."""
        return any(self._holds_read(left, right, regime, rows=rows) for rows in self.readings(right))

    def readings(self, right: Node) -> tuple[bool, ...]:
        """Whether derivatives of the loss may be rows: among themselves always, beside arrays as the page has it."""
        return (False,) if self.columns_only and not only_derivatives(right) else (False, True)

    def reads(self, left: Node, right: Node, *, rows: bool) -> bool:
        """Whether a line holds for one sample with derivatives of the loss in columns, or in rows."""
        return self._try_read(left, right, ONE_SAMPLE, rows=rows)

    def _holds_read(self, left: Node, right: Node, regime: Regime, *, rows: bool) -> bool:
        try:
            for one, other in self._pairs(left, right, regime, rows=rows):
                if not same(one, other, flattened=rows):
                    return False
        except ShapeError:
            return False
        return True

    def _pairs(
        self, left: Node, right: Node, regime: Regime, *, rows: bool, draws: int = DRAWS
    ) -> Iterator[tuple[Array, Array]]:
        indices = sorted(entry_indices(left) | entry_indices(right) - summed(right))
        for draw in range(draws):
            world = self.world(regime, draw)
            one, other = (expanded(side, regime.samples) for side in (left, right))
            found = False
            for chosen in product(*(range(2) for _ in indices)):
                bound = dict(zip(indices, chosen, strict=True))
                if any(len({bound.get(index, index) for index in pair}) == 1 for pair in self.apart):
                    continue
                if not all(is_met(condition, world, bound) for condition in self.supposed):
                    continue
                try:
                    value = evaluate(one, world.setting().binding(**bound))
                    setting = _with_identity(world.setting(rows=rows), value, world)
                    values = value, evaluate_like(other, setting.binding(**bound), value.shape)
                except IndexRangeError:
                    continue
                found = True
                yield values
            if not found and not self.supposed:
                raise MeaningError("no index fits")

    def _says_nothing(self, left: Node, right: Node) -> bool:
        """Whether a derivative of the loss is 0 whatever the numbers, and the right side too."""
        slope = isinstance(left, Partial) or is_d_letter(left)
        claimed = isinstance(left, Letter) and quantity(left) in self.model.claimed
        if not (slope or claimed) or self._is_jacobian(left):
            return False
        try:
            pairs = [*self._pairs(left, right, SCALAR, rows=False)]
        except MeaningError:
            return False
        return bool(pairs) and not any(np.any(side) for pair in pairs for side in pair)

    def _where_it_applies(self, left: Node, right: Node) -> Judgement:
        """A claim made where z > 0, or z < 0: entry by entry, so for numbers, where the condition is met."""
        pairs = [pair for regime in (SCALAR, NEGATIVE) for pair in self._pairs(left, right, regime, rows=False)]
        finite = [pair for pair in pairs if all(np.all(np.isfinite(side)) for side in pair)]
        if not finite:
            return Judgement("unread", why="no numbers were found that meet its condition")
        if all(same(one, other, flattened=False) for one, other in finite):
            return Judgement("exact", "batch", why="entry by entry, where its condition is met")
        if not has_kink(self.model):
            return Judgement("unread", why="nothing that the page defines differs where its condition is met")
        return Judgement("wrong", why="it fails even for numbers")

    def _try_rows(self, left: Node, right: Node) -> bool:
        """Whether the right side holds when every array is laid out with samples in rows."""
        if self._is_jacobian(left) or any(isinstance(part, Partial) for part in walk(right)):
            return False
        if self.model.lays_out_batch or not self.world(BATCH, 0).columns or _names_axis(right):
            return False
        try:
            for draw in range(DRAWS):
                world = self.world(BATCH, draw)
                one = evaluate(left, world.setting())
                other = evaluate(_transposed_letters(right, world), world.setting())
                if not same(one.T, other, flattened=False):
                    return False
        except MeaningError:
            return False
        return True

    def ratio(self, left: Node, right: Node) -> float | None:
        """The constant that the right side is of the left, for numbers."""
        try:
            ratios = [
                float((other.real / one.real).ravel()[0])
                for one, other in self._pairs(left, right, SCALAR, rows=False)
                if one.size == other.size == 1 and one.ravel()[0] != 0
            ]
        except (MeaningError, ZeroDivisionError):
            return None
        close = bool(ratios) and np.all(np.isfinite(ratios)) and np.allclose(ratios, ratios[0], rtol=1e-7)
        return round(ratios[0], 9) if close else None

    def _scope(self, left: Node, right: Node) -> str:
        """Whether a line that fails as arrays holds for one sample; derivatives are rows only among themselves."""
        rows = (False, True) if only_derivatives(right) else (False,)
        one = any(self._try_read(left, right, ONE_SAMPLE, rows=each) for each in rows)
        return "one sample" if one else "scalar only"

    def _try_read(self, left: Node, right: Node, regime: Regime, *, rows: bool) -> bool:
        try:
            return self._holds_read(left, right, regime, rows=rows)
        except MeaningError:
            return False

    def _misfit(self, left: Node, right: Node) -> str:
        for regime in (ONE_SAMPLE, BATCH):
            try:
                for rows in (False, True):
                    list(self._pairs(left, right, regime, rows=rows))
            except MeaningError as error:
                return str(error)
        return "its value as an array is another"

    # ---------------------------------------------------------------- special lines

    def _accumulation(self, left: Node, increment: Node) -> Judgement:
        """dW += …: what a loop adds for each sample, held against the derivative for one sample."""
        try:
            scalar, one = (self._holds(left, increment, regime) for regime in (SCALAR, ONE_SAMPLE))
        except MeaningError as error:
            return Judgement("unread", why=str(error))
        if not scalar:
            return Judgement("wrong", why="it fails even for numbers", ratio=self.ratio(left, increment))
        if one:
            return Judgement("exact", "one sample", why="a loop adds it up over the samples")
        return Judgement("scalar", "scalar only", why=self._misfit(left, increment))

    def _loss(self) -> Quantity:
        if self.model.loss is None:
            raise MeaningError("the page defines no loss")
        return self.model.loss


def _with_identity(setting: Setting, value: Array, world: World) -> Setting:
    """The setting in which I is the identity, of the size of what it is compared with, if nothing else is called I."""
    if quantity(_IDENTITY) in world.base or quantity(_IDENTITY) in world.model.definitions:
        return setting
    size = value.shape[0] if value.ndim == 2 and value.shape[0] == value.shape[1] else 0
    return replace(setting, values={_IDENTITY: np.eye(size)}) if size else setting


def _names_axis(node: Node) -> bool:
    """Whether a side sums along an axis, which says by itself how arrays lie."""
    return any(isinstance(part, Applied) and (part.keywords or len(part.arguments) > 1) for part in walk(node))


def _is_its_mean(left: Node, right: Node) -> bool:
    """dw = dw / m."""
    match right:
        case Fraction(numerator=numerator, denominator=Letter(name=name)):
            return numerator == left and name in SIZES
        case Product(factors=(Fraction(numerator=Num("1"), denominator=Letter(name=name)), factor)):
            return factor == left and name in SIZES
        case _:
            return False


def only_derivatives(node: Node) -> bool:
    """Whether a side is a product of derivatives and numbers alone, which are Jacobians."""
    factors = node.factors if isinstance(node, Product) else (node,)
    return all(isinstance(factor, Partial | Num) for factor in factors)


def _transposed_letters(node: Node, world: World) -> Node:
    """The same formula for arrays laid out the other way."""
    if isinstance(node, Letter):
        return node if is_function(node, world.model) else Transpose(node)
    if isinstance(node, Applied):
        kept = {id(argument): _transposed_letters(argument, world) for argument in node.arguments}
        return rebuilt(node, kept)
    return rebuilt(node, {id(child): _transposed_letters(child, world) for child in children(node)})


__all__ = ["DRAWS", "Judge", "Judgement", "Verdict", "quantity", "summed"]
