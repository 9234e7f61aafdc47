"""How parameters are found: starting values, schedules, batches, stopping, and the loop over an engine's steps."""

from chainrule.training.descent import NotConverged, descend
from chainrule.training.history import History
from chainrule.training.loop import Plan, train

__all__ = ["History", "NotConverged", "Plan", "descend", "train"]
