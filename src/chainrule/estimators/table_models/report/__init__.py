"""The report on a training: one page that needs nothing beside it."""

from chainrule.estimators.table_models.report.page import report_page, write_report

__all__ = ["report_page", "write_report"]
