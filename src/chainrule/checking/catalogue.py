"""The catalogue of slips, generated from a derivation: the ways in which one of its lines is often written wrongly."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from chainrule.calculus.equations import Equation
from chainrule.calculus.forward import divisor, prediction
from chainrule.checking.forms import OTHER_SAMPLES
from chainrule.checking.misremembered import misremembered
from chainrule.checking.slips import AND, FITTED, SHIFTED_DOWN, SHIFTED_UP, Slip, relabelled
from chainrule.expressions.activations import ACTIVATIONS, Activation, Softmax
from chainrule.expressions.derivatives import computed_derivative, differentiate
from chainrule.expressions.functions import Function
from chainrule.expressions.losses import LOSSES, Loss
from chainrule.expressions.terms import (
    ONE,
    SAMPLES,
    ZERO,
    Apply,
    Call,
    Reduce,
    Size,
    Symbol,
    Term,
    matrix_product,
    mul,
    replace,
    symbols,
    term,
    total,
    units,
    walk,
)
from chainrule.network import Network

Lines = Mapping[str, Equation]


class Catalogue:
    """The slips of one network's backward pass, line by line.

    Parameters
    ----------
    network : Network
    lines : mapping of str to Equation
        The backward pass.
    forward : mapping of str to Symbol
        All values of the forward pass.
    samples : int
        The number of samples: some slips are possible only where it equals a width.
    """

    def __init__(self, network: Network, lines: Lines, forward: Mapping[str, Symbol], samples: int) -> None:
        self._network, self._lines, self._forward = network, lines, forward
        self._lengths = {SAMPLES: samples} | {units(number): width for number, width in enumerate(network.widths)}
        self._s = divisor(network)

    def of_layer(self, layer: int) -> Iterator[Slip]:
        """Slips in ∂J/∂Z of a layer and in the lines between it and the layer after it."""
        yield from self._on_the_way_back(layer)
        yield from self._of_delta(layer)

    def of_weights(self, layer: int) -> Iterator[Slip]:
        """Slips in the line of ∂J/∂W alone."""
        line = f"dW{layer}"
        right = self._lines[line].right
        data = next(node for node in walk(right) if isinstance(node, Reduce))
        penalty = replace(right, {data: ZERO})
        yield Slip("transpose", line, right, transposed=True)
        yield from self._factors(line, right)
        if symbols(penalty):
            yield from self._divisions_of_data(line, data, penalty)
        yield from self._of_factors(line, layer, data, penalty)
        W = Symbol(f"W{layer}", right.axes)
        if symbols(penalty):
            yield Slip("penalty missing", line, data)
            yield Slip("penalty doubled", line, data + 2 * penalty)
            yield Slip("penalty halved", line, data + penalty / 2)
            yield Slip("penalty sign", line, data - penalty)
            if self._s is not None:
                changed = penalty * self._s if self._network.penalty.divided else penalty / self._s
                yield Slip("penalty divisor", line, data + changed)
        yield Slip("penalty strength", line, right + FITTED * W)
        yield Slip("constant factor", line, FITTED * right)

    def of_bias(self, layer: int) -> Iterator[Slip]:
        """Slips in the line of ∂J/∂b alone."""
        line, axis = f"db{layer}", units(layer)
        right = self._lines[line].right
        dZ, b = Symbol(f"dZ{layer}", (SAMPLES, axis)), Symbol(f"b{layer}", (axis,))
        yield from self._factors(line, right)
        yield Slip("not summed", line, dZ)
        yield Slip("wrong axis", line, total(dZ, (axis,)), "over the units")
        yield Slip("summed over everything", line, total(dZ, dZ.axes))
        yield Slip("summed over everything", line, total(dZ, dZ.axes) / (Size(SAMPLES) * Size(axis)), "a mean")
        for other, detail in self._other_deltas(layer):
            kind = "f' missing" if other.name == f"dA{layer}" else "delta of another layer"
            yield Slip(kind, line, total(other, (SAMPLES,)), detail)
        penalty = self._network.penalty
        if penalty:
            strength = Symbol("alpha") if penalty.l2 else Symbol("alpha1")
            divided = strength / self._s if penalty.divided and self._s is not None else strength
            yield Slip("penalty on biases", line, right + divided * b)
        yield Slip("penalty on biases", line, right + FITTED * b)
        yield Slip("constant factor", line, FITTED * right)

    def _factors(self, line: str, right: Term) -> Iterator[Slip]:
        """Constant factors, alone and together with one another."""
        n = Size(SAMPLES) if self._s is None else self._s
        signs: dict[str, Term] = {"": right, "sign": -right}
        halves: dict[str, Term] = {"": ONE, "factor 2": term(2), "factor 1/2": term(0.5)}
        divisions: dict[str, Term] = {"": ONE, "1/m doubled": 1 / n} | ({} if self._s is None else {"1/m missing": n})
        together = itertools.product(signs.items(), halves.items(), divisions.items())
        for kinds_and_terms in sorted(together, key=lambda choice: sum(bool(kind) for kind, _ in choice)):
            (_, signed), (_, factor), (_, division) = kinds_and_terms
            kinds = [kind for kind, _ in kinds_and_terms if kind]
            if kinds:
                yield Slip(AND.join(kinds), line, signed * factor * division)

    def _divisions_of_data(self, line: str, data: Term, penalty: Term) -> Iterator[Slip]:
        """1/m on the data's part of a line alone."""
        if self._s is not None:
            yield Slip("1/m missing", line, data * self._s + penalty)
        yield Slip("1/m doubled", line, data / (Size(SAMPLES) if self._s is None else self._s) + penalty)

    # ------------------------------------------------------------ ∂J/∂W is a product of two factors
    def _of_factors(self, line: str, layer: int, data: Reduce, penalty: Term) -> Iterator[Slip]:
        before, after = units(layer - 1), units(layer)
        dZ = Symbol(f"dZ{layer}", (SAMPLES, after))
        used = next(symbol for symbol in symbols(data) if symbol != dZ)
        for name, symbol in self._forward.items():
            if name[0] in "XAZD" and len(symbol.axes) == 2 and symbol != used:
                kind, detail = self._misplaced(symbol, used, layer), f"{name} in place of {used}"
                misplaced = self._in_place_of(symbol, used)
                if misplaced.axes == used.axes or not symbols(penalty):  # else the sum with the penalty fails
                    yield Slip(kind, line, matrix_product(misplaced, dZ, SAMPLES) + penalty, detail)
        for other, detail in self._other_deltas(layer):
            kind = "f' missing" if other.name == f"dA{layer}" else "delta of another layer"
            misplaced = self._in_place_of(other, dZ)
            distinct = not set(misplaced.axes) & set(used.axes) - {SAMPLES}
            if misplaced.axes == dZ.axes or (distinct and not symbols(penalty)):
                yield Slip(kind, line, matrix_product(used, misplaced, SAMPLES) + penalty, detail)
        kind = "elementwise for matrix product"
        if self._lengths[after] == 1:
            yield Slip(kind, line, Apply("mul", (used, dZ)))
        if self._lengths[after] == self._lengths[before]:
            yield Slip(kind, line, Apply("mul", (used, relabelled(dZ, used.axes))))

    def _in_place_of(self, symbol: Symbol, right: Symbol) -> Symbol:
        """A symbol where another belongs: of the same shape, its axes are taken for the other's."""
        same_shape = [self._lengths[axis] for axis in symbol.axes] == [self._lengths[axis] for axis in right.axes]
        return relabelled(symbol, right.axes) if same_shape and symbol.axes != right.axes else symbol

    @staticmethod
    def _misplaced(symbol: Symbol, used: Symbol, layer: int) -> str:
        if symbol.name == f"Z{layer - 1}":
            return "z for a"
        same = symbol.axes == used.axes and {symbol.name[0], used.name[0]} <= {"A", "D", "X"}
        return "dropout missing" if same else "a of another layer"

    def _other_deltas(self, layer: int) -> Iterator[tuple[Symbol, str]]:
        for name, equation in self._lines.items():
            if name[:2] in ("dZ", "dA") and name != f"dZ{layer}" and (name[1] == "Z" or name == f"dA{layer}"):
                yield equation.left, f"{name} in place of dZ{layer}"

    # ------------------------------------------------------------ from one layer back to the one before
    def _on_the_way_back(self, layer: int) -> Iterator[Slip]:
        if layer == self._network.depth:
            return
        line = f"dD{layer}" if f"dD{layer}" in self._lines else f"dA{layer}"
        here, after = units(layer), units(layer + 1)
        W = Symbol(f"W{layer + 1}", (here, after))
        dZ = Symbol(f"dZ{layer + 1}", (SAMPLES, after))
        dW = Symbol(f"dW{layer + 1}", W.axes)
        yield Slip("W already updated", line, matrix_product(dZ, W - FITTED * dW, after))
        if self._lengths[here] == self._lengths[after]:
            yield Slip("W not transposed", line, matrix_product(dZ, relabelled(W, (after, here)), after))
        if line[1] == "D":
            dD, dropped = self._lines[line].left, self._lines[f"dA{layer}"].right
            yield Slip("dropout mask missing", f"dA{layer}", replace(dropped, {Symbol(f"M{layer}", dD.axes): ONE}))
            yield Slip("dropout scale missing", f"dA{layer}", dD * Symbol(f"M{layer}", dD.axes))
            yield Slip("dropout missing", f"dA{layer}", dD, "on the way back")

    # ------------------------------------------------------------ ∂J/∂Z
    def _of_delta(self, layer: int) -> Iterator[Slip]:
        line = f"dZ{layer}"
        right = self._lines[line].right
        yield from self._factors(line, right)
        is_output = layer == self._network.depth
        if is_output:
            yield from self._of_output(line, right)
        activation = self._network.layers[layer - 1].activation
        if isinstance(activation, Function):
            yield from self._of_derivative(line, layer, right, activation, is_output)

    def _of_derivative(
        self, line: str, layer: int, right: Term, activation: Function, is_output: bool
    ) -> Iterator[Slip]:
        axes = (SAMPLES, units(layer))
        Z, A, dA = (Symbol(f"{letter}{layer}", axes) for letter in ("Z", "A", "dA"))
        if dA.name not in self._lines:
            return
        if activation.name != "identity":
            yield Slip("output delta without f'" if is_output else "f' missing", line, dA)
            yield Slip("f' at a", line, dA * Call(activation, A, 1))
            form = computed_derivative(activation)
            if Symbol("a") in symbols(form):
                yield Slip("f' in a, at z", line, dA * replace(form, {Symbol("a"): Z, Symbol("z"): Z}))
            yield Slip("output delta with extra f'" if is_output else "f' twice", line, right * Call(activation, Z, 1))
            yield Slip("output delta with extra f'" if is_output else "f' twice", line, right * Call(activation, A, 1))
            here: dict[Term, Term] = {Symbol("a"): A, Symbol("z"): Z}
            for slope in misremembered(form):
                detail = f"{replace(slope, here)}, not {replace(form, here)}"
                yield Slip("f' misremembered", line, dA * replace(slope, here), detail)
        others = {row.activation.name for row in self._network.layers} - {activation.name}
        for name, row in ACTIVATIONS.items():
            function = row if isinstance(row, Activation) else row()
            if isinstance(function, Function) and name not in (activation.name, "identity"):
                kind = "f' of another layer" if name in others else "f' of another function"
                yield Slip(kind, line, dA * Call(function, Z, 1), f"of {name}, not of {activation.name}")
                if is_output:
                    yield Slip("output delta with extra f'", line, right * Call(function, Z, 1), f"of {name}")
        for other in range(1, self._network.depth + 1):
            if other != layer and self._lengths[units(other)] == self._lengths[units(layer)]:
                foreign = relabelled(Symbol(f"Z{other}"), axes)
                detail = f"at Z{other}, not at Z{layer}"
                yield Slip("f' of another layer", line, dA * Call(activation, foreign, 1), detail)
        if activation.name != "identity":
            slope = Call(activation, relabelled(Z, (OTHER_SAMPLES, units(layer))), 1)
            yield Slip("matrix product for elementwise", line, matrix_product(dA, slope, units(layer)))
        if self._lengths[SAMPLES] == self._lengths[units(layer)] and activation.name != "identity":
            kind = "matrix product for elementwise"
            inner = relabelled(dA, (SAMPLES, OTHER_SAMPLES))
            slope = Call(activation, relabelled(Z, (OTHER_SAMPLES, units(layer))), 1)
            yield Slip(kind, line, matrix_product(inner, slope, OTHER_SAMPLES))

    def _of_output(self, line: str, right: Term) -> Iterator[Slip]:
        network, depth = self._network, self._network.depth
        yhat = prediction(network)
        Y, dyhat = Symbol("Y", yhat.axes), Symbol(f"d{yhat.name}", yhat.axes)
        if network.sample_weights:
            w = Symbol("w", (SAMPLES,))
            unweighted = replace(right, {w: ONE})
            yield Slip("sample weights missing", line, unweighted)
            if self._s is not None:
                yield Slip("sample weights missing", line, unweighted * self._s / Size(SAMPLES))
                yield Slip("n for the sum of weights", line, right * self._s / Size(SAMPLES))
        if network.widths[-1] > 1:
            for shifted, detail in ((SHIFTED_UP, "one class up"), (SHIFTED_DOWN, "one class down")):
                rolled = Symbol(shifted, Y.axes)
                yield Slip("one-hot off by one", line, replace(right, {Y: rolled}), detail)
        else:
            yield Slip("broadcasting", line, replace(right, {Y: relabelled(Y, (OTHER_SAMPLES,))}))
        if yhat.name == "P" or isinstance(network.layers[-1].activation, Softmax):
            diagonal = yhat * (1 - yhat)
            yield Slip("softmax as diagonal", line, dyhat * diagonal)
            yield Slip("softmax as diagonal", line, right * diagonal)
            yield Slip("output delta without f'", line, dyhat)
            logits = Symbol(f"Z{depth}", yhat.axes)
            yield Slip("softmax missing", line, replace(right, {yhat: logits}))
        else:
            yield from self._of_other_losses(line, yhat, Y)

    def _of_other_losses(self, line: str, yhat: Symbol, Y: Symbol) -> Iterator[Slip]:
        network = self._network
        activation = network.layers[-1].activation
        if not isinstance(activation, Function):
            return
        each: Term = Symbol("w", (SAMPLES,)) if network.sample_weights else ONE
        each = each if self._s is None else each / self._s
        for name, row in LOSSES.items():
            loss = row if isinstance(row, Loss) else row()
            inside = activation.range is not None and activation.range.inside(loss.domain)
            if not inside or loss.labels_sum_to_one or loss == network.loss:
                continue
            slope = differentiate(loss.definition, Symbol("yhat"))
            dA = mul(each, replace(slope, {Symbol("yhat"): yhat, Symbol("y"): Y}))
            Z = Symbol(f"Z{network.depth}", yhat.axes)
            through = dA if activation.name == "identity" else dA * Call(activation, Z, 1)
            yield Slip("another loss", line, through, f"to {name}, not to {network.loss.name}")
