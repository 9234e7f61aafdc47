r"""Reading written mathematics: LaTeX, Unicode or plain text → the tree of `chainrule.notation.tree`.

A precedence parser: relations, sums, products (from left to right, all product signs alike), factors with their
scripts, atoms. Nothing is evaluated and nothing is guessed. `parse` refuses what it cannot read; `read` steps over
damage and says where it was. Depth and size are bounded, so hostile input ends in an error, not in a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chainrule.notation import scripts
from chainrule.notation.alphabet import ACCENTS, FUNCTIONS, LATEX_FUNCTIONS, ONES_NAME, SCRIPT, with_accent
from chainrule.notation.brackets import open_indices
from chainrule.notation.problems import NotationError, Problem
from chainrule.notation.tokens import Token, tokenize
from chainrule.notation.tree import (
    Applied,
    Bars,
    BigSum,
    Cases,
    Differential,
    Dots,
    Fraction,
    Gradient,
    Indicator,
    Letter,
    Mark,
    Matrix,
    Node,
    Num,
    Partial,
    Power,
    Product,
    ProductSign,
    Relation,
    RelationSign,
    Sum,
    Transpose,
    Underbrace,
    mentions,
    negated,
)

MAX_DEPTH = 60
MAX_TOKENS = 8_000

_FACTOR_STARTS = frozenset({"number", "letter", "open", "{", "bar", "begin", "dots", "half", "command"})
_END = Token("end of input", "", -1, -1)


@dataclass(frozen=True)
class Conventions:
    """What the page's own text says about its letters.

    Attributes
    ----------
    functions : frozenset of str
        Names that are applied when a bracket follows; any other name before a bracket is a factor.
    layers_above : frozenset of str
        Names whose plain superscript is a layer, not a power: the w and δ of w^l, δ^L.
    """

    functions: frozenset[str] = FUNCTIONS
    layers_above: frozenset[str] = frozenset()


DEFAULT = Conventions()


@dataclass(frozen=True)
class Reading:
    """A tree read with damage stepped over; ``problems`` is empty when there was none."""

    tree: Node | None
    problems: tuple[Problem, ...]


def parse(text: str, conventions: Conventions = DEFAULT) -> Node:
    r"""Read one formula.

    Parameters
    ----------
    text : str
        LaTeX (without dollar signs), Unicode, plain text, or a mixture.
    conventions : Conventions
        Which names are functions, and whose superscripts are layers.

    Returns
    -------
    Node
        The tree; ``parse(to_text(tree)) == tree`` and ``parse(to_latex(tree)) == tree``.

    Raises
    ------
    NotationError
        If the text is damaged, too long or nested too deeply; it names the place.

    Examples
    --------
    >>> parse("A ⊙ B")
    Product(factors=(Letter(name='A', ...), Letter(name='B', ...)), signs=('⊙',))
    >>> parse(r"\frac{1}{n} X^T \delta") == parse("(1/n) Xᵀ δ")
    True
    """
    reading = read_tokens(tokenize(text), conventions)
    for problem in reading.problems:
        raise NotationError(problem.message, max(problem.start, 0))
    if reading.tree is None:
        raise NotationError("found nothing to read; a formula is expected", 0)
    return reading.tree


def read(text: str, conventions: Conventions = DEFAULT) -> Reading:
    """Read one formula, stepping over damage; see `parse`. Raises NotationError only for size and depth."""
    return read_tokens(tokenize(text), conventions)


def read_tokens(tokens: Sequence[Token], conventions: Conventions = DEFAULT) -> Reading:
    """Read one formula that is already cut into tokens."""
    if len(tokens) > MAX_TOKENS:
        raise NotationError(f"a formula of {len(tokens):,} tokens; at most {MAX_TOKENS:,} are read", 0)
    parser = _Parser(tokens, conventions)
    tree = parser.everything()
    return Reading(tree, tuple(parser.problems))


class _Parser:
    def __init__(self, tokens: Sequence[Token], conventions: Conventions) -> None:
        self.tokens = tokens
        self.conventions = conventions
        self.at = 0
        self.depth = 0
        self.fences: list[str] = []
        self.problems: list[Problem] = []
        self.closed: dict[int, Node] = {}  # what stood in brackets, by identity: no later term belongs inside

    # ------------------------------------------------------------------------------------------ moving through tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def ahead(self, distance: int) -> Token:
        return self.tokens[self.at + distance] if self.at + distance < len(self.tokens) else _END

    def take(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def accept(self, kind: str, *texts: str) -> Token | None:
        if self.token.kind == kind and (not texts or self.token.text in texts):
            return self.take()
        return None

    def damage(self, message: str) -> None:
        place = self.token if self.token is not _END else (self.tokens[-1] if self.tokens else _END)
        self.problems.append(Problem(message, max(place.start, 0), max(place.end, 0)))

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotationError(f"nested more than {MAX_DEPTH} deep", max(self.token.start, 0))

    # ------------------------------------------------------------------------------------------ relations and sums

    def everything(self) -> Node | None:
        tree = None
        while self.token is not _END:
            before = self.at
            part = self.relation()
            tree = tree if tree is not None else part
            if self.token is not _END:
                self.damage(f"{self.token.text or self.token.kind!r} was not expected here")
                self.at = max(self.at, before + 1)
        return tree

    def relation(self) -> Node | None:
        self.deeper()
        sides, signs = [self.sum()], []
        while self.token.kind == "relation":
            signs.append(self.take().text)
            sides.append(self.sum())
        self.depth -= 1
        found = tuple(side for side in sides if side is not None)
        if len(found) < len(sides) and signs:
            self.damage("a side of the relation is missing")
        if len(found) < 2:
            return found[0] if found else None
        return Relation(found, tuple(_relation_sign(sign) for sign in signs[: len(found) - 1]))

    def sum(self) -> Node | None:
        terms: list[Node] = []
        negative: list[bool] = []
        signed = False
        while True:
            minus = False
            has_sign = False
            while sign := self.accept("plus"):
                has_sign, minus = True, minus != (sign.text == "-")
            if terms and not has_sign:
                break
            term = self.product()
            if term is None:
                if has_sign:
                    self.damage("a term is missing after the sign")
                break
            signed = signed or (has_sign and not terms)
            terms.append(term)
            negative.append(minus)
        if not terms:
            return None
        if len(terms) == 1 and not signed:
            return terms[0]
        terms, negative = self.swallowed(terms, negative)
        if len(terms) == 1 and not negative[0]:
            return terms[0]
        return Sum(tuple(terms), tuple(negative))

    def swallowed(self, terms: list[Node], negative: list[bool]) -> tuple[list[Node], list[bool]]:
        """Move terms that still mention the index of a Σ before them into its body: Σᵢ aᵢ − bᵢ is Σᵢ (aᵢ − bᵢ)."""
        kept: list[Node] = []
        signs: list[bool] = []
        inner: list[tuple[Node, bool]] = []
        for term, minus in zip(terms, negative, strict=True):
            if kept and any(mentions(term, index) for index in self.open_indices(kept[-1])):
                inner.append((term, minus))
                continue
            if inner:
                kept[-1], inner = _with_body(kept[-1], inner), []
            kept.append(term)
            signs.append(minus)
        if inner:
            kept[-1] = _with_body(kept[-1], inner)
        return kept, signs

    def open_indices(self, node: Node) -> tuple[str, ...]:
        """Indices of sums at the right end of a term that no bracket closes."""
        if id(node) in self.closed:
            return ()
        match node:
            case BigSum(indices=indices, body=body):
                return (*indices, *self.open_indices(body))
            case Product(factors=factors):
                return self.open_indices(factors[-1])
            case _:
                return ()

    # ------------------------------------------------------------------------------------------ products and factors

    def product(self) -> Node | None:
        first = self.factor()
        if first is None:
            return None
        factors, signs = [first], list[str]()
        while True:
            if sign := self.accept("sign"):
                factor = self.signed_factor()
                if factor is None:
                    self.damage(f"a factor is missing after {sign.text}")
                    break
                if sign.text == "/":
                    factors, signs = self.over(factors, signs, factor)
                    continue
                factors.append(factor)
                signs.append(sign.text)
            elif self.starts_factor():
                factor = self.factor()
                if factor is None:
                    break
                factors.append(factor)
                signs.append("")
            else:
                break
        return _product(factors, signs)

    def over(self, factors: list[Node], signs: list[str], denominator: Node) -> tuple[list[Node], list[str]]:
        """A slash: the last factor's derivative when both are d-letters, else everything before it as a fraction."""
        by, last = _d_letter(denominator), factors[-1]
        of = _d_letter(last)
        if by is not None and last == Letter("d") and (operand := self.factor()) is not None:
            return [*factors[:-1], Partial(operand, by, "operator", "d")], signs
        if by is not None and of is not None:
            return [*factors[:-1], Partial(of, by, "fraction", "d")], signs
        return [Fraction(_product(factors, signs), denominator)], []

    def signed_factor(self) -> Node | None:
        """A factor after a product sign, which may carry a minus: a · −1."""
        minus = False
        while sign := self.accept("plus"):
            minus = minus != (sign.text == "-")
        factor = self.factor()
        return negated(factor) if minus and factor is not None else factor

    def starts_factor(self) -> bool:
        token = self.token
        if token.kind == "bar":
            return not (self.fences and self.fences[-1] == token.text)
        if token.kind == "letter" and token.text in {"if", "otherwise"}:
            return False
        return token.kind in _FACTOR_STARTS

    def factor(self) -> Node | None:
        if not self.starts_factor() and self.token.kind != "bar":
            return None
        self.deeper()
        atom = self.atom()
        found = self.with_scripts(atom) if atom is not None else None
        self.depth -= 1
        return found

    def with_scripts(self, base: Node) -> Node:
        """Exponents and transpositions behind something that isn't a letter."""
        while self.token.kind in {"^", "prime"}:
            if self.accept("prime"):
                base = Transpose(base)
                continue
            self.take()
            inner = self.group()
            if scripts.is_transposition(inner):
                base = Transpose(base)
            else:
                exponent = self.inside(inner)
                base = Power(base, exponent) if exponent is not None else base
        return base

    # ------------------------------------------------------------------------------------------ groups of tokens

    def group(self) -> tuple[Token, ...]:
        """The tokens of the next {group}, (marked) group or single token, without the braces; the position moves on."""
        opener = self.token
        if opener.kind == "{":
            return self._until_closed("{", "}")
        if opener.kind == "open" and opener.text in "([":
            inner = self._until_closed("open", "close")
            return (opener, *inner, Token("close", {"(": ")", "[": "]"}[opener.text], opener.start, opener.end))
        if opener is _END:
            self.damage("something is missing at the end")
            return ()
        token = self.take()
        if token.kind == "command" and token.text in {"hat", "bar", "tilde", "bold", "script"}:
            return (token, *self.group())
        return (token,)

    def _until_closed(self, kind: str, closing: str) -> tuple[Token, ...]:
        start, depth = self.at + 1, 0
        while self.token is not _END:
            token = self.take()
            depth += (token.kind == kind) - (token.kind == closing)
            if depth == 0:
                return tuple(self.tokens[start : self.at - 1])
        self.damage(f"{self.tokens[start - 1].text} is not closed")
        return tuple(self.tokens[start:])

    def inside(self, tokens: Sequence[Token]) -> Node | None:
        """The formula that a group of tokens makes."""
        if not tokens:
            return None
        inner = _Parser(tokens, self.conventions)
        inner.depth = self.depth + 1
        inner.deeper()
        found = inner.everything()
        self.problems += inner.problems
        return found

    # ------------------------------------------------------------------------------------------ atoms

    def atom(self) -> Node | None:
        token = self.token
        match token.kind:
            case "number":
                return Num(self.take().text)
            case "half":
                self.take()
                return Fraction(Num("1"), Num("2"))
            case "dots":
                self.take()
                return Dots()
            case "letter":
                return self.letter()
            case "open":
                return self.bracket()
            case "{":
                return self.brace()
            case "bar":
                return self.bars()
            case "begin":
                return self.environment()
            case _:
                return self.command()

    def bracket(self) -> Node | None:
        opener = self.take()
        self.fences.append(opener.text)
        rows = [[self.relation()]]
        while self.token.kind in {"comma", "semicolon", "quad"} and opener.text == "[":
            separator = self.take()
            if separator.kind == "semicolon":
                rows.append([])
            if self.token.kind != "close":
                rows[-1].append(self.relation())
        self.fences.pop()
        self.close(opener)
        entries = tuple(tuple(entry for entry in row if entry is not None) for row in rows)
        if len(rows) > 1 or len(rows[0]) > 1:
            return Matrix(tuple(row for row in entries if row))
        if rows[0][0] is None:
            self.damage("empty brackets")
            return None
        self.closed[id(rows[0][0])] = rows[0][0]
        return rows[0][0]

    def close(self, opener: Token) -> None:
        if not self.accept("close"):
            self.damage(f"{opener.text} is not closed")
            while self.token.kind not in {"close", "relation", "end of input", "}"}:
                self.take()
            self.accept("close")

    def brace(self) -> Node | None:
        inner = self.group()
        if any(token.kind == "letter" and token.text in {"if", "otherwise"} for token in inner):
            return self.cases(_split(inner, "semicolon"), ("if",))
        return self.inside(inner)

    def bars(self) -> Node | None:
        fence = self.take()
        self.fences.append(fence.text)
        of = self.sum()
        self.fences.pop()
        if not self.accept("bar", fence.text):
            self.damage(f"{fence.text} is not closed")
        return Bars(of, fence.text == "‖") if of is not None else None

    def environment(self) -> Node | None:
        name = self.take().text
        depth, start = 1, self.at
        while self.token is not _END:
            token = self.take()
            depth += (token.kind == "begin") - (token.kind == "end")
            if depth == 0:
                break
        else:
            self.damage(f"\\begin{{{name}}} is not ended")
        inner = self.tokens[start : self.at - 1]
        rows = [row for row in _split(inner, "row") if row]
        if name == "cases":
            return self.cases(rows, ("&", "comma"))
        entries = tuple(tuple(self.inside(cell) or Dots() for cell in _split(row, "&")) for row in rows)
        return Matrix(entries) if entries else None

    def cases(self, rows: Iterable[Sequence[Token]], separators: tuple[str, ...]) -> Node | None:
        found: list[tuple[Node, Node | None]] = []
        for row in rows:
            value_tokens = _split(row, *separators, "otherwise")[0]
            condition_tokens = list(row[len(value_tokens) :])
            while condition_tokens and _only_separates(condition_tokens[0]):
                del condition_tokens[0]
            value, condition = self.inside(value_tokens), self.inside(condition_tokens)
            if value is not None:
                found.append((value, condition))
        return Cases(tuple(found)) if found else None

    def command(self) -> Node | None:
        command = self.take()
        match command.text:
            case "frac":
                return self.fraction()
            case "sqrt":
                of = self.inside(self.group())
                return Applied(Letter("sqrt"), (of,)) if of is not None else None
            case "partial":
                return self.partial()
            case "nabla":
                by = self.inside(self.group()) if self.accept("_") else None
                of = self.factor()
                return Gradient(of, by if isinstance(by, Letter) else None) if of is not None else Letter("∇")
            case "sum":
                return self.big_sum()
            case "underbrace":
                of = self.inside(self.group())
                note = self.inside(self.group()) if self.accept("_") else None
                return Underbrace(of, note) if of is not None and note is not None else of
            case _:
                self.at -= 1
                return self.letter()

    # ------------------------------------------------------------------------------------------ derivatives and sums

    def fraction(self) -> Node | None:
        above, below = self.group(), self.group()
        derivative = self.derivative(above, below)
        if derivative is not None:
            return derivative
        numerator, denominator = self.inside(above), self.inside(below)
        if numerator is None or denominator is None:
            self.damage("a fraction needs something above and below")
            return numerator or denominator
        return Fraction(numerator, denominator)

    def derivative(self, above: Sequence[Token], below: Sequence[Token]) -> Node | None:
        r"""\frac{\partial …}{\partial w}, \frac{\partial}{\partial w} …, and the same with d."""
        if not above or not below:
            return None
        sign = "∂" if _is_partial(above[0]) and _is_partial(below[0]) else "d" if above[0].text[0] == "d" else ""
        if sign == "∂":
            by, rest = self.inside(below[1:]), above[1:]
        elif sign == "d" and above[0].kind == "letter":
            by = _d_letter(self.inside(below))
            rest = above[1:] if above[0].text == "d" else (_without_d(above[0]), *above[1:])
        else:
            return None
        if not isinstance(by, Letter):
            return None
        form = "fraction" if rest else "operator"
        of = self.inside(rest) if rest else self.factor()
        if of is None:
            self.damage("nothing to differentiate")
            return Letter("∂")
        return Partial(of, by, "operator" if form == "operator" else "fraction", "∂" if sign == "∂" else "d")

    def partial(self) -> Node | None:
        """∂L/∂w, ∂/∂w […] on one line, or a lone ∂w."""
        if self.token.text == "/" and _is_partial(self.ahead(1)):
            self.take(), self.take()
            by, of = self.letter(), self.factor()
            if isinstance(by, Letter) and of is not None:
                return Partial(of, by, "operator")
            self.damage("nothing to differentiate")
            return by
        of = self.factor()
        if of is None:
            self.damage("∂ of nothing")
            return Letter("∂")
        if self.token.text == "/" and _is_partial(self.ahead(1)):
            self.take(), self.take()
            by = self.letter()
            if isinstance(by, Letter):
                return Partial(of, by)
            self.damage("∂ by something that isn't a letter")
        return Differential(of)

    def big_sum(self) -> Node | None:
        indices: tuple[str, ...] = ()
        start: Node | None = None
        stop: Node | None = None
        while script := (self.accept("_") or self.accept("^")):
            group = self.group()
            if script.kind == "^":
                stop = self.inside(group)
                continue
            below = _split(group, "relation")
            indices = tuple(token.text for token in below[0] if token.kind == "letter")
            start = self.inside(below[1]) if len(below) > 1 else None
        body = self.product()
        if body is None:
            self.damage("a sum of nothing")
            return None
        return BigSum(indices, start, stop, body)

    # ------------------------------------------------------------------------------------------ letters and functions

    def letter(self) -> Node | None:
        found = self.bare_letter()
        if found is None:
            self.damage(f"{self.take().text} was not expected here")
            return None
        if isinstance(found, Num):
            return found
        name, accent = found
        lower, upper = list[Mark](), list[Mark]()
        wraps: list[Node | None] = []  # exponents, and None for a transposition, in order
        while self.token.kind in {"_", "^", "prime"}:
            script = self.take()
            if script.kind == "prime":
                upper.append(Mark("′"))
                continue
            group = self.group()
            if script.kind == "_":
                lower += scripts.lower_marks(group)
                continue
            above = scripts.upper_script(group, layer=name in self.conventions.layers_above, is_e=name == "e")
            upper += above.marks
            if above.exponent:
                wraps.append(self.inside(above.exponent))
            wraps += [None] * above.transposed
        letter = Letter(name, accent, tuple(lower), tuple(upper))
        node = self.application(letter)
        for exponent in wraps:
            node = Transpose(node) if exponent is None else Power(node, exponent)
        return node

    def bare_letter(self) -> tuple[str, str] | Num | None:
        r"""A letter's name and accent, whatever dress it comes in: y, ŷ, \hat{y}, \mathcal{L}, \mathbf{1}."""
        token = self.take()
        if token.kind == "letter":
            return scripts.name_and_accent(token.text)
        if token.kind == "command" and token.text in {*ACCENTS, "bold", "script"}:
            group = self.group()
            if token.text == "bold" and group and group[0].text == "1":
                return ONES_NAME, ""
            if len(group) == 1 and group[0].kind in {"letter", "number"}:
                name, accent = scripts.name_and_accent(group[0].text)
                if token.text == "script":
                    return SCRIPT.get(name, name), accent
                return name, token.text if token.text in ACCENTS else accent
            if len(group) > 1 and token.text in ACCENTS:
                return self._accented(group, token.text)
        self.at -= 1
        return None

    def _accented(self, group: Sequence[Token], accent: str) -> tuple[str, str] | None:
        inner = self.inside(group)
        if isinstance(inner, Letter) and not inner.accent and not inner.lower and not inner.upper:
            return inner.name, accent
        self.damage(f"only a letter takes a {accent}")
        return with_accent("?", ""), ""

    def application(self, letter: Letter) -> Node:
        """The letter, applied to the bracket behind it when it is a function's name."""
        if letter.name == ONES_NAME and self.token.text == "[":
            return self.indicator(letter)
        known = letter.name in self.conventions.functions or letter.name == "underbrace"
        known = known or (letter.name[0] == "d" and letter.name[1:] in self.conventions.functions)
        primed = any(mark.text == "′" for mark in letter.upper) and (known or not letter.name.isupper())
        if self.token.kind == "open" and self.token.text in "([" and (known or primed or self.holds_comma()):
            return self.call(letter)
        if letter.name in LATEX_FUNCTIONS and self.starts_factor():
            argument = self.factor()
            return Applied(letter, (argument,)) if argument is not None else letter
        return letter

    def indicator(self, letter: Letter) -> Node:
        start = self.at
        condition = self.bracket()
        if isinstance(condition, Relation):
            return Indicator(condition)
        self.at = start
        return letter

    def holds_comma(self) -> bool:
        """Whether the round bracket that starts here holds a comma of its own: J(W, b) is no product."""
        depth = 0
        for token in self.tokens[self.at :]:
            depth += (token.kind in {"open", "{"}) - (token.kind in {"close", "}"})
            if depth == 1 and token.kind == "comma":
                return self.token.text == "("
            if depth == 0:
                return False
        return False

    def call(self, letter: Letter) -> Node:
        opener = self.take()
        if letter.name == "underbrace":
            return self.text_underbrace(opener)
        self.fences.append(opener.text)
        arguments: list[Node] = []
        keywords: list[tuple[str, Node]] = []
        while self.token.kind not in {"close", "end of input"}:
            argument = self.relation()
            match argument:
                case Relation(sides=(Letter(name=name), value), signs=("=",)):
                    keywords.append((name, value))
                case None:
                    break
                case _:
                    arguments.append(argument)
            if not self.accept("comma"):
                break
        self.fences.pop()
        self.close(opener)
        return Applied(letter, tuple(arguments), tuple(keywords))

    def text_underbrace(self, opener: Token) -> Node:
        of = self.relation()
        note = self.relation() if self.accept("semicolon") else None
        self.close(opener)
        return Underbrace(of, note) if of is not None and note is not None else of or Letter("?")


def _product(factors: Sequence[Node], signs: Sequence[str]) -> Node:
    if len(factors) == 1:
        return factors[0]
    return Product(tuple(factors), tuple(_product_sign(sign) for sign in signs))


def _product_sign(sign: str) -> ProductSign:
    known: dict[str, ProductSign] = {"": "", "·": "·", "×": "×", "*": "*", "@": "@", "⊙": "⊙"}
    return known[sign]


def _relation_sign(sign: str) -> RelationSign:
    known: tuple[RelationSign, ...] = ("=", ":=", "←", "-=", "+=", "<", ">", "≤", "≥", "≠", "≈", "∈", "∝")
    return known[known.index(sign)]  # the tokenizer emits no other


def _with_body(node: Node, more: list[tuple[Node, bool]]) -> Node:
    match node:
        case BigSum(indices=indices, start=start, stop=stop, body=body) if not open_indices(body):
            body = Sum((body, *(term for term, _ in more)), (False, *(minus for _, minus in more)))
            return BigSum(indices, start, stop, body)
        case BigSum(indices=indices, start=start, stop=stop, body=body):
            return BigSum(indices, start, stop, _with_body(body, more))
        case Product(factors=factors, signs=signs):
            return Product((*factors[:-1], _with_body(factors[-1], more)), signs)
        case _:
            return node


def _split(tokens: Sequence[Token], *separators: str) -> list[list[Token]]:
    """The tokens between separators (kinds, or words) that stand outside every inner group."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.kind in {"open", "{", "begin"}) - (token.kind in {"close", "}", "end"})
        if depth == 0 and (token.kind in separators or (token.kind == "letter" and token.text in separators)):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _only_separates(token: Token) -> bool:
    """Whether a token between a case's value and its condition says nothing but that the condition follows."""
    return token.kind in {"&", "comma", "prose", "quad"} or (
        token.kind == "letter" and token.text in {"if", "otherwise"}
    )


def _is_partial(token: Token) -> bool:
    return token.kind == "command" and token.text == "partial"


def _d_letter(node: Node | None) -> Letter | None:
    """The w of dw, if the node is such a letter."""
    if isinstance(node, Letter) and len(node.name) == 2 and node.name[0] == "d":
        return Letter(node.name[1], node.accent, node.lower, node.upper)
    return None


def _without_d(token: Token) -> Token:
    return Token(token.kind, token.text[1:], token.start, token.end)
