"""What a judged line wants: the slip of a wrong one, the matrix form of one that holds for numbers only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np

from chainrule.checking.document.double_slips import double_slip
from chainrule.checking.document.letters import (
    entry_indices,
)
from chainrule.checking.document.matrix_forms import Form, matrix_form
from chainrule.checking.document.repairs import Repair, edits_of, repair
from chainrule.checking.document.sample_rows import expanded
from chainrule.checking.document.verdicts import DRAWS, Judge, function_derivative, summed
from chainrule.checking.document.worlds import (
    BATCH,
    BATCH_OUTPUTS,
    ONE_SAMPLE,
    ONE_SAMPLE_OUTPUTS,
    SCALAR,
    Regime,
)
from chainrule.notation.meaning import (
    Array,
    MeaningError,
    Setting,
    evaluate,
)
from chainrule.notation.tree import (
    ONES,
    BigSum,
    Letter,
    Mark,
    Node,
    Partial,
    Sum,
    rewritten,
)

_COUNTED_ONES = Letter(ONES.name, lower=(Mark("n"),))


class Explainer(Judge):
    """A judge who also says what would be right."""

    def explain(
        self,
        left: Node,
        right: Node,
        page_letters: Iterable[Letter],
        page_partials: Sequence[Partial],
        ratios: Iterable[float],
    ) -> Repair | None:
        """The slip of a wrong link: the single edit after which it holds, but for a constant that came in before."""
        derivative = function_derivative(left)
        if derivative is not None and not self._is_of_layer(derivative):
            return repair(right, partial(self._is_identity, derivative), self.model, page_letters, page_partials)
        versions = self._versions(left, right)
        left, right = next((pair for pair in versions if not self._try(*pair, SCALAR)), versions[0])
        if isinstance(left, Letter) and self._is_update(left, right):
            return self._explain_update(left, right, page_letters, page_partials)
        allowed = {ratio for ratio in ratios if ratio not in {0.0, 1.0, -1.0}}
        place = self._first_place(left, right)

        def holds(candidate: Node) -> bool:
            if not self._is_near(place, candidate, allowed):
                return False
            if self._try(left, candidate, SCALAR):
                return not self._contradicted(left, candidate)
            ratio = self.ratio(left, candidate) if allowed else None
            return ratio is not None and ratio in allowed

        def fits(candidate: Node) -> bool:
            regime = ONE_SAMPLE if self.model.one_sample else BATCH
            return self._try(left, candidate, regime)

        return repair(right, holds, self.model, page_letters, page_partials, fits)

    def _first_place(self, left: Node, right: Node) -> tuple[Setting, Array] | None:
        """A setting of numbers, its indices bound, in which the left side has a value."""
        indices = sorted(entry_indices(left) | entry_indices(right) - summed(right))
        setting = self.world(SCALAR, 0).setting().binding(**dict.fromkeys(indices, 0))
        try:
            return setting, evaluate(left, setting)
        except MeaningError:
            return None

    def _is_near(self, place: tuple[Setting, Array] | None, candidate: Node, allowed: set[float]) -> bool:
        """Whether a candidate may hold: what fails at one place needn't be tried at others."""
        if place is None or place[1].size != 1:
            return True
        setting, target = place
        try:
            value = evaluate(candidate, setting)
        except MeaningError:
            return False
        if value.size != 1:
            return True
        one, other = float(target.real.ravel()[0]), float(value.real.ravel()[0])
        return any(np.isclose(other, one * ratio, rtol=1e-6, atol=1e-11) for ratio in (1.0, *allowed))

    def _explain_update(
        self, left: Letter, right: Node, page_letters: Iterable[Letter], page_partials: Sequence[Partial]
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

        return repair(right, step_in(SCALAR), self.model, page_letters, page_partials, step_in(BATCH))

    def explain_two(
        self, left: Node, right: Node, page_letters: Iterable[Letter], ratios: Iterable[float]
    ) -> Repair | None:
        """The two slips of a wrong product, in two of its factors."""
        left, right = self._versions(left, right)[0]
        worlds = [self.world(SCALAR, draw).setting() for draw in range(DRAWS)]

        def values(node: Node) -> Array | None:
            try:
                found = [evaluate(node, world) for world in worlds]
            except MeaningError:
                return None
            if any(value.size != 1 or not np.all(np.isfinite(value)) for value in found):
                return None
            return np.array([value.real.ravel()[0] for value in found])

        def edits(factor: Node) -> Iterator[Repair]:
            return edits_of(factor, self.model, page_letters)

        def fits(candidate: Node) -> bool:
            return self._try(left, candidate, BATCH)

        target = values(left)
        allowed = [1.0, *(ratio for ratio in ratios if ratio not in {0.0, 1.0, -1.0})]
        return None if target is None else double_slip(right, target, values, edits, allowed, fits)

    def as_arrays(self, left: Node, right: Node, sign: str, size: Letter) -> Form | None:
        """The matrix form that a line wants which holds for numbers only: verified in a batch, where it can be with
        several outputs; for a Jacobian, for one sample.
        """
        versions = self._versions(left, right)
        left, right = next((pair for pair in versions if not self._try(*pair, BATCH)), versions[0])
        counted: dict[Node, Node] = {ONES: _COUNTED_ONES}  # its length has to be known wherever it is put
        back: dict[Node, Node] = {_COUNTED_ONES: ONES}
        form = self._form(left, rewritten(right, counted.get), sign, size)
        return None if form is None else replace(form, node=rewritten(form.node, back.get))

    def _form(self, left: Node, right: Node, sign: str, size: Letter) -> Form | None:
        if sign in {"-=", "+="} or self._is_update(left, right):
            return self._update_as_arrays(left, right, sign, size)
        for index, with_sum in _with_a_sum(left, right):
            if self._try(left, with_sum, BATCH):
                return Form(with_sum, np.zeros(()), (f"the sum over {index}",))
        jacobian = self._is_jacobian(left)
        indices = dict.fromkeys(entry_indices(left) | entry_indices(right) - summed(right), 0)
        for regime, rows in product((ONE_SAMPLE_OUTPUTS, BATCH) if jacobian else (BATCH_OUTPUTS, BATCH), (False, True)):
            world = self.world(regime, 0)
            try:
                target = evaluate(expanded(left, regime.samples), world.setting().binding(**indices))
            except MeaningError:
                continue

            def holds(candidate: Node, regime: Regime = regime, rows: bool = rows) -> bool:
                return self._holds_read(left, candidate, regime, rows=rows)

            setting = world.setting(rows=rows).binding(**indices)
            form = matrix_form(right, target, setting, holds, size=size, jacobian=jacobian)
            if form is not None:
                return form
        return None

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


def _with_a_sum(left: Node, right: Node) -> Iterator[tuple[str, Node]]:
    """The right side summed over an index that only it has: as a whole, or the terms that have it."""
    for index in sorted(entry_indices(right) - entry_indices(left) - summed(right)):
        yield index, BigSum((index,), None, None, right)
        if isinstance(right, Sum):
            own = [index in entry_indices(term) for term in right.terms]
            pairs = zip(right.terms, own, strict=True)
            terms = (BigSum((index,), None, None, term) if has else term for term, has in pairs)
            yield index, Sum(tuple(terms), right.negative)
