"""Random numbers for a page's letters, in five regimes, and derivatives of what the page defines.

A derivative ∂of/∂by is taken by the complex step: `by` gets i·h in one entry, everything that the page computes from it
is computed again, and the imaginary part of `of` is the derivative, without cancellation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from chainrule.checking.document.judging.entry_arrays import SAMPLES, EntryArrays, Layout, NotOfEntriesError
from chainrule.checking.document.judging.page_functions import PI, STEP, functions_of
from chainrule.checking.document.meaning.affine_maps import affine
from chainrule.checking.document.meaning.letters import (
    BIASES,
    INPUTS,
    LABELS,
    LOSSES,
    RATES,
    WEIGHTS,
    Quantity,
    entry_indices,
    is_layer,
    is_size,
    quantity,
    rebuilt,
)
from chainrule.checking.document.meaning.model import (
    Model,
    is_function,
)
from chainrule.notation.alphabet import ONES_NAME
from chainrule.notation.meaning import Array, IndexRangeError, MeaningError, Setting, ShapeError, evaluate
from chainrule.notation.tree import (
    BigSum,
    Letter,
    Mark,
    Node,
    Partial,
    Transpose,
    children,
    letters,
    mentions,
    walk,
)

SAMPLE_WEIGHT = Quantity("w")
_SHARES = frozenset({"p", "q", "s"})  # where nothing defines them: a probability, a quantile, the weight of a batch
_WIDTHS = (3, 4, 2, 6, 7, 8, 9, 10, 11, 12)


@dataclass(frozen=True)
class Regime:
    """How large everything is: one number, one sample, a batch; one output unit or several."""

    name: str
    samples: int
    outputs: int
    scalar: bool = False
    negative: bool = False  # whether weighted sums are negative
    mixed: bool = False  # whether numbers have signs of both kinds


SCALAR = Regime("scalar", 1, 1, scalar=True)
NEGATIVE = Regime("scalar, negative sums", 1, 1, scalar=True, negative=True)
MIXED = Regime("scalar, signs of both kinds", 1, 1, scalar=True, mixed=True)
ONE_SAMPLE = Regime("one sample", 1, 1)
ONE_SAMPLE_OUTPUTS = Regime("one sample, several outputs", 1, 2)
BATCH = Regime("batch", 5, 1)
BATCH_OUTPUTS = Regime("batch, several outputs", 5, 13)


@dataclass
class World:
    """Numbers for one model in one regime.

    Parameters
    ----------
    model : Model
    regime : Regime
    seed : int
    """

    model: Model
    regime: Regime
    seed: int
    base: dict[Quantity, Array] = field(default_factory=dict)
    columns: bool = True
    _last: set[Quantity] = field(default_factory=set)
    _units: dict[Quantity, int] = field(default_factory=dict)
    _values: dict[Quantity, Array] = field(default_factory=dict)
    _needs: dict[Quantity, set[Quantity]] = field(default_factory=dict)
    _own_needs: dict[Quantity, set[Quantity]] = field(default_factory=dict)
    _indices: dict[Quantity, tuple[list[str], list[str], tuple[str, ...]]] = field(default_factory=dict)
    _not_tables: set[Quantity] = field(default_factory=set)
    _jacobians: dict[tuple[_Bound, Quantity], dict[int, Array]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.loss = self.model.loss
        self._loss_bodies = {canonical(body): one for one, body in self.model.definitions.items() if one.name in LOSSES}
        self._as_losses: dict[Node, Node] = {}
        self._lay_out()
        self.functions = functions_of(self)

    # ---------------------------------------------------------------- sizes and leaves

    def _lay_out(self) -> None:
        """Widths for every layer, then numbers for what nothing defines."""
        maps = [(one, found) for one, body in self.model.definitions.items() if (found := affine(body)) is not None]
        if maps:
            self.columns = maps[0][1].columns
        # wᵀ h with a small w: one output, which is a number for one sample.
        self.one_output = any(found.flipped and found.columns and found.weight.name.islower() for _, found in maps)
        outputs = self._last = self._outputs({one for one, _ in maps})
        widths = iter(_WIDTHS)
        for one, found in maps:
            source, bias = quantity(found.given), found.bias
            before = self._width_of(source)
            if before is None:
                before = self._units[self._leaf(source)] = 1 if self.regime.scalar else next(widths)
            least = 3 if self.model.has_softmax else 1 if self.regime.scalar else self.model.outputs
            last = max(self.regime.outputs, least)
            own = last if one in outputs else 1 if self.regime.scalar else next(widths)
            if one in outputs and one.name in INPUTS:  # x̂, which is to be x
                own = self._units.get(Quantity("x"), own)
            self._units[one] = own
            self.base.setdefault(quantity(found.weight), self._draw(found.shape(before, own)))
            if isinstance(bias, Transpose) and isinstance(bias.of, Letter):  # 𝟏bᵀ: b is a column in either layout
                self.base.setdefault(quantity(bias.of), self._draw_bias((own, 1)))
            elif isinstance(bias, Letter):
                self.base.setdefault(quantity(bias), self._draw_bias((own, 1) if self.columns else (1, own)))
        for one in sorted(self.model.known() | {Quantity("y"), Quantity("x")}, key=str):
            if one not in self.model.definitions and one not in self.base:
                self.base[one] = self._free(one)

    def _outputs(self, maps: set[Quantity]) -> set[Quantity]:
        """The last affine maps: those that no other map's input comes from."""
        feeding: set[Quantity] = set()
        for one in maps:
            found = affine(self.model.definitions[one])
            if found is not None:
                feeding |= set(self._ancestors(quantity(found.given)))
        return maps - feeding

    def _ancestors(self, one: Quantity) -> list[Quantity]:
        """Everything that a quantity is computed from, itself first, nearest first."""
        found: dict[Quantity, None] = {}
        waiting = [one]
        while waiting:
            current = self._alias(waiting.pop(0))
            if current not in found:
                found[current] = None
                waiting += self._mentioned(current)
        return list(found)

    def _mentioned(self, one: Quantity) -> list[Quantity]:
        """Quantities in a definition's own letters."""
        body = self.model.definitions.get(one)
        if body is None:
            return []
        return [quantity(letter) for letter in letters(body) if not is_function(letter, self.model)]

    def _alias(self, one: Quantity) -> Quantity:
        try:
            return self.known(one)
        except MeaningError:
            return one

    def _leaf(self, one: Quantity) -> Quantity:
        """The undefined quantity that a chain of names (x = A_prev) ends in."""
        body = self.model.definitions.get(one)
        return self._leaf(quantity(body)) if isinstance(body, Letter) and quantity(body) != one else one

    def _width_of(self, one: Quantity) -> int | None:
        """How many units a quantity has: those of the nearest thing that it is computed from."""
        return next((self._units[near] for near in self._ancestors(one) if near in self._units), None)

    def _width_where_used(self, one: Quantity) -> int | None:
        """How many units a leaf has that is used entry by entry (a mask, or the inputs below one)."""
        users = (other for other in self.model.definitions if other.name not in LOSSES)
        return next(
            (
                width
                for other in users
                if affine(self.model.definitions[other]) is None and one in self._mentioned(other)
                if (width := self._width_of(other)) is not None
            ),
            None,
        )

    def _free(self, one: Quantity) -> Array:
        """Numbers for a leaf by what its name usually is."""
        samples = self.regime.samples
        if is_size(one):
            return np.asarray(float(samples))
        if one.name in RATES | _SHARES:
            return np.asarray(self.rng.uniform(0.2, 0.8))
        if one == SAMPLE_WEIGHT and self.model.weighs_samples:
            return self._draw((1, samples) if self.columns else (samples, 1))
        outputs = max((self._units[out] for out in self._last), default=self.regime.outputs)
        units = self._units.get(one) or self._width_where_used(one) or outputs
        shape = (units, samples) if self.columns else (samples, units)
        if one.name in LABELS:
            labels = self.rng.uniform(0.1, 0.9, shape)
            shares = labels / labels.sum(axis=0 if self.columns else 1, keepdims=True)
            return np.asarray(shares if self.model.has_softmax else labels)
        if one.name in INPUTS or one in self._units:
            return self._draw(shape)
        return self._draw(shape)

    def _draw(self, shape: tuple[int, ...]) -> Array:
        """Signs of both kinds; for single numbers positive ones, so that a ReLU is alive."""
        if self.regime.mixed:
            return np.asarray(self.rng.uniform(0.3, 1.0, shape) * self.rng.choice([-1.0, 1.0], shape))
        if self.regime.scalar:
            return self.rng.uniform(0.3, 1.0, shape)
        return self.rng.normal(size=shape) * 0.8

    def _draw_bias(self, shape: tuple[int, ...]) -> Array:
        """A bias; where sums are to be negative, more than weights and inputs, of at most one, can add up to."""
        return -0.7 - self._draw(shape) if self.regime.negative else self._draw(shape)

    # ---------------------------------------------------------------- values

    def setting(
        self, known: dict[Quantity, Array] | None = None, *, rows: bool = False, lenient: bool = False
    ) -> Setting:
        """A setting in which letters mean this world's numbers, or those `known` and what follows from them."""

        def resolve(letter: Letter, setting: Setting) -> Array | None:
            return self._resolve(letter, setting, self._values if known is None else known, rows=rows)

        def derivative(node: Partial, setting: Setting) -> Array:
            return self.derivative(node, setting, rows=rows)

        return Setting(
            {},
            self.functions,
            {"i": self.regime.samples, "m": self.regime.samples, "n": self.regime.samples},
            1 if self.columns else 0,
            derivative=derivative,
            resolve=resolve,
            lenient=lenient,
            numbers=self.regime.samples == 1 and self.one_output,
        )

    def known(self, one: Quantity) -> Quantity:
        """The quantity itself, or the last layer's when the page leaves the layer out."""
        if one in self.model.definitions or one in self.base:
            return one
        if is_size(one) or one.name in RATES:
            self.base[one] = self._free(one)
            return one
        if not one.layer:
            numbered = [
                q for q in (*self.model.definitions, *self.base) if (q.name, q.accent) == (one.name, one.accent)
            ]
            if numbered:
                return max(numbered, key=lambda q: (len(q.layer), q.layer))
        dropped = Quantity("d", "", one.layer)
        if one.layer in {"0", "prev"} and one.name in {"a", "h", "d"}:  # before the first, or the only, layer
            return dropped if dropped in self.model.definitions and one != dropped else self.known(Quantity("x"))
        if one == dropped and Quantity("a", "", one.layer) in self.model.definitions:
            return Quantity("a", "", one.layer)
        raise MeaningError(f"nothing on the page says what {one} is")

    def value(self, one: Quantity, changed: dict[Quantity, Array]) -> Array:
        """A quantity's numbers, computed from its definition where it has one."""
        if one in changed:
            return changed[one]
        if one in self.base:
            return self.base[one]
        if one in self._needed_by_its_own(one):
            raise MeaningError(f"the page's definition of {one} goes round in a circle")
        value = self._table(one, changed) if one in self.model.entries or one.name in LOSSES else None
        if value is None and one in self.model.entries:
            value = self._by_entries(one, changed)
        if value is None:
            try:
                value = evaluate(self.model.definitions[one], self.setting_sharing(changed))
            except ShapeError as error:
                raise MeaningError(f"the page's definition of {one} doesn't fit: {error}") from None
        changed[one] = value
        return value

    def _table(self, one: Quantity, changed: dict[Quantity, Array]) -> Array | None:
        """What is defined entry by entry, for all entries at once; None where that can't be."""
        if one in self._not_tables:
            return None
        units, samples, indices = self._indices_of(one)
        left, body = self.model.entries.get(one), self.model.definitions[one]
        if len(units) > 1 or len(samples) > 1:
            return None

        def whole(letter: Letter) -> tuple[Quantity, Array]:
            own = quantity(letter)
            if len(letter.name) == 2 or letter.name in {"δ", "π", ONES_NAME} or own == one:
                raise NotOfEntriesError
            own = self.known(own)
            return own, self.value(own, changed)

        swapped = not self.columns and self.model.fed_first
        layout = Layout(self.columns, swapped, self.model.weighs_samples, self.model.has_softmax)
        try:
            table = EntryArrays(indices, whole, self.functions, layout).table(
                body, units[0] if units else "-", samples[0] if samples else SAMPLES
            )
        except (NotOfEntriesError, ValueError):  # axes of one index that differ in length
            self._not_tables.add(one)
            return None
        if left is None and table.size == 1:
            return table.reshape(())
        return table if self.columns else table.T

    def _indices_of(self, one: Quantity) -> tuple[list[str], list[str], tuple[str, ...]]:
        """The letters that a definition counts units and samples by, and with them all that its right side uses."""
        if one not in self._indices:
            left, body = self.model.entries.get(one), self.model.definitions[one]
            units = [] if left is None else [mark.text for mark in left.lower if not is_layer(mark)]
            samples = [] if left is None else [mark.text for mark in left.upper if mark.style == "round"]
            bound = {index for part in walk(body) if isinstance(part, BigSum) for index in part.indices}
            self._indices[one] = units, samples, tuple(sorted(entry_indices(body) | bound | {*units, *samples}))
        return self._indices[one]

    def _by_entries(self, one: Quantity, changed: dict[Quantity, Array]) -> Array | None:
        """An array that the page defines entry by entry: z_j⁽ⁱ⁾ = Σₖ …"""
        left = self.model.entries[one]
        units = [mark.text for mark in left.lower if not is_layer(mark)]
        samples = [mark.text for mark in left.upper if mark.style == "round"]
        width = self._width_of(one)
        if len(units) != 1 or width is None:
            return None
        setting = self.setting_sharing(changed)
        rows = []
        for unit in range(width):
            chosen = range(self.regime.samples) if samples else (0,)  # without a mark of samples, all at once
            bound = [{units[0]: unit, **dict.fromkeys(samples, sample)} for sample in chosen]
            row = [evaluate(self.model.definitions[one], setting.binding(**each)).ravel() for each in bound]
            rows.append(np.concatenate(row))
        value: Array = np.array(rows)
        return value if self.columns else value.T

    def setting_sharing(self, known: dict[Quantity, Array]) -> Setting:
        """A lenient setting that adds what it computes to the values already known."""
        return self.setting(known, lenient=True)

    def _resolve(
        self, letter: Letter, setting: Setting, known: dict[Quantity, Array], *, rows: bool = False
    ) -> Array | None:
        if letter.name == "𝟏" or (letter.name in setting.bound and not letter.lower and not letter.upper):
            return None
        if len(letter.name) == 2 and letter.name[0] == "d":
            inner = replace(letter, name=letter.name[1])
            slope = self.derivative(Partial(self._loss_letter(), inner), setting, rows=rows)
            per_sample = self.model.errors_per_sample and inner.name.lower() not in WEIGHTS | BIASES
            return slope * self.regime.samples if per_sample else slope
        one = quantity(letter)
        if letter.name == "δ" and one not in self.model.definitions:
            return _kronecker(letter, setting)
        if letter == PI and one not in self.base and one not in self.model.definitions:
            return np.asarray(np.pi)
        one = self.known(one)
        value = self.value(one, known)
        if one.name in LOSSES and value.ndim == 2 and not _marks_sample(letter):
            products = value.shape == (self.regime.samples,) * 2  # (u − t)ᵀ(u − t): each sample with itself
            return np.asarray(np.trace(value) if products else value.sum())
        return _chosen(value, letter, setting, one, self)

    def _loss_letter(self) -> Letter:
        if self.loss is None:
            raise MeaningError("the page defines no loss")
        return Letter(self.loss.name)

    # ---------------------------------------------------------------- derivatives

    def derivative(self, node: Partial, setting: Setting, *, rows: bool) -> Array:
        """∂of/∂by as a Jacobian; of a number, as an array like `by`, unless rows are wanted."""
        one = self.known(quantity(node.by))
        at = self.value(one, self._values)
        of = self._as_loss(node.of)
        bound = tuple(sorted((index, value) for index, value in setting.bound.items() if mentions(of, index)))
        columns = self._jacobians.setdefault((_Bound(of, bound), one), {})
        places = np.arange(at.size).reshape(at.shape)
        chosen = np.asarray(_chosen(places, node.by, setting, one, self))
        for entry in chosen.ravel().tolist():  # in index forms a few of many
            if entry not in columns:
                columns[entry] = self._column(of, one, at, entry, setting)
        part = np.stack([columns[entry] for entry in chosen.ravel().tolist()], axis=1)
        if part.size == 1:
            return part.reshape(chosen.shape)
        return part.reshape(chosen.shape) if part.shape[0] == 1 and not rows and chosen.ndim == 2 else part

    def _column(self, of: Node, one: Quantity, at: Array, entry: int, setting: Setting) -> Array:
        moved = np.array(at, dtype=complex)
        moved.flat[entry] += 1j * STEP
        known = {other: value for other, value in self._values.items() if one not in self._needed_by(other)}
        known[one] = moved
        inner = self.setting_sharing(known).binding(**setting.bound)
        value = evaluate(of, inner)
        return np.imag(value).ravel() / STEP

    def _needed_by_its_own(self, one: Quantity) -> set[Quantity]:
        """What the letters of a quantity's own definition are computed from."""
        if one not in self._own_needs:
            near = set(self._mentioned(one))
            self._own_needs[one] = {far for each in near for far in self._needed_by(self._alias(each))}
        return self._own_needs[one]

    def _needed_by(self, one: Quantity) -> set[Quantity]:
        """Everything that a quantity is computed from, itself included."""
        if one not in self._needs:
            self._needs[one] = set(self._ancestors(one))
        return self._needs[one]

    def _as_loss(self, of: Node) -> Node:
        """The loss's own expression stands for the loss: its sum over the samples is understood."""
        if self.loss is None:
            return of
        if of not in self._as_losses:
            one = self._loss_bodies.get(canonical(of))
            self._as_losses[of] = of if one is None else Letter(one.name)
        return self._as_losses[of]


@dataclass(frozen=True)
class _Bound:
    node: Node
    bound: tuple[tuple[str, int], ...]


def canonical(node: Node) -> Node:
    """The tree with every letter reduced to the quantity it names."""
    if isinstance(node, Letter):
        one = quantity(node)
        return Letter(one.name, one.accent, (Mark(one.layer),) if one.layer else ())
    return rebuilt(node, {id(child): canonical(child) for child in children(node)})


def _kronecker(letter: Letter, setting: Setting) -> Array:
    """δ_kj: 1 where the two indices are the same."""
    indices = [setting.bound[mark.text] for mark in letter.lower if mark.text in setting.bound]
    if len(indices) != 2:
        raise MeaningError(f"nothing on the page says what {quantity(letter)} is")
    return np.asarray(float(indices[0] == indices[1]))


def _marks_sample(letter: Letter) -> bool:
    return any(mark.style == "round" for mark in letter.upper)


def _chosen(value: Array, letter: Letter, setting: Setting, one: Quantity, world: World) -> Array:
    """The entries or the sample that a letter's marks choose."""
    if value.ndim == 0:
        return value
    sample_axis = 1 if world.columns else 0
    of_samples = one.name not in WEIGHTS | BIASES or (one == SAMPLE_WEIGHT and world.model.weighs_samples)
    sample: int | None = None
    for mark in letter.upper:
        if mark.style == "round":
            sample = int(mark.text) - 1 if mark.text.isdecimal() else setting.bound.get(mark.text)
            if mark.text in {"m", "n", "N"}:
                sample = value.shape[sample_axis] - 1
    entries = [setting.bound[mark.text] for mark in letter.lower if not is_layer(mark) and mark.text in setting.bound]
    numbers_labels = one.name in LABELS and "i" in {mark.text for mark in letter.lower}
    if of_samples and sample is None and numbers_labels and len(entries) > (1 if world.model.has_softmax else 0):
        sample, entries = entries[0], entries[1:]  # y_i: the label of sample i
    if sample is not None and of_samples:
        value = _take(value, sample, sample_axis)
    axes = [1 - sample_axis] if sample is not None or len(entries) == 1 else [0, 1]
    if len(entries) == 1 and one.name in WEIGHTS:
        axes = [1] if value.shape[0] == 1 else [0]
    if len(entries) == 1 and one.name in BIASES:  # a row, or the column b of 𝟏bᵀ
        axes = [0] if value.shape[1] == 1 else [1]
    if len(entries) == 2 and not world.columns and world.model.fed_first and one.name in WEIGHTS:
        axes = [1, 0]
    for axis, entry in zip(axes, entries, strict=False):
        value = _take(value, entry, axis)
    chooses = bool(entries) and value.size == 1
    return value.reshape(()) if chooses else value


def _take(value: Array, position: int, axis: int) -> Array:
    if position >= value.shape[axis]:
        raise IndexRangeError(f"an index beyond the {value.shape[axis]} entries that there are")
    return np.take(value, [position], axis=axis)
