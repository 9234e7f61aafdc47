"""Weighted sums, W x + b, x W + b, wᵀ x + b, X W₁ᵀ + b, Σₖ w_jk x_k + b_j: which letter is the weight, how it lies."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.checking.document.meaning.letters import BIASES, LOSSES, WEIGHTS, quantity
from chainrule.notation.tree import ONES, Applied, BigSum, Letter, Node, Product, Sum, Transpose

_PRODUCTS = frozenset({"np.dot", "dot", "np.matmul"})


@dataclass(frozen=True)
class AffineMap:
    """What a weighted sum is made of.

    Attributes
    ----------
    weight, given : Letter
        The weight and what it is applied to.
    bias : Node or None
        b, 𝟏bᵀ or b𝟏ᵀ.
    columns : bool
        Whether samples are columns.
    flipped : bool
        Whether the weight is stored the other way round: wᵀ x for columns, x Wᵀ for rows.
    """

    weight: Letter
    given: Letter
    bias: Node | None
    columns: bool
    flipped: bool = False

    @property
    def weight_layer(self) -> str:
        """The weight's own layer, which need not be that of the sum: z⁽²⁾ = Θ⁽¹⁾ a⁽¹⁾."""
        return quantity(self.weight).layer

    def shape(self, before: int, own: int) -> tuple[int, int]:
        """The weight's shape, between as many units before and its own."""
        return (own, before) if self.columns != self.flipped else (before, own)


def affine(body: Node) -> AffineMap | None:
    """The weighted sum that a definition is, or None.

    Examples
    --------
    >>> from chainrule.notation.parsing import parse
    >>> found = affine(parse("X W_1^T + b_1"))
    >>> found.weight.name, found.given.name, found.columns, found.flipped
    ('W', 'X', False, True)
    """
    terms = body.terms if isinstance(body, Sum) and not any(body.negative) else (body,)
    product: tuple[Letter, Letter, bool, bool] | None = None
    bias: Node | None = None
    for term in terms:
        inner = term.body if isinstance(term, BigSum) else term
        factors = _two_factors(inner)
        if factors is not None and (ONES in factors or Transpose(ONES) in factors):
            bias = next(factor for factor in factors if factor not in {ONES, Transpose(ONES)})
        elif factors is not None:
            if product is not None:
                return None  # w₁ x₁ + w₂ x₂ + b: a sum of numbers
            summed = term.indices if isinstance(term, BigSum) else ()
            product = _weighted(factors, summed)
        elif isinstance(inner, Letter) and quantity(inner).name in BIASES:
            bias = inner
    if product is None:
        return None
    weight, given, columns, flipped = product
    return AffineMap(weight, given, bias, columns, flipped)


def _two_factors(node: Node) -> tuple[Node, Node] | None:
    match node:
        case Product(factors=(first, second)):
            return first, second
        case Applied(function=Letter(name=name), arguments=(first, second)) if name in _PRODUCTS:
            return first, second
        case _:
            return None


def _weighted(factors: tuple[Node, Node], summed: tuple[str, ...]) -> tuple[Letter, Letter, bool, bool] | None:
    """Weight, input, whether samples are columns, whether the weight lies the other way round."""
    bare = [factor.of if isinstance(factor, Transpose) else factor for factor in factors]
    turned = [isinstance(factor, Transpose) for factor in factors]
    names = [quantity(letter).name if isinstance(letter, Letter) else "" for letter in bare]
    at = next((place for place in (0, 1) if names[place] in WEIGHTS), None)
    if at is None or not all(isinstance(letter, Letter) for letter in bare) or turned[1 - at]:
        return None
    weight, given = bare[at], bare[1 - at]
    if not isinstance(weight, Letter) or not isinstance(given, Letter) or given.name in LOSSES:
        return None
    if summed:  # Σₖ w_jk x_k: columns; Σᵢ x_i w_ij has the unit that it leads to second
        marks = [mark.text for mark in weight.lower if mark.text.isalpha()]
        return weight, given, True, len(marks) == 2 and marks[0] in summed
    return weight, given, at == 0, turned[at]
