"""Where a command writes: results to standard output, progress and notes to standard error."""

from __future__ import annotations

import codecs
import sys
from io import TextIOWrapper

from rich.console import Console

_ASCII = {"−": "-", "→": "->", "²": "2", "…": "...", "·": "*", "½": "1/2"}


class _Terminal(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # chainrule.cli.exits knows what it means; rich would end with status 1


def accept_any_encoding() -> None:
    """From here on a letter that an output's encoding lacks is replaced, instead of ending the command."""
    codecs.register_error("chainrule.nearest", _nearest)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="chainrule.nearest")


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_ASCII.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


def output() -> Console:
    """For the result."""
    return _Terminal(highlight=False, soft_wrap=False)


def side() -> Console:
    """For progress and notes."""
    return _Terminal(stderr=True, highlight=False)


def shows_unicode(console: Console) -> bool:
    """Whether characters beyond ASCII arrive."""
    return console.encoding.lower().replace("-", "").startswith("utf")
