"""The document as Markdown with mathematics between dollar signs, as GitHub and notebooks show it."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.notation.document.values import (
    Block,
    Bullets,
    Chain,
    Document,
    Paragraph,
    Picture,
    Prose,
    Steps,
    Table,
)
from chainrule.notation.latex import to_latex

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>#|$"})


def to_markdown(document: Document) -> str:
    r"""The document as Markdown.

    Examples
    --------
    >>> from chainrule import Network, derive
    >>> from chainrule.notation.document import document_of
    >>> text = to_markdown(document_of(derive(Network.parse("2 -> 1 sigmoid", loss="bce"), detail="summary")))
    >>> print(text.splitlines()[2])
    - network: 2 -\> 1 sigmoid
    """
    lines = [f"# {escaped(document.title)}", ""]
    lines += [f"- {name}: {escaped(value)}" for name, value in document.facts]
    for section in document.sections:
        lines += ["", f"## {words(section.title)}"]
        for block in section.blocks:
            lines += ["", *_block(block)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Words in which Markdown's own signs stand for themselves."""
    return text.translate(_SPECIAL)


def words(prose: Prose) -> str:
    """A sentence, its formulas between dollar signs."""
    return "".join(escaped(part) if isinstance(part, str) else f"${to_latex(part)}$" for part in prose)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(prose):
            yield words(prose)
        case Chain():
            yield from _chain(block)
        case Table(header, rows):
            yield f"| {' | '.join(header)} |"
            yield f"|{'|'.join('---' for _ in header)}|"
            yield from (f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows)
        case Bullets(items, numbered):
            yield from (f"{f'{n}.' if numbered else '-'} {words(item)}" for n, item in enumerate(items, 1))
        case Steps(summary, blocks, is_open):
            yield f"<details{' open' if is_open else ''}><summary>"
            yield ""
            yield words(summary)
            yield ""
            yield "</summary>"
            for inner in blocks:
                yield ""
                yield from _block(inner)
            yield ""
            yield "</details>"
        case Picture(network, _, caption):
            yield "**" + " → ".join(str(width) for width in network.widths) + "**  "
            yield words(caption)


def _cell(prose: Prose) -> str:
    return words(prose).replace(r"\lvert", r"\vert").replace(r"\rvert", r"\vert")


def _chain(chain: Chain) -> Iterator[str]:
    """A display; results in a box with their shape."""
    left = to_latex(chain.left)
    if chain.boxed and len(chain.links) == 1:
        link = chain.links[0]
        shape = rf" \qquad {shape_latex(chain.shape)}" if chain.shape else ""
        yield f"$$\\boxed{{{left} {link.sign} {to_latex(link.right)}}}{shape}$$"
        if link.why:
            yield ""
            yield f"({words(link.why)})"
        return
    yield "$$"
    yield r"\begin{aligned}"
    for position, link in enumerate(chain.links):
        sign = r"\approx" if link.sign == "≈" else link.sign
        why = f" && {why_latex(link.why)}" if link.why else ""
        end = r" \\" if position < len(chain.links) - 1 else ""
        yield f"{left if position == 0 else ''} &{sign} {to_latex(link.right)}{why}{end}"
    yield r"\end{aligned}"
    yield "$$"


def shape_latex(shape: str) -> str:
    """``(3, n)`` as it stands beside a result."""
    return shape if shape != "scalar" else r"\text{scalar}"


def why_latex(why: Prose) -> str:
    """A reason inside mathematics: one piece of text, so that no formula in it is taken for a factor."""
    if not why:
        return ""
    inner = "".join(in_text(part) if isinstance(part, str) else rf"\({to_latex(part)}\)" for part in why)
    return rf"\text{{{inner}}}"


def in_text(text: str) -> str:
    r"""Words inside ``\text``, in letters that every TeX has."""
    return text.translate(_IN_TEXT)


_IN_TEXT = str.maketrans({
    "\\": r"\textbackslash{}", "_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$",
    "→": r"\(\to\)", "σ": r"\(\sigma\)",
    "′": r"\('\)", "−": r"\(-\)", "√": r"\(\sqrt{}\)", "π": r"\(\pi\)", "²": r"\(^2\)",
    "…": r"\dots{}", "≤": r"\(\le\)", "≠": r"\(\ne\)",
    "·": r"\(\cdot\)", "∂": r"\(\partial\)", "ℓ": r"\(\ell\)", "⊙": r"\(\odot\)",
    ">": r"\textgreater{}", "<": r"\textless{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
})  # fmt: skip
