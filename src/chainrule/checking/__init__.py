"""Whether gradients, somebody's backward function, or somebody's written derivation are right."""

from chainrule.checking.gradients import check_gradients
from chainrule.checking.report import CheckReport

__all__ = ["CheckReport", "check_gradients"]
