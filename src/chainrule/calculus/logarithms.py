"""Logarithms of output activations, rewritten so that they are finite wherever the network is.

log σ(z) = −softplus(−z),  log(1 − σ(z)) = −softplus(z),  log exp(z) = z,  log softmax(z) = z − logsumexp z.
Computed as written, log σ(z) is −∞ from z = −104 in float32; rewritten it is exact to the last digits.
"""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.calculus.algebra import tidy
from chainrule.expressions.activations import sigmoid, softplus
from chainrule.expressions.terms import Apply, Call, Symbol, Term, is_number, replace, walk


def without_logarithms(root: Term, definitions: Mapping[Symbol, Term]) -> Term:
    """The term with log A and log(1 − A) replaced, where A is defined as a sigmoid, exponential or softmax."""
    rules: dict[Term, Term] = {}
    for node in walk(root):
        match node:
            case Apply("log", (Symbol() as A,)) if A in definitions:
                match definitions[A]:
                    case Call(function, z, 0) if function == sigmoid:
                        rules[node] = -Call(softplus, -z)
                    case Call(function, z, 0) if function.definition == _EXP:
                        rules[node] = z
                    case Apply("exp", (exponent,)):
                        rules[node] = exponent
            case Apply("log", (Apply("sub", (one, Symbol() as A)),)) if is_number(one, 1) and A in definitions:
                match definitions[A]:
                    case Call(function, z, 0) if function == sigmoid:
                        rules[node] = -Call(softplus, z)
    return tidy(replace(root, rules)) if rules else root


_EXP = Apply("exp", (Symbol("z"),))
