"""What leaves the program: the model file."""

from chainrule.export.errors import ModelFileError
from chainrule.export.model_file import load_model, save_model

__all__ = ["ModelFileError", "load_model", "save_model"]
