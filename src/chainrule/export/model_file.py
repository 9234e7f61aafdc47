"""The model file: weights as safetensors, and what they mean as JSON in its metadata.

Metadata, all texts: ``format`` ("chainrule model"), ``schema`` (1), ``chainrule`` (the version that wrote it),
``network``, ``plan`` and ``training`` (JSON), ``sha256`` (over everything else).  Arrays: ``W1``, ``b1``, …, all
float32 or all float64.  Reading builds declarations and arrays only, and executes nothing.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

from chainrule.estimators.table_models import Model, TrainingSummary
from chainrule.export.errors import ModelFileError
from chainrule.export.safetensors_bytes import pack, read_header, unpack
from chainrule.network import Network
from chainrule.tables import PreparationPlan, TableError
from chainrule.tables.atomic import atomic_file

FORMAT = "chainrule model"
SCHEMA = 1
_TEXTS = ("format", "schema", "chainrule", "network", "plan", "training", "sha256")

T = TypeVar("T")


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model file, whole or not at all: a temporary file beside it, renamed when complete.

    The same model gives the same bytes.

    Raises
    ------
    ModelFileError
        The file cannot be written; then nothing was.
    """
    texts = {
        "format": FORMAT,
        "schema": str(SCHEMA),
        "chainrule": model.training.version,
        "network": _dumps(model.network.to_json()),
        "plan": model.plan.to_json(),
        "training": _dumps(model.training.to_json()),
    }
    try:
        with atomic_file(path) as file:
            file.write(pack(texts, model.parameters))
    except TableError as error:
        raise ModelFileError(error.message, path) from error


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file; nothing in it is executed.

    Parameters
    ----------
    path : path
        What :meth:`Model.save` or ``chainrule train`` wrote.

    Returns
    -------
    Model

    Raises
    ------
    ModelFileError
        The file is missing, of another kind, cut off, damaged, of a newer schema, or its parts do not fit together.

    Examples
    --------
    >>> import chainrule as cr, polars as pl, tempfile
    >>> frame = pl.DataFrame({"x": range(100), "big": [x > 50 for x in range(100)]})
    >>> model = cr.train_table(frame, target="big", epochs=5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(f"{folder}/big.chainrule")
    ...     again = cr.load_model(f"{folder}/big.chainrule")
    >>> again
    Model(1 -> 32 relu -> 1 sigmoid, predicts 'big': False, True)
    """
    texts, data = _read(path)
    try:
        arrays = unpack(data, texts)
        network = _part("network", lambda: Network.from_json(json.loads(texts["network"])))
        plan = _part("plan", lambda: PreparationPlan.from_json(texts["plan"]))
        training = _part("training", lambda: TrainingSummary.from_json(json.loads(texts["training"])))
        return Model(network, arrays, plan, training)
    except ValueError as error:
        raise ModelFileError(f"the model file cannot be used: {error}", path) from error


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, str], bytes]:
    """The metadata's texts and the whole file, once its header says that it is a model of a known schema."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):  # before opening: a pipe would wait for its writer
            raise ModelFileError("this is not a file; give the path of a model file", path)
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not size:
                raise ModelFileError("the file is empty", path)
            texts = _header(path, file, size)
            file.seek(0)
            return texts, file.read()
    except OSError as error:
        raise ModelFileError(f"cannot be read ({error.strerror or error})", path) from error
    except ValueError as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError("the path holds a character that no path may have", path) from error


def _header(path: str | os.PathLike[str], file: IO[bytes], size: int) -> dict[str, str]:
    foreign = "not a model file of chainrule"
    try:
        texts = read_header(file, size)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{foreign}, or the start of it is damaged", path) from error
    if texts.get("format") != FORMAT:
        raise ModelFileError(f"{foreign}: a safetensors file of another kind", path)
    schema = texts.get("schema", "")
    if not isinstance(schema, str) or not schema.isascii() or not schema.isdecimal() or int(schema[:9]) < 1:
        raise ModelFileError(f"a model file with schema {str(schema)[:20]!r}, which none has", path)
    if int(schema[:9]) > SCHEMA:
        version = str(texts.get("chainrule", "unknown"))[:20]
        message = f"written by a newer chainrule ({version}, schema {schema[:9]}); this one reads schema {SCHEMA}"
        raise ModelFileError(f"{message}: install a newer chainrule", path)
    if set(texts) != set(_TEXTS) or not all(isinstance(text, str) for text in texts.values()):
        raise ModelFileError(f"a model file whose entries are not {', '.join(_TEXTS)}", path)
    return texts


def _part(name: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, RecursionError, OverflowError) as error:
        raise ValueError(f"{name}: {error}") from error


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
