"""What a judged line wants: the slip of a wrong one, the matrix form of one that holds for numbers only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice, product

import numpy as np

from chainrule.checking.document.explaining.any_layer import AnyLayer
from chainrule.checking.document.explaining.double_slips import double_slip
from chainrule.checking.document.explaining.edits import Repair, brackets, transposes
from chainrule.checking.document.explaining.kinds import Change, kinds_of, said_of
from chainrule.checking.document.explaining.matrix_forms import Form, matrix_form
from chainrule.checking.document.explaining.missing_parts import factors_of_one, missing_parts
from chainrule.checking.document.explaining.repairs import MAX_TRIED, edits_of, repair, strays_of
from chainrule.checking.document.judging.identities import POINTS, function_derivative
from chainrule.checking.document.judging.sample_rows import expanded
from chainrule.checking.document.judging.verdicts import DRAWS, Judge, summed
from chainrule.checking.document.judging.worlds import (
    BATCH,
    BATCH_OUTPUTS,
    ONE_SAMPLE,
    ONE_SAMPLE_OUTPUTS,
    SCALAR,
    Regime,
    canonical,
)
from chainrule.checking.document.meaning.letters import (
    entry_indices,
)
from chainrule.notation.meaning import (
    Array,
    MeaningError,
    Setting,
    evaluate,
)
from chainrule.notation.tree import (
    ONES,
    Applied,
    BigSum,
    Letter,
    Mark,
    Node,
    Partial,
    Sum,
    letters,
    rewritten,
    walk,
)

_COMPARED = 60  # lost factors that are right for numbers, of which one may be right as arrays
_EASY = 3  # the cost of a form that is preferred to another letter in one place
_COUNTED_ONES = Letter(ONES.name, lower=(Mark("n"),))  # its length has to be known wherever it is put
_COUNTED: dict[Node, Node] = {ONES: _COUNTED_ONES}
_UNCOUNTED: dict[Node, Node] = {_COUNTED_ONES: ONES}


class Explainer(Judge):
    """A judge who also says what would be right."""

    def explain(
        self,
        left: Node,
        right: Node,
        page_letters: Iterable[Letter],
        page_partials: Sequence[Partial],
        ratios: Iterable[float],
        page_parts: Iterable[Node] = (),
    ) -> Repair | None:
        """The slip of a wrong link: the single edit after which it holds, but for a constant that came in before."""
        derivative = function_derivative(left)
        if derivative is not None and not self._is_of_layer(derivative):
            return self._explain_identity(derivative, right, page_letters, page_partials, page_parts)
        versions = self._versions(left, right)
        pair = next((pair for pair in versions if not self._try(*pair, SCALAR)), versions[0])
        page_parts = list(page_parts)
        of_any = AnyLayer(left, right, pair, self._with_own_functions, self.model, page_parts)
        known = list(page_letters)
        if isinstance(pair[0], Letter) and self._is_update(*pair):
            found = self._explain_update(pair[0], pair[1], known, page_partials, page_parts)
        else:
            found = self._explain_numbered(*pair, known, page_partials, ratios, page_parts)
        if found is None:
            return None
        return replace(found, right=of_any.tree(found.right), slip=of_any.words(found.slip, list(letters(found.right))))

    def _explain_numbered(
        self,
        left: Node,
        right: Node,
        page_letters: Sequence[Letter],
        page_partials: Sequence[Partial],
        ratios: Iterable[float],
        page_parts: Iterable[Node],
    ) -> Repair | None:
        """The slip of a line whose layers have numbers."""
        allowed = {ratio for ratio in ratios if ratio not in {0.0, 1.0, -1.0}}
        places = self._first_places(left, right)
        regime = self._claimed(left, right)

        itself = canonical(left)
        mentioned = itself in walk(canonical(right))

        def holds(candidate: Node) -> bool:
            repeats = not mentioned and itself in walk(canonical(candidate))
            if repeats or not self._is_near(places, candidate, allowed):
                return False
            if self._try(left, candidate, SCALAR):
                return not self._contradicted(left, candidate)
            ratio = self.ratio(left, candidate) if allowed else None
            return ratio is not None and ratio in allowed

        def fits(candidate: Node) -> bool:
            return self._try(left, candidate, regime)

        found = repair(right, holds, self.model, page_letters, page_partials, fits, among=_indices_of(left, right))
        if found is not None and found.fits:
            return found
        values = self._numbers(left, right)
        if self._try(left, right, SCALAR):  # only other signs show it: what is lost is 1 for positive numbers
            lost = factors_of_one(left, right, values, page_parts, self.model)
            fitting = next((one for one in islice(lost, MAX_TRIED) if holds(one.right) and fits(one.right)), None)
            if fitting is not None:
                return replace(fitting, fits=True)
        target = values(left)
        return self._lost(left, right, target, values, page_parts, holds, fits, otherwise=found)

    def _lost(
        self,
        left: Node,
        right: Node,
        target: Array | None,
        values: Callable[[Node], Array | None],
        page_parts: Iterable[Node],
        holds: Callable[[Node], bool],
        fits: Callable[[Node], bool],
        *,
        otherwise: Repair | None = None,
    ) -> Repair | None:
        """The factor or sum that is missing; one that fits as arrays goes before what was found otherwise."""
        if target is None:
            return otherwise
        found = missing_parts(left, right, target, values, page_parts, self.model, self._with_own_functions)
        good = [one for one in islice(found, _COMPARED) if holds(one.right)]
        fitting = next((one for one in good if fits(one.right)), None)
        if fitting is not None:
            return replace(fitting, fits=True)
        return otherwise or next(iter(good), None)

    def _numbers(self, left: Node, right: Node) -> Callable[[Node], Array | None]:
        """What computes a node for numbers, once in each draw, the line's free indices bound to the first entry."""
        indices = sorted(entry_indices(left) | entry_indices(right) - summed(right))
        bound = self._bound(indices)
        settings = [self.world(SCALAR, draw).setting().binding(**bound) for draw in range(DRAWS)]
        return partial(_values_in, settings)

    def _bound(self, indices: Sequence[str]) -> dict[str, int]:
        """Each index at the first entry; one that the page keeps apart from others at the next."""
        taken: dict[str, int] = {}
        for index in indices:
            taken[index] = sum(frozenset({index, other}) in self.apart for other in taken)
        return taken

    def _explain_identity(
        self,
        left: Applied,
        right: Node,
        page_letters: Iterable[Letter],
        page_partials: Sequence[Partial],
        page_parts: Iterable[Node],
    ) -> Repair | None:
        """The single edit after which f′(x) = … holds."""
        holds = partial(self._is_identity, left)
        argument = left.arguments[0]
        if not isinstance(argument, Letter):
            return repair(right, holds, self.model, page_letters, page_partials)
        found = repair(right, holds, self.model, page_letters, page_partials, own=(argument,))
        if found is not None:
            return found
        values = partial(_values_in, [self.point(left, argument, point) for point in POINTS])
        return self._lost(left, right, values(left), values, page_parts, holds, holds)

    def _first_places(self, left: Node, right: Node) -> list[tuple[Setting, Array]]:
        """Settings of numbers, one for each reading of derivatives, in which the left side has a value."""
        indices = sorted(entry_indices(left) | entry_indices(right) - summed(right))
        found = []
        for rows in (False, True):
            setting = self.world(SCALAR, 0).setting(rows=rows).binding(**self._bound(indices))
            try:
                found.append((setting, evaluate(left, setting)))
            except MeaningError:
                return []
        return found

    @staticmethod
    def _is_near(places: Sequence[tuple[Setting, Array]], candidate: Node, allowed: set[float]) -> bool:
        """Whether a candidate may hold: what fails at one place needn't be tried at others."""
        return not places or any(_close_at(*place, candidate, allowed) for place in places)

    def _explain_update(
        self,
        left: Letter,
        right: Node,
        page_letters: Iterable[Letter],
        page_partials: Sequence[Partial],
        page_parts: Iterable[Node],
    ) -> Repair | None:
        """The single edit after which an update is a step of gradient descent."""
        rate, loss = self._rate_and_loss(right)
        if rate is None:
            return None

        def step_in(regime: Regime) -> Callable[[Node], bool]:
            def holds(candidate: Node) -> bool:
                try:
                    return self._update_holds(left, candidate, "=", rate, loss, regime)
                except MeaningError:
                    return False

            return holds

        found = repair(right, step_in(SCALAR), self.model, page_letters, page_partials, step_in(BATCH))
        if found is not None:
            return found
        values = self._numbers(left, right)
        now, rates, slope = (values(node) for node in (left, rate, Partial(loss, left)))
        target = None if now is None or rates is None or slope is None else now - rates * slope
        return self._lost(left, right, target, values, page_parts, step_in(SCALAR), step_in(BATCH))

    def explain_two(
        self, left: Node, right: Node, page_letters: Iterable[Letter], ratios: Iterable[float]
    ) -> Repair | None:
        """The two slips of a wrong product, in two of its factors."""
        left, right = self._versions(left, right)[0]
        values = self._numbers(left, right)

        def edits(factor: Node) -> Iterator[Repair]:
            return edits_of(factor, self.model, page_letters)

        def fits(candidate: Node) -> bool:
            return self._try(left, candidate, BATCH)

        target = values(left)
        allowed = [1.0, *(ratio for ratio in ratios if ratio not in {0.0, 1.0, -1.0})]
        return None if target is None else double_slip(right, target, values, edits, allowed, fits)

    def as_arrays(
        self,
        left: Node,
        right: Node,
        sign: str,
        size: Letter,
        page_letters: Iterable[Letter] = (),
        page_parts: Iterable[Node] = (),
    ) -> Form | None:
        """The matrix form that a line wants which holds for numbers only: verified in a batch, where it can be with
        several outputs; for a Jacobian, for one sample.
        """
        versions = self._versions(left, right)
        regime = self._claimed(left, right)
        pair = next((pair for pair in versions if not self._try(*pair, regime)), versions[0])
        of_any = AnyLayer(left, right, pair, self._with_own_functions, self.model)
        found = self._numbered_as_arrays(*pair, sign, size, list(page_letters), page_parts)
        if found is None:
            return None
        known = list(letters(found.node))
        changes = (replace(change, words=of_any.words(change.words, known)) for change in found.changes)
        return replace(found, node=of_any.tree(found.node), changes=tuple(changes))

    def rearranged(self, left: Node, right: Node, sign: str, size: Letter) -> Repair | None:
        """The same factors, rearranged, where nothing is a single number, as with softmax, and only arrays fail."""
        versions = self._versions(left, right)
        pair = next((pair for pair in versions if not self._try(*pair, SCALAR)), versions[0])
        form = self._form(*pair, sign, size)
        if form is None or not form.changes:
            return None
        of_any = AnyLayer(left, right, pair, self._with_own_functions, self.model)
        words = of_any.words(said_of(form.changes), list(letters(form.node)))
        return Repair(words, of_any.tree(form.node), kinds_of(form.changes))

    def _numbered_as_arrays(
        self,
        left: Node,
        right: Node,
        sign: str,
        size: Letter,
        page_letters: Sequence[Letter],
        page_parts: Iterable[Node],
    ) -> Form | None:
        """The matrix form of a line whose layers have numbers."""
        form = self._form(left, right, sign, size)
        if form is not None and form.cost <= _EASY:
            return form
        return self._edited_as_arrays(left, right, page_letters, page_parts) or form

    def _claimed(self, left: Node, right: Node) -> Regime:
        """Of how many samples a line speaks."""
        return ONE_SAMPLE if self.model.one_sample and not self._is_of_batch(left, right) else BATCH

    def _edited_as_arrays(
        self, left: Node, right: Node, page_letters: Iterable[Letter], page_parts: Iterable[Node]
    ) -> Form | None:
        """A slip that numbers don't show, such as a step taken at another layer's z: the edit that mends the arrays."""
        regime = self._claimed(left, right)
        known = list(page_letters)
        first = chain(
            brackets(right),
            transposes(right),
            edits_of(right, self.model, known, _indices_of(left, right)),
            strays_of(right),
        )
        lost = factors_of_one(left, right, self._numbers(left, right), page_parts, self.model)
        edits = chain(islice(first, MAX_TRIED), islice(lost, MAX_TRIED))
        found = next((edit for edit in edits if self._holds_as_written(left, edit.right, regime)), None)
        return (
            None
            if found is None
            else Form(found.right, np.zeros(()), tuple(Change(kind, found.slip, is_slip=True) for kind in found.kinds))
        )

    def _holds_as_written(self, left: Node, right: Node, regime: Regime) -> bool:
        """Whether a line holds in a regime; an update, as a step down the gradient."""
        rate, loss = self._rate_and_loss(right)
        if not isinstance(left, Letter) or rate is None or not self._is_update(left, right):
            return self._try(left, right, regime)
        try:
            return self._update_holds(left, right, "=", rate, loss, regime)
        except MeaningError:
            return False

    def _form(self, left: Node, right: Node, sign: str, size: Letter) -> Form | None:
        """The line's own factors in the form in which it holds."""
        form = self._form_of_counted(left, rewritten(right, _COUNTED.get), sign, size)
        return None if form is None else replace(form, node=rewritten(form.node, _UNCOUNTED.get))

    def _form_of_counted(self, left: Node, right: Node, sign: str, size: Letter) -> Form | None:
        if sign in {"-=", "+="} or self._is_update(left, right):
            return self._update_as_arrays(left, right, sign, size)
        for index, with_sum in _with_a_sum(left, right):
            if self._try(left, with_sum, BATCH):
                return Form(with_sum, np.zeros(()), (Change("sum", f"the sum over {index}"),))
        jacobian = self._is_jacobian(left)
        indices = dict.fromkeys(entry_indices(left) | entry_indices(right) - summed(right), 0)
        for regime, rows in product(self._regimes_of_forms(left, right), self.readings(right)):
            world = self.world(regime, 0)
            try:
                target = evaluate(expanded(left, regime.samples), world.setting().binding(**indices))
            except MeaningError:
                continue

            def holds(candidate: Node, regime: Regime = regime, rows: bool = rows) -> bool:
                return self._holds_read(left, candidate, regime, rows=rows)

            setting = world.setting(rows=rows).binding(**indices)
            for wanted in (target, *((target.reshape(1, -1),) if rows and 1 not in target.shape else ())):
                form = matrix_form(right, wanted, setting, holds, size=size, jacobian=jacobian)
                if form is not None:
                    return form
        return None

    def _regimes_of_forms(self, left: Node, right: Node) -> tuple[Regime, ...]:
        """Where a matrix form is looked for: with several outputs first."""
        if self._is_jacobian(left):
            return ONE_SAMPLE_OUTPUTS, BATCH
        if self._claimed(left, right) == ONE_SAMPLE:
            return ONE_SAMPLE_OUTPUTS, ONE_SAMPLE
        return BATCH_OUTPUTS, BATCH

    def _update_as_arrays(self, left: Node, right: Node, sign: str, size: Letter) -> Form | None:
        rate, loss = self._rate_and_loss(right)
        if rate is None or not isinstance(left, Letter):
            return None

        def holds(candidate: Node) -> bool:
            try:
                return self._update_holds(left, candidate, sign, rate, loss, BATCH)
            except MeaningError:
                return False

        world = self.world(BATCH, 0)
        indices = dict.fromkeys(entry_indices(left) | entry_indices(right) - summed(right), 0)
        setting = world.setting().binding(**indices)
        try:
            now = evaluate(left, setting)
            step = evaluate(rate, setting) * world.derivative(Partial(loss, left), setting, rows=False)
        except MeaningError:
            return None
        target = {"-=": step, "+=": -step}.get(sign, now - step)
        return matrix_form(right, target, setting, holds, size=size)


def _indices_of(left: Node, right: Node) -> set[str]:
    """The letters that count units in a line."""
    return (entry_indices(left) | entry_indices(right) | summed(right)) - {"i", "l"}


def _close_at(setting: Setting, target: Array, candidate: Node, allowed: set[float]) -> bool:
    """Whether a candidate has the value that is wanted, or may have it."""
    if target.size != 1:
        return True
    try:
        value = evaluate(candidate, setting)
    except MeaningError:
        return False
    if value.size != 1:
        return True
    one, other = float(target.real.ravel()[0]), float(value.real.ravel()[0])
    return any(np.isclose(other, one * ratio, rtol=1e-6, atol=1e-11) for ratio in (1.0, *allowed))


def _values_in(settings: Sequence[Setting], node: Node) -> Array | None:
    """A node's value in each setting, where it is a finite number in all of them."""
    try:
        with np.errstate(all="ignore"):
            found = [evaluate(node, setting) for setting in settings]
    except MeaningError:
        return None
    if any(value.size != 1 or not np.all(np.isfinite(value)) for value in found):
        return None
    return np.array([value.real.ravel()[0] for value in found])


def _with_a_sum(left: Node, right: Node) -> Iterator[tuple[str, Node]]:
    """The right side summed over an index that only it has: as a whole, or the terms that have it."""
    for index in sorted(entry_indices(right) - entry_indices(left) - summed(right)):
        yield index, BigSum((index,), None, None, right)
        if isinstance(right, Sum):
            own = [index in entry_indices(term) for term in right.terms]
            pairs = zip(right.terms, own, strict=True)
            terms = (BigSum((index,), None, None, term) if has else term for term, has in pairs)
            yield index, Sum(tuple(terms), right.negative)
