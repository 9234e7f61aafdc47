"""Whether gradients, somebody's backward function, or somebody's written derivation are right."""

from chainrule.checking.backward import assert_backward_correct, check_backward
from chainrule.checking.backward_report import BackwardReport
from chainrule.checking.document.derivation import check_derivation
from chainrule.checking.document.reporting.report import DerivationReport
from chainrule.checking.gradients import check_gradients
from chainrule.checking.report import CheckReport

__all__ = [
    "BackwardReport",
    "CheckReport",
    "DerivationReport",
    "assert_backward_correct",
    "check_backward",
    "check_derivation",
    "check_gradients",
]
