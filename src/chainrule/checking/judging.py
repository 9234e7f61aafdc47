"""Judging somebody's function: in which form it runs, what it returns, and which story explains that best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as with_fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus import Derivation
from chainrule.checking.catalogue import Catalogue
from chainrule.checking.drawing import Values
from chainrule.checking.explaining import Explainer, Story
from chainrule.checking.forms import Form
from chainrule.checking.given import Given, drawn_values, given_values
from chainrule.checking.reading import readings
from chainrule.checking.slips import KINDS
from chainrule.checking.supplying import Supply
from chainrule.checking.trying import Attempt, Subject, forms, reached, single_forms
from chainrule.checking.worlds import World, backward_lines
from chainrule.engines.reference import Trace

MOST_EXPLAINED = 6  # readings of what was returned that are compared by their stories


@dataclass(frozen=True)
class Reading:
    """Gradients as read from what one attempt returned.

    Attributes
    ----------
    attempt : Attempt
    claims : mapping of str to array
        By name; NaN for what is no array of real numbers.
    fitting, right : int
        How many have the right shape, and how many the right values.
    """

    attempt: Attempt
    claims: Mapping[str, NDArray[np.generic]]
    fitting: int
    right: int


@dataclass(frozen=True)
class Failure:
    """An attempt that raised.

    Attributes
    ----------
    attempt : Attempt
    error : Exception
    hint : str
        What may help.
    """

    attempt: Attempt
    error: Exception
    hint: str = ""


class Judge:
    """Tries a function and reads what it returns.

    Parameters
    ----------
    derivation : Derivation
    subject : Subject
    given : Given
    names : mapping of str to str
        What keys of the returned value stand for.
    rng : numpy.random.Generator
    """

    def __init__(
        self, derivation: Derivation, subject: Subject, given: Given, names: Mapping[str, str], rng: np.random.Generator
    ) -> None:
        network = derivation.network
        self._network, self._subject, self._given, self._names = network, subject, given, names
        self._rng = rng
        self._derivation = derivation
        self._lines = backward_lines(self._derivation)
        self._drawn = drawn_values(network, rng)
        self._one = drawn_values(network, rng, samples=1)
        self._traces: dict[int, Trace] = {}
        self._wanted = [f"d{name}" for name in network.parameter_shapes]

    def verdict(self, layout: str | None) -> tuple[Reading, Explainer, Story] | Failure:
        """The reading, in the form that explains best what the function returns; or the failure that came farthest.

        Raises
        ------
        ValueError
            If what is given fits no form, or what is returned cannot be read.
        """
        failed: list[Failure] = []
        unread: list[ValueError] = []
        found: list[Reading] = []
        if layout != "sample":
            found = self._readings(forms(self._network, layout), self._drawn, failed, unread)
        if layout == "sample" or (layout is None and self._given.X is None and self._is_for_one_sample(found)):
            found += self._readings(single_forms(), self._one, failed, unread)
        if found:
            return self._best(found)
        if unread:
            raise unread[0]
        farthest = max(failed, key=lambda failure: reached(failure.error))
        return with_fields(farthest, hint=self._broadcast_hint(layout))

    def _readings(
        self,
        candidates: Iterator[Form],
        drawn: Values,
        failed: list[Failure],
        unread: list[ValueError],
    ) -> list[Reading]:
        """Every reading of every attempt that ran; only the first in which all is right, if there is one."""
        found: list[Reading] = []
        fits_nothing = True
        for form in candidates:
            values = given_values(self._network, form, self._given, drawn, self._names)
            if values is None:
                continue
            fits_nothing = False
            supply = Supply(self._network, self._trace(values), form, self._given.as_is)
            for attempt in self._subject.attempts(supply):
                if attempt.error is not None:
                    failed.append(Failure(attempt, attempt.error))
                    continue
                try:
                    named = readings(attempt.returned, self._network, self._names)
                except ValueError as error:
                    unread.append(error)
                    continue
                judged = [self._judged(attempt, reading) for reading in named]
                for reading in judged:
                    if reading.right == len(self._wanted):
                        return [reading]
                found += judged
                if any(reading.fitting == len(self._wanted) for reading in judged):
                    break
        if fits_nothing:
            raise ValueError(self._given.misfit(self._network))
        return found

    def _broadcast_hint(self, layout: str | None) -> str:
        """What to say where the function fails with labels of shape (n,), but runs with labels of shape (n, 1)."""
        given = self._given
        if given.Y is None or np.ndim(given.Y) != 1 or self._network.widths[-1] != 1:
            return ""
        column = with_fields(given, Y=np.asarray(given.Y)[:, None])
        if not Judge(self._derivation, self._subject, column, self._names, self._rng).runs(layout):
            return ""
        n = len(np.asarray(given.Y))
        return f"\n    it runs with Y of shape ({n}, 1): {KINDS['broadcasting']}"

    def runs(self, layout: str | None) -> bool:
        """Whether the function runs in any form for a batch."""
        return bool(self._readings(forms(self._network, layout), self._drawn, [], []))

    def _trace(self, values: Values) -> Trace:
        """Every value of one step; drawn values are the same in every form."""
        drawn = values is self._drawn or values is self._one
        if not drawn:
            return values.trace(self._network)
        if id(values) not in self._traces:
            self._traces[id(values)] = values.trace(self._network)
        return self._traces[id(values)]

    def _judged(self, attempt: Attempt, reading: Mapping[str, Any]) -> Reading:
        claims = {}
        for name in self._wanted:
            if name in reading:
                try:
                    array = np.asarray(reading[name])
                except Exception:  # noqa: BLE001  an object of the reader's may raise anything; it is no array
                    array = np.asarray(np.nan)
                claims[name] = array if array.dtype.kind in "biuf" else np.asarray(np.nan)
        explainer = self._explainer(attempt, claims)
        right = sum(explainer.agrees(name) for name in claims)
        fitting = sum(explainer.fits(name) for name in claims)
        return Reading(attempt, claims, fitting, right)

    def _explainer(self, attempt: Attempt, claims: Mapping[str, NDArray[np.generic]]) -> Explainer:
        trace = attempt.supply.trace
        world = World(self._lines, trace)
        forward = {equation.left.name: equation.left for equation in self._derivation.forward}
        forward = {symbol.name: symbol for symbol in trace.equations.inputs if symbol.name == "X"} | forward
        catalogue = Catalogue(self._network, self._lines, forward, len(trace["X"]))
        return Explainer(world, catalogue, attempt.supply.form, claims)

    def _is_for_one_sample(self, found: list[Reading]) -> bool:
        """Whether nothing ran on a batch, or no bias gradient is summed over it and no weight gradient right."""

        def unsummed(reading: Reading) -> bool:
            n = len(reading.attempt.supply.trace["X"])
            biases = {name: claim for name, claim in reading.claims.items() if name[1] == "b"}
            return reading.right == 0 and all(
                claim.size == self._network.widths[int(name[2:])] * n for name, claim in biases.items()
            )

        return not found or any(unsummed(reading) for reading in found)

    def _best(self, found: list[Reading]) -> tuple[Reading, Explainer, Story]:
        """The reading whose story has the fewest slips, of those with the most arrays that fit."""
        found = sorted(found, key=lambda reading: (-len(reading.claims), -reading.fitting, -reading.right))
        told: list[tuple[Reading, Explainer, Story]] = []
        for reading in found[:MOST_EXPLAINED]:
            if any(_same_numbers(reading, earlier) for earlier, _, _ in told):
                continue
            explainer = self._explainer(reading.attempt, reading.claims)
            told.append((reading, explainer, explainer.best_story(self._network.depth)))
        return min(told, key=lambda item: (-len(item[0].claims), item[2].cost))


def _same_numbers(one: Reading, other: Reading) -> bool:
    """Whether two readings differ in how biases and labels were handed over, but not in what came back."""
    forms_ = [(reading.attempt.supply.form.samples, reading.attempt.supply.form.weights) for reading in (one, other)]
    return forms_[0] == forms_[1] and all(
        np.array_equal(np.squeeze(claim), np.squeeze(other.claims.get(name, np.nan)), equal_nan=True)
        for name, claim in one.claims.items()
    )
