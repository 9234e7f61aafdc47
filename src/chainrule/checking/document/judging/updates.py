"""A step of a weight, W = W − η ∂J/∂W, held against one step of gradient descent, or of ascent of a likelihood."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import product

import numpy as np

from chainrule.checking.document.judging.judgements import DRAWS, Judgement, same, summed
from chainrule.checking.document.judging.worlds import BATCH, ONE_SAMPLE, SCALAR, Regime, World
from chainrule.checking.document.meaning.generic_layers import is_d_letter
from chainrule.checking.document.meaning.letters import RATES, entry_indices
from chainrule.checking.document.meaning.model import Model
from chainrule.notation.meaning import IndexRangeError, MeaningError, ShapeError, evaluate
from chainrule.notation.tree import Letter, Node, Num, Partial, Product, Sum, letters, walk


class Updates(ABC):
    """Judges steps of weights, by the worlds of whoever judges all other lines."""

    model: Model
    rate: Letter | None  # the page's learning rate, for a step that lacks it

    @abstractmethod
    def world(self, regime: Regime, draw: int) -> World:
        """The world of a regime and draw."""

    def update(self, left: Node, right: Node, sign: str) -> Judgement:
        """W = W − η ∂J/∂W, W −= η …: held against one step of gradient descent."""
        rate, loss = self._rate_and_loss(right)
        if not isinstance(left, Letter):
            return Judgement("unread", why="an update of something that isn't one letter")
        for number in _numbers(right):
            found = self._step(left, right, sign, number, loss)
            if found.verdict in {"exact", "scalar"}:
                return found
        if rate is not None:
            found = self._step(left, right, sign, rate, loss)
            if found.verdict == "wrong" and self.model.loss is not None and loss != Letter(self.model.loss.name):
                whole = self._step(left, right, sign, rate, Letter(self.model.loss.name))  # w − η ∂C₀/∂w − η λ w / n
                return whole if whole.verdict != "wrong" else found
            return found
        return Judgement("unread", why="an update without a learning rate that could be recognised")

    def _step(self, left: Letter, right: Node, sign: str, rate: Node, loss: Node) -> Judgement:
        results = {}
        for regime in (SCALAR, ONE_SAMPLE, BATCH):
            try:
                results[regime] = self._update_holds(left, right, sign, rate, loss, regime)
            except ShapeError:
                results[regime] = False
            except MeaningError as error:
                return Judgement("unread", why=str(error))
        if not results[SCALAR]:
            way = "ascent" if self.climbs(loss) else "descent"
            return Judgement("wrong", why=f"it isn't a step of gradient {way}")
        of_one = self.model.one_sample and not (isinstance(loss, Letter) and loss.name in self.model.batch_costs)
        if results[BATCH] or (of_one and results[ONE_SAMPLE]):
            return Judgement("exact", "batch")
        return Judgement("scalar", "one sample" if results[ONE_SAMPLE] else "scalar only")

    def climbs(self, loss: Node) -> bool:
        """Whether the page goes up what it calls its loss: it says so, and the values are those of a likelihood."""
        if not self.model.climbs:
            return False
        values = [evaluate(loss, self.world(SCALAR, draw).setting()) for draw in range(DRAWS)]
        return all(bool(np.all(value.real < 0)) for value in values)

    def _rate_and_loss(self, right: Node) -> tuple[Letter | None, Node]:
        """The learning rate of an update, and the loss that it goes down: that of its derivative, or the page's."""
        steps = any(isinstance(part, Partial) or is_d_letter(part) for part in walk(right))
        rate = next((one for one in letters(right) if one.name in RATES), self.rate if steps else None)
        partial = next((part for part in walk(right) if isinstance(part, Partial)), None)
        return rate, partial.of if partial is not None else Letter(
            "" if self.model.loss is None else self.model.loss.name
        )

    def _update_holds(self, left: Letter, right: Node, sign: str, rate: Node, loss: Node, regime: Regime) -> bool:
        indices = sorted(entry_indices(left) | (entry_indices(right) - summed(right)))
        way = -1.0 if self.climbs(loss) else 1.0
        compared = False
        for draw in range(DRAWS):
            world = self.world(regime, draw)
            for chosen in product(*(range(2) for _ in indices)):
                setting = world.setting().binding(**dict(zip(indices, chosen, strict=True)))
                try:
                    now = evaluate(left, setting)
                    slope = world.derivative(Partial(loss, left), setting, rows=False)
                    step = way * evaluate(rate, setting) * slope
                    value = evaluate(right, setting)
                except IndexRangeError:
                    continue
                expected = {"-=": step, "+=": -step}.get(sign, now - step)
                compared = True
                if not same(expected, value, flattened=False):
                    return False
        return compared


def _numbers(right: Node) -> list[Node]:
    """The rate that is a number, 0.1 in w − 0.1 (…); a whole number is hardly meant as one."""
    step = right.terms[-1] if isinstance(right, Sum) else right
    first = step.factors[0] if isinstance(step, Product) else step
    return [first] if isinstance(first, Num) and "." in first.text else []
