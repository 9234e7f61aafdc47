"""Backward functions written by somebody: NumPy source generated from a derivation, with a slip in it."""

import importlib.util
import itertools

from chainrule.calculus import derive
from chainrule.checking.backward_code import Writer
from chainrule.checking.forms import Form
from chainrule.checking.slips import FITTED, SHIFTED_DOWN, SHIFTED_UP
from chainrule.checking.worlds import backward_lines
from chainrule.expressions.activations import ACTIVATIONS
from chainrule.expressions.functions import Function
from chainrule.expressions.stable import stable_form
from chainrule.expressions.terms import Call, Number, Symbol, replace

HEADER = """import numpy as np
from scipy.special import erf, erfc, logsumexp
"""
_NUMBERS = itertools.count()
LEFT_OPEN = Number(0.05)


def _functions(network):
    """f and f′ of every activation that may occur, opened."""
    own = [layer.activation for layer in network.layers]
    table = [row if not callable(row) else row() for row in ACTIVATIONS.values()]
    known = {row.name: row for row in [*table, *own] if isinstance(row, Function)}
    z = Symbol("z")
    for name, row in known.items():
        for order in (0, 1):
            opened = Writer(Form()).right(stable_form(Call(row, z, order)), ())
            yield f"def {name}{'_prime' * order}(z):\n    return {opened} + 0 * z\n"


def source(network, form, slips=(), arguments="params, X, Y"):
    """A module with a function ``backward``, in which some lines have slips."""
    derivation, writer = derive(network), Writer(form)
    by_line = {slip.line: slip for slip in slips}
    axis = 1 if form.samples == "rows" else 0
    body = [f"{name} = params[{name!r}]" for name in network.parameter_shapes]
    body += [f"m = X.shape[{1 - axis}]"]
    body += [f"n_{layer} = {width}" for layer, width in enumerate(network.widths)]
    constants = derivation.gradients.constants
    body += [
        f"{name} = np.array({value!r})" if isinstance(value, tuple) else f"{name} = {value!r}"
        for name, value in constants
    ]
    body += [f"{SHIFTED_UP} = np.roll(Y, 1, axis={axis})", f"{SHIFTED_DOWN} = np.roll(Y, -1, axis={axis})"]
    body += [writer.equation(equation) for equation in derivation.forward]
    body += [writer.equation(equation) for equation in derivation.cost if equation.left.name == "s"]
    for name, equation in backward_lines(derivation).items():
        right, axes = equation.right, equation.left.axes
        if name in by_line:
            right = replace(by_line[name].right, {FITTED: LEFT_OPEN})
            axes = right.axes
        code = writer.right(right, axes)
        body.append(f"{name} = ({code}).T" if name in by_line and by_line[name].transposed else f"{name} = {code}")
    gradients = ", ".join(f"'d{name}': d{name}" for name in network.parameter_shapes)
    lines = "\n    ".join([*body, f"return {{{gradients}}}"])
    return "\n".join([HEADER, *_functions(network), f"def backward({arguments}):\n    {lines}\n"])


def load(text, folder):
    """The function ``backward`` of a module written to a folder."""
    name = f"written{next(_NUMBERS)}"  # Python takes a file of the same name, second and length for the same module
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.backward
