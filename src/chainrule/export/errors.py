"""The one exception of this room."""

from __future__ import annotations

import os


class ModelFileError(ValueError):
    """A model file cannot be read or written.

    Parameters
    ----------
    message : str
        What was found and what would be accepted.
    path : path
        The file.

    Examples
    --------
    >>> print(ModelFileError("the file is empty", "cancer.chainrule"))
    cancer.chainrule: the file is empty
    """

    def __init__(self, message: str, path: str | os.PathLike[str]) -> None:
        super().__init__(f"{os.fspath(path)}: {message}")
        self.message, self.path = message, os.fspath(path)
