"""A document's text: given as it is, or read from a file within bounds."""

from __future__ import annotations

from pathlib import Path

from chainrule.checking.document.reading.errors import DocumentError
from chainrule.checking.document.reading.statements import MAX_CHARACTERS

_MAX_BYTES = 4 * MAX_CHARACTERS  # no character takes more in UTF-8


def source_text(text_or_path: object) -> str:
    """The text of a document, with line feeds between its lines.

    Parameters
    ----------
    text_or_path : str or pathlib.Path
        A str is the text itself, also where a file has that name.

    Raises
    ------
    TypeError
        If it is neither.
    OSError
        If there is no such file, or it may not be read.
    DocumentError
        If the file is too long or not text in UTF-8.

    Examples
    --------
    >>> source_text("a = b")
    'a = b'
    """
    if isinstance(text_or_path, str):
        text = text_or_path
    elif isinstance(text_or_path, Path):
        text = _decoded(text_or_path)
    else:
        found = type(text_or_path).__name__
        raise TypeError(f"text_or_path must be the text (str) or a file (pathlib.Path), not {found}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(path: Path) -> str:
    with path.open("rb") as file:  # read within bounds: a device or a pipe may never end
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise DocumentError(f"{path}: more than {_MAX_BYTES:,} bytes; at most {MAX_CHARACTERS:,} characters are read")
    if b"\0" in content:
        raise DocumentError(f"{path}: not a text file (it has zero bytes)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}: not text in UTF-8 (byte {error.start + 1:,})") from None
