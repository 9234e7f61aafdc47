"""Why the gradient is what it is: the chain rule, named rewrites, update rules, and the verification of equations."""

from chainrule.calculus.derivation import Derivation, derive

__all__ = ["Derivation", "derive"]
