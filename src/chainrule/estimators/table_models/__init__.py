"""From a table to a trained model and back: the face for people with a file and no code."""

from chainrule.estimators.table_models.model import Model, Predictions
from chainrule.estimators.table_models.one_call import train_table
from chainrule.estimators.table_models.settings import TrainingSettings
from chainrule.estimators.table_models.summary import TrainingSummary
from chainrule.estimators.table_models.training import TableTraining

__all__ = ["Model", "Predictions", "TableTraining", "TrainingSettings", "TrainingSummary", "train_table"]
