"""Which slips explain what somebody's code returned.

From the last layer to the first, every claimed array is compared with what each line would give, right or with one
slip of the catalogue, in the backward pass as it stands with the slips found so far.  The story with the fewest slips
wins: an array that follows from a slip further back is inherited, no slip of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as with_fields

import numpy as np
from numpy.typing import NDArray

from chainrule.checking.catalogue import Catalogue
from chainrule.checking.forms import Form
from chainrule.checking.slips import AND, FITTED, Slip
from chainrule.checking.worlds import Value, World
from chainrule.expressions.terms import Number, replace, symbols

Array = NDArray[np.float64]

EXACT, SINGLE = 1e-6, 2e-4  # relative to an array's norm: for float64, and for values that float32 has computed
ROUNDING = 1e-13
STORIES_KEPT = 6
# what a story pays, in slips: for an unknown array, a fitted number, one more slip in the same line
UNEXPLAINED, OPEN_NUMBER, IN_ONE_LINE = 10.0, 0.5, 0.75


@dataclass(frozen=True)
class Outcome:
    """What a story says of one array.

    Attributes
    ----------
    name : str
        ``"dW1"``.
    verdict : {"right", "wrong", "inherited", "unknown"}
    slip : Slip or None
        The one that makes it wrong, in its own line or in that of its layer's ∂J/∂Z.
    also : tuple of Slip
        Others that give the same numbers.
    roots : tuple of Slip
        Those further back whose consequences it has.
    """

    name: str
    verdict: str
    slip: Slip | None = None
    also: tuple[Slip, ...] = ()
    roots: tuple[Slip, ...] = ()


@dataclass(frozen=True)
class Story:
    """Slips that explain the layers seen so far.

    Attributes
    ----------
    worlds : tuple of World
        Backward passes that the next layer back may follow, the likeliest first.
    outcomes : tuple of Outcome
    cost : float
    """

    worlds: tuple[World, ...]
    outcomes: tuple[Outcome, ...] = ()
    cost: float = 0.0


def single_precision(array: NDArray[np.generic]) -> bool:
    """Whether float32 has computed these values."""
    if array.dtype.kind != "f":
        return False
    with np.errstate(over="ignore"):
        return bool(np.array_equal(array, array.astype(np.float32)))


def relative_error(found: Array, expected: Array, nothing: float = 0.0) -> float:
    """The norm of the difference, relative to what is expected; infinite for other shapes (axes of length 1 aside).

    A norm of `nothing` is that of rounding.
    """
    found, expected = np.squeeze(found), np.squeeze(expected)
    if found.shape != expected.shape:
        return np.inf
    size = float(np.linalg.norm(expected))
    error = float(np.linalg.norm(found - expected))
    if error <= nothing:
        return 0.0
    return error / size if size else np.inf


class Explainer:
    """Explains claimed gradients of one network in one form.

    Parameters
    ----------
    base : World
        The right backward pass.
    catalogue : Catalogue
    form : Form
    claims : mapping of str to array
        What was returned, as it was returned.
    """

    def __init__(
        self, base: World, catalogue: Catalogue, form: Form, claims: Mapping[str, NDArray[np.generic]]
    ) -> None:
        self._base, self._catalogue, self._form = base, catalogue, form
        self._claims = {name: np.asarray(value, np.float64) for name, value in claims.items()}
        self._tolerance = {name: SINGLE if single_precision(value) else EXACT for name, value in claims.items()}

    def best_story(self, depth: int) -> Story:
        """The story of fewest slips."""
        stories = [Story((self._base,))]
        for layer in range(depth, 0, -1):
            longer = [next_ for story in stories for next_ in self._continued(story, layer)]
            stories = sorted(longer, key=lambda story: story.cost)[:STORIES_KEPT]
        return stories[0]

    def expected(self, name: str) -> Array:
        """The right array, in the reader's arrangement."""
        value = self._arranged(self._base.value(name))
        return np.asarray(self._form.biased(value)) if name[1] == "b" else value

    def error(self, name: str) -> float:
        """How far a claimed array is from the right one."""
        return relative_error(self._claims[name], self.expected(name))

    def fits(self, name: str) -> bool:
        """Whether a claimed array has the shape of the right one, axes of length 1 aside."""
        return np.squeeze(self._claims[name]).shape == np.squeeze(self.expected(name)).shape

    def agrees(self, name: str) -> bool:
        """Whether a claimed array is right."""
        return self._agrees(name, self._base.value(name))

    def _continued(self, story: Story, layer: int) -> Iterator[Story]:
        names = [name for name in (f"dW{layer}", f"db{layer}") if name in self._claims]
        for world in story.worlds:
            others = tuple(other for other in story.worlds if other is not world)
            plain = [name for name in names if self._agrees(name, world.value(name))]
            outcomes = tuple(self._unchanged(name, world) for name in names)
            if len(plain) == len(names):
                yield Story((world, *others), (*story.outcomes, *outcomes), story.cost)
                continue
            yield self._own_slips(story, world, (world, *others), names, None)
            yield from self._shared_slips(story, world, others, layer, names)

    def _shared_slips(
        self, story: Story, world: World, others: tuple[World, ...], layer: int, names: list[str]
    ) -> Iterator[Story]:
        """Stories in which a line that all arrays of the layer depend on has a slip."""
        fitting: list[tuple[World, Slip]] = []
        partly: list[tuple[World, Slip]] = []
        for slip in self._catalogue.of_layer(layer):
            if any(slip.line == earlier.line for earlier in world.slips):
                continue
            known = self._fitted(slip, world, names)
            if known is None:
                continue
            slipped = world.with_slip(known)
            agreeing = [name for name in names if self._agrees(name, slipped.value(name))]
            if not agreeing or all(self._same(slipped.value(name), world.value(name)) for name in names):
                continue
            (fitting if len(agreeing) == len(names) else partly).append((slipped, known))
        if fitting:
            slipped, slip = fitting[0]
            also = tuple(other for _, other in fitting[1:])
            outcomes = tuple(Outcome(name, "wrong", slip, also, world.slips) for name in names)
            cost = story.cost + _cost(slip)
            yield Story((slipped, world, *others), (*story.outcomes, *outcomes), cost)
            return
        for slipped, slip in partly:
            yield self._own_slips(story, slipped, (slipped, world, *others), names, slip)

    def _own_slips(
        self, story: Story, world: World, worlds: tuple[World, ...], names: list[str], shared: Slip | None
    ) -> Story:
        """The story in which each array that does not follow has a slip in its own line."""
        outcomes, cost = [], story.cost + (_cost(shared) if shared else 0.0)
        for name in names:
            if self._agrees(name, world.value(name)):
                unchanged = self._unchanged(name, world)
                outcomes.append(with_fields(unchanged, verdict="wrong", slip=shared) if shared else unchanged)
                continue
            slips = list(self._explaining(name, world))
            cost += _cost(slips[0]) if slips else UNEXPLAINED
            if slips:
                outcomes.append(Outcome(name, "wrong", slips[0], tuple(slips[1:]), world.slips))
            else:
                outcomes.append(Outcome(name, "unknown", roots=world.slips))
        return Story(worlds, (*story.outcomes, *outcomes), cost)

    def _explaining(self, name: str, world: World) -> Iterator[Slip]:
        """The slips of an array's own line that give what is claimed."""
        layer = int(name[2:])
        if self._has_values(name, world.value(name)):
            turned = name[1] == "W" and self._claims[name].ndim == 2
            yield Slip("transpose" if turned else "keepdims lost", name, world.lines[name].right)
            return
        own = self._catalogue.of_weights(layer) if name[1] == "W" else self._catalogue.of_bias(layer)
        for slip in own:
            known = self._fitted(slip, world, [name])
            if known is not None and self._has_values(name, world.of(known.right), known.transposed):
                yield known

    def _unchanged(self, name: str, world: World) -> Outcome:
        if self._same(world.value(name), self._base.value(name)):
            return Outcome(name, "right")
        return Outcome(name, "inherited", roots=world.slips)

    def _fitted(self, slip: Slip, world: World, names: list[str]) -> Slip | None:
        """The slip with its open number put in; None where no number fits."""
        if FITTED not in symbols(slip.right):
            return slip
        base: list[Array] = []
        whole: list[Array] = []
        for name in names:
            for parts, number in ((base, 1.0), (whole, 2.0)):  # at 0 a product would lose its axes
                known = with_fields(slip, right=replace(slip.right, {FITTED: Number(number)}))
                value = world.of(known.right) if name == slip.line else world.with_slip(known).value(name)
                parts.append(np.ravel(self._arranged(value)))
        claimed = np.concatenate([np.ravel(self._claims[name]) for name in names])
        start, direction = np.concatenate(base), np.concatenate(whole) - np.concatenate(base)
        # the two gradients of a softmax of two classes are opposite numbers: any factor fits them
        fewest = 3 if slip.kind == "constant factor" else 2
        if claimed.shape != start.shape or len(claimed) < fewest or not np.any(direction):
            return None
        number = 1.0 + float(np.dot(claimed - start, direction) / np.dot(direction, direction))
        if not np.isfinite(number) or number == 0:
            return None
        detail = f"{slip.detail}, c = {number:.4g}" if slip.detail else f"c = {number:.4g}"
        return with_fields(slip, right=replace(slip.right, {FITTED: Number(number)}), detail=detail)

    def _arranged(self, value: Value) -> Array:
        return self._form.arranged(value.axes, value.array)

    def _agrees(self, name: str, value: Value) -> bool:
        """Whether an array is claimed with this value, in a shape that an update can use."""
        return self._has_values(name, value) and self._updates(name)

    def _updates(self, name: str) -> bool:
        """Whether the parameter keeps its size when the claimed array is subtracted from it."""
        if not self.fits(name):
            return True  # an error of another kind
        shape, claimed = self.expected(name).shape, self._claims[name].shape
        try:
            return int(np.prod(np.broadcast_shapes(shape, claimed))) == int(np.prod(shape))
        except ValueError:
            return False

    def _has_values(self, name: str, value: Value, transposed: bool = False) -> bool:
        expected = self._arranged(value)
        if transposed:
            expected = expected.T
            if expected.shape != self._claims[name].shape:
                return False
        return relative_error(self._claims[name], expected, self._nothing(name)) <= self._tolerance[name]

    def _nothing(self, name: str) -> float:
        """A sum over dZ that should vanish (over the classes of a softmax, say) is this much by rounding."""
        return ROUNDING * float(np.linalg.norm(self._base.value(f"dZ{name[2:]}").array))

    @staticmethod
    def _same(one: Value, other: Value) -> bool:
        return one.axes == other.axes and relative_error(one.array, other.array) <= EXACT


def _cost(slip: Slip) -> float:
    fitted = slip.detail.rpartition("c = ")[1]
    return 1.0 + (OPEN_NUMBER if fitted else 0.0) + IN_ONE_LINE * slip.kind.count(AND)
