"""The document as LaTeX: a fragment, or a whole document that compiles with pdflatex."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.notation.document.markdown import in_text, shape_latex, why_latex
from chainrule.notation.document.tikz import to_tikz
from chainrule.notation.document.values import (
    Block,
    Bullets,
    Chain,
    Document,
    Link,
    Paragraph,
    Picture,
    Prose,
    Steps,
    Table,
)
from chainrule.notation.latex import to_latex as node_latex
from chainrule.notation.text import to_text

PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage[margin=25mm]{geometry}
\usepackage{amsmath,amssymb,graphicx,tikz,booktabs}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\setlength{\emergencystretch}{3em}
\allowdisplaybreaks
"""
# A formula wider than the text is made smaller; everything else keeps its size.
COMMANDS = r"""\ifdefined\fitted\else
\newsavebox{\fittedbox}
\newcommand{\fitted}[1]{\sbox{\fittedbox}{$\displaystyle #1$}%
\ifdim\wd\fittedbox>\linewidth\resizebox{\linewidth}{!}{\usebox{\fittedbox}}\else\usebox{\fittedbox}\fi}
\fi
"""
BESIDE = 62  # characters of formula and reason that fit side by side


def to_latex(document: Document, *, standalone: bool = False) -> str:
    """The document as LaTeX.

    Parameters
    ----------
    document : Document
    standalone : bool
        Whether it is a whole document; a fragment needs amsmath, amssymb, graphicx, tikz and booktabs.
    """
    lines = [COMMANDS.rstrip()]
    if standalone:
        title = in_text(document.title)
        lines = [PREAMBLE + COMMANDS.rstrip(), rf"\title{{{title}}}", r"\date{}", r"\author{}", r"\begin{document}"]
        lines += [r"\maketitle"]
    facts = r" \\ ".join(rf"{name}: & {in_text(value)}" for name, value in document.facts)
    lines += [r"\begin{tabular}{@{}ll@{}}", facts, r"\end{tabular}"]
    for section in document.sections:
        lines += ["", rf"\section*{{{words(section.title)}}}"]
        for block in section.blocks:
            lines += ["", *_block(block)]
    return "\n".join([*lines, *([r"\end{document}"] if standalone else []), ""])


def words(prose: Prose) -> str:
    """A sentence, its formulas between dollar signs."""
    return "".join(in_text(part) if isinstance(part, str) else f"${node_latex(part)}$" for part in prose)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(prose):
            yield words(prose)
        case Chain():
            yield from _chain(block)
        case Table(header, rows):
            yield r"\begin{center}\small"
            last = r"p{0.55\linewidth}" if header[-1] == "meaning" else "l"
            yield rf"\begin{{tabular}}{{{'l' * (len(header) - 1)}{last}}}"
            yield r"\toprule"
            yield " & ".join(header) + r" \\"
            yield r"\midrule"
            yield from (" & ".join(words(cell) for cell in row) + r" \\" for row in rows)
            yield r"\bottomrule"
            yield r"\end{tabular}\end{center}"
        case Bullets(items, numbered):
            kind = "enumerate" if numbered else "itemize"
            yield rf"\begin{{{kind}}}"
            yield from (rf"\item {words(item)}" for item in items)
            yield rf"\end{{{kind}}}"
        case Steps(summary, blocks):
            yield rf"\paragraph{{{words(summary)}.}}"
            for inner in blocks:
                yield ""
                yield from _block(inner)
        case Picture(network, _, caption):
            yield r"\begin{center}"
            yield to_tikz(network)
            yield ""
            yield rf"{{\small {words(caption)}}}"
            yield r"\end{center}"


def _chain(chain: Chain) -> Iterator[str]:
    left = node_latex(chain.left)
    if chain.boxed and len(chain.links) == 1:
        link = chain.links[0]
        shape = rf"\quad \text{{shape }} {shape_latex(chain.shape)}" if chain.shape else ""
        yield rf"\[\fitted{{\boxed{{{left} {link.sign} {node_latex(link.right)}}}{shape}}}\]"
        if link.why:
            yield rf"{{\small ({words(link.why)})}}"
        return
    yield r"\[\fitted{\begin{aligned}"
    rows: list[str] = []
    for position, link in enumerate(chain.links):
        rows += _lines(left if position == 0 else "", link)
    yield " \\\\\n".join(rows)
    yield r"\end{aligned}}\]"


def _lines(left: str, link: Link) -> Iterator[str]:
    """left = right, and the reason beside it or, where it is too long, on the next line."""
    sign = r"\approx" if link.sign == "≈" else link.sign
    line = f"{left} &{sign} {node_latex(link.right)}"
    reason = why_latex(link.why)
    beside = len(to_text(link.right)) + sum(len(p) if isinstance(p, str) else 5 for p in link.why) <= BESIDE
    if reason and beside:
        line += rf" && {reason}"
    yield line
    if reason and not beside:
        yield rf"&\quad\text{{\small (}}{reason}\text{{\small )}}"
