"""One link of a chain, left = right, judged by its values in five regimes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np

from chainrule.checking.document.judging.page_functions import PI, STEP, function_applied_to
from chainrule.checking.document.judging.sample_rows import expanded
from chainrule.checking.document.judging.worlds import (
    BATCH,
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
    RATES,
    SIZES,
    Quantity,
    entry_indices,
    quantity,
    rebuilt,
)
from chainrule.checking.document.meaning.model import FUNCTION_OF_NAME, Model, accumulated, is_function
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
    BigSum,
    Differential,
    Fraction,
    Letter,
    Mark,
    Node,
    Num,
    Partial,
    Product,
    Transpose,
    children,
    letters,
    walk,
)

Verdict = Literal["given", "exact", "scalar", "wrong", "order", "unread"]
_AFTER = Mark("+")  # W⁺: after the step
_WORST_FIRST: tuple[Verdict, ...] = ("unread", "wrong", "order", "scalar", "exact", "given")
DRAWS = 2
POINTS = (-1.3, -0.4, 0.6, 1.7)  # at which f′(x) = … is tried
RTOL = 1e-8


@dataclass(frozen=True)
class Judgement:
    """A verdict with its reason.

    Attributes
    ----------
    verdict : str
    scope : str
        The largest regime in which the link holds.
    why : str
        For people: what failed, or why nothing was judged.
    ratio : float or None
        For a wrong link: the constant that right / left is in every draw, if it is one.
    """

    verdict: Verdict
    scope: str = ""
    why: str = ""
    ratio: float | None = None
    slip: str = ""


class Judge:
    """Judges links against one model; its worlds are drawn once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.apart: frozenset[frozenset[str]] = frozenset()  # pairs of indices that aren't equal
        self.columns_only = False  # whether a derivative of a number by a column is a column throughout the page
        self.rate: Letter | None = None  # the page's learning rate, for a step that lacks it
        self._worlds: dict[tuple[Regime, int], World] = {}

    def world(self, regime: Regime, draw: int) -> World:
        """The world of a regime and draw."""
        key = (regime, draw)
        if key not in self._worlds:
            self._worlds[key] = World(self.model, regime, seed=17 * draw + len(regime.name))
        return self._worlds[key]

    def link(self, left: Node, right: Node, sign: str = "=") -> Judgement:
        """Judge ``left = right``, or an update; of any layer: the worst verdict among the layers that there are."""
        judged = [self._numbered(one, other, sign) for one, other in self._versions(left, right)]
        if not judged:
            return Judgement("given", why="it is about a layer that this page's network doesn't have")
        return min(judged, key=lambda one: _WORST_FIRST.index(one.verdict))

    def _numbered(self, left: Node, right: Node, sign: str) -> Judgement:
        """Judge a line whose layers have numbers."""
        derivative = function_derivative(left)
        if derivative is not None and not self._is_of_layer(derivative):
            return self._identity(derivative, right)
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
            return self._update(left, right, sign)
        try:
            scalar = self._holds(left, right, SCALAR)
        except ShapeError as error:
            return Judgement("unread", why=str(error))
        except MeaningError as error:
            return Judgement("unread", why=str(error))
        if not scalar:
            return Judgement("wrong", why="it fails even for numbers", ratio=self.ratio(left, right))
        if self._try(left, right, BATCH):
            return Judgement("exact", "batch")
        if self._is_jacobian(left) and self._try(left, right, ONE_SAMPLE_OUTPUTS):
            return Judgement("exact", "one sample")
        if self._try_rows(left, right):
            return Judgement(
                "exact", "batch, rows", why="right where rows are samples; the page's forward pass has columns"
            )
        one = self._try(left, right, ONE_SAMPLE)
        if one and self.model.one_sample and not self._is_of_batch(left, right):
            return Judgement("exact", "one sample", why="the page treats one sample")
        if self._contradicted(left, right):
            return Judgement("wrong", why="it fails where a weighted sum is negative")
        return Judgement("scalar", self._scope(left, right), why=self._misfit(left, right))

    # ---------------------------------------------------------------- preparation

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
        return self._identity(derivative, right).verdict == "exact"

    def _contradicted(self, left: Node, right: Node) -> bool:
        """Whether the sides are two numbers where weighted sums are negative; what isn't finite says nothing."""
        try:
            pairs = list(self._pairs(left, right, NEGATIVE, rows=False))
        except MeaningError:
            return False
        return any(
            bool(np.all(np.isfinite(one)) and np.all(np.isfinite(other))) and not _same(one, other, flattened=False)
            for one, other in pairs
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
                if not _same(one, other, flattened=rows):
                    return False
        except ShapeError:
            return False
        return True

    def _pairs(self, left: Node, right: Node, regime: Regime, *, rows: bool) -> Iterator[tuple[Array, Array]]:
        indices = sorted(entry_indices(left) | entry_indices(right) - summed(right))
        for draw in range(DRAWS):
            world = self.world(regime, draw)
            one, other = (expanded(side, regime.samples) for side in (left, right))
            found = False
            for chosen in product(*(range(2) for _ in indices)):
                bound = dict(zip(indices, chosen, strict=True))
                if any(len({bound.get(index, index) for index in pair}) == 1 for pair in self.apart):
                    continue
                try:
                    value = evaluate(one, world.setting().binding(**bound))
                    values = value, evaluate_like(other, world.setting(rows=rows).binding(**bound), value.shape)
                except IndexRangeError:
                    continue
                found = True
                yield values
            if not found:
                raise MeaningError("no index fits")

    def _try_rows(self, left: Node, right: Node) -> bool:
        """Whether the right side holds when every array is laid out with samples in rows."""
        if self._is_jacobian(left) or any(isinstance(part, Partial) for part in walk(right)):
            return False
        if self.model.lays_out_batch:
            return False
        try:
            for draw in range(DRAWS):
                world = self.world(BATCH, draw)
                one = evaluate(left, world.setting())
                other = evaluate(_transposed_letters(right, world), world.setting())
                if not _same(one.T, other, flattened=False):
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

    def _identity(self, left: Applied, right: Node) -> Judgement:
        """f′(x) = …: an identity of functions of one number, f(x) by its own name or a letter that the page gave it."""
        argument = left.arguments[0]
        if isinstance(argument, Num):
            return self._slope_at(left, float(argument.value), right)
        if not isinstance(argument, Letter):
            return Judgement("unread", why=f"{to_text(left)}: the argument isn't a letter")
        for point in POINTS:
            setting = self.point(left, argument, point)
            try:
                sides = evaluate(left, setting), evaluate(right, setting)
            except MeaningError as error:
                return Judgement("unread", why=str(error))
            if not _same(*sides, flattened=False):
                return Judgement("wrong", why=f"it fails at {argument.name} = {point}")
        return Judgement("exact", "batch")

    def point(self, left: Applied, argument: Letter, point: float) -> Setting:
        """A setting in which the argument of f′(x) is a number, and letters for f(x) have its value."""
        functions = self.world(SCALAR, 0).functions
        letters_of_value = {letter for letter, name in self.model.aliases.items() if name == left.function.name} | {"a"}
        values: dict[Node, Array] = {argument: np.asarray(point), PI: np.asarray(np.pi)}
        if left.function.name in functions:
            value = functions[left.function.name](np.asarray(point))
            values |= {Letter(letter): value for letter in letters_of_value - {argument.name}}
        return Setting(values, functions, derivative=_slope_by(argument))

    def _slope_at(self, left: Applied, point: float, right: Node) -> Judgement:
        """f′(0) = …: at a kink what is taken there is the writer's choice; elsewhere a claim, to the digits written."""
        functions = self.world(SCALAR, 0).functions
        slope = functions.get(f"{left.function.name}′")
        if slope is None or not isinstance(right, Num):
            return Judgement("unread", why=f"{to_text(left)}: only a number is compared with a slope at a number")
        at, before, behind = (float(slope(np.asarray(point + step))) for step in (0.0, -1e-7, 1e-7))
        if abs(before - behind) > 1e-3:
            return Judgement("given", why="the function has a kink there: what is taken is a choice")
        close = abs(at - float(right.value)) <= 1e-4 * max(1.0, abs(at))
        return Judgement("exact", "batch") if close else Judgement("wrong", why=f"the slope there is {at:g}")

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

    def _update(self, left: Node, right: Node, sign: str) -> Judgement:
        """W = W − η ∂J/∂W, W −= η …: held against one step of gradient descent."""
        rate, loss = self._rate_and_loss(right)
        if rate is None or not isinstance(left, Letter):
            return Judgement("unread", why="an update without a learning rate that could be recognised")
        results = {}
        for regime in (SCALAR, ONE_SAMPLE, BATCH):
            try:
                results[regime] = self._update_holds(left, right, sign, rate, loss, regime)
            except ShapeError:
                results[regime] = False
            except MeaningError as error:
                return Judgement("unread", why=str(error))
        if not results[SCALAR]:
            return Judgement("wrong", why="it isn't a step of gradient descent")
        if results[BATCH] or (self.model.one_sample and results[ONE_SAMPLE]):
            return Judgement("exact", "batch")
        return Judgement("scalar", "one sample" if results[ONE_SAMPLE] else "scalar only")

    def _rate_and_loss(self, right: Node) -> tuple[Letter | None, Node]:
        """The learning rate of an update, and the loss that it goes down: that of its derivative, or the page's."""
        steps = any(isinstance(part, Partial) or is_d_letter(part) for part in walk(right))
        rate = next((one for one in letters(right) if one.name in RATES), self.rate if steps else None)
        partial = next((part for part in walk(right) if isinstance(part, Partial)), None)
        return rate, partial.of if partial is not None else Letter(
            "" if self.model.loss is None else self.model.loss.name
        )

    def _update_holds(self, left: Letter, right: Node, sign: str, rate: Letter, loss: Node, regime: Regime) -> bool:
        indices = sorted(entry_indices(left) | (entry_indices(right) - summed(right)))
        compared = False
        for draw in range(DRAWS):
            world = self.world(regime, draw)
            for chosen in product(*(range(2) for _ in indices)):
                setting = world.setting().binding(**dict(zip(indices, chosen, strict=True)))
                try:
                    now = evaluate(left, setting)
                    step = evaluate(rate, setting) * world.derivative(Partial(loss, left), setting, rows=False)
                    value = evaluate(right, setting)
                except IndexRangeError:
                    continue
                expected = {"-=": step, "+=": -step}.get(sign, now - step)
                compared = True
                if not _same(expected, value, flattened=False):
                    return False
        return compared

    def _loss(self) -> Quantity:
        if self.model.loss is None:
            raise MeaningError("the page defines no loss")
        return self.model.loss


def _slope_by(argument: Letter) -> Callable[[Partial, Setting], Array]:
    """d/dx (…) for numbers, by the complex step."""

    def slope(node: Partial, setting: Setting) -> Array:
        if node.by != argument:
            raise MeaningError(f"{to_text(node)}: only derivatives by {to_text(argument)} are known here")
        values = {**setting.values, argument: setting.values[argument] + 1j * STEP}
        return np.asarray(np.imag(evaluate(node.of, replace(setting, values=values))) / STEP)

    return slope


def _same(one: Array, other: Array, *, flattened: bool) -> bool:
    if not (np.all(np.isfinite(one)) and np.all(np.isfinite(other))):
        return False
    if one.size == other.size == 1:
        return bool(np.allclose(one.ravel(), other.ravel(), rtol=RTOL, atol=1e-11))
    if one.shape == other.shape:
        return bool(np.allclose(one, other, rtol=RTOL, atol=1e-11))
    if flattened and other.ndim == 2 and other.shape[0] == 1 and one.size == other.size:
        return bool(np.allclose(one.ravel(), other.ravel(), rtol=RTOL, atol=1e-11))
    return False


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


def summed(node: Node) -> set[str]:
    """Indices that a Σ binds."""
    return {index for part in walk(node) if isinstance(part, BigSum) for index in part.indices}


def function_derivative(left: Node) -> Applied | None:
    """The f′(x) that a side says: σ′(x), dσ(x), tanh′."""
    match left:
        case Applied(function=function) if any(mark.text == "′" for mark in function.upper):
            return left
        case Applied(function=function) if len(function.name) == 2 and function.name[0] == "d":
            return left
        case Letter(name=name, upper=(Mark(text="′"),)) if name in FUNCTION_OF_NAME:
            return Applied(left, (Letter("z"),))
        case _:
            return None


def _transposed_letters(node: Node, world: World) -> Node:
    """The same formula for arrays laid out the other way."""
    if isinstance(node, Letter):
        return node if is_function(node, world.model) else Transpose(node)
    if isinstance(node, Applied):
        kept = {id(argument): _transposed_letters(argument, world) for argument in node.arguments}
        return rebuilt(node, kept)
    return rebuilt(node, {id(child): _transposed_letters(child, world) for child in children(node)})


__all__ = ["Judge", "Judgement", "Verdict", "quantity"]
