"""What a page defines: its functions, its forward pass, its loss; the letters that nothing defines are its leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from chainrule.checking.document.meaning.affine_maps import affine
from chainrule.checking.document.meaning.completing import complete
from chainrule.checking.document.meaning.generic_layers import with_every_layer
from chainrule.checking.document.meaning.letters import (
    BIASES,
    INDICES,
    LABELS,
    LOSSES,
    RATES,
    SIZES,
    WEIGHTS,
    Quantity,
    entry_indices,
    is_size,
    quantity,
    rebuilt,
    without_samples,
)
from chainrule.checking.document.reading.statements import Page, Statement
from chainrule.notation.alphabet import LATEX_FUNCTIONS, ONES_NAME, WORD_FUNCTIONS
from chainrule.notation.tree import (
    Applied,
    BigSum,
    Cases,
    Dots,
    Fraction,
    Letter,
    Mark,
    Matrix,
    Node,
    Num,
    Partial,
    Product,
    Sum,
    children,
    letters,
    walk,
)

ACTIVATION_WORDS = {"sigmoid": "sigmoid", "logistic": "sigmoid", "relu": "relu", "tanh": "tanh", "identity": "identity"}
FUNCTION_OF_NAME = {"σ": "sigmoid", "ReLU": "relu", "relu": "relu", "sigmoid": "sigmoid", "tanh": "tanh"}


_WORDS = LATEX_FUNCTIONS | WORD_FUNCTIONS | {"np.matmul", "axis", "keepdims", "True", "False"}
_ONE_SAMPLE = re.compile(
    r"\b(?:one|single|1)\s+(?:(?:training|input|data)[\s-]+)?(?:sample|example|instance|pattern|pair|observation|point)\b"
    r"(?!\s+(?:per|in\s+each)\b)|\bein(?:e|em|en|es|er)?\s+(?:einzelne[sn]?\s+)?(?:Trainings)?(?:beispiel|stichprobe)\b"
    r"|\bun(?:e)?\s+(?:seul\s+)?(?:exemple|échantillon)\b",
    re.IGNORECASE,
)

_CLIMBS = re.compile(r"\bascent\b|\bmaximi[sz]|\blikelihood\b", re.IGNORECASE)
_SHAPE_OF_LABELS = re.compile(
    r"(?<![\w\\^_{])[Yy]\b[^\w(]{0,24}"
    r"\((?:(\d+)\s*,\s*[a-zA-Z]?|[a-zA-Z]\s*,\s*(\d+))\s*\)"
)
_MOST_OUTPUTS = 3
_NAMES_OF_SUMS = ("z", "ζ", "ξ")  # that the page itself gives no name


@dataclass(frozen=True)
class FunctionDefinition:
    """f(x) = expression in x."""

    argument: Letter
    body: Node


@dataclass
class Model:
    """One network as the page declares it.

    Attributes
    ----------
    definitions : dict of Quantity to Node
        The forward pass and the loss, in an order in which they can be computed.
    marked : set of Quantity
        Quantities defined for one sample, with its mark: a restatement for the batch is a claim.
    functions : dict of str to FunctionDefinition or str
        What a function's name stands for: an expression, or a row of the table of activations.
    aliases : dict of str to str
        Letters that the page equates with a function's name, y = tanh: they mean its value.
    entries : dict of Quantity to Letter
        The left side of definitions that are made entry by entry, z_j⁽ⁱ⁾ = Σₖ ….
    one_sample : bool
        Whether the page says that it treats one sample.
    targets : str
        The letter of the labels where y is the output and t, or d, what it should be.
    claimed : frozenset of Quantity
        Quantities whose meaning isn't the page's own definition: what it says of them may be wrong.
    errors_per_sample : bool
        Whether dZ and dA are derivatives of the losses' sum, though the cost is their mean.
    outputs : int
        How many output units there are, where that is declared.
    fed_first : bool
        Whether w_jk leads to unit j, as in ∂z_j/∂w_jk, also where the matrix W has its rows for the units before.
    weighs_samples : bool
        Whether w⁽ⁱ⁾ is the weight of a sample.
    climbs : bool
        Whether the page speaks of ascent, or of a likelihood.
    """

    definitions: dict[Quantity, Node] = field(default_factory=dict)
    marked: set[Quantity] = field(default_factory=set)
    functions: dict[str, FunctionDefinition | str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    entries: dict[Quantity, Letter] = field(default_factory=dict)
    one_sample: bool = False
    fed_first: bool = False
    weighs_samples: bool = False
    climbs: bool = False
    targets: str = ""
    claimed: frozenset[Quantity] = frozenset()
    errors_per_sample: bool = False
    outputs: int = 1
    notes: list[str] = field(default_factory=list)

    def layers(self, name: str) -> list[str]:
        """Numbers of the layers that a quantity is defined for."""
        return sorted((one.layer for one in self.known() if one.name == name and one.layer.isdecimal()), key=int)

    def known(self) -> set[Quantity]:
        """Every quantity that occurs in a definition."""
        found = set(self.definitions)
        for body in self.definitions.values():
            found |= {quantity(letter) for letter in letters(body) if not is_function(letter, self)}
        return found

    def needs(self, one: Quantity) -> set[Quantity]:
        """Everything that a quantity's definition needs, near and far."""
        found: set[Quantity] = set()
        waiting = [one]
        while waiting:
            body = self.definitions.get(waiting.pop())
            new = set() if body is None else {quantity(letter) for letter in letters(body)} - found
            found |= new
            waiting += new
        return found

    @property
    def is_of_numbers(self) -> bool:
        """Whether every letter is one number: weighted sums are written out, w₁ x₁ + w₂ x₂ + b, and none is Wx + b."""
        if any(affine(body) is not None for body in self.definitions.values()):
            return False
        sums = [part for body in self.definitions.values() for part in walk(body) if isinstance(part, Sum)]
        return any(sum(_weighs(term) for term in one.terms) > 1 for one in sums)

    @property
    def has_softmax(self) -> bool:
        """Whether the outputs are shares of one: labels then sum to one, and there are several outputs."""
        return any(
            (isinstance(part, Applied) and part.function.name == "softmax")
            or (isinstance(part, Fraction) and _sums_units(part.denominator))
            for body in self.definitions.values()
            for part in walk(body)
        )

    @property
    def loss(self) -> Quantity | None:
        """The quantity that gradients are of: the last loss defined (J over ℒ)."""
        losses = [one for one in self.definitions if one.name in LOSSES]
        within = {quantity(letter) for one in losses for letter in letters(self.definitions[one])}
        outer = [one for one in losses if one not in within] or losses
        return outer[-1] if outer else None

    @property
    def lays_out_batch(self) -> bool:
        """Whether a definition repeats a bias by 𝟏: then it says how a batch lies."""
        return any(letter.name == ONES_NAME for body in self.definitions.values() for letter in letters(body))

    @property
    def batch_costs(self) -> frozenset[str]:
        """Names of the losses that are sums over samples."""
        return frozenset(
            one.name for one, body in self.definitions.items() if one.name in LOSSES and _marks_samples(body)
        )


def _weighs(term: Node) -> bool:
    """Whether a term is a weight times something."""
    first = term.factors[0] if isinstance(term, Product) and len(term.factors) == 2 else None
    return isinstance(first, Letter) and quantity(first).name in WEIGHTS


def _sums_units(node: Node) -> bool:
    return isinstance(node, BigSum) or (isinstance(node, Applied) and node.function.name in {"np.sum", "sum"})


def is_function(letter: Letter, model: Model) -> bool:
    """Whether a letter is a function's name."""
    if any(key.partition("[")[0] == letter.name for key in model.functions):
        return True
    return letter.name in FUNCTION_OF_NAME or letter.name == "e" or letter.name in _WORDS


def build(page: Page) -> tuple[Model, Model]:
    """The page's networks: the one of its plain letters (Z, A, w) and the one of its numbered layers (z₁, a₁, w₁).

    They are the same object when the page has only one of them.
    """
    whole = Model(one_sample=any(_ONE_SAMPLE.search(line) for line in page.lines))
    whole.climbs = any(_CLIMBS.search(line) for line in page.lines)
    whole.fed_first = _fed_first(page)
    whole.weighs_samples = _weighs_samples(page)
    whole.outputs = _declared_outputs(page.lines)
    whole.targets = _targets(page)
    whole.one_sample = whole.one_sample or _numbers_losses(page)
    _functions(page, whole)
    for statement in page.statements:
        for left, right in zip(statement.sides, statement.sides[1:], strict=False):
            if left.tree is not None and right.tree is not None and not left.problems and not right.problems:
                _define(left.tree, right.tree, statement, whole)
    complete(whole, page)
    with_every_layer(whole)
    return _split(whole)


def _numbers_losses(page: Page) -> bool:
    """Whether the loss is E_n everywhere: the page is about the sample n."""
    trees = [side.tree for one in page.statements for side in one.sides if side.tree is not None]
    losses = [letter for tree in trees for letter in letters(tree) if letter.name in LOSSES]
    return bool(losses) and all(letter.lower == (Mark("n"),) for letter in losses)


def _targets(page: Page) -> str:
    """t or d, where the page's loss compares y with it: then y is the output."""
    for statement in page.statements:
        left, *rest = (side.tree for side in statement.sides)
        if isinstance(left, Letter) and left.name in LOSSES:
            plain = {one.name for tree in rest if tree is not None for one in letters(tree) if not one.accent}
            if "y" in plain:
                return next((name for name in ("t", "d") if name in plain), "")
    return ""


def _declared_outputs(lines: Iterable[str]) -> int:
    """How many outputs the labels have in the first shape that is given for them: Y (3, n), y ∈ ℝ³; one if in none."""
    for line in lines:
        shape = _SHAPE_OF_LABELS.search(line)
        if shape is not None:
            return min(max(int(next(number for number in shape.groups() if number)), 1), _MOST_OUTPUTS)
    return 1


def _weighs_samples(page: Page) -> bool:
    """Whether w⁽ⁱ⁾ is the weight of a sample: the weights of units have layers then."""
    found = [
        letter
        for one in page.statements
        for side in one.sides
        if side.tree is not None
        for letter in letters(side.tree)
    ]
    weights = [letter for letter in found if quantity(letter).name in WEIGHTS]
    return any(quantity(letter).layer for letter in weights) and any(
        not letter.lower and [mark.style for mark in letter.upper] == ["round"] and not quantity(letter).layer
        for letter in weights
    )


def _fed_first(page: Page) -> bool:
    """Whether more derivatives of a page share the first index of a weight (∂z_j/∂w_jk) than the second."""
    first = second = 0
    for statement in page.statements:
        for part in (part for side in statement.sides if side.tree is not None for part in walk(side.tree)):
            if isinstance(part, Partial) and isinstance(part.of, Letter) and quantity(part.by).name in WEIGHTS:
                of, by = ([mark.text for mark in one.lower if mark.text in INDICES] for one in (part.of, part.by))
                if len(of) == 1 and len(by) == 2:
                    first += of[0] == by[0]
                    second += of[0] == by[1]
    return first > second


def _define(left: Node, right: Node, statement: Statement, model: Model) -> None:
    if isinstance(left, Partial) and isinstance(right, Partial) and left.by == right.by:
        _by_example(left, right, model)
        return
    if not isinstance(left, Letter) or (left.name.startswith("d") and left.name != "d") or is_function(left, model):
        return
    if Mark("+") in left.upper:  # after an update
        return
    increment = accumulated(left, right, statement.signs[0])
    if increment is not None and left.name == "Δ":
        model.definitions.setdefault(quantity(left), increment)  # the loop sums it over the samples, as a product does
        return
    if any(sign not in {"=", ":="} for sign in statement.signs):
        return
    one = quantity(left)
    if left.name in INDICES and not (left.lower or left.upper):  # l = 1, …, L
        return
    generic = {mark.text for mark in left.lower if mark.text in INDICES}
    mentioned = {quantity(letter) for letter in letters(right)}
    by_entries = bool(generic) and generic <= entry_indices(right) and _is_of_units(left, right, model)
    if _names_slope(left, right) and one not in model.definitions:
        model.definitions[one] = right
        model.claimed |= {one}
        return
    if one in mentioned or (generic and not by_entries) or any(isinstance(part, Partial) for part in walk(right)):
        return
    if is_size(one) or one.name in RATES or (one.name == "y" and not one.accent and not model.targets):
        return
    if isinstance(right, Cases) or is_shape(right) or _lists_entries(left, right):
        return
    right = _with_sum_named(right, model)
    samples = entry_indices(left)
    body = without_samples(right) if samples and not by_entries else right
    if by_entries and one not in model.definitions:
        model.entries[one] = left
    if one not in model.definitions or (not by_entries and _sums_entries(one, model)):
        if not by_entries:
            model.entries.pop(one, None)  # what is said of all units at once is computed faster
        model.definitions[one] = body
        if samples or _marks_samples(right):
            model.marked.add(one)
    elif isinstance(right, Letter) and quantity(right) in model.definitions and one.accent == "":
        return
    elif isinstance(right, Letter) and isinstance(model.definitions[one], Letter):
        _redefine(model.definitions[one], right, model)


def _sums_entries(one: Quantity, model: Model) -> bool:
    """Whether a quantity is so far only known entry by entry, as a sum: in a_j = z_j nothing is to be gained."""
    return one in model.entries and any(isinstance(part, BigSum) for part in walk(model.definitions[one]))


def _lists_entries(left: Letter, right: Node) -> bool:
    """Whether a line only says what the entries of a vector or a matrix are called: x = (x₁, x₂)."""
    if not isinstance(right, Matrix):
        return False
    entries = [entry for row in right.rows for entry in row if not isinstance(entry, Dots)]
    return all(
        isinstance(entry, Letter) and entry.name.lower() == left.name.lower() and not entry.upper for entry in entries
    )


def _names_slope(left: Letter, right: Node) -> bool:
    """Whether a line gives a derivative of the loss a name of its own, G = ∂L/∂Z, other than δ."""
    if not isinstance(right, Partial) or not isinstance(right.of, Letter) or right.of.name not in LOSSES:
        return False
    known = quantity(left).name in WEIGHTS | BIASES | {"δ", "Δ"} | LOSSES or is_size(quantity(left))
    return not known and not (left.name in LABELS and not left.accent) and quantity(right.by) != quantity(left)


def _with_sum_named(body: Node, model: Model) -> Node:
    """σ(W₁ x + b₁) as σ(z₁), with z₁ defined as the weighted sum."""
    if not isinstance(body, Applied):
        return body
    for argument in body.arguments:
        found = None if isinstance(argument, Letter) else affine(argument)
        if found is not None:
            marks = (Mark(found.weight_layer, "square"),) if found.weight_layer else ()
            for letter in _NAMES_OF_SUMS:
                name = Letter(letter, "", marks)
                if quantity(name) not in model.definitions:
                    model.definitions[quantity(name)] = argument
                    return replace(body, arguments=tuple(name if one is argument else one for one in body.arguments))
    return body


def accumulated(left: Node, right: Node, sign: str) -> Node | None:
    """What a line adds to its own left side, Δ := Δ + δ aᵀ or Δ += δ aᵀ; None if it does something else."""
    if sign == "+=":
        return right
    if isinstance(right, Sum) and len(right.terms) > 1 and right.terms[0] == left and not any(right.negative):
        return right.terms[1] if len(right.terms) == 2 else Sum(right.terms[1:], right.negative[1:])
    return None


def _is_of_units(left: Letter, right: Node, model: Model) -> bool:
    """Whether the letters below a left side choose units: z_j^{[1]} or p_k = e^{z_k} / Σ_j e^{z_j}, not w_i."""
    one = quantity(left)
    if one.layer or _marks_samples(left):
        return True
    labels = {model.targets} if model.targets else set() if one.accent else LABELS
    return one.name not in WEIGHTS | BIASES | labels and isinstance(right, Applied | BigSum | Fraction | Sum | Product)


def _marks_samples(node: Node) -> bool:
    return any(mark.style == "round" for letter in letters(node) for mark in letter.upper)


def _redefine(first: Node, second: Letter, model: Model) -> None:
    """ŷ = a₂ before, ŷ = z₂ now: then a₂ = z₂, whatever a₂ was said to be before."""
    if isinstance(first, Letter) and quantity(first) != quantity(second) and quantity(first) in model.definitions:
        uses = {quantity(letter) for letter in letters(model.definitions[quantity(first)])}
        if quantity(second) in uses:
            model.notes.append(
                f"{quantity(first)} is defined twice: the later definition, {quantity(second)}, is taken"
            )
            model.definitions[quantity(first)] = second


def _by_example(left: Partial, right: Partial, model: Model) -> None:
    """∂Z/∂W = ∂/∂W (Wx + b) says what Z is, if nothing else does."""
    if isinstance(left.of, Letter) and not isinstance(right.of, Letter):
        one = quantity(left.of)
        if one not in model.definitions and not one.accent and one.name not in LABELS:
            model.definitions[one] = right.of


def is_shape(node: Node) -> bool:
    """n × f: a shape, not a value."""
    return isinstance(node, Product) and all(
        isinstance(factor, Num) or (isinstance(factor, Letter) and factor.name in {*SIZES, "f", "d", "h"})
        for factor in node.factors
    )


def _functions(page: Page, model: Model) -> None:
    for statement in page.statements:
        for left, right in zip(statement.sides, statement.sides[1:], strict=False):
            match left.tree:
                case Applied(function=Letter(upper=()) as name, arguments=(Letter(lower=(), upper=()) as argument,)):
                    inside = {letter.name for letter in letters(right.tree)} if right.tree is not None else set()
                    if name.name not in LOSSES and right.tree is not None and name.name not in inside:
                        model.functions.setdefault(name.name, FunctionDefinition(argument, right.tree))
                case Letter(name="y" | "a") if isinstance(right.tree, Letter) and right.tree.name in FUNCTION_OF_NAME:
                    model.aliases[left.tree.name] = right.tree.name
                case Letter(name=name) if isinstance(right.tree, Letter) and right.tree.name in FUNCTION_OF_NAME:
                    if name in "fghφ" or name in FUNCTION_OF_NAME:
                        model.functions[_function_key(left.tree)] = FUNCTION_OF_NAME[right.tree.name]
    _functions_in_prose(page.lines, model)


def _function_key(letter: Letter) -> str:
    marks = "".join(mark.text for mark in letter.upper if mark.style == "square")
    return letter.name + (f"[{marks}]" if marks else "")


def _functions_in_prose(lines: Iterable[str], model: Model) -> None:
    """Which activation the prose names first ("g is a sigmoid", "we use ReLU"), for functions defined nowhere else."""
    general = ""
    for line in lines:
        lowered = line.lower()
        words = [row for word, row in ACTIVATION_WORDS.items() if re.search(rf"\b{word}\b", lowered)]
        if len(words) != 1 or words[0] == "identity":
            continue
        general = general or words[0]
    model.functions.setdefault("", general)


def _split(whole: Model) -> tuple[Model, Model]:
    """The plain network and the one with numbered layers, when the page has affine maps of both kinds."""
    maps = {one: found for one, body in whole.definitions.items() if (found := affine(body)) is not None}
    layered, plain = ([one for one in maps if bool(one.layer) == numbered] for numbered in (True, False))
    numbered = any(one.layer.isdecimal() for one in whole.definitions)  # or the layers are "prev" and the last
    if not layered or not plain or not numbered or any(quantity(maps[one].given).layer for one in plain):
        return whole, whole
    if any(not quantity(maps[one].given).layer and quantity(maps[one].given) in whole.definitions for one in layered):
        return whole, whole
    if any(whole.needs(one) & set(layered) for one in plain):
        return whole, whole
    own = set(plain)  # what the plain network computes: its maps and what follows from them
    for one, body in whole.definitions.items():
        if one.name not in LOSSES and not one.layer and own & {quantity(letter) for letter in letters(body)}:
            own.add(one)
    last = max(
        (one for one in whole.definitions if one.layer.isdecimal()), key=lambda one: (int(one.layer), one.name == "a")
    )
    first = Model(functions=whole.functions, notes=whole.notes)
    second = Model(functions=whole.functions, notes=whole.notes, marked=whole.marked)
    for part in (first, second):
        part.aliases, part.entries = whole.aliases, whole.entries
        part.one_sample, part.fed_first = whole.one_sample, whole.fed_first
        part.climbs = whole.climbs
        part.weighs_samples, part.outputs = whole.weighs_samples, whole.outputs
    for one, body in whole.definitions.items():
        if one.name in LOSSES:
            first.definitions[one] = body
            second.definitions[one] = _renamed(body, own, Letter(last.name, "", (Mark(last.layer),)))
        else:
            (first if one in own or not (one.layer or one.accent) else second).definitions[one] = body
    return first, second


def _renamed(node: Node, names: set[Quantity], to: Letter) -> Node:
    """The tree with the plain network's output replaced by the last layer's."""
    if isinstance(node, Letter):
        return to if quantity(node) in names else node
    return rebuilt(node, {id(child): _renamed(child, names, to) for child in children(node)})


__all__ = ["FunctionDefinition", "Model", "build", "is_function"]
