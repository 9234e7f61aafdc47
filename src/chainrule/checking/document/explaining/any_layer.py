"""What was found for one layer, said again of any: W₂ in the line of layer 1 becomes W_{l+1}."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from chainrule.checking.document.meaning.generic_layers import at_layer, generic_letter
from chainrule.checking.document.meaning.letters import quantity
from chainrule.checking.document.meaning.model import Model
from chainrule.notation.text import to_text
from chainrule.notation.tree import Applied, Letter, Mark, Node, Partial, rewritten, walk


class AnyLayer:
    """A line about any layer l, or about the last one L, and one layer at which it was looked at.

    Parameters
    ----------
    left, right : Node
        The line as the page has it.
    numbered : tuple of (Node, Node)
        The same line for one layer, its functions by their names.
    own_functions : callable
        What puts the functions' names into a side.
    model : Model
        The page's network.
    page_parts : iterable of Node
        All that stands on the page: how it names functions of any layer.
    """

    def __init__(
        self,
        left: Node,
        right: Node,
        numbered: tuple[Node, Node],
        own_functions: Callable[[Node], Node],
        model: Model,
        page_parts: Iterable[Node] = (),
    ) -> None:
        self.letter = generic_letter(left) or generic_letter(right)
        self.last = max((int(one.layer) for one in model.definitions if one.layer.isdecimal()), default=0)
        self.layer = 0
        self.back: dict[Node, Node] = {}
        self.functions: dict[Letter, Letter] = {}
        if (left, right) == numbered or not self.last:
            return
        for layer in range(self.last, 0, -1) if self.letter else (self.last,):
            sides = [own_functions(at_layer(side, self.letter, layer, self.last)) for side in (left, right)]
            if tuple(sides) == numbered:
                self.layer = layer
        for part in page_parts:
            if isinstance(part, Applied) and self.letter and generic_letter(part.function) == self.letter:
                own = own_functions(at_layer(part, self.letter, self.layer, self.last))
                if isinstance(own, Applied):
                    self.functions.setdefault(own.function, _plainly(part.function))
        for part in (part for side in (left, right) for part in walk(side)):
            if isinstance(part, Letter | Applied | Partial):
                numbered_part = own_functions(at_layer(part, self.letter, self.layer, self.last))
                self.back[numbered_part] = rewritten(part, _plain)
                if isinstance(part, Applied) and isinstance(numbered_part, Applied):
                    self.functions[numbered_part.function] = _plainly(part.function)

    def tree(self, node: Node) -> Node:
        """A tree of the numbered line, of any layer again."""
        return rewritten(node, self._again) if self.layer else node

    def words(self, text: str, letters: Sequence[Letter]) -> str:
        """What is said of the numbered line, in the letters of the line of any layer."""
        if self.layer:
            pairs = {to_text(one): to_text(self.tree(one)) for one in (*_letters(self.back), *letters)}
            pairs |= {to_text(one): to_text(own) for one, own in self.functions.items()}
            for numbered in sorted(pairs, key=len, reverse=True):
                text = text.replace(numbered, pairs[numbered])
        return text

    def _again(self, node: Node) -> Node | None:
        own = self.back.get(node)
        if own is not None:
            return own
        if isinstance(node, Applied) and node.function in self.functions:
            arguments = tuple(rewritten(argument, self._again) for argument in node.arguments)
            return replace(node, function=self.functions[node.function], arguments=arguments)
        if isinstance(node, Partial):
            return replace(node, of=rewritten(node.of, self._again), by=self._letter(node.by))
        return self._letter(node) if isinstance(node, Letter) else None

    def _letter(self, letter: Letter) -> Letter:
        own = self.back.get(letter)
        if isinstance(own, Letter):
            return own
        layer = quantity(letter).layer
        if not layer.isdecimal() or not abs(int(layer) - self.layer) <= 1:
            return letter
        step = int(layer) - self.layer
        text = f"{self.letter or 'L'}{f'{step:+d}' if step else ''}"
        marks = (
            tuple(Mark(text, mark.style) if mark.text == layer else mark for mark in marks)
            for marks in (letter.lower, letter.upper)
        )
        return _plainly(Letter(letter.name, letter.accent, *marks))


def _letters(back: dict[Node, Node]) -> Iterator[Letter]:
    return (one for one in back if isinstance(one, Letter))


def _plain(node: Node) -> Node | None:
    """A letter as it is written, with its layer below it, not in the brackets that mark a layer among other marks."""
    if isinstance(node, Partial):
        return replace(node, of=rewritten(node.of, _plain), by=_plainly(node.by))
    return _plainly(node) if isinstance(node, Letter) else None


def _plainly(letter: Letter) -> Letter:
    return replace(letter, lower=tuple(Mark(mark.text) if mark.style == "square" else mark for mark in letter.lower))
