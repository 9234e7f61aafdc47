"""A small batch worked through with numbers: every equation filled in, one step taken, the cost before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chainrule.calculus import Derivation
from chainrule.calculus.equations import Equation
from chainrule.calculus.forward import COST, parameters
from chainrule.calculus.presentation import Example
from chainrule.calculus.updates import optimiser_memory
from chainrule.expressions.terms import SAMPLES, Symbol
from chainrule.notation.document.pen import Pen
from chainrule.notation.document.prose import sentence
from chainrule.notation.document.values import Block, Chain, Link, Section
from chainrule.notation.tree import Dots, Letter, Mark, Matrix, Node, Num, negated, rewritten
from chainrule.notation.writing import Writer

DIGITS = 4
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
    derivation = replace(pen.derivation, layout="columns") if pen.layout == "index" else pen.derivation
    filling = _Filling(derivation, replace(pen.writer, layout=derivation.layout), starting_values(derivation, example))
    following = dict(filling.values) | {p.name: filling.trace[f"{p.name}+"] for p in parameters(derivation.network)}
    after = float(derivation.trace(following)[COST])
    before = float(filling.trace[COST])
    told = "fell" if after < before else "rose: the learning rate is too large for this batch"
    size = f"{len(example.X)} samples" if len(example.X) > 1 else "one sample"
    blocks: list[Block] = [
        sentence(
            f"With {size}, the learning rate {example.rate:g}, and the parameters below. "
            f"Numbers are rounded to {DIGITS} digits."
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
    """Parameters of one decimal that vary from entry to entry; nothing dropped; every sample of weight 1."""
    n, shapes = len(example.X), derivation.network.parameter_shapes
    values: Values = {"X": example.X, "Y": example.Y, "eta": example.rate, "t": 1.0, "w": [1.0] * n}
    for number, (name, shape) in enumerate(shapes.items()):
        values[name] = _pattern(shape, number) if len(shape) == 2 else [0.1] * shape[0]
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
        links = [Link(right), Link(filled), Link(self._matrix(equation.left), sign="≈")]
        if links[-1].right == filled or filled == right:
            del links[1]
        return Chain(left, tuple(links), "numbers", name=equation.left.name)

    def _letter(self, symbol: Symbol) -> Node:
        return self.writer.symbols.letter(symbol.name, small=self.writer.layout == "sample" and SAMPLES in symbol.axes)

    def _matrix(self, symbol: Symbol) -> Node:
        value = self.trace[symbol.name]
        axes = symbol.axes
        if self.writer.layout == "sample" and SAMPLES in axes:
            value, axes = value[0], axes[1:]
        if not axes:
            return figure(float(value))
        if len(axes) == 1:
            return _matrix([[float(entry)] for entry in value])
        return _matrix((value if self.writer.layout == "rows" else value.T).tolist())


def figure(value: float) -> Node:
    """A number of four digits."""
    text = f"{abs(value):.{DIGITS}g}"
    return negated(Num(text)) if value < 0 and float(text) else Num(text)


def _matrix(rows: list[list[float]]) -> Matrix:
    """Entries, the middle of a long row or column left out."""
    shown = [_shortened([figure(entry) for entry in row]) for row in rows]
    if len(shown) > MOST_SHOWN:
        dots: list[Node] = [Dots()] * len(shown[0])
        shown = [*shown[: MOST_SHOWN - 2], dots, shown[-1]]
    return Matrix(tuple(tuple(row) for row in shown))


def _shortened(row: list[Node]) -> list[Node]:
    return row if len(row) <= MOST_SHOWN else [*row[: MOST_SHOWN - 2], Dots(), row[-1]]


def _losses(pen: Pen, values: Values, cost: float) -> list[Block]:
    """ℓ of every sample, and J."""
    inputs = {symbol.name for symbol in pen.sample.equations.inputs}
    chains: list[Block] = []
    for row in range(len(values["X"])):
        of_sample = {
            name: [value[row]] if name in ("X", "Y") or name.startswith("M") else value
            for name, value in values.items()
            if name in inputs
        }
        loss = float(pen.sample.trace(of_sample)[COST])
        mark = (Mark(str(row + 1), "round"),) if pen.batch else ()
        chains.append(Chain(Letter(pen.symbols.letters["ell"], upper=mark), (Link(figure(loss)),), "numbers"))
    if pen.batch:
        chains.append(Chain(pen.symbols.cost, (Link(figure(cost)),), "numbers", name=COST))
    return chains
