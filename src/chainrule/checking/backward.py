"""Checking somebody's backward function: which gradient is wrong, and in which way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as with_fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.calculus import Derivation, derive
from chainrule.checking.backward_code import Writer
from chainrule.checking.backward_report import HINTS, BackwardReport, FoundSlip, Hint, ReturnedArray
from chainrule.checking.calling import roles_of
from chainrule.checking.catalogue import Catalogue
from chainrule.checking.drawing import Values
from chainrule.checking.explaining import Explainer, Outcome, Story, single_precision
from chainrule.checking.forms import Form
from chainrule.checking.given import Given, drawn_values, given_values
from chainrule.checking.reading import readings
from chainrule.checking.slips import KINDS, Slip
from chainrule.checking.supplying import NamedArrays, Supply
from chainrule.checking.trying import Attempt, Subject, described, forms, reached, single_forms
from chainrule.checking.worlds import World, backward_lines
from chainrule.engines.reference import Trace
from chainrule.network import Network

Array = NDArray[np.float64]

LAYOUTS = ("rows", "columns", "sample")
MOST_EXPLAINED = 6  # readings of what was returned that are compared by their stories


def check_backward(
    network: Network,
    function: Callable[..., Any],
    params: Any = None,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    masks: Mapping[str, ArrayLike] | None = None,
    layout: str | None = None,
    names: Mapping[str, str] | None = None,
    call: Callable[[Callable[..., Any], NamedArrays], Any] | None = None,
    seed: int = 0,
) -> BackwardReport:
    """Find which gradients of somebody's backward function are wrong, in which line, and by what kind of slip.

    Parameters
    ----------
    network : Network
        What the function differentiates: its layers, loss and penalty, as declared.
    function : callable
        Takes parameters, data, or a cache of the forward pass, and returns gradients: as a dict, tuple, list or
        object.  What its arguments stand for is read from their names: ``params``, ``W1`` or ``theta1``, ``X``,
        ``y``, ``cache``, ``Z1``, ``m``, ….
    params : optional
        Parameters in the function's own form; drawn when not given, as is all other data.
    X, Y : array, optional
        Data in the function's own form, passed on as they are.
    sample_weight : array of shape (n,), optional
    masks : mapping of str to array, optional
        Dropout masks, samples in rows.
    layout : {"rows", "columns", "sample"}, optional
        Where samples are in X; found by trial when not given.
    names : mapping of str to str, optional
        What arguments, or keys of the returned value, stand for: ``{"inp": "X", "g1": "dW1"}``.
    call : callable, optional
        How to call the function: ``lambda function, v: function(v["W1"], v["X"])``, for arrays by their names in
        `layout`.
    seed : int

    Returns
    -------
    BackwardReport
        Its `items` are the returned arrays, its `slips` the lines that are wrong.  An exception that the function
        raises is in `failure`.

    Raises
    ------
    TypeError
        If the network is no `Network`.
    ValueError
        If it cannot be told what an argument or a returned array stands for, or the data does not fit the network.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule import Network, check_backward
    >>> def backward(W1, b1, X, Y):
    ...     A1 = 1 / (1 + np.exp(-(X @ W1 + b1)))
    ...     dZ1 = A1 - Y
    ...     return {"dW1": X.T @ dZ1 / len(X), "db1": dZ1.sum(axis=0)}
    >>> net = Network.parse("3 -> 2 sigmoid", loss="bce")
    >>> report = check_backward(net, backward)
    >>> [(item.name, item.verdict) for item in report.items]
    [('dW1', 'right'), ('db1', 'wrong')]
    >>> report.slips[0].kind, report.slips[0].correct
    ('1/m missing', 'db1 = np.sum(dZ1, axis=0)')
    """
    if not callable(function):
        raise ValueError(f"function must be callable, got {type(function).__name__}")
    if layout is not None and layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, got {layout!r}")
    derivation = derive(network)
    names = dict(names or {})
    roles = {} if call else roles_of(function, network, names)
    subject = Subject(function, roles, call)
    given = Given(params, X, Y, sample_weight, masks)
    return _Check(derivation, subject, given, names, np.random.default_rng(seed)).report(layout)


def assert_backward_correct(
    network: Network, function: Callable[..., Any], *args: Any, hint: Hint = "answer", **options: Any
) -> None:
    """Raise AssertionError unless `check_backward` finds every gradient right: for pytest and for autograders.

    Parameters
    ----------
    network, function, *args, **options
        As for `check_backward`.
    hint : {"verdict", "array", "kind", "answer"}
        How much the message tells: right or wrong; which array; what kind of slip; the right line.

    Raises
    ------
    AssertionError
        With the hint as its message.
    ValueError
        As `check_backward`, and for another hint.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule import Network, assert_backward_correct
    >>> def backward(W1, b1, X, Y):
    ...     return {"dW1": X.T @ (X @ W1 + b1 - Y), "db1": np.sum(X @ W1 + b1 - Y, axis=0)}
    >>> net = Network.parse("3 -> 2 identity", loss="squared-error", reduction="sum")
    >>> assert_backward_correct(net, backward)
    >>> net = Network.parse("3 -> 2 identity", loss="squared-error")
    >>> assert_backward_correct(net, backward, hint="verdict")
    Traceback (most recent call last):
    AssertionError: the gradients are wrong
    """
    if hint not in HINTS:
        raise ValueError(f"hint must be one of {', '.join(HINTS)}, got {hint!r}")
    report = check_backward(network, function, *args, **options)
    if not report:
        raise AssertionError(report.hint(hint))


@dataclass(frozen=True)
class _Reading:
    """Gradients as read from one attempt, and the story that explains them."""

    attempt: Attempt
    claims: Mapping[str, NDArray[np.generic]]
    fitting: int
    right: int


class _Check:
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

    def report(self, layout: str | None) -> BackwardReport:
        """The verdict in the form that explains best what the function returns."""
        failed: list[tuple[Attempt, Exception]] = []
        unread: list[ValueError] = []
        found: list[_Reading] = []
        if layout != "sample":
            found = self._readings(forms(self._network, layout), self._drawn, failed, unread)
        if layout == "sample" or (layout is None and self._given.X is None and self._is_for_one_sample(found)):
            found += self._readings(single_forms(), self._one, failed, unread)
        if not found:
            if unread:
                raise unread[0]
            farthest, error = max(failed, key=lambda failure: reached(failure[1]))
            text = described(error) + self._broadcast_hint(layout)
            return BackwardReport(str(self._network), self._form_text(farthest), (), failure=text)
        return self._told(*self._best(found))

    def _readings(
        self,
        candidates: Iterator[Form],
        drawn: Values,
        failed: list[tuple[Attempt, Exception]],
        unread: list[ValueError],
    ) -> list[_Reading]:
        """Every reading of every attempt that ran; only the first in which all is right, if there is one."""
        found: list[_Reading] = []
        fits_nothing = True
        for form in candidates:
            values = given_values(self._network, form, self._given, drawn, self._names)
            if values is None:
                continue
            fits_nothing = False
            supply = Supply(self._network, self._trace(values), form, self._given.as_is)
            for attempt in self._subject.attempts(supply):
                if attempt.error is not None:
                    failed.append((attempt, attempt.error))
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
        if not _Check(self._derivation, self._subject, column, self._names, self._rng).runs(layout):
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

    def _judged(self, attempt: Attempt, reading: Mapping[str, Any]) -> _Reading:
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
        return _Reading(attempt, claims, fitting, right)

    def _explainer(self, attempt: Attempt, claims: Mapping[str, NDArray[np.generic]]) -> Explainer:
        trace = attempt.supply.trace
        world = World(self._lines, trace)
        forward = {equation.left.name: equation.left for equation in self._derivation.forward}
        forward = {symbol.name: symbol for symbol in trace.equations.inputs if symbol.name == "X"} | forward
        catalogue = Catalogue(self._network, self._lines, forward, len(trace["X"]))
        return Explainer(world, catalogue, attempt.supply.form, claims)

    def _is_for_one_sample(self, found: list[_Reading]) -> bool:
        """Whether nothing ran on a batch, or no bias gradient is summed over it and no weight gradient right."""

        def unsummed(reading: _Reading) -> bool:
            n = len(reading.attempt.supply.trace["X"])
            biases = {name: claim for name, claim in reading.claims.items() if name[1] == "b"}
            return reading.right == 0 and all(
                claim.size == self._network.widths[int(name[2:])] * n for name, claim in biases.items()
            )

        return not found or any(unsummed(reading) for reading in found)

    def _best(self, found: list[_Reading]) -> tuple[_Reading, Explainer, Story]:
        """The reading whose story has the fewest slips, of those with the most arrays that fit."""
        found = sorted(found, key=lambda reading: (-len(reading.claims), -reading.fitting, -reading.right))
        told = []
        for reading in found[:MOST_EXPLAINED]:
            explainer = self._explainer(reading.attempt, reading.claims)
            told.append((reading, explainer, explainer.best_story(self._network.depth)))
        return min(told, key=lambda item: (-len(item[0].claims), item[2].cost))

    def _told(self, reading: _Reading, explainer: Explainer, story: Story) -> BackwardReport:
        attempt = self._subject.run(reading.attempt.supply, *reading.attempt.containers)  # once more, not silenced
        form = attempt.supply.form
        outcomes = {outcome.name: outcome for outcome in story.outcomes}
        items = tuple(self._item(name, reading, explainer, outcomes.get(name)) for name in self._wanted)
        notes = []
        if any(single_precision(claim) for claim in reading.claims.values()) and any(i.error > 1e-12 for i in items):
            notes.append("computed in single precision: differences up to 2e-4 of an array's size are its rounding")
        if attempt.mutated:
            notes.append(f"the function changes its inputs: {', '.join(attempt.mutated)}")
        if form.samples == "one" and not self._given.X:
            notes.append("judged for one sample at a time, as none of its bias gradients is summed over a batch")
        slips = tuple(self._slips(story, form))
        return BackwardReport(str(self._network), self._form_text(attempt), items, slips, tuple(notes))

    def _item(self, name: str, reading: _Reading, explainer: Explainer, outcome: Outcome | None) -> ReturnedArray:
        layer = int(name[2:])
        if name not in reading.claims or outcome is None:
            return ReturnedArray(name, layer, "missing", np.inf)
        claim, expected = reading.claims[name], explainer.expected(name)
        note = ""
        if not np.isfinite(claim).all():
            note = KINDS["not finite"]
        elif outcome.verdict == "unknown":
            fits = explainer.fits(name)
            note = KINDS["unknown"] if fits else f"its shape is {claim.shape}, and must be {expected.shape}"
        roots = ", ".join(dict.fromkeys(root.line for root in outcome.roots))
        line = outcome.slip.line if outcome.slip else roots
        return ReturnedArray(name, layer, outcome.verdict, explainer.error(name), line, note)

    def _slips(self, story: Story, form: Form) -> Iterator[FoundSlip]:
        writer = Writer(form)
        by_line: dict[tuple[str, str], tuple[Slip, list[Outcome]]] = {}
        for outcome in story.outcomes:
            if outcome.slip is not None:
                key = outcome.slip.line, outcome.slip.kind
                by_line.setdefault(key, (outcome.slip, []))[1].append(outcome)
        for (line, kind), (slip, outcomes) in by_line.items():
            also = dict.fromkeys(
                other.kind if other.line == line else f"{other.kind} in {other.line}"
                for outcome in outcomes
                for other in outcome.also
                if (other.kind, other.line) != (kind, line)
            )
            arrays = tuple(outcome.name for outcome in outcomes)
            correct = writer.equation(self._lines[line])
            yield FoundSlip(line, int(line[2:]), kind, slip.words, arrays, tuple(also), correct)

    def _form_text(self, attempt: Attempt) -> str:
        packed = [text for text in attempt.containers if text]
        return "; ".join([str(attempt.supply.form), *packed])
