"""The document as Unicode text of at most 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from chainrule.notation.document.values import (
    Block,
    Bullets,
    Chain,
    Document,
    Paragraph,
    Picture,
    Prose,
    Section,
    Steps,
    Table,
)
from chainrule.notation.text import to_text as node_text

WIDTH = 100
INDENT = "  "
_CLOSING, _OPENING = ")]}", "([{"


def to_text(document: Document) -> str:
    """The document as text.

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> from chainrule.notation.document import document_of
    >>> print(to_text(document_of(derive(Network.parse("2 -> 1 sigmoid", loss="bce"), detail="summary"))))
    Backpropagation through 2 → 1 sigmoid
    ...
    Gradients, last layer first
    ---------------------------
    ...
    """
    lines = [document.title, "=" * len(document.title), ""]
    lines += [f"{name}: {value}" for name, value in document.facts]
    for section in document.sections:
        lines += ["", *_section(section)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def words(prose: Prose) -> str:
    """A sentence on one line."""
    return "".join(part if isinstance(part, str) else node_text(part) for part in prose)


def _section(section: Section) -> Iterator[str]:
    title = words(section.title)
    yield title
    yield "-" * len(title)
    for block in section.blocks:
        yield from _block(block, "")


def _block(block: Block, indent: str) -> Iterator[str]:
    match block:
        case Paragraph(prose):
            yield ""
            yield from textwrap.wrap(words(prose), WIDTH, initial_indent=indent, subsequent_indent=indent)
        case Chain():
            yield from _chain(block, indent + INDENT)
        case Table(header, rows):
            yield ""
            yield from _table(header, rows, indent + INDENT)
        case Bullets(items, numbered):
            for number, item in enumerate(items, 1):
                mark = f"{indent}{INDENT}{number}. " if numbered else f"{indent}{INDENT}- "
                yield from textwrap.wrap(words(item), WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark))
        case Steps(summary, blocks):
            yield ""
            yield f"{indent}{INDENT}{words(summary)}:"
            for inner in blocks:
                yield from _block(inner, indent + INDENT + INDENT)
        case Picture(network):
            yield ""
            yield f"{indent}{INDENT}{' → '.join(str(width) for width in network.widths)}"


def _chain(chain: Chain, indent: str) -> Iterator[str]:
    left = node_text(chain.left)
    mark = "▸ " if chain.boxed else ""
    start = indent + mark
    for position, link in enumerate(chain.links):
        head = start + left if position == 0 else " " * (len(start) + len(left))
        line = f"{head} {link.sign} {node_text(link.right)}"
        shape = f"shape {chain.shape}" if chain.shape and chain.boxed and position == len(chain.links) - 1 else ""
        note = "; ".join(part for part in (shape, words(link.why)) if part)
        broken = list(_broken(line, len(head) + 3))
        yield from broken[:-1]
        yield from _noted(broken[-1], note, len(start) + 6)


def _noted(line: str, note: str, indent: int) -> Iterator[str]:
    if not note:
        yield line
        return
    together = f"{line:<56}   {note}"
    if len(together) <= WIDTH:
        yield together
        return
    yield line
    yield from textwrap.wrap(f"({note})", WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 1))


def _broken(line: str, indent: int) -> Iterator[str]:
    """A formula over several lines, broken at the space that stands inside the fewest brackets."""
    indent = min(indent, WIDTH // 2)
    while len(line) > WIDTH:
        depth, best = 0, (99, 0)
        start = len(line) - len(line.lstrip()) + 1
        for position, char in enumerate(line[:WIDTH]):
            depth += (char in _OPENING) - (char in _CLOSING)
            if char == " " and position > max(start, indent + 8):
                best = min(best, (depth, -position))
        if best[1] == 0:
            break
        yield line[: -best[1]]
        line = " " * indent + line[-best[1] :].lstrip()
    yield line


def _table(header: tuple[str, ...], rows: tuple[tuple[Prose, ...], ...], indent: str) -> Iterator[str]:
    cells = [header, *(tuple(words(cell) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for number, row in enumerate(cells):
        padded = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield (indent + padded)[:WIDTH] if len(indent + padded.rstrip()) <= WIDTH else indent + padded.rstrip()
        if number == 0:
            yield indent + "  ".join("─" * width for width in widths)
