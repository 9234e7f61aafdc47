"""What error messages quote: a value cut to a readable length, and the known name nearest to an unknown one."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable

__all__ = ["shown", "suggest"]

_LONGEST_SHOWN = 80
_SHORTENED = reprlib.Repr()
_SHORTENED.maxstring = _SHORTENED.maxother = _SHORTENED.maxlong = _LONGEST_SHOWN


def suggest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'relu'`` when something known is near, else nothing."""
    near = difflib.get_close_matches(word[:_LONGEST_SHOWN], list(known), n=1)
    return f"; did you mean {near[0]!r}" if near else ""


def shown(value: object) -> str:
    """A value as an error message quotes it, cut where it is long or deep."""
    return _SHORTENED.repr(value)
