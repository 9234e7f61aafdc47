"""What every line of a document is worth: settings for the batch, for one sample and for a function's z."""

from dataclasses import replace

import numpy as np
from scipy.special import erf, erfc

from chainrule.calculus import derive
from chainrule.checking.functions import callable_of
from chainrule.expressions.activations import Softmax
from chainrule.expressions.terms import SAMPLES
from chainrule.network import Adam
from chainrule.notation.document.pen import Pen
from chainrule.notation.meaning import MeaningError, Setting, evaluate_like
from chainrule.notation.text import to_text
from chainrule.notation.tree import Letter, Mark, Partial, walk
from chainrule.notation.writing import as_written
from tests.notation.written_values import as_laid_out, setting
from tests.zoo import draw


class Worlds:
    """The values of one network on random data, as letters of each kind of chain."""

    def __init__(self, animal, **options):
        self.derivation = as_written(derive(animal.network, optimiser=Adam(), **options))
        self.pen = Pen(self.derivation)
        values = _values(self.derivation, animal)
        trace = dict(self.derivation.trace(values)) | {"yhat": np.zeros(())}
        trace |= _bare(self.derivation, values)
        self.batch = setting(self.derivation, trace, self.pen.symbols, self.derivation.layout)
        self.batch = replace(
            self.batch,
            functions={**self.batch.functions, "erf": erf, "erfc": erfc},
        )
        if self.pen.batch:
            ell = np.array([self._one(values, row)["J"] for row in range(animal.samples)])
            letter = self.pen.symbols.letter("ell")
            self.batch.values[letter] = ell.reshape(-1, 1)
            self.batch = replace(self.batch, sample_vectors=self.batch.sample_vectors | {letter})
        self.index = self._index_setting(trace)
        self.sample = self._sample_setting(self._one(values, 0))

    def _one(self, values, row):
        names = {symbol.name for symbol in self.pen.sample.equations.inputs}
        one = {
            n: v[row : row + 1] if n in ("X", "Y") or n.startswith("M") else v for n, v in values.items() if n in names
        }
        return dict(self.pen.sample.trace(one)) | _bare(self.pen.sample, one)

    def _index_setting(self, trace):
        """The batch for entries: a weight's first index is the unit that it leads to, in every layout."""
        where = setting(self.derivation, trace, self.pen.symbols, "index")
        symbols = {*self.derivation.equations.inputs, *(e.left for e in self.derivation.equations)}
        for symbol in symbols:
            units = [axis for axis in symbol.axes if axis != SAMPLES]
            if len(units) == len(symbol.axes) and set(units) & self.pen.single:
                counted = [axis for axis in units if axis not in self.pen.single]
                value = np.asarray(trace[symbol.name]).reshape((-1, 1) if counted else ())
                where.values[self.pen.symbols.letter(symbol.name, small=True)] = value
        return replace(where, functions=self.batch.functions)

    def _sample_setting(self, trace):
        pen, single = self.pen, self.pen.single
        symbols = {
            *pen.sample.equations.inputs,
            *(e.left for d in (pen.sample.equations, pen.sample.unreduced) for e in d),
        }
        values = {pen.sample_symbols.cost: np.asarray(trace["J"])}
        for symbol in sorted(symbols, key=lambda symbol: symbol.name):
            value = as_laid_out(np.asarray(trace[symbol.name], float), symbol.axes, "sample")
            kept = [axis for axis in symbol.axes if axis != SAMPLES and axis not in single]
            if len(kept) < 2:
                value = value.reshape((-1, 1) if kept else ())
            values[pen.sample_symbols.letter(symbol.name, small=bool(symbol.axes))] = value
        return Setting(values, self.batch.functions, {}, 1, frozenset())

    def functions(self, at):
        """A setting in which z is a number and a its image, for one function."""
        return {
            row.name: Setting(
                {
                    self.pen.symbols.argument: np.asarray(at),
                    Letter("a"): callable_of(row)(np.asarray(at)),
                    Letter("π"): np.asarray(np.pi),
                },
                self.batch.functions,
            )
            for row in (layer.activation for layer in self.derivation.network.layers)
            if not isinstance(row, Softmax)
        }


def _bare(derivation, values):
    """∂J/∂A_L and ∂J/∂P, which the algebra removes from the list that is run."""
    from chainrule.engines.reference import evaluate

    trace = evaluate(derivation.unreduced, values)
    return {e.left.name: trace[e.left.name] for e in derivation.unreduced if e.part == "backward"}


def _values(derivation, animal):
    params, X, Y, weight, masks = draw(animal)
    params = {name: 0.4 * value for name, value in params.items()}  # exp of exp overflows with larger ones
    values = params | masks | {"X": X, "Y": Y} | ({} if weight is None else {"w": weight})
    values = {name: value for name, value in values.items() if name in {s.name for s in derivation.equations.inputs}}
    rng = np.random.default_rng(5)
    constants = dict(derivation.equations.constants)
    for symbol in derivation.equations.inputs:
        if symbol.name not in values and symbol.name not in constants:
            like = next((value for name, value in params.items() if symbol.name.endswith(f"_{name}")), None)
            values[symbol.name] = np.asarray(0.3) if like is None else rng.uniform(0.1, 1, like.shape)
    return values


def indices_of(chain):
    """The free indices of a chain: small letters below, of which Σ binds none on the left side."""
    left = chain.left
    letters = [part for part in walk(left) if isinstance(part, Letter)]
    below = [m.text for letter in letters for m in letter.lower if m.text in {"j", "k"}]
    above = [m.text for letter in letters for m in letter.upper if m == Mark("i", "round")]
    return sorted(set(below)), bool(above)


def is_plan(node, cost):
    """Whether a side has a derivative between quantities, or an operator: nothing that a trace has a value for."""
    return any(isinstance(p, Partial) and (p.form == "operator" or p.of != cost) for p in walk(node))


def worth(node, where, shape=()):
    """The value of a side."""
    try:
        return np.asarray(evaluate_like(node, where, shape))
    except MeaningError as error:
        raise AssertionError(f"{to_text(node)}: {error}") from error
