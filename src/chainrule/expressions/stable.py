"""The form of a term that engines compute.

Calls are opened into their stable forms, and differences with a logsumexp are shifted by the maximum, so that
``z − logsumexp z`` loses nothing for large z:  z − logsumexp z = (z − m) − log Σ exp(z − m),  m = max z.
"""

from __future__ import annotations

from chainrule.expressions.derivatives import computed_derivative
from chainrule.expressions.terms import Apply, Call, Reduce, Symbol, Term, exp, log, rebuild, replace, sub


def stable_form(root: Term) -> Term:
    """A term of elementary operations and of the reductions sum and max, equal to `root`.

    Examples
    --------
    >>> from chainrule.expressions.activations import softplus
    >>> print(stable_form(Call(softplus, Symbol("Z1", ("i", "u1")))))
    select(less_equal(Z1, 0), 0, Z1) + log1p(exp(-abs(Z1)))
    """
    match root:
        case Apply("sub", (Reduce("logsumexp", over, operand), Reduce("logsumexp", other, below))):
            shift, second = Reduce("max", over, stable_form(operand)), Reduce("max", other, stable_form(below))
            logs = _log_of_sum(stable_form(operand), over, shift), _log_of_sum(stable_form(below), other, second)
            return sub(shift, second) + sub(*logs)
        case Apply("sub", (left, Reduce("logsumexp", over, operand))):
            shift = Reduce("max", over, stable_form(operand))
            return sub(sub(stable_form(left), shift), _log_of_sum(stable_form(operand), over, shift))
        case Apply("sub", (Reduce("logsumexp", over, operand), right)):
            shift = Reduce("max", over, stable_form(operand))
            return sub(_log_of_sum(stable_form(operand), over, shift), sub(stable_form(right), shift))
        case Reduce("logsumexp", over, operand):
            shift = Reduce("max", over, stable_form(operand))
            return shift + _log_of_sum(stable_form(operand), over, shift)
        case Call(function, argument, order):
            inner = stable_form(argument)
            if order == 0:
                return replace(stable_form(function.computed), {Symbol("z"): inner})
            by: dict[Term, Term] = {Symbol("z"): inner, Symbol("a"): stable_form(Call(function, argument))}
            return replace(stable_form(computed_derivative(function)), by)
    children = tuple(stable_form(child) for child in root.children)
    return root if children == root.children else rebuild(root, children)


def _log_of_sum(operand: Term, over: tuple[str, ...], shift: Term) -> Term:
    return log(Reduce("sum", over, exp(operand - shift)))
