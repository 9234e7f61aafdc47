"""Equations as a flat list of statements: each a pointwise term, or one reduction of a pointwise term.

The passes, in their order:

1. `open_functions`: calls become their stable forms; an activation that some equation already computed is read, not
   computed again; z <= 0 becomes a <= 0 where the activation keeps the sign; exp(x - log y) becomes exp(x)/y, so that
   a softmax computes each exponential once.
2. `flatten`: every reduction gets a statement of its own, equal reductions the same one.
3. `hoist_scalars`: what has no axes and depends only on numbers that are known before a step runs (learning rate, step
   number, sizes, sums of sample weights) becomes an entry of a table that the caller fills in float64.
4. `needed`: statements that no wanted value depends on are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from chainrule.calculus.equations import Equations
from chainrule.expressions.derivatives import computed_derivative
from chainrule.expressions.printing import plain
from chainrule.expressions.stable import stable_form
from chainrule.expressions.terms import (
    SAMPLES,
    Apply,
    Call,
    Number,
    Reduce,
    Symbol,
    Term,
    div,
    exp,
    less_equal,
    mul,
    rebuild,
    replace,
    symbols,
)

__all__ = ["CompilationUnsupported", "Statement", "Statements", "statements_of"]


class CompilationUnsupported(NotImplementedError):
    """These equations have a form that the jit does not compile; the reference engine runs them."""


@dataclass(frozen=True)
class Statement:
    """symbol = term, or symbol = operation over some axes of term."""

    symbol: Symbol
    term: Term
    operation: str | None = None
    over: tuple[str, ...] = ()

    @cached_property
    def uses(self) -> tuple[Symbol, ...]:
        return symbols(self.term)

    def __str__(self) -> str:
        right = plain(self.term)
        return f"{self.symbol.name} = " + (
            f"{self.operation}[{','.join(self.over)}]({right})" if self.operation else right
        )


@dataclass(frozen=True)
class Statements:
    """The program as statements.

    Attributes
    ----------
    statements : tuple of Statement
        In computing order; none is a scalar that the table holds.
    table : tuple of (Symbol, Term)
        Scalars that the caller computes for every step, each from inputs and from those before it.
    scalars : tuple of (Symbol, Term)
        Scalar equations that depend on reductions of the running program, such as J.
    """

    statements: tuple[Statement, ...]
    table: tuple[tuple[Symbol, Term], ...]
    scalars: tuple[tuple[Symbol, Term], ...]


def open_functions(equations: Equations) -> list[tuple[Symbol, Term]]:
    """Every equation with elementary operations, sums and maxima only.

    Where an activation keeps the sign of z, f' looks at the output, which the backward pass reads anyway; the input
    need not be stored.
    """
    known: dict[Term, Symbol] = {}
    signs: dict[Term, Term] = {}
    result: list[tuple[Symbol, Term]] = []
    for left, right in equations.opened:
        result.append((left, _simplified(stable_form(replace(_with_outputs(right, known, left), signs)))))
        match right:
            case Call(function, Symbol() as argument, 0):
                known.setdefault(right, left)
                if function.keeps_sign:
                    signs[less_equal(argument, 0)] = less_equal(left, 0)
    return result


def _with_outputs(root: Term, known: dict[Term, Symbol], left: Symbol) -> Term:
    """f(Z) and the f(Z) inside f'(Z) replaced by the symbol that an earlier equation gave them."""
    if root in known and known[root] != left:
        return known[root]
    if isinstance(root, Call) and root.order == 1:
        argument = _with_outputs(root.argument, known, left)
        value = Call(root.function, root.argument)
        output = known.get(value, value)
        return replace(computed_derivative(root.function), {Symbol("z"): argument, Symbol("a"): output})
    children = tuple(_with_outputs(child, known, left) for child in root.children)
    return root if children == root.children else rebuild(root, children)


def _simplified(root: Term) -> Term:
    """|-x| as |x|, and exp(x - log y) as exp(x)/y."""
    children = tuple(_simplified(child) for child in root.children)
    node = root if children == root.children else rebuild(root, children)
    match node:
        case Apply("abs", (Apply("neg", (inner,)),)):
            return Apply("abs", (inner,))
        case Apply("exp", (Apply("sub", (x, Apply("log", (y,)))),)):
            return div(exp(x), y)
    return node


class _Flattener:
    """Gives reductions, and operands of products that are not symbols, statements of their own."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self._reductions: dict[Term, Symbol] = {}
        self._operands: dict[Term, Symbol] = {}

    def equation(self, left: Symbol, right: Term) -> None:
        if isinstance(right, Reduce) and right not in self._reductions and set(right.axes) == set(left.axes):
            self._reductions[right] = left
            self.statements.append(self._reduction(left, right))
        else:
            self.statements.append(Statement(left, self.pointwise(right)))

    def pointwise(self, root: Term) -> Term:
        if isinstance(root, Reduce):
            if root not in self._reductions:
                # Named only after the operand's own statements stand in the list.
                statement = self._reduction(Symbol(f"r{len(self._reductions)}", root.axes), root)
                self._reductions[root] = statement.symbol
                self.statements.append(statement)
            return self._reductions[root]
        children = tuple(self.pointwise(child) for child in root.children)
        return root if children == root.children else rebuild(root, children)

    def _reduction(self, symbol: Symbol, root: Reduce) -> Statement:
        operand = root.operand
        match operand:
            case Apply("mul", (left, right)) if root.operation == "sum" and _is_product(left, right, root.over):
                term: Term = Apply("mul", (self._operand(left), self._operand(right)))
            case _ if root.operation == "sum" and root.over == (SAMPLES,) and len(operand.axes) == 2:
                term = self._operand(operand)
            case _:
                term = self.pointwise(operand)
        symbol = Symbol(f"r{len(self._reductions)}", symbol.axes) if symbol.name.startswith("r") else symbol
        return Statement(symbol, term, root.operation, root.over)

    def _operand(self, root: Term) -> Term:
        """An operand of a product lies in memory, so it needs a name."""
        if isinstance(root, Symbol):
            return root
        if root not in self._operands:
            symbol = Symbol(f"o{len(self._operands)}", root.axes)
            self._operands[root] = symbol
            self.statements.append(Statement(symbol, self.pointwise(root)))
        return self._operands[root]


def _is_product(left: Term, right: Term, over: tuple[str, ...]) -> bool:
    """Whether Σ left · right is a matrix product: one shared axis, and one axis more on each side."""
    if len(over) != 1 or len(left.axes) != 2 or len(right.axes) != 2:
        return False
    return set(left.axes) & set(right.axes) == set(over)


def flatten(assignments: Iterable[tuple[Symbol, Term]]) -> list[Statement]:
    """Every reduction as a statement."""
    flattener = _Flattener()
    for left, right in assignments:
        flattener.equation(left, right)
    return flattener.statements


def hoist_scalars(flat: list[Statement], inputs: Iterable[Symbol]) -> Statements:
    """Scalars that are known before a step runs, taken out into the table."""
    known = {symbol for symbol in inputs if not symbol.axes}
    data = {symbol for symbol in inputs if symbol.axes == (SAMPLES,)}
    table: dict[Symbol, Term] = {}
    scalars: list[tuple[Symbol, Term]] = []
    statements: list[Statement] = []

    def tabulated(term: Term) -> bool:
        return not term.axes and all(symbol in known for symbol in symbols(term))

    def entry(term: Term) -> Term:
        if isinstance(term, Number):
            return term
        if isinstance(term, Symbol):
            table.setdefault(term, term)
            return term
        symbol = Symbol(f"[{plain(term)}]")
        table.setdefault(symbol, term)
        return symbol

    def hoisted(term: Term) -> Term:
        match term:
            case Apply("div", (above, below)) if above.axes and tabulated(below) and not isinstance(below, Number):
                return mul(hoisted(above), entry(div(1, below)))
            case Apply("div", (above, Number(value))) if above.axes and value != 0:
                return mul(hoisted(above), Number(1 / value))
        if tabulated(term):
            return entry(term)
        children = tuple(hoisted(child) for child in term.children)
        return term if children == term.children else rebuild(term, children)

    for statement in flat:
        if statement.symbol.axes:
            statements.append(Statement(statement.symbol, hoisted(statement.term), statement.operation, statement.over))
        elif statement.operation == "sum" and all(symbol in known | data for symbol in statement.uses):
            known.add(statement.symbol)
            table[statement.symbol] = Reduce("sum", statement.over, statement.term)
        elif statement.operation is not None:
            statements.append(Statement(statement.symbol, hoisted(statement.term), statement.operation, statement.over))
        elif tabulated(statement.term):
            known.add(statement.symbol)
            table[statement.symbol] = statement.term
        else:
            scalars.append((statement.symbol, statement.term))
    return Statements(tuple(statements), tuple(table.items()), tuple(scalars))


def needed(program: Statements, wanted: Iterable[str]) -> Statements:
    """The statements, scalars and table entries that wanted values depend on."""
    use = set(wanted)
    scalars = []
    for symbol, term in reversed(program.scalars):
        if symbol.name in use:
            scalars.append((symbol, term))
            use |= {used.name for used in symbols(term)}
    statements = []
    for statement in reversed(program.statements):
        if statement.symbol.name in use:
            statements.append(statement)
            for used in statement.uses:
                use.add(used.name)
        # A scalar of the running program, such as a clipping factor, is used by later statements only.
        for symbol, term in reversed(program.scalars):
            if symbol.name in use and (symbol, term) not in scalars:
                scalars.append((symbol, term))
                use |= {used.name for used in symbols(term)}
    in_order = tuple(scalar for scalar in program.scalars if scalar in scalars)
    return Statements(tuple(reversed(statements)), program.table, in_order)


def statements_of(equations: Equations, wanted: Iterable[str]) -> Statements:
    """All passes over an equation list.

    Parameters
    ----------
    equations : Equations
    wanted : iterable of str
        The names that the caller reads afterwards.
    """
    flat = flatten(open_functions(equations))
    return needed(hoist_scalars(flat, equations.inputs), wanted)
