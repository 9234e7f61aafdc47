"""The document as HTML with MathML: one file, no network, no script; light and dark, phone and paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from chainrule.notation.document.html_style import STYLE
from chainrule.notation.document.mathml import shown, to_mathml
from chainrule.notation.document.svg import to_svg
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

_CLOSING = re.compile(r"[.,;:!?)\]]+")


def to_html(document: Document) -> str:
    """The document as a whole page.

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> from chainrule.notation.document import document_of
    >>> page = to_html(document_of(derive(Network.parse("2 -> 1 sigmoid", loss="bce"))))
    >>> page.startswith("<!DOCTYPE html>"), "http://" in page.replace("http://www.w3.org/", "")
    (True, False)
    """
    title = escape(document.title)
    head = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n</head>\n<body class="chainrule-page">\n'
    )
    return f"{head}{to_fragment(document)}\n</body></html>\n"


def to_fragment(document: Document) -> str:
    """The document as one element with its own style, for a notebook or a page of one's own."""
    parts = [f"<style>{STYLE}</style>", '<article class="chainrule">', f"<h1>{escape(document.title)}</h1>"]
    facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in document.facts)
    parts.append(f"<dl>{facts}</dl>")
    parts += [_contents(document)] if len(document.sections) > 1 else []
    parts += [_section(section) for section in document.sections]
    return "\n".join([*parts, "</article>"])


def words(prose: Prose) -> str:
    """A sentence with its formulas; a comma stays in the line of the formula before it."""
    pieces: list[str] = []
    after_formula = False
    for part in prose:
        if not isinstance(part, str):
            pieces.append(to_mathml(part))
        elif after_formula and (close := _CLOSING.match(part)):
            pieces[-1] = f'<span class="joined">{pieces[-1]}{escape(close[0])}</span>'
            pieces.append(escape(part[close.end() :]))
        else:
            pieces.append(escape(part))
        after_formula = not isinstance(part, str)
    return "".join(pieces)


def _contents(document: Document) -> str:
    links = "".join(f'<a href="#{section.name}">{words(section.title)}</a>' for section in document.sections)
    return f'<nav aria-label="Sections">{links}</nav>'


def _section(section: Section) -> str:
    inner = "\n".join(_block(block) for block in section.blocks)
    return f'<section id="{section.name}"><h2>{words(section.title)}</h2>\n{inner}</section>'


def _block(block: Block) -> str:
    match block:
        case Paragraph(prose):
            return f"<p>{words(prose)}</p>"
        case Chain():
            return _chain(block)
        case Table(header, rows):
            head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
            body = "".join(f"<tr>{''.join(f'<td>{words(cell)}</td>' for cell in row)}</tr>" for row in rows)
            return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        case Bullets(items, numbered):
            name = "ol" if numbered else "ul"
            return f"<{name}>{''.join(f'<li>{words(item)}</li>' for item in items)}</{name}>"
        case Steps(summary, blocks, is_open):
            inner = "\n".join(_block(part) for part in blocks)
            return f"<details{' open' if is_open else ''}><summary>{words(summary)}</summary>\n{inner}</details>"
        case Picture(network, _, caption):
            return (
                f'<figure><div class="wide">{to_svg(network)}</div><figcaption>{words(caption)}</figcaption></figure>'
            )


def _chain(chain: Chain) -> str:
    lines = "".join(_lines(chain))
    return f'<div class="chain{" boxed" if chain.boxed else ""}" tabindex="0">{lines}</div>'


def _lines(chain: Chain) -> Iterator[str]:
    for position, link in enumerate(chain.links):
        left = f'<math displaystyle="true">{shown(chain.left)}</math>' if position == 0 else ""
        right = f'<math displaystyle="true"><mrow><mo>{escape(link.sign)}</mo>{shown(link.right)}</mrow></math>'
        yield f'<span class="left">{left}</span><span class="right">{right}</span><span class="why">'
        if chain.boxed and chain.shape and position == len(chain.links) - 1:
            yield f'<span class="shape">{escape(chain.shape)}</span> '
        yield f"{words(link.why)}</span>"
