"""A small table for a notebook: what was checked, with what is wrong in colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_CELL = "text-align: left; padding: .15em 1.2em .15em 0; vertical-align: baseline"
_PLAIN = "margin: .3em 0; white-space: pre-wrap"
_WRONG = "color: #c0402a; font-weight: 600"  # readable on white and on black


def html_table(
    title: str, head: Sequence[str], rows: Iterable[tuple[Sequence[str], bool]], remarks: Sequence[str]
) -> str:
    """A table as HTML without scripts or links, styled so that the page around it does not matter.

    Parameters
    ----------
    title : str
    head : sequence of str
    rows : iterable of (sequence of str, bool)
        The cells of each row, and whether it is right.
    remarks : sequence of str
        Paragraphs below; their lines stay apart.
    """
    cells = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in head)
    body = "".join(_row(cells, right=right) for cells, right in rows)
    below = "".join(f'<p style="{_PLAIN}">{escape(remark)}</p>' for remark in remarks)
    return (
        f'<p style="{_PLAIN}">{escape(title)}</p><table style="border-collapse: collapse; margin: 0">'
        f"<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>{below}"
    )


def _row(cells: Sequence[str], *, right: bool) -> str:
    style = _CELL if right else f"{_CELL}; {_WRONG}"
    return "<tr>" + "".join(f'<td style="{style}">{escape(cell)}</td>' for cell in cells) + "</tr>"
