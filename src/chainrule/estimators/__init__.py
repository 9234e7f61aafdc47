"""The scikit-learn face: estimators that declare a network, train it and read its parameters back."""

from chainrule.estimators.classifier import MLPClassifier
from chainrule.estimators.many import cross_validate, fit_many
from chainrule.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "cross_validate", "fit_many"]
