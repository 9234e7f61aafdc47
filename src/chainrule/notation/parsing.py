r"""Reading written mathematics: LaTeX, Unicode or plain text → the tree of `chainrule.notation.tree`.

A precedence parser: relations, sums, products (from left to right, all product signs alike), factors with their
scripts, atoms. Nothing is evaluated and nothing is guessed. `parse` refuses what it cannot read; `read` steps over
damage and says where it was. Depth and size are bounded, so hostile input ends in an error, not in a crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.notation import scripts
from chainrule.notation.brackets import open_indices
from chainrule.notation.cursor import END, Conventions, d_letter
from chainrule.notation.letters import Letters
from chainrule.notation.problems import NotationError, Problem
from chainrule.notation.structures import Structures
from chainrule.notation.tokens import Token, tokenize
from chainrule.notation.tree import (
    BigSum,
    Fraction,
    Letter,
    Node,
    Partial,
    Power,
    Product,
    ProductSign,
    Relation,
    RelationSign,
    Sum,
    Transpose,
    mentions,
    negated,
)

__all__ = ["DEFAULT", "Conventions", "Reading", "parse", "read", "read_tokens"]

MAX_TOKENS = 8_000
DEFAULT = Conventions()


@dataclass(frozen=True)
class Reading:
    """A tree read with damage stepped over; ``problems`` is empty when there was none."""

    tree: Node | None
    problems: tuple[Problem, ...]


def parse(text: str, conventions: Conventions = DEFAULT) -> Node:
    r"""Read one formula.

    Parameters
    ----------
    text : str
        LaTeX (without dollar signs), Unicode, plain text, or a mixture.
    conventions : Conventions
        Which names are functions, and whose superscripts are layers.

    Returns
    -------
    Node
        The tree; ``parse(to_text(tree)) == tree`` and ``parse(to_latex(tree)) == tree``.

    Raises
    ------
    NotationError
        If the text is damaged, too long or nested too deeply; it names the place.

    Examples
    --------
    >>> parse("A ⊙ B")
    Product(factors=(Letter(name='A', ...), Letter(name='B', ...)), signs=('⊙',))
    >>> parse(r"\frac{1}{n} X^T \delta") == parse("(1/n) Xᵀ δ")
    True
    """
    reading = read_tokens(tokenize(text), conventions)
    for problem in reading.problems:
        raise NotationError(problem.message, max(problem.start, 0))
    if reading.tree is None:
        raise NotationError("found nothing to read; a formula is expected", 0)
    return reading.tree


def read(text: str, conventions: Conventions = DEFAULT) -> Reading:
    """Read one formula, stepping over damage; see `parse`. Raises NotationError only for size and depth."""
    return read_tokens(tokenize(text), conventions)


def read_tokens(tokens: Sequence[Token], conventions: Conventions = DEFAULT) -> Reading:
    """Read one formula that is already cut into tokens."""
    if len(tokens) > MAX_TOKENS:
        raise NotationError(f"a formula of {len(tokens):,} tokens; at most {MAX_TOKENS:,} are read", 0)
    parser = _Parser(tokens, conventions)
    tree = parser.everything()
    return Reading(tree, tuple(parser.problems))


class _Parser(Structures, Letters):
    """Relations, sums, products and factors; whatever stands inside a factor is read by the two parents."""

    def everything(self) -> Node | None:
        tree = None
        while self.token is not END:
            before = self.at
            part = self.relation()
            tree = tree if tree is not None else part
            if self.token is not END:
                self.damage(f"{self.token.text or self.token.kind!r} was not expected here")
                self.at = max(self.at, before + 1)
        return tree

    def relation(self) -> Node | None:
        self.deeper()
        sides, signs = [self.sum()], []
        while self.token.kind == "relation":
            signs.append(self.take().text)
            sides.append(self.sum())
        self.depth -= 1
        found = tuple(side for side in sides if side is not None)
        if len(found) < len(sides) and signs:
            self.damage("a side of the relation is missing")
        if len(found) < 2:
            return found[0] if found else None
        return Relation(found, tuple(_relation_sign(sign) for sign in signs[: len(found) - 1]))

    def sum(self) -> Node | None:
        terms: list[Node] = []
        negative: list[bool] = []
        signed = False
        while True:
            minus = False
            has_sign = False
            while sign := self.accept("plus"):
                has_sign, minus = True, minus != (sign.text == "-")
            if terms and not has_sign:
                break
            term = self.product()
            if term is None:
                if has_sign:
                    self.damage("a term is missing after the sign")
                break
            signed = signed or (has_sign and not terms)
            terms.append(term)
            negative.append(minus)
        if not terms:
            return None
        if len(terms) == 1 and not signed:
            return terms[0]
        terms, negative = self.swallowed(terms, negative)
        if len(terms) == 1 and not negative[0]:
            return terms[0]
        return Sum(tuple(terms), tuple(negative))

    def swallowed(self, terms: list[Node], negative: list[bool]) -> tuple[list[Node], list[bool]]:
        """Move terms that still mention the index of a Σ before them into its body: Σᵢ aᵢ − bᵢ is Σᵢ (aᵢ − bᵢ)."""
        kept: list[Node] = []
        signs: list[bool] = []
        inner: list[tuple[Node, bool]] = []
        for term, minus in zip(terms, negative, strict=True):
            if kept and any(mentions(term, index) for index in self.open_indices(kept[-1])):
                inner.append((term, minus))
                continue
            if inner:
                kept[-1], inner = _with_body(kept[-1], inner), []
            kept.append(term)
            signs.append(minus)
        if inner:
            kept[-1] = _with_body(kept[-1], inner)
        return kept, signs

    def open_indices(self, node: Node) -> tuple[str, ...]:
        """Indices of sums at the right end of a term that no bracket closes."""
        if id(node) in self.closed:
            return ()
        match node:
            case BigSum(indices=indices, body=body):
                return (*indices, *self.open_indices(body))
            case Product(factors=factors):
                return self.open_indices(factors[-1])
            case _:
                return ()

    def product(self) -> Node | None:
        first = self.factor()
        if first is None:
            return None
        factors, signs = [first], list[str]()
        while True:
            if sign := self.accept("sign"):
                factor = self.signed_factor()
                if factor is None:
                    self.damage(f"a factor is missing after {sign.text}")
                    break
                if sign.text == "/":
                    factors, signs = self.over(factors, signs, factor)
                    continue
                factors.append(factor)
                signs.append(sign.text)
            elif self.starts_factor():
                factor = self.factor()
                if factor is None:
                    break
                factors.append(factor)
                signs.append("")
            else:
                break
        return _product(factors, signs)

    def over(self, factors: list[Node], signs: list[str], denominator: Node) -> tuple[list[Node], list[str]]:
        """A slash: the last factor's derivative when both are d-letters, else everything before it as a fraction."""
        by, last = d_letter(denominator), factors[-1]
        of = d_letter(last)
        if by is not None and last == Letter("d") and (operand := self.factor()) is not None:
            return [*factors[:-1], Partial(operand, by, "operator", "d")], signs
        if by is not None and of is not None:
            return [*factors[:-1], Partial(of, by, "fraction", "d")], signs
        return [Fraction(_product(factors, signs), denominator)], []

    def signed_factor(self) -> Node | None:
        """A factor after a product sign, which may carry a minus: a · −1."""
        minus = False
        while sign := self.accept("plus"):
            minus = minus != (sign.text == "-")
        factor = self.factor()
        return negated(factor) if minus and factor is not None else factor

    def factor(self) -> Node | None:
        if not self.starts_factor() and self.token.kind != "bar":
            return None
        self.deeper()
        atom = self.atom()
        found = self.with_scripts(atom) if atom is not None else None
        self.depth -= 1
        return found

    def with_scripts(self, base: Node) -> Node:
        """Exponents and transpositions behind something that isn't a letter."""
        while self.token.kind in {"^", "prime"}:
            if self.accept("prime"):
                base = Transpose(base)
                continue
            self.take()
            inner = self.group()
            if scripts.is_transposition(inner):
                base = Transpose(base)
            else:
                exponent = self.inside(inner)
                base = Power(base, exponent) if exponent is not None else base
        return base


def _product(factors: Sequence[Node], signs: Sequence[str]) -> Node:
    if len(factors) == 1:
        return factors[0]
    return Product(tuple(factors), tuple(_product_sign(sign) for sign in signs))


def _product_sign(sign: str) -> ProductSign:
    known: dict[str, ProductSign] = {"": "", "·": "·", "×": "×", "*": "*", "@": "@", "⊙": "⊙"}
    return known[sign]


def _relation_sign(sign: str) -> RelationSign:
    known: tuple[RelationSign, ...] = ("=", ":=", "←", "-=", "+=", "<", ">", "≤", "≥", "≠", "≈", "∈", "∝")
    return known[known.index(sign)]  # the tokenizer emits no other


def _with_body(node: Node, more: list[tuple[Node, bool]]) -> Node:
    match node:
        case BigSum(indices=indices, start=start, stop=stop, body=body) if not open_indices(body):
            body = Sum((body, *(term for term, _ in more)), (False, *(minus for _, minus in more)))
            return BigSum(indices, start, stop, body)
        case BigSum(indices=indices, start=start, stop=stop, body=body):
            return BigSum(indices, start, stop, _with_body(body, more))
        case Product(factors=factors, signs=signs):
            return Product((*factors[:-1], _with_body(factors[-1], more)), signs)
        case _:
            return node
