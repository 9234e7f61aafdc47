"""The reference engine: NumPy in float64, one equation = one assignment.  Slow and obviously right."""

from chainrule.engines.reference.evaluation import Trace, evaluate

__all__ = ["Trace", "evaluate"]
