"""The scikit-learn face: estimators that declare a network, train it and read its parameters back.

They are imported when they are first asked for: predicting from a model file needs no scikit-learn.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chainrule.estimators.classifier import MLPClassifier
    from chainrule.estimators.many import cross_validate, fit_many
    from chainrule.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "cross_validate", "fit_many"]

_HOMES: Final = {
    "MLPClassifier": "chainrule.estimators.classifier",
    "MLPRegressor": "chainrule.estimators.regressor",
    "cross_validate": "chainrule.estimators.many",
    "fit_many": "chainrule.estimators.many",
}

if not TYPE_CHECKING:  # hidden from type checkers, which would otherwise accept every misspelt name

    def __getattr__(name: str) -> object:
        """Import a name on first use, and keep it."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
        globals()[name] = value = getattr(import_module(_HOMES[name]), name)
        return value
