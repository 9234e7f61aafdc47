"""What a written formula is worth, taken literally, when its letters have values.

Juxtaposition, ``·``, ``×``, ``*`` and ``@`` are matrix products, ``⊙`` is elementwise; products go from left to right
and nobody adds a transpose that isn't there. A fraction of arrays and a function of an array are elementwise. A column
of ones 𝟏 has the length that its neighbour needs. In a sum, a column or a row is repeated beside a matrix (a bias).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from chainrule.notation.alphabet import ONES_NAME
from chainrule.notation.shaped import (
    Array,
    Function,
    IndexRangeError,
    MeaningError,
    ShapeError,
    Value,
    absolute,
    elementwise,
    mapped,
    number,
    shape_text,
    times,
)
from chainrule.notation.text import to_text
from chainrule.notation.tree import (
    Applied,
    Bars,
    BigSum,
    Cases,
    Fraction,
    Indicator,
    Letter,
    Mark,
    Matrix,
    Node,
    Num,
    Partial,
    Power,
    Product,
    Relation,
    RelationSign,
    Sum,
    Transpose,
    Underbrace,
    letters,
    mentions,
    negated,
    walk,
)

__all__ = [
    "ELEMENTARY",
    "Array",
    "Function",
    "IndexRangeError",
    "MeaningError",
    "Setting",
    "ShapeError",
    "evaluate",
    "evaluate_like",
    "unindexed",
]

MAX_EXTENT = 10_000
_COUNTS = frozenset({"m", "n"})  # letters for how many samples there are, unless they stand below a letter

_COMPARISONS: dict[RelationSign, Callable[[Array, Array], Array]] = {
    "<": np.less,
    ">": np.greater,
    "≤": np.less_equal,
    "≥": np.greater_equal,
    "≠": np.not_equal,
    "=": np.equal,
}


ELEMENTARY: Mapping[str, Function] = {
    "exp": np.exp,
    "log": np.log,
    "ln": np.log,
    "tanh": np.tanh,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "sin": np.sin,
    "cos": np.cos,
    "sqrt": np.sqrt,
    "np.exp": np.exp,
    "np.log": np.log,
    "np.tanh": np.tanh,
    "np.square": np.square,
    "np.sqrt": np.sqrt,
    "np.abs": absolute,
    "abs": absolute,
    "sign": lambda z: np.sign(z.real),
    "expm1": np.expm1,
    "log1p": np.log1p,
}


# The larger and the smaller of two; of complex numbers by their real parts.
_CHOICES: Mapping[str, Callable[[Array, Array], Array]] = {
    name: lambda a, b, first=first: np.where(first(a.real, b.real), a, b)  # type: ignore[misc]
    for names, first in ((("np.maximum", "max"), np.greater), (("np.minimum", "min"), np.less))
    for name in names
}


_ENTRY_BY_ENTRY: Mapping[str, Callable[[Array, Array], Array]] = {
    "np.multiply": np.multiply,
    "np.divide": np.divide,
    "np.power": np.power,
    "np.add": np.add,
    "np.subtract": np.subtract,
}


@dataclass(frozen=True)
class Setting:
    """What letters and functions stand for.

    Attributes
    ----------
    values : mapping of Node to array
        A matrix for each letter (vectors are columns, shape (h, 1)) or a number (shape ()); derivatives that the page
        names, such as ∂J/∂W₁, may have a value too.
    functions : mapping of str to callable
        Elementwise functions by name, a derivative under the primed name (``σ′``). `ELEMENTARY` is known besides.
    sizes : mapping of str to int
        How far an index of a Σ runs; the length of 𝟏ₙ. An index that isn't named runs as far as the arrays it marks.
    sample_axis : int
        Which axis of a matrix x⁽ⁱ⁾ chooses from: 1 in columns, 0 in rows.
    sample_vectors : frozenset of Node
        Letters whose column has one entry a sample, not one a unit: the sample weights.
    bound : mapping of str to int
        The value of each index, counted from 0.
    derivative : callable, optional
        The value of a derivative that `values` doesn't hold.
    resolve : callable, optional
        The value of a letter that `values` doesn't hold, for pages where one quantity has several spellings.
    lenient : bool
        Whether arrays of one shape whose matrix product doesn't fit are multiplied entry by entry: for definitions,
        which many write for one number and mean for each entry.
    numbers : bool
        Whether a 1×1 matrix multiplies as a number where it doesn't fit: the one output of one sample.
    """

    values: Mapping[Node, Array]
    functions: Mapping[str, Function] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    sample_axis: int = 1
    sample_vectors: frozenset[Node] = frozenset()
    bound: Mapping[str, int] = field(default_factory=dict)
    derivative: Callable[[Partial, Setting], Array] | None = None
    resolve: Callable[[Letter, Setting], Array | None] | None = None
    lenient: bool = False
    numbers: bool = False

    def binding(self, **indices: int) -> Setting:
        """The same setting with values for some indices."""
        return replace(self, bound={**self.bound, **indices})


def evaluate(node: Node, setting: Setting) -> Array:
    """The value of a formula, its operators taken literally.

    Parameters
    ----------
    node : Node
        A formula without a relation sign outside indicators and cases.
    setting : Setting
        Values of its letters, functions, sizes.

    Returns
    -------
    ndarray
        Shape () for a number, else two axes.

    Raises
    ------
    ShapeError
        If two shapes don't fit; it names them.
    MeaningError
        If a letter, function or index has no value, or the node has none by nature.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.notation.parsing import parse
    >>> from chainrule.notation.tree import Letter
    >>> setting = Setting({Letter("W"): np.array([[1.0, 2.0]]), Letter("x"): np.array([[3.0], [4.0]])})
    >>> evaluate(parse("W x"), setting)
    array([[11.]])
    >>> evaluate(parse("x W x^T"), setting)
    Traceback (most recent call last):
    chainrule.notation.shaped.ShapeError: the product x W xᵀ: 2×2 meets 1×2
    """
    value = _value(node, setting)
    if any(value.stretched):
        raise MeaningError(f"nothing says how long 𝟏 is in {to_text(node)}")
    return value.array


def evaluate_like(node: Node, setting: Setting, shape: tuple[int, ...]) -> Array:
    """The value where a shape is expected: 𝟏bᵀ alone takes its length from it, and a 1×1 matrix may be a number."""
    value = _value(node, setting)
    if shape == () and value.array.size == 1 and not any(value.stretched):
        return value.array.reshape(())
    if len(shape) == 2 and value.array.ndim == 2:
        wanted = tuple(
            size if stretched else own
            for size, own, stretched in zip(shape, value.array.shape, value.stretched, strict=True)
        )
        return np.broadcast_to(value.array, wanted)
    return value.array


def _value(node: Node, setting: Setting) -> Value:
    if setting.values:  # to look up a tree is to hash all of it
        given = setting.values.get(node)
        if given is not None:
            return Value(given)
    match node:
        case Letter():
            return _letter(node, setting)
        case Num():
            return number(node.value)
        case Sum(terms=terms, negative=negative):
            return _sum(node, [_value(term, setting) for term in terms], negative)
        case Product(factors=factors, signs=signs):
            result = _value(factors[0], setting)
            for factor, sign in zip(factors[1:], signs, strict=True):
                right = _value(factor, setting)
                result = (
                    elementwise(np.multiply, result, right, node)
                    if sign == "⊙"
                    else times(result, right, node, lenient=setting.lenient, numbers=setting.numbers)
                )
            return result
        case Fraction(numerator=numerator, denominator=denominator):
            parts = _value(numerator, setting), _value(denominator, setting)
            return elementwise(np.divide, *parts, node, repeats=True)  # e^Z over its sums, a row or column
        case Power(base=Letter(name="e", lower=(), upper=()), exponent=exponent):
            return mapped(np.exp, _value(exponent, setting))
        case Power(base=base, exponent=exponent):
            return elementwise(np.power, _value(base, setting), _value(exponent, setting), node)
        case Transpose(of=of):
            value = _value(of, setting)
            return Value(value.array.T, (value.stretched[1], value.stretched[0]))
        case Applied():
            return _applied(node, setting)
        case BigSum():
            return _big_sum(node, setting)
        case Partial():
            return _partial(node, setting)
        case Indicator(condition=condition):
            return _condition(condition, setting)
        case Relation():
            return _condition(node, setting)
        case Cases(rows=rows):
            return _cases(node, rows, setting)
        case Matrix(rows=rows):
            return _matrix(node, rows, setting)
        case Bars(of=of, double=double):
            return _bars(_value(of, setting), double=double)
        case Underbrace(of=of):
            return _value(of, setting)
        case _:
            raise MeaningError(f"{to_text(node)} has no value of its own")


def _sum(node: Node, values: Sequence[Value], negative: Sequence[bool]) -> Value:
    result: Value | None = None
    for value, minus in zip(values, negative, strict=True):
        term = mapped(np.negative, value) if minus else value
        result = term if result is None else elementwise(np.add, result, term, node, repeats=True)
    if result is None:
        raise MeaningError("a sum without terms")
    return result


def _letter(letter: Letter, setting: Setting) -> Value:
    if letter.name == ONES_NAME:
        size = setting.sizes.get(letter.lower[0].text) if letter.lower else None
        return Value(np.ones((size or 1, 1)), (size is None, False))
    if letter.name in setting.bound and not letter.lower and not letter.upper:
        return number(setting.bound[letter.name] + 1)
    resolved = setting.resolve(letter, setting) if setting.resolve is not None else None
    if resolved is not None:
        return Value(resolved)
    indexed = _indexed(letter, letter, setting)
    if indexed is None:
        raise MeaningError(f"nothing says what {to_text(letter)} is")
    return indexed


def _indexed(node: Node, letter: Letter, setting: Setting) -> Value | None:
    """An entry or column of an array: bound marks choose, what remains names the array."""
    base, sample, entries = unindexed(letter, setting.bound)
    if base == letter:
        return None
    whole = setting.values.get(replace(node, by=base) if isinstance(node, Partial) else base)
    if whole is None:
        return None
    if whole.ndim == 0:
        return Value(whole)
    array = whole
    if sample is not None:
        axis = 0 if base in setting.sample_vectors else setting.sample_axis
        if sample >= array.shape[axis]:
            raise IndexRangeError(f"{to_text(node)}: only {array.shape[axis]} samples")
        array = np.take(array, [sample], axis=axis)
    axes = [0, 1] if sample is None else [1 - setting.sample_axis]
    for axis, entry in zip(axes, entries, strict=False):
        if entry >= array.shape[axis]:
            raise IndexRangeError(f"{to_text(node)}: the index is out of range")
        array = np.take(array, [entry], axis=axis)
    all_chosen = len(entries) + (sample is not None) >= sum(size > 1 for size in whole.shape)
    return Value(array.reshape(()) if array.size == 1 and all_chosen else array)


def unindexed(letter: Letter, bound: Mapping[str, int]) -> tuple[Letter, int | None, list[int]]:
    """A letter without its bound indices, the sample that they choose, and the entries."""
    sample = next((bound[mark.text] for mark in letter.upper if mark.style == "round" and mark.text in bound), None)
    upper = tuple(mark for mark in letter.upper if not (mark.style == "round" and mark.text in bound))
    entries = [bound[mark.text] for mark in letter.lower if mark.text in bound]
    lower = tuple(mark for mark in letter.lower if mark.text not in bound)
    return Letter(letter.name, letter.accent, lower, upper), sample, entries


def _partial(node: Partial, setting: Setting) -> Value:
    indexed = _indexed(node, node.by, setting)
    if indexed is not None:
        return indexed
    if setting.derivative is None:
        raise MeaningError(f"nothing says what {to_text(node)} is")
    return Value(setting.derivative(node, setting))


def _applied(node: Applied, setting: Setting) -> Value:
    name = node.function.name + "".join("′" for mark in node.function.upper if mark.text == "′")
    arguments = [_value(argument, setting) for argument in node.arguments]
    if not arguments:
        raise MeaningError(f"{to_text(node)}: a function of nothing")
    if name in {"np.sum", "sum", "np.mean", "mean"}:
        return _reduced(node, name, arguments[0], *node.arguments[1:2])
    if name in {"np.dot", "dot", "np.matmul"} and len(arguments) == 2:
        return times(arguments[0], arguments[1], node, lenient=setting.lenient, numbers=setting.numbers)
    if name in _ENTRY_BY_ENTRY and len(arguments) == 2:
        return elementwise(_ENTRY_BY_ENTRY[name], arguments[0], arguments[1], node, repeats=name != "np.multiply")
    if name == "np.where" and len(arguments) == 3:
        return _cases(node, ((node.arguments[1], node.arguments[0]), (node.arguments[2], None)), setting)
    if name in _CHOICES and len(arguments) == 2:
        return elementwise(_CHOICES[name], arguments[0], arguments[1], node, repeats=True)
    if name == "diag":
        if 1 not in arguments[0].array.shape:
            raise MeaningError(f"{to_text(node)}: diag takes a vector, not {shape_text(arguments[0].array.shape)}")
        return Value(np.diag(arguments[0].array.ravel()))
    if name == "tr":
        return Value(np.trace(arguments[0].array))
    layer = "".join(f"[{mark.text}]" for mark in node.function.upper if mark.style == "square")
    of_layer = name.replace(node.function.name, node.function.name + layer, 1)
    function = setting.functions.get(of_layer, setting.functions.get(name, ELEMENTARY.get(name)))
    if function is None:
        raise MeaningError(f"nothing says what the function {name} is")
    if len(arguments) != 1:
        raise MeaningError(f"{to_text(node)}: {name} of {len(arguments)} arguments; one is expected")
    return mapped(function, arguments[0])


def _reduced(node: Applied, name: str, value: Value, along: Node | None = None) -> Value:
    mean = name.endswith("mean")
    axis = dict(node.keywords).get("axis", along)
    if axis is None:
        return Value(np.asarray(value.array.mean() if mean else value.array.sum()))
    if axis == negated(Num("1")):  # the last of two
        axis = Num("1")
    if not isinstance(axis, Num) or axis.value not in (0, 1) or value.is_number:
        raise MeaningError(f"{to_text(node)}: axis is 0 or 1, of a matrix")
    # A vector is a column or a row here, so keepdims=False would only lose which.
    reduce = np.mean if mean else np.sum
    return Value(np.asarray(reduce(value.array, axis=int(axis.value), keepdims=True)))


def _big_sum(node: BigSum, setting: Setting) -> Value:
    if node.indices == ("axis",) and isinstance(node.start, Num):
        axis = Applied(Letter("np.sum"), (node.body,), (("axis", node.start),))
        return _reduced(axis, "np.sum", _value(node.body, setting))
    if not node.indices:  # Σ dZ: over the samples
        value = _value(node.body, setting)
        return value if value.is_number else Value(value.array.sum(axis=setting.sample_axis, keepdims=True))
    total: Value | None = None
    first, *rest = node.indices
    extent = _extent(first, node, setting)
    for step in range(MAX_EXTENT if extent is None else extent):
        inner = setting.binding(**{first: step})
        body = replace(node, indices=tuple(rest)) if rest else node.body
        try:
            term = _value(body, inner)
        except IndexRangeError:
            if extent is None and step > 0:
                break
            raise
        total = term if total is None else elementwise(np.add, total, term, node)
    if total is None:
        raise MeaningError(f"{to_text(node)}: a sum over nothing")
    return total


def _extent(index: str, node: BigSum, setting: Setting) -> int | None:
    """How far an index runs: as the setting says, or as long as an array is that carries the index; None: till the
    arrays that the setting resolves end.
    """
    of_entries = index in _COUNTS and any(Mark(index) in letter.lower for letter in letters(node.body))
    of_units = setting.resolve is not None and _chooses_units(node.body, index)
    if index in setting.sizes and not of_entries and not of_units:
        return setting.sizes[index]
    inner = {name for part in walk(node) if isinstance(part, BigSum) for name in part.indices}
    as_if = {**dict.fromkeys(inner, 0), **setting.bound}
    for part in walk(node.body):
        letter = part.by if isinstance(part, Partial) else part
        if not isinstance(letter, Letter):
            continue
        base, _, _ = unindexed(letter, as_if)
        whole = setting.values.get(replace(part, by=base) if isinstance(part, Partial) else base)
        if whole is None or whole.ndim != 2:
            continue
        samples = [mark.text for mark in letter.upper if mark.style == "round" and mark.text in as_if]
        entries = [mark.text for mark in letter.lower if mark.text in as_if]
        axes = [0, 1] if not samples else [1 - setting.sample_axis]
        if index in samples:
            return int(whole.shape[0 if base in setting.sample_vectors else setting.sample_axis])
        if index in entries[: len(axes)]:
            return int(whole.shape[axes[entries.index(index)]])
    if setting.resolve is not None and mentions(node.body, index):
        return None
    raise MeaningError(f"nothing says how far {index} runs in {to_text(node)}")


def _chooses_units(body: Node, index: str) -> bool:
    """Whether an index stands only below letters, as the i of Σᵢ w_ji x_i does, and never above as a sample's."""
    marked = [letter for part in walk(body) for letter in _letters_of(part)]
    above = any(mark.text == index and mark.style == "round" for letter in marked for mark in letter.upper)
    return not above and any(mark.text == index for letter in marked for mark in letter.lower)


def _letters_of(part: Node) -> Iterator[Letter]:
    if isinstance(part, Letter):
        yield part
    elif isinstance(part, Partial):
        yield part.by


def _condition(condition: Relation, setting: Setting) -> Value:
    sides = [_value(side, setting) for side in condition.sides]
    result = number(1.0)
    for left, right, sign in zip(sides, sides[1:], condition.signs, strict=False):
        if sign not in _COMPARISONS:
            raise MeaningError(f"{to_text(condition)} is no condition")
        compare = _COMPARISONS[sign]
        holds = elementwise(lambda a, b, compare=compare: compare(a.real, b.real) * 1.0, left, right, condition)  # type: ignore[misc]
        result = elementwise(np.multiply, result, holds, condition)
    return result


def _cases(node: Node, rows: Sequence[tuple[Node, Node | None]], setting: Setting) -> Value:
    """The first case whose condition holds, entry by entry."""
    result, remaining = number(0.0), number(1.0)
    for value, condition in rows:
        holds = _condition(condition, setting) if isinstance(condition, Relation) else number(1.0)
        applies = elementwise(np.multiply, remaining, holds, node)
        chosen = elementwise(
            lambda where, what: np.where(where > 0, what, 0 * what), applies, _value(value, setting), node
        )
        result = elementwise(np.add, result, chosen, node)
        remaining = elementwise(np.subtract, remaining, applies, node)
    return result


def _matrix(node: Node, rows: Sequence[Sequence[Node]], setting: Setting) -> Value:
    entries = [[_value(entry, setting).array for entry in row] for row in rows]
    if len({len(row) for row in entries}) > 1 or any(entry.size != 1 for row in entries for entry in row):
        raise MeaningError(f"{to_text(node)}: only numbers make a matrix, as many in each row")
    return Value(np.array([[entry.reshape(()) for entry in row] for row in entries]))


def _bars(value: Value, *, double: bool) -> Value:
    if double:
        return Value(np.sqrt((value.array**2).sum()))
    return mapped(absolute, value)
