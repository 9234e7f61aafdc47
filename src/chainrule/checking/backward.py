"""Checking somebody's backward function: which gradient is wrong, and in which way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule.calculus import derive
from chainrule.checking.backward_report import HINTS, BackwardReport, Hint
from chainrule.checking.calling import roles_of
from chainrule.checking.given import Given
from chainrule.checking.judging import Failure, Judge
from chainrule.checking.supplying import NamedArrays
from chainrule.checking.telling import failure_report, tell
from chainrule.checking.trying import Subject, described
from chainrule.checking.worlds import backward_lines
from chainrule.network import Network

LAYOUTS = ("rows", "columns", "sample")


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
    verdict = Judge(derivation, subject, given, names, np.random.default_rng(seed)).verdict(layout)
    if isinstance(verdict, Failure):
        return failure_report(network, verdict.attempt, described(verdict.error) + verdict.hint)
    reading, explainer, story = verdict
    last = subject.run(reading.attempt.supply, *reading.attempt.containers)  # once more, not silenced
    return tell(network, backward_lines(derivation), reading, last, explainer, story)


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
