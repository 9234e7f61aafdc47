"""Files as UTF-8: opened, decompressed and decoded in one pass, block by block."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from chainrule.tables.errors import TableError

BLOCK_BYTES = 4 << 20
_ENOUGH_TO_JUDGE = 64


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most ``size``."""
        ...


BinaryStream = io.BufferedReader | gzip.GzipFile | lzma.LZMAFile | bz2.BZ2File

_MARKS = (  # UTF-32 before UTF-16: their little-endian marks begin alike
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(code for code in range(32) if chr(code) not in "\t\n\v\f\r")
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook; save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"),
    (b"ARROW1", "an Arrow (Feather) file; save it as Parquet or CSV"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; decompress it, or use gzip or xz"),
    (b"%PDF", "a PDF document; save the table in it as CSV"),
)


@contextmanager
def open_decompressed(path: str | os.PathLike[str]) -> Iterator[BinaryStream]:
    """Open a file for reading bytes; gzip, xz and bzip2 are recognised by their first bytes.

    Raises
    ------
    TableError
        The file is missing, a folder, or may not be read.
    """
    source = os.fspath(path)
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(Path(path).open("rb"))
            head = raw.peek(8)
        except FileNotFoundError as error:
            raise TableError("there is no such file", source=source) from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise TableError(f"the file cannot be opened ({reason})", source=source) from error
        opened: BinaryStream = raw
        if head.startswith(b"\x1f\x8b"):
            opened = stack.enter_context(gzip.GzipFile(fileobj=raw))
        elif head.startswith(b"\xfd7zXZ\x00"):
            opened = stack.enter_context(lzma.LZMAFile(raw))
        elif head.startswith(b"BZh"):
            opened = stack.enter_context(bz2.BZ2File(raw))
        yield opened


def read_bytes(stream: Readable, size: int, source: str) -> bytes:
    """Read exactly ``size`` bytes, fewer only at the end; errors become :class:`TableError`."""
    parts = []
    try:
        while size > 0 and (part := stream.read(size)):
            parts.append(part)
            size -= len(part)
    except EOFError as error:
        raise TableError("the compressed file is cut off", source=source) from error
    except (lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f"the compressed file is damaged ({error})", source=source) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise TableError(f"the file cannot be read ({reason})", source=source) from error
    return b"".join(parts)


class Utf8Blocks:
    """The text of a file as blocks of valid UTF-8, without a byte order mark.

    Without ``encoding``, a mark decides; else the text is UTF-8. At the first byte that cannot be UTF-8, a file that
    was plain ASCII so far is taken for Windows-1252 from there on, and ``notes`` says so.

    Parameters
    ----------
    stream : file of bytes
    source : str
        The file's name, for messages.
    encoding : str, optional
        A name that Python knows, such as ``"utf-16"`` or ``"cp1250"``.
    size : int
        Bytes to read at once.
    """

    def __init__(self, stream: Readable, source: str, encoding: str | None = None, size: int = BLOCK_BYTES) -> None:
        self.source, self.size = source, size
        self.notes: tuple[str, ...] = ()
        self._stream, self._lines, self._ascii = stream, 0, True
        if encoding is not None:
            try:
                encoding = codecs.lookup(encoding).name
            except LookupError as error:
                raise TableError(f"there is no encoding {encoding!r}", source=source) from error
        self.encoding = encoding

    def __iter__(self) -> Iterator[bytes]:
        block = self._begin(read_bytes(self._stream, max(self.size, _ENOUGH_TO_JUDGE), self.source))
        carry = b""
        while block or carry:
            following = read_bytes(self._stream, self.size, self.source)
            data = carry + block
            if self.encoding == "utf-8" and data.isascii():
                text, carry = data, b""
            else:
                text, carry = self._decode(data, final=not following)
            if b"\0" in text:
                raise TableError("a NUL byte: this is a binary file, not a table as text", source=self.source)
            if text:
                yield text
                self._lines += text.count(b"\n")
                self._ascii = self._ascii and text.isascii()
            block = following

    def _begin(self, block: bytes) -> bytes:
        for magic, what in _FOREIGN:
            if block.startswith(magic):
                raise TableError(f"this is {what}", source=self.source)
        for mark, name in _MARKS:
            if block.startswith(mark) and (self.encoding or name).startswith(name[:6]):
                self.encoding = name
                return block[len(mark) :]
        if self.encoding is None:
            self.encoding = _utf16_without_mark(block) or "utf-8"
        if self.encoding == "utf-8" and len(block[:4096].translate(None, _CONTROLS)) < 0.98 * len(block[:4096]):
            raise TableError("this is a binary file, not a table as text", source=self.source)
        return block

    def _decode(self, data: bytes, *, final: bool) -> tuple[bytes, bytes]:
        """What of ``data`` is decoded, as UTF-8, and the unfinished bytes at its end."""
        encoding = self.encoding or "utf-8"
        try:
            decoder = codecs.getincrementaldecoder(encoding)()
            text = decoder.decode(data, final)
        except UnicodeDecodeError as error:
            before = data[: error.start]
            if self.encoding == "utf-8" and self._ascii and before.isascii():
                self.encoding = "cp1252"
                self.notes = (*self.notes, "the text is not UTF-8; it was read as Windows-1252 (say encoding=)")
                return self._decode(data, final=final)
            line = self._lines + before.count(b"\n") + 1
            found = " ".join(f"0x{byte:02X}" for byte in data[error.start : error.end])
            raise TableError(f"line {line}: {found} is not {encoding}; say encoding=", source=self.source) from error
        except UnicodeError as error:  # utf-16 without its mark, idna and the like
            raise TableError(f"the text is not {encoding} ({error})", source=self.source) from error
        pending = decoder.getstate()[0]
        return text.encode("utf-8", "replace"), pending


def _utf16_without_mark(block: bytes) -> str | None:
    """Mostly ASCII text in UTF-16 has a zero in every other byte."""
    head = block[:4096]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if len(head) >= 4 and max(even, odd) > 0.4 * len(head) and min(even, odd) == 0:
        return "utf-16-le" if odd else "utf-16-be"
    return None
