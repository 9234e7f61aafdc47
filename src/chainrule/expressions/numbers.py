"""What counts as a number in a declaration, and as one in a text."""

from __future__ import annotations

import numbers
from typing import Any, TypeGuard


def is_real(value: Any) -> TypeGuard[float]:
    """Whether a value is a real number of Python or NumPy, within float's reach; a bool is none.

    Examples
    --------
    >>> is_real(0.5), is_real(True), is_real("0.5")
    (True, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    try:
        float(value)
    except OverflowError:  # a whole number beyond 1.8e308
        return False
    return True


def read_number(text: str) -> float:
    """A number as a person writes it in ASCII digits.

    Raises
    ------
    ValueError
        If the text is something else (Python's `float` would read ``1_0`` and digits of any script).

    Examples
    --------
    >>> read_number(" 1e-3 ")
    0.001
    """
    if not text.isascii() or "_" in text:
        raise ValueError("not a number in ASCII digits")
    return float(text)
