"""Random written trees, as a person might write them, for tests of printing and reading."""

from __future__ import annotations

from hypothesis import strategies as st

from chainrule.notation.tree import (
    ONES,
    Applied,
    Bars,
    BigSum,
    Cases,
    Dots,
    Fraction,
    Gradient,
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
    Sum,
    Transpose,
    Underbrace,
)

_INDEX = st.sampled_from(["i", "j", "k", "l", "n", "1", "2", "10", "i-1", "l+1"])
_LOWER = st.lists(
    st.builds(Mark, st.sampled_from(["1", "2", "12", "j", "k", "prev", "i-1", "θ", "W_1"])), max_size=3
).map(lambda marks: tuple(marks if len(marks) < 3 else marks[:2]))
_UPPER = st.lists(st.builds(Mark, _INDEX, st.sampled_from(["square", "round"])), max_size=2).map(tuple)
_END = st.sampled_from([(), (Mark("+"),), (Mark("′"),), (Mark("*"),)])
_NAMES = st.sampled_from([*"WXYZAbxyznmwJLC", "α", "δ", "η", "ℒ", "ℓ", "dW", "dZ", "dα"])
_FUNCTIONS = st.sampled_from(
    ["σ", "f", "g", "log", "exp", "tanh", "ReLU", "softmax", "np.sum", "diag", "sqrt", "leaky_relu"]
)

plain_letters = st.builds(Letter, _NAMES, st.sampled_from(["", "", "hat", "bar", "tilde"]), _LOWER)
marked_letters = st.builds(
    lambda letter, upper, end: Letter(letter.name, letter.accent, letter.lower, upper + end),
    plain_letters,
    _UPPER,
    _END,
)
numbers = st.sampled_from(["0", "1", "2", "10", "0.5", "0.01", "1e-08"]).map(Num)
functions = st.builds(
    Letter, _FUNCTIONS, upper=st.sampled_from([(), (), (Mark("′"),), (Mark("1", "square"),), (Mark("i", "round"),)])
)
atoms = st.one_of(marked_letters, marked_letters, numbers, st.just(ONES), st.just(Dots()))


def _ratio(numerator: Node, denominator: Node) -> Node:
    """A fraction that doesn't happen to spell a derivative (dW over dZ is one)."""
    both = (numerator, denominator)
    if all(isinstance(part, Letter) and part.name[0] == "d" for part in both):
        return Fraction(Num("1"), denominator)
    return Fraction(numerator, denominator)


def _sums(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def build(terms: list[tuple[Node, bool]]) -> Node:
        if len(terms) == 1:
            return Sum((terms[0][0],), (True,))
        return Sum(tuple(term for term, _ in terms), tuple(sign for _, sign in terms))

    return st.lists(st.tuples(inner, st.booleans()), min_size=1, max_size=4).map(build)


def _products(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def build(first: Node, rest: list[tuple[str, Node]]) -> Node:
        return Product((first, *(factor for _, factor in rest)), tuple(sign for sign, _ in rest))

    signs = st.sampled_from(["", "", "·", "×", "*", "@", "⊙"])
    return st.builds(build, inner, st.lists(st.tuples(signs, inner), min_size=1, max_size=3))


def _relations(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Relation]:
    signs = st.sampled_from(["=", ":=", "←", "-=", "+=", "<", ">", "≤", "≥", "≠", "≈", "∈", "∝"])
    return st.builds(
        lambda first, rest: Relation((first, *(side for _, side in rest)), tuple(sign for sign, _ in rest)),
        inner,
        st.lists(st.tuples(signs, inner), min_size=1, max_size=2),
    )


def _conditions(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Relation]:
    return st.builds(
        lambda a, sign, b: Relation((a, b), (sign,)), inner, st.sampled_from(["<", ">", "≤", "≥", "≠"]), inner
    )


def _compound(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        _sums(inner),
        _products(inner),
        _products(inner),
        st.builds(_ratio, inner, inner),
        st.builds(Power, inner, st.one_of(numbers, plain_letters, _sums(inner))),
        st.builds(Transpose, inner),
        st.builds(Applied, functions, st.tuples(inner)),
        st.builds(
            Applied,
            st.just(Letter("np.sum")),
            st.tuples(inner),
            st.just((("axis", Num("1")), ("keepdims", Letter("True")))),
        ),
        st.builds(
            BigSum,
            st.sampled_from([("i",), ("j",), ("j", "k"), ("axis",)]),
            st.one_of(st.none(), st.just(Num("1"))),
            st.one_of(st.none(), plain_letters),
            inner,
        ),
        st.builds(BigSum, st.just(()), st.none(), st.one_of(st.none(), plain_letters), inner),
        st.builds(Partial, inner, plain_letters, st.sampled_from(["fraction", "operator"]), st.just("∂")),
        st.builds(
            lambda of, by: Partial(of, by, "fraction", "d"),
            st.sampled_from("LJz").map(Letter),
            st.builds(Letter, st.sampled_from("Wbz"), lower=_LOWER),
        ),
        st.builds(Gradient, inner, st.one_of(st.none(), plain_letters)),
        st.builds(Indicator, _conditions(inner)),
        st.builds(
            lambda rows, last: Cases((*rows, (last, None))),
            st.lists(st.tuples(inner, _conditions(inner)), min_size=1, max_size=2),
            inner,
        ),
        st.builds(lambda rows: Matrix(tuple(rows)), st.lists(pair, min_size=1, max_size=3)),
        st.builds(Bars, inner, st.booleans()),
        st.builds(Underbrace, inner, inner),
    )


trees = st.recursive(atoms, _compound, max_leaves=14)
relations = _relations(trees)
