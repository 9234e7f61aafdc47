"""The general recursion for l = L, …, 1, its order, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from chainrule.calculus.algebra import GROUPS
from chainrule.calculus.equations import Equation, Reason, Rule
from chainrule.expressions.activations import Softmax
from chainrule.expressions.functions import Function
from chainrule.expressions.terms import (
    SAMPLES,
    Call,
    Number,
    Reduce,
    Symbol,
    Term,
    div,
    exp,
    matrix_product,
    rebuild,
    reduced,
    sub,
    total,
    units,
)
from chainrule.notation.document.pen import Pen
from chainrule.notation.document.prose import sentence
from chainrule.notation.document.values import Block, Bullets, Chain, Link, Prose, Section, Table
from chainrule.notation.naming import Symbols
from chainrule.notation.tree import Letter, Mark, Node, rewritten
from chainrule.notation.writing import Writer

# The layers 1, 2, 3 of a network of three become l − 1, l, l + 1.
_LAYERS = {"1": "l-1", "2": "l", "3": "l+1"}
_F = Function("f", exp(Symbol("z")))


def recursion_section(pen: Pen) -> Section:
    """Backpropagation in general."""
    blocks: list[Block] = _from_layer_to_layer(pen) if pen.symbols.layers == "previous" else _for_every_layer(pen)
    order: list[Block] = [sentence("In this order:"), Bullets(_order(pen), numbered=True)]
    return Section(("In general",), (*blocks, *order, *(_cost(pen) if pen.detail == "full" else ())), "recursion")


def _from_layer_to_layer(pen: Pen) -> list[Block]:
    """One layer and the one before it, without numbers."""
    here, before = ((SAMPLES, units(layer)) for layer in (2, 1))
    dZ, dA, W = Symbol("dZ2", here), Symbol("dA1", before), Symbol("W2", (units(1), units(2)))
    back = Equation(dA, matrix_product(dZ, W, units(2)), "backward", Reason(Rule.CHAIN_RULE, ""))
    row = pen.derivation.network.layers[-1].activation
    f, prime = Letter("f"), Letter("f", upper=(Mark("′"),))
    if isinstance(row, Function) and row.name != "identity":
        f, prime = (pen.symbols.function(row.name, order) for order in (0, 1))
    output, weights, bias, passed = (
        _with_function(generic(pen, equation, {}), prime)
        for equation in (_output_layer(pen), *_hidden_layer(pen)[1:], back)
    )
    blocks: list[Block] = [
        sentence(
            "In a network of any depth every layer is like the last one here, with a function of its own in place of ",
            f,
            *_what_comes_in(pen),
            ". From what comes back to its output (at the end of the network, the derivative of the loss),",
        ),
        output,
        weights,
        bias,
        sentence("and what it passes back,"),
        passed,
        sentence("is the same for the layer before, where it begins again."),
    ]
    return blocks


def _what_comes_in(pen: Pen) -> Prose:
    """What a layer is given, where a network of one layer has no other layer that would show it."""
    if pen.depth > 1:
        return ()
    before = _numbered(pen).layered("A", "1", small=not pen.batch)
    inputs = "D0" if pen.derivation.network.input_dropout else "X"
    given = pen.letter(Symbol(inputs, (SAMPLES, units(0))))
    return (", and with the outputs of the layer before, ", before, ", in place of ", given)


def _with_function(chain: Chain, prime: Letter) -> Chain:
    """The chain with the derivative of a function in place of f′."""
    own: dict[Node, Node] = {Letter("f", upper=(Mark("′"),)): prime}
    return replace(chain, links=(Link(rewritten(chain.links[0].right, own.get)),))


def _for_every_layer(pen: Pen) -> list[Block]:
    """The layers l − 1, l and l + 1."""
    top = generic(pen, _output_layer(pen), {"1": "L-1", "2": "L", "3": "L+1"})
    chains = [generic(pen, equation, _LAYERS) for equation in _hidden_layer(pen)]
    named = ["BP2", "BP4", "BP3"] if pen.symbols.gradients == "delta" else ["", "", ""]
    labelled = [_labelled(chain, name) for chain, name in zip(chains, named, strict=True)]
    L, l_, inputs = Letter("L"), Letter("l"), "D0" if pen.derivation.network.input_dropout else "X"
    first = _numbered(pen).layered("D" if _drops(pen) else "A", "0", small=not pen.batch)
    blocks: list[Block] = [
        sentence(
            "A network of any depth ", L, ", with the function ", _numbered(pen).layered("f", "l"), " in layer ", l_,
            f", is no harder{', written with matrices' if pen.layout.entries else ''}. At the output,",
        ),
        _labelled(top, "BP1" if pen.symbols.gradients == "delta" else ""),
        sentence(
            _about_the_output(pen), "Then, for ", l_, " = ", L,
            ", …, 1, where ", first, " is ", pen.letter(Symbol(inputs, (SAMPLES, units(0)))), ","
        ),
        labelled[1],
        labelled[2],
        sentence("and, on the way from layer ", Letter("l"), " + 1 down to ", l_, ","),
        labelled[0],
    ]  # fmt: skip
    return blocks


def _labelled(chain: Chain, name: str) -> Chain:
    return replace(chain, links=(replace(chain.links[0], why=(name,)),)) if name else chain


def _about_the_output(pen: Pen) -> str:
    if _has_softmax(pen):
        return (
            "(with another function, where a unit's output depends on its own weighted sum only, it is the derivative "
            "of the cost by the output times that of the function). "
        )
    return (
        "(with softmax, where units depend on each other, the product is a sum over them; with a loss that fits "
        "the activation it shortens to the difference of prediction and label). "
    )


def _has_softmax(pen: Pen) -> bool:
    network = pen.derivation.network
    return isinstance(network.layers[-1].activation, Softmax) or network.reads_logits


def _drops(pen: Pen) -> bool:
    return any(layer.dropout for layer in pen.derivation.network.layers[:-1])


def _output_layer(pen: Pen) -> Equation:
    """∂J/∂Z of the last layer: f′ for any function; with softmax, what it is here."""
    Z, A = (Symbol(name, (SAMPLES, units(2))) for name in ("dZ2", "dA2"))
    right = _own(pen, "dZ") if _has_softmax(pen) else A * Call(_F, Symbol("Z2", Z.axes), 1)
    return Equation(Z, right, "backward", Reason(Rule.CHAIN_RULE, ""))


def _hidden_layer(pen: Pen) -> list[Equation]:
    """∂J/∂Z, ∂J/∂W and ∂J/∂b of the layer 2 of 3, with dropout where hidden layers have it and what penalties add."""
    here, above = (SAMPLES, units(2)), (SAMPLES, units(3))
    back: Term = matrix_product(Symbol("dZ3", above), Symbol("W3", (units(2), units(3))), units(3))
    if _drops(pen):
        back = back * div(Symbol("M2", here), sub(Number(1.0), Symbol("p2")))
    dZ = Symbol("dZ2", here)
    return [
        Equation(dZ, back * Call(_F, Symbol("Z2", here), 1), "backward", Reason(Rule.CHAIN_RULE, "")),
        Equation(Symbol("dW2", (units(1), units(2))), _own(pen, "dW"), "backward", Reason(Rule.CHAIN_RULE, "")),
        Equation(Symbol("db2", (units(2),)), total(dZ, (SAMPLES,)), "backward", Reason(Rule.CHAIN_RULE, "")),
    ]


def _own(pen: Pen, name: str) -> Term:
    """What this network's derivation has for a gradient of the last layer, as layer 2 of 3."""
    derivation, depth = pen.derivation if pen.batch else pen.sample, pen.depth
    right = next(equation.right for equation in derivation.backward if equation.left.name == f"{name}{depth}")
    return _as_layer_two(right, {units(depth): units(2), units(depth - 1): units(1)}, {depth: "2", depth - 1: "1"})


def _as_layer_two(node: Term, axes: dict[str, str], numbers: dict[int, str]) -> Term:
    """The term with the last two layers numbered 1 and 2, the inputs taken for the outputs of layer 1."""
    if isinstance(node, Symbol):
        letter = node.name.rstrip("0123456789")
        number = node.name[len(letter) :]
        own = tuple(axes.get(axis, axis) for axis in node.axes)
        if node.name == "X":
            return Symbol("A1", own)
        if node.name in GROUPS:  # whose number is that of a group
            return Symbol(node.name, own)
        return Symbol(letter + numbers.get(int(number), number), own) if own and number else Symbol(node.name, own)
    children = tuple(_as_layer_two(child, axes, numbers) for child in node.children)
    if isinstance(node, Reduce):
        return reduced(node.operation, tuple(axes.get(axis, axis) for axis in node.over), *children)
    return rebuild(node, children) if children else node


def generic(pen: Pen, equation: Equation, names: dict[str, str]) -> Chain:
    """An equation of the layers 1 to 3 with their numbers replaced by letters, in matrices."""
    writer = Writer(pen.layout.of_matrices, _numbered(pen))
    left, right = writer.equation(equation).sides
    return Chain(_renumbered(left, names, pen), (Link(_renumbered(right, names, pen)),), "recursion")


def _numbered(pen: Pen) -> Symbols:
    """The reader's letters for a network of any depth; without numbers, its layers 1 and 2 are the last two."""
    return replace(pen.symbols, prediction="", depth=2)


def _renumbered(node: Node, names: dict[str, str], pen: Pen) -> Node:
    def renamed(part: Node) -> Node | None:
        if not isinstance(part, Letter):
            return None
        if part.name == "f":
            layered = _numbered(pen).layered("f", names.get("2", ""))
            return replace(layered, upper=(*layered.upper, *part.upper))
        if part in unlayered:
            return part
        return replace(part, lower=_marks(part.lower, names), upper=_marks(part.upper, names))

    names_of_groups = (name for name, _ in pen.derivation.equations.constants if name in GROUPS)
    unlayered = {pen.letter(Symbol(name)) for name in ("alpha1", *names_of_groups)}  # their numbers are no layers
    return rewritten(node, renamed)


def _marks(marks: tuple[Mark, ...], names: dict[str, str]) -> tuple[Mark, ...]:
    return tuple(replace(mark, text=names.get(mark.text, mark.text)) for mark in marks)


_WITHOUT_NUMBERS = (
    "Forward, layer by layer: compute all weighted sums and outputs, and keep them.",
    "Backward, last layer first: compute all gradients, always with the weights of the forward pass.",
    "Update: only now change the weights and biases. Changed on the way, they would send wrong gradients back.",
)


def _order(pen: Pen) -> tuple[Prose, ...]:
    symbols = _numbered(pen)
    if symbols.layers == "previous":
        return tuple((words,) for words in _WITHOUT_NUMBERS)
    z, a = (symbols.layered(name, "l", small=not pen.batch) for name in "ZA")
    L, l_ = Letter("L"), Letter("l")
    W, b = symbols.layered("W", "l"), symbols.layered("b", "l")
    return (
        ("Forward: for ", l_, " = 1, …, ", L, " compute ", z, " and ", a, ", and keep them."),
        ("Backward: for ", l_, " = ", L, ", …, 1 compute the gradients of layer ", l_,
         ", always with the weights of the forward pass."),
        ("Update: only now change every ", W, " and ", b,
         ". Changing ", W, " inside the loop would send wrong gradients to the layers before it."),
    )  # fmt: skip


def _cost(pen: Pen) -> list[Block]:
    """Multiplications and memory, layer by layer, for one sample."""
    widths = pen.derivation.network.widths
    rows: list[tuple[Prose, ...]] = []
    totals = [0, 0, 0]
    for layer, (before, here) in enumerate(pairwise(widths), 1):
        product = before * here
        numbers = [product, product, product if layer > 1 else 0]
        totals = [total_ + number for total_, number in zip(totals, numbers, strict=True)]
        rows.append(((str(layer),), *((f"{number:,}",) for number in numbers)))
    rows.append((("all",), *((f"{number:,}",) for number in totals)))
    parameters = sum((before + 1) * here for before, here in pairwise(widths))
    kept = sum(widths) + sum(widths[1:])
    return [
        sentence(
            "A product of matrices costs as many multiplications for each sample as the weight matrix has entries. "
            "Backwards there are two in every layer but the first, which passes nothing on:"
        ),
        Table(("layer", "forward", "gradient of the weights", "passed back"), tuple(rows)),
        sentence(
            f"So a step takes {sum(totals):,} multiplications for each sample, {sum(totals) / totals[0]:.3g} times "
            f"as many as a forward pass. Kept for the way back: {kept:,} numbers for each "
            f"sample (inputs, weighted sums and outputs), and once {parameters:,} parameters with as many gradients."
        ),
    ]
