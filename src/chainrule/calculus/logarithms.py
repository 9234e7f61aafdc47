"""Logarithms of output activations, rewritten so that they are finite wherever the network is.

log σ(z) = −softplus(−z),  log(1 − σ(z)) = −softplus(z),  log exp(z) = z,  log softmax(z) = z − logsumexp z,
log(1 − softmax(z)_k) = logsumexp of the others' z − logsumexp z,
log softplus(z) = z far below 0, where softplus(z) is e^z to the last digit.
Computed as written, log σ(z) is −∞ from z = −104 in float32; rewritten it is exact to the last digits.
"""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.calculus.algebra import Product, product, rewrite_children, term_of, tidy
from chainrule.calculus.complements import log_of_complement, normaliser_of
from chainrule.expressions.activations import sigmoid, softplus
from chainrule.expressions.terms import Apply, Call, Symbol, Term, is_number, less, replace, select, walk

SOFTPLUS_IS_EXP = -37.0  # below, softplus(z) and its derivative σ(z) are e^z up to half of e^−37, which is below 2^−54


def without_logarithms(root: Term, definitions: Mapping[Symbol, Term]) -> Term:
    """The term with log A and log(1 − A) replaced, where A is a sigmoid, exponential, softmax or softplus."""
    rules: dict[Term, Term] = {}
    for node in walk(root):
        match node:
            case Apply("log", (Symbol() as A,)) if A in definitions:
                match definitions[A]:
                    case Call(function, z, 0) if function == sigmoid:
                        rules[node] = -Call(softplus, -z)
                    case Call(function, z, 0) if function.definition == _EXP:
                        rules[node] = z
                    case Call(function, z, 0) if function == softplus:
                        rules[node] = select(less(z, SOFTPLUS_IS_EXP), z, node)
                    case Apply("exp", (exponent,)):
                        rules[node] = exponent
            case Apply("log", (Apply("sub", (one, Symbol() as A)),)) if is_number(one, 1) and A in definitions:
                match definitions[A]:
                    case Call(function, z, 0) if function == sigmoid:
                        rules[node] = -Call(softplus, z)
                    case definition if normaliser := normaliser_of(definition):
                        rules[node] = log_of_complement(A, normaliser)
    return tidy(replace(root, rules)) if rules else root


def without_quotients(root: Term, definitions: Mapping[Symbol, Term]) -> Term:
    """The term with σ(Z)/A replaced, where A is softplus(Z): it is 1 far below 0, where A may have become 0.

    It is the derivative of log softplus(Z).
    """
    match root:
        case Apply("mul" | "div", _):
            value = product(root)
            for A in value.below:
                match definitions.get(A) if isinstance(A, Symbol) else None:
                    case Call(function, z, 0) if function == softplus and Call(sigmoid, z) in value.above:
                        slope = Call(sigmoid, z)
                        above, below = list(value.above), list(value.below)
                        above.remove(slope)
                        below.remove(A)
                        quotient = select(less(z, SOFTPLUS_IS_EXP), 1, slope / A)
                        return term_of(Product(value.coefficient, (*above, quotient), tuple(below)))
    return rewrite_children(root, lambda child: without_quotients(child, definitions))


_EXP = Apply("exp", (Symbol("z"),))
