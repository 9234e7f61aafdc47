"""HTML and SVG elements as text; what is put between tags is escaped, so that a cell can never be markup."""

from __future__ import annotations

from html import escape


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, *content: object, **attributes: object) -> Markup:
    """An element; an underscore before or in an attribute's name stands for nothing or a hyphen.

    Examples
    --------
    >>> element("p", "1 < 2", element("b", "!"), _class="note")
    '<p class="note">1 &lt; 2<b>!</b></p>'
    """
    given = "".join(
        f' {key.removeprefix("_").replace("_", "-")}="{escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{together(*content)}</{name}>")


def together(*content: object) -> Markup:
    """Elements and texts one after another."""
    return Markup("".join(part if isinstance(part, Markup) else escape(str(part)) for part in content))


def table(
    header: list[object],
    rows: list[list[object]],
    *,
    numbers_from: int = 1,
) -> Markup:
    """A table that scrolls by itself where it is too wide; columns from ``numbers_from`` on are set right."""

    def cells(name: str, row: list[object]) -> Markup:
        parts = (element(name, cell, _class="n" if at >= numbers_from else None) for at, cell in enumerate(row))
        return element("tr", *parts)

    head = element("thead", cells("th", header))
    body = element("tbody", *(cells("td", row) for row in rows))
    return element("div", element("table", head, body), _class="wide", tabindex="0")


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
