"""A small batch worked through with numbers: every equation filled in, one step taken, the cost before and after."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.calculus import Derivation
from chainrule.calculus.equations import Equation
from chainrule.calculus.example import Example
from chainrule.calculus.forward import COST, parameters, prediction
from chainrule.calculus.updates import optimiser_memory
from chainrule.expressions.terms import Symbol, symbols
from chainrule.notation.document.declaring import cost_chain
from chainrule.notation.document.pen import Pen
from chainrule.notation.document.prose import sentence
from chainrule.notation.document.values import Block, Chain, Link, Section
from chainrule.notation.layouts import LAYOUTS
from chainrule.notation.tree import (
    Dots,
    Fraction,
    Letter,
    Mark,
    Matrix,
    Node,
    Num,
    Power,
    Product,
    Sum,
    negated,
    rewritten,
)
from chainrule.notation.writing import Writer

DIGITS = 4
NOISE = 1e-13  # what floating point leaves where numbers of ordinary size cancel
MOST_SHOWN = 6
Values = dict[str, Any]


def worked_section(pen: Pen, example: Example) -> Section:
    """The equations of `pen` with numbers in them.

    Raises
    ------
    ValueError
        If one sample is written about and the example has several.
    """
    if not pen.batch and len(example.X) > 1:
        raise ValueError(f"example: layout='sample' works through one sample, got {len(example.X)}")
    derivation = replace(pen.derivation, layout=pen.layout.of_matrices)
    filling = _Filling(derivation, replace(pen.writer, layout=derivation.layout), starting_values(derivation, example))
    following = dict(filling.values) | {p.name: filling.trace[f"{p.name}+"] for p in parameters(derivation.network)}
    after = float(derivation.trace(following)[COST])
    before = float(filling.trace[COST])
    told = "fell" if after < before else "rose: the learning rate is too large for this batch"
    size = f"{len(example.X)} samples" if len(example.X) > 1 else "one sample"
    blocks: list[Block] = [
        sentence(
            f"With {size}, the learning rate {example.rate:g}, and the parameters below. "
            f"Computed numbers are written with {DIGITS} digits; = stands where nothing is rounded."
        ),
        *filling.givens(),
        sentence("Forward:"),
        *(filling.chain(equation) for equation in derivation.forward),
        sentence("The losses of the samples and the cost:"),
        *_losses(pen, filling.values, before),
        sentence("Backward:"),
        *(filling.chain(equation) for equation in derivation.backward),
        sentence("One step:"),
        *(filling.chain(equation) for equation in derivation.updates),
        sentence("The cost was ", figure(before), " before the step and is ", figure(after), f" after it: it {told}."),
    ]  # fmt: skip
    return Section(("Worked with numbers",), tuple(blocks), "worked")


def starting_values(derivation: Derivation, example: Example) -> Values:
    """The example's parameters, or some of one decimal that vary; nothing dropped; every sample of weight 1."""
    n, shapes = len(example.X), derivation.network.parameter_shapes
    values: Values = {"X": example.X, "Y": example.Y, "eta": example.rate, "t": 1.0, "w": [1.0] * n}
    for number, (name, shape) in enumerate(shapes.items()):
        values[name] = _pattern(shape, number) if len(shape) == 2 else [0.1] * shape[0]
    values |= dict(example.parameters)
    sizes = dict(derivation.equations.sizes)
    for symbol in derivation.equations.inputs:
        if symbol.name.startswith("M"):
            values[symbol.name] = [[1.0] * sizes[symbol.axes[1]]] * n
    for memory in optimiser_memory(derivation.optimiser, parameters(derivation.network)):
        shape = shapes[memory.parameter.name]
        zeros = [[0.0] * shape[1]] * shape[0] if len(shape) == 2 else [0.0] * shape[0]
        values[memory.symbol.name] = values[memory.parameter.name] if memory.starts_as_parameter else zeros
    wanted = {symbol.name for symbol in derivation.equations.inputs} - dict(derivation.equations.constants).keys()
    return {name: value for name, value in values.items() if name in wanted}


def _pattern(shape: tuple[int, ...], start: int) -> list[list[float]]:
    rows, columns = shape
    return [[((7 * (r * columns + c) + 5 * start + 3) % 19 - 9) / 10 for c in range(columns)] for r in range(rows)]


class _Filling:
    """A derivation with a value for every letter."""

    def __init__(self, derivation: Derivation, writer: Writer, values: Values) -> None:
        self.derivation, self.writer, self.values = derivation, writer, values
        self.layout = LAYOUTS[writer.layout]
        self.trace: Mapping[str, Any] = derivation.trace(values)
        symbols = writer.symbols
        every = {*derivation.equations.inputs, *(equation.left for equation in derivation.equations)}
        self.numbers: dict[Node, Node] = {Letter(symbols.samples): Num(str(len(values["X"])))}
        for symbol in sorted(every, key=lambda symbol: symbol.name):
            for small in (False, bool(symbol.axes)):
                self.numbers[symbols.letter(symbol.name, small=small)] = self._matrix(symbol)

    def givens(self) -> list[Block]:
        """What is given: data and parameters."""
        named = {symbol.name: symbol for symbol in self.derivation.equations.inputs}
        shown = [named[name] for name in ("X", "Y") if name in named] + parameters(self.derivation.network)
        return [Chain(self._letter(symbol), (Link(self._matrix(symbol)),), "numbers") for symbol in shown]

    def chain(self, equation: Equation) -> Chain:
        """left = right = right with numbers = its value."""
        left, right = self.writer.equation(equation).sides
        filled = rewritten(right, self.numbers.get)
        exact = all(map(is_short, np.ravel(self.trace[equation.left.name])))
        links = [Link(right), Link(filled), Link(self._matrix(equation.left), sign="=" if exact else "≈")]
        if links[-1].right == filled or filled == right:
            del links[1]
        return Chain(left, tuple(links), "numbers", name=equation.left.name)

    def _letter(self, symbol: Symbol) -> Node:
        return self.writer.symbols.letter(symbol.name, small=self.layout.is_small(symbol.axes))

    def _matrix(self, symbol: Symbol) -> Node:
        value = self.trace[symbol.name]
        axes = symbol.axes
        if self.layout.is_small(axes):
            value, axes = value[0], axes[1:]
        given = symbol.name in self.values
        if not axes:
            return figure(float(value), given=given)
        if len(axes) == 1:
            return _matrix([[float(entry)] for entry in value], given=given)
        return _matrix((value if self.layout.as_in_code else value.T).tolist(), given=given)


def is_short(value: float) -> bool:
    """Whether four digits are all that a number has, but for the noise of floating point."""
    return math.isclose(float(f"{value:.{DIGITS}g}"), value, rel_tol=1e-12, abs_tol=NOISE)


def figure(value: float, *, given: bool = False) -> Node:
    """A number of four digits: as short as it is where it has no more, with its zeros where it was rounded.

    What is given, and not computed, keeps up to ten digits.
    """
    size = abs(value) if given or abs(value) > NOISE else 0.0
    text = f"{size:.10g}" if given else f"{size:.{DIGITS}g}" if is_short(value) else f"{size:#.{DIGITS}g}"
    digits, _, power = text.partition("e")
    if power and -4 <= int(power) < 6:  # 12345.6 is 12350, not 1.235e+04
        digits, power = f"{float(text):.0f}", ""
    node: Node = Num(digits.removesuffix("."))
    if power:
        exponent = Num(str(abs(int(power))))
        node = Product((node, Power(Num("10"), negated(exponent) if int(power) < 0 else exponent)), ("·",))
    return negated(node) if value < 0 and float(text) else node


def _matrix(rows: list[list[float]], *, given: bool) -> Matrix:
    """Entries, the middle of a long row or column left out."""
    shown = [_shortened([figure(entry, given=given) for entry in row]) for row in rows]
    if len(shown) > MOST_SHOWN:
        dots: list[Node] = [Dots()] * len(shown[0])
        shown = [*shown[: MOST_SHOWN - 2], dots, shown[-1]]
    return Matrix(tuple(tuple(row) for row in shown))


def _shortened(row: list[Node]) -> list[Node]:
    return row if len(row) <= MOST_SHOWN else [*row[: MOST_SHOWN - 2], Dots(), row[-1]]


def _losses(pen: Pen, values: Values, cost: float) -> list[Block]:
    """ℓ of every sample with its numbers put in, and J."""
    inputs = {symbol.name for symbol in pen.sample.equations.inputs}
    chains: list[Block] = []
    losses: list[Node] = []
    for row in range(len(values["X"])):
        of_sample = {
            name: [value[row]] if name in ("X", "Y") or name.startswith("M") else value
            for name, value in values.items()
            if name in inputs
        }
        trace = pen.sample.trace(of_sample)
        mark = (Mark(str(row + 1), "round"),) if pen.batch else ()
        losses.append(figure(float(trace[COST])))
        of_one = (Link(_loss_with_numbers(pen, trace)), Link(losses[-1], sign="≈"))
        chains.append(Chain(Letter(pen.symbols.letters["ell"], upper=mark), of_one, "numbers"))
    if pen.batch:
        network, right = pen.derivation.network, figure(cost)
        links: tuple[Link, ...] = (Link(right, sign="≈"),)
        if not (network.penalty or network.sample_weights):
            added = losses[0] if len(losses) == 1 else Sum(tuple(losses), (False,) * len(losses))
            mean = added if network.reduction == "sum" else Fraction(added, Num(str(len(losses))))
            links = (*cost_chain(pen).links, Link(mean), *links)
        chains.append(Chain(pen.symbols.cost, links, "numbers", name=COST))
    return chains


def _loss_with_numbers(pen: Pen, trace: Mapping[str, Any]) -> Node:
    """The loss of one sample, a term for each output, its letters replaced by their values."""
    loss, network = pen.derivation.network.loss, pen.derivation.network
    predicted = prediction(network)
    term = loss.over(loss.definition, predicted)
    letters = pen.indices(predicted)
    written = pen.entry(term, letters)
    terms: list[Node] = []
    negative: list[bool] = []
    for output in range(network.widths[-1]):
        numbers: dict[Node, Node] = {}
        for symbol in symbols(term):
            value = trace[symbol.name]
            numbers[pen.entry(symbol, letters)] = figure(float(value[0][output] if value.ndim == 2 else value[output]))
        match rewritten(written, numbers.get):
            case Sum((of,), (True,)):
                terms, negative = [*terms, of], [*negative, True]
            case positive:
                terms, negative = [*terms, positive], [*negative, False]
    return terms[0] if negative == [False] else Sum(tuple(terms), tuple(negative))
