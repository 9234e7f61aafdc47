"""The reference engine: NumPy in float64, one equation = one assignment.  Slow and obviously right."""

from chainrule.engines.reference.evaluation import Evaluator, Trace, evaluate
from chainrule.engines.reference.program import ReferenceEngine

__all__ = ["Evaluator", "ReferenceEngine", "Trace", "evaluate"]
