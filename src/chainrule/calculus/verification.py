"""Whether a list of equations is well formed: checked after every derivation, and by whoever builds a list by hand."""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.calculus.equations import Equations
from chainrule.expressions.operations import OPERATIONS, REDUCTIONS
from chainrule.expressions.terms import SAMPLES, Apply, Reduce, Size, Symbol, symbols, union, walk

MOST_AXES = 2


def verify(system: Equations) -> None:
    """Raise ValueError, naming the equation, unless the list is well formed.

    Every symbol is an input or assigned before it is used, with the same axes; assigned once; has at most two axes,
    of known size; operations exist and have the right number of arguments; the right side varies over no axis that
    the left side lacks; everything that is assigned or supplied is used or an output; constants are inputs; and the
    algebra of an equation ends in its right side.
    """
    sizes = dict(system.sizes)
    known: dict[str, Symbol] = {}
    used: set[str] = set(system.outputs)
    for symbol in system.inputs:
        if symbol.name in known:
            raise ValueError(f"the input {symbol.name} is listed twice")
        _check_axes(symbol, sizes, f"the input {symbol.name}")
        known[symbol.name] = symbol
    for equation in system:
        left, right = equation.left, equation.right
        for node in walk(right):
            match node:
                case Apply(operation, arguments):
                    if operation not in OPERATIONS or len(arguments) != OPERATIONS[operation].arity:
                        raise ValueError(f"{equation}: {operation!r} of {len(arguments)} arguments is no operation")
                case Reduce(operation, _, _) if operation not in REDUCTIONS:
                    raise ValueError(f"{equation}: {operation!r} is no reduction")
                case Size(axis) if axis != SAMPLES and axis not in sizes:
                    raise ValueError(f"{equation}: the size of {axis!r} is not known")
        for symbol in symbols(right):
            if symbol.name not in known:
                raise ValueError(f"{equation}: {symbol.name} is used before it is assigned, and is no input")
            if known[symbol.name] != symbol:
                raise ValueError(
                    f"{equation}: {symbol.name} has axes {symbol.axes} here, {known[symbol.name].axes} above"
                )
            used.add(symbol.name)
        if left.name in known:
            raise ValueError(f"{equation}: {left.name} is assigned already")
        _check_axes(left, sizes, str(equation))
        if extra := set(right.axes) - set(left.axes):
            raise ValueError(f"{equation}: the right side varies over {sorted(extra)}, which {left.name} lacks")
        if equation.steps and equation.steps[-1].term != right:
            raise ValueError(f"{equation}: its algebra ends in {equation.steps[-1].term}")
        known[left.name] = left
    if unused := [name for name in known if name not in used]:
        raise ValueError(f"neither used nor an output: {', '.join(unused)}")
    if missing := [name for name in system.outputs if name not in known]:
        raise ValueError(f"an output that nothing assigns: {', '.join(missing)}")
    inputs = {symbol.name for symbol in system.inputs}
    if foreign := [name for name, _ in system.constants if name not in inputs]:
        raise ValueError(f"a constant that is no input: {', '.join(foreign)}")


def _check_axes(symbol: Symbol, sizes: Mapping[str, int], where: str) -> None:
    if len(symbol.axes) > MOST_AXES or symbol.axes != union(symbol.axes):
        raise ValueError(f"{where}: {symbol.name} has the axes {symbol.axes}; at most {MOST_AXES}, in order")
    if unknown := [axis for axis in symbol.axes if axis != SAMPLES and axis not in sizes]:
        raise ValueError(f"{where}: the size of {unknown} is not known")
