"""Numbers written as text: thousands separators, decimal commas, percent, currency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Decimal = Literal[".", ","]

MISSING_WORDS = frozenset(
    ["na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing", "unknown", "?", "-", "--", "–", "—", "."]
)

_SPACES = " \u00a0\u202f\u2009'’"  # what separates thousands besides the other mark
_SPECIAL = r"(?i)^[+-]?(inf|infinity)$"


def _grammar(decimal: Decimal) -> str:
    other = "," if decimal == "." else r"\."
    mark = r"\." if decimal == "." else ","
    whole = rf"(?:\d{{1,3}}(?:[{other}{_SPACES}]\d{{3}})+|\d+)"
    number = rf"(?:{whole}(?:{mark}\d*)?|{mark}\d+)"
    return rf"^[+\-−]?\s?[$€£¥]?\s?{number}(?:[eE][+-]?\d+)?\s?[%€$£¥]?$"


_GRAMMARS: dict[Decimal, str] = {".": _grammar("."), ",": _grammar(",")}


def clean(text: pl.Series) -> pl.Series:
    """Text without white space around it; what is empty then is missing."""
    return text.str.strip_chars().replace("", None)


def parse_numbers(text: pl.Series, decimal: Decimal = ".") -> pl.Series:
    """The numbers that a column of text writes; null where it writes none.

    Parameters
    ----------
    text : polars.Series of str
        Thousands may be separated by the other mark, a space or an apostrophe, in groups of three; a percent sign
        divides by 100; a currency sign is passed over.
    decimal : {".", ","}
        The decimal mark.

    Returns
    -------
    polars.Series of float64

    Examples
    --------
    >>> parse_numbers(pl.Series(["1,234.5", "50 %", "$3", "x"])).to_list()
    [1234.5, 0.5, 3.0, None]
    >>> parse_numbers(pl.Series(["1.234,5", "-0,5"]), decimal=",").to_list()
    [1234.5, -0.5]
    """
    text = text.str.strip_chars()
    if decimal == ".":
        plain = text.cast(pl.Float64, strict=False).fill_nan(None)
        left = (plain.is_null() & text.is_not_null()).arg_true()
        if not len(left):
            return plain
        return plain.scatter(left, _parse(text.gather(left), decimal))
    return _parse(text, decimal)


def _parse(text: pl.Series, decimal: Decimal) -> pl.Series:
    """The grammar's reading, cell by cell."""
    cell = pl.col("text")
    other = "," if decimal == "." else "."
    digits = cell.str.replace_all("−", "-", literal=True).str.replace_all(rf"[{_SPACES}$€£¥%\s]", "")
    digits = digits.str.replace_all(other, "", literal=True).str.replace_all(decimal, ".", literal=True)
    value = digits.cast(pl.Float64, strict=False)
    value = pl.when(cell.str.ends_with("%")).then(value / 100).otherwise(value)
    readable = pl.when(cell.str.contains(_GRAMMARS[decimal])).then(value)
    special = pl.when(cell.str.contains(_SPECIAL)).then(cell.cast(pl.Float64, strict=False))
    return text.alias("text").to_frame().select(number=pl.coalesce(readable, special))["number"]


@dataclass(frozen=True)
class NumberReading:
    """How a column reads as numbers.

    Attributes
    ----------
    values : polars.Series of float64
    decimal : {".", ","}
    unreadable : array of int
        Positions of cells that say something, but neither a number nor a word for missing.
    """

    values: pl.Series
    decimal: Decimal
    unreadable: NDArray[np.int64]


NOWHERE: NDArray[np.int64] = np.empty(0, dtype=np.int64)


def read_numbers(text: pl.Series, decimal: Decimal | None, prefer: Decimal = ".") -> NumberReading:
    """Read a column of text as numbers with the mark ``decimal``, or with the better of the two.

    ``prefer`` decides where both marks read equally many cells: ``1,234`` is 1234 or 1.234.
    """
    if (decimal or prefer) == ".":
        plain = text.cast(pl.Float64, strict=False)
        if plain.null_count() == text.null_count():
            return NumberReading(without_nan(plain), ".", NOWHERE)
    text = clean(text)
    marks: list[Decimal] = [decimal] if decimal is not None else [prefer, "," if prefer == "." else "."]
    read = {mark: parse_numbers(text, mark) for mark in marks}
    mark = min(marks, key=lambda mark: read[mark].null_count())
    silent = text.is_null() | text.str.to_lowercase().is_in(list(MISSING_WORDS))
    unreadable = (read[mark].is_null() & ~silent).arg_true().to_numpy()
    return NumberReading(read[mark], mark, unreadable.astype(np.int64))


def without_nan(values: pl.Series) -> pl.Series:
    """Numbers whose NaN are missing."""
    return values.fill_nan(None) if np.isnan(values.to_numpy()).sum() > values.null_count() else values


def decimal_mark_of(frame: pl.DataFrame, delimiter: str | None) -> Decimal:
    """The mark that the text columns of a table prefer, judged from their first thousand cells.

    A column decides for the comma when only the comma reads it (``3,14``); without such a column a comma between
    digits is taken for a separator of thousands, unless semicolons separate the columns.
    """
    cells = pl.col(pl.String).str.strip_chars()
    marked = cells.str.contains(r"^\D{0,3}[\d.,]*\d[.,]\d")
    head = frame.head(1000)
    if pl.String not in head.dtypes:
        return "."
    as_dot, as_comma = (head.select((marked & cells.str.contains(_GRAMMARS[mark])).sum()).row(0) for mark in (".", ","))
    dots = sum(dot > comma for dot, comma in zip(as_dot, as_comma, strict=True))
    commas = sum(comma > dot for dot, comma in zip(as_dot, as_comma, strict=True))
    if commas != dots:
        return "," if commas > dots else "."
    doubtful = any(dot == comma > 0 for dot, comma in zip(as_dot, as_comma, strict=True))
    return "," if doubtful and delimiter == ";" and not dots else "."


def looks_like_code(text: pl.Series) -> bool:
    """Whether whole numbers of one length begin with zeros (postcodes, article numbers): names, not amounts."""
    if not text.str.contains(r"^\s*0\d").any():
        return False
    present = clean(text).drop_nulls()
    return bool(present.str.contains(r"^\d+$").all()) and present.str.len_chars().n_unique() == 1
