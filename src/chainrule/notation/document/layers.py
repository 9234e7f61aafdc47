"""One layer of the backward pass: the chain, its factors for one sample, and what becomes of them in a batch."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from chainrule.calculus.backward import adjoint_of
from chainrule.calculus.equations import Equation
from chainrule.calculus.forward import prediction
from chainrule.expressions.activations import Softmax
from chainrule.expressions.functions import Function
from chainrule.expressions.terms import SAMPLES, Symbol, symbols, units
from chainrule.notation.arithmetic import juxtaposed
from chainrule.notation.document.declaring import softmax_equation
from chainrule.notation.document.factors import (
    activation_derivative,
    jacobian_entry,
    loss_derivative,
    multiplied,
    softmax_jacobian,
    through_activation,
    with_known_factors,
)
from chainrule.notation.document.pen import Pen
from chainrule.notation.document.prose import sentence
from chainrule.notation.document.values import Block, Chain, Link, Prose, Section
from chainrule.notation.tree import Fraction, Letter, Node, Num, Partial, Product, ProductSign, Transpose, rewritten


def layer_section(pen: Pen, layer: int, known: set[Function]) -> Section:
    """Layer l: every step from ∂ℓ/∂(what is known) to ∂J/∂W and ∂J/∂b.

    `known` collects the functions whose derivatives have been derived.
    """
    blocks: list[Block] = [*_plan(pen, layer), *_one_sample(pen, layer, known)]
    if pen.batch:
        blocks += _batch(pen, layer)
    else:
        blocks += [sentence("As vectors and matrices:"), *_results(pen, layer)]
    where = " (output)" if layer == pen.depth else ""
    return Section((f"Layer {layer}{where}",), tuple(blocks), f"layer-{layer}")


# ---------------------------------------------------------------- the chain as a plan
def path(pen: Pen, layer: int) -> list[Symbol]:
    """The quantities between the loss and z of a layer, the loss's side first: a₂, z₂, a₁, z₁."""
    return [e.left for e in reversed(pen.sample.forward) if int(e.left.name[1:] or pen.depth) >= layer]


def _plan(pen: Pen, layer: int) -> list[Block]:
    W = Symbol(f"W{layer}", (units(layer - 1), units(layer)))
    values = path(pen, layer)
    long = _product([pen.partial(None, values[0]), *_between(pen, values), pen.partial(values[-1], W)])
    links = [Link(long)]
    words: Prose
    if layer == pen.depth:
        words = ("The loss depends on ", pen.of_sample(W), " through ", *_through(pen, values), ". So for one sample")
    else:
        after = Symbol(f"Z{layer + 1}", (SAMPLES, units(layer + 1)))
        rest = values[values.index(after) :]
        short = _product([pen.partial(None, after), *_between(pen, rest), pen.partial(rest[-1], W)])
        links.append(Link(short, (pen.partial(None, after), f" is known from layer {layer + 1}")))
        words = ("The way from the loss to ", pen.of_sample(W), f" goes on behind layer {layer + 1}:")
    return [sentence(*words), Chain(pen.partial(None, W), tuple(links), "partials")]


def _between(pen: Pen, values: list[Symbol]) -> list[Node]:
    return [pen.partial(left, right) for left, right in pairwise(values)]


def _product(factors: list[Node]) -> Node:
    signs: list[ProductSign] = ["·"] * (len(factors) - 1)
    return Product(tuple(factors), tuple(signs))


def _through(pen: Pen, values: list[Symbol]) -> Prose:
    parts: list[str | Node] = []
    for position, value in enumerate(reversed(values)):
        parts += ([", then "] if position else []) + [pen.of_sample(value)]
    return tuple(parts)


# ---------------------------------------------------------------- one sample
def _one_sample(pen: Pen, layer: int, known: set[Function]) -> list[Block]:
    blocks: list[Block] = []
    reduced = {e.left.name: e for e in pen.sample.backward}
    network = pen.derivation.network
    of_loss = loss_derivative(pen)
    if layer == pen.depth:
        blocks += [sentence("The derivative of the loss:"), of_loss]
        if network.reads_logits:
            blocks += [sentence("The derivatives of the softmax:"), *softmax_jacobian(pen)]
    else:
        blocks += _from_the_layer_above(pen, layer, reduced)
    row = network.layers[layer - 1].activation
    blocks += [
        sentence("The derivatives of the softmax:" if isinstance(row, Softmax) else "The derivative of the activation:")
    ]
    of_activation = activation_derivative(pen, layer, known)
    blocks += of_activation
    equation = reduced[f"dZ{layer}"]
    if layer == pen.depth and (isinstance(row, Softmax) or network.reads_logits):
        blocks += [
            sentence("Each weighted sum reaches the loss through every output, so their contributions add up:"),
            _over_outputs(pen),
            sentence("With these derivatives put in:"),
            multiplied(pen, equation),
        ]
    else:
        product = through_activation(pen, layer, equation)
        if layer == pen.depth and pen.detail == "full" and isinstance(of_activation[0], Chain):
            product = with_known_factors(product, of_loss, of_activation[0])
        blocks += [sentence("Multiplied:"), product]
    blocks += [sentence(*_linear_words(pen, layer)), *_weight_factors(pen, layer, reduced)]
    return blocks


def _over_outputs(pen: Pen) -> Chain:
    """∂ℓ/∂z_j = Σ_k ∂ℓ/∂a_k ∂a_k/∂z_j."""
    equation = softmax_equation(pen)
    A = equation.left
    logits = next(s for s in symbols(equation.right) if s.axes == A.axes)
    k = dict.fromkeys(A.axes, "k")
    a_k, z_j = pen.entry(A, k), pen.entry(logits, pen.indices(A))
    dA_k, over = pen.entry(adjoint_of(A), k), A.axes[-1]
    plan = Link(pen.sum_over(over, "k", Product((dA_k, _by(a_k, z_j)), ("·",))))
    put_in = Link(pen.sum_over(over, "k", juxtaposed([dA_k, jacobian_entry(pen)])), ("the Jacobian put in",))
    return Chain(_by(pen.sample_symbols.cost, z_j), (plan, put_in), "sample")


def _from_the_layer_above(pen: Pen, layer: int, reduced: dict[str, Equation]) -> list[Block]:
    """∂ℓ/∂a: the unit feeds every unit of the next layer; then back through dropout, if there is some."""
    blocks: list[Block] = []
    fed = pen.input_of(layer + 1)
    Z = Symbol(f"Z{layer + 1}", (SAMPLES, units(layer + 1)))
    j = pen.indices(fed)
    k = {units(layer + 1): "k"}
    fed_j, z_k = pen.entry(fed, j), pen.entry(Z, k)
    plan = pen.sum_over(Z.axes[-1], "k", Product((pen.entry(adjoint_of(Z), k), _by(z_k, fed_j)), ("·",)))
    chain = multiplied(pen, reduced[f"d{fed.name}"])
    blocks += [
        sentence("The output ", fed_j, *_goes_into(pen, layer + 1)),
        Chain(chain.left, (Link(plan), *chain.links), "sample"),
    ]
    if fed.name.startswith("D"):
        blocks += [sentence("Back through dropout, only what was kept passes:"), multiplied(pen, reduced[f"dA{layer}"])]
    return blocks


def _goes_into(pen: Pen, layer: int) -> Prose:
    if units(layer) in pen.single:
        return (f" goes into the one unit of layer {layer}:",)
    return (" goes into every unit ", Letter("k"), f" of layer {layer}; the contributions add up:")


def _linear_words(pen: Pen, layer: int) -> Prose:
    Z = Symbol(f"Z{layer}", (SAMPLES, units(layer)))
    return (pen.of_sample(Z), " is linear in the weights and biases:")


def _weight_factors(pen: Pen, layer: int, reduced: dict[str, Equation]) -> list[Block]:
    """∂z_j/∂w_jk = a_k and ∂z_j/∂b_j = 1, and what they give."""
    fed = pen.input_of(layer)
    Z, W = Symbol(f"Z{layer}", (SAMPLES, units(layer))), Symbol(f"W{layer}", (units(layer - 1), units(layer)))
    b = Symbol(f"b{layer}", (units(layer),))
    letters = pen.indices(W)
    z_j, w_jk, b_j = (pen.entry(symbol, letters) for symbol in (Z, W, b))
    dz_j = pen.entry(adjoint_of(Z), letters)
    by_w, by_b = multiplied(pen, reduced[f"dW{layer}"]), multiplied(pen, reduced[f"db{layer}"])
    blocks: list[Block] = []
    if pen.detail == "full":
        blocks += [
            Chain(_by(z_j, w_jk), (Link(pen.entry(fed, letters)),), "sample"),
            Chain(_by(z_j, b_j), (Link(Num("1")),), "sample"),
        ]
    first_w, first_b = (Link(Product((dz_j, _by(z_j, by)), ("·",))) for by in (w_jk, b_j))
    return [
        *blocks,
        Chain(by_w.left, (first_w, *by_w.links), "sample"),
        Chain(by_b.left, (first_b, *by_b.links), "sample"),
    ]


def _by(of: Node, by: Node) -> Partial:
    if not isinstance(by, Letter):
        raise TypeError(f"{by!r} is no letter")
    return Partial(of, by)


# ---------------------------------------------------------------- the batch
def of_layer(equation: Equation, depth: int) -> int:
    """The layer that a backward equation belongs to."""
    return int(equation.left.name[2:] or depth)


def results(pen: Pen, layer: int) -> list[Equation]:
    """The backward equations of a layer in the layout, in computing order."""
    found = [equation for equation in pen.derivation.backward if of_layer(equation, pen.depth) == layer]
    return [equation for equation in found if not _put_into_delta(pen, equation)]


def _put_into_delta(pen: Pen, equation: Equation) -> bool:
    """Whether this is ∂C/∂A of a hidden layer, which books that write δ don't name: it is a part of δ."""
    layer = of_layer(equation, pen.depth)
    hidden = layer < pen.depth and equation.left.name == f"dA{layer}"
    return hidden and pen.symbols.gradients == "delta" and pen.input_of(layer + 1).name == f"A{layer}"


def result(pen: Pen, equation: Equation, *, why: Prose = (), boxed: bool = False) -> Chain:
    """A backward equation; where δ is written, by its name in the books: BP1 to BP4."""
    chain = pen.chain(equation, why=why, boxed=boxed)
    kind, layer = equation.left.name[1], of_layer(equation, pen.depth)
    if pen.symbols.gradients != "delta" or kind not in "ZWb":
        return chain
    name = {"Z": "BP1" if layer == pen.depth else "BP2", "b": "BP3", "W": "BP4"}[kind]
    right = chain.links[0].right
    before = next((e for e in pen.derivation.backward if e.left.name == f"dA{layer}"), None)
    if kind == "Z" and before is not None and _put_into_delta(pen, before):
        left, inner = pen.writer.equation(before).sides
        right = rewritten(right, {left: inner}.get)
    words: Prose = (name, ": ", *why) if why else (name,)
    return replace(chain, links=(Link(right, words),))


def _results(pen: Pen, layer: int, kinds: str = "ADZWb") -> list[Block]:
    return [
        result(pen, equation, why=_batch_reason(pen, equation), boxed=equation.left.name[1] in "ZWb")
        for equation in results(pen, layer)
        if equation.left.name[1] in kinds
    ]


def _batch(pen: Pen, layer: int) -> list[Block]:
    between = _entries_of_the_batch(pen, layer) if pen.detail == "full" else []
    return [
        sentence(*_from_one_to_many(pen, layer)),
        *_results(pen, layer, "ADZP"),
        *between,
        *_results(pen, layer, "Wb"),
    ]


def _from_one_to_many(pen: Pen, layer: int) -> Prose:
    network, J = pen.derivation.network, pen.symbols.cost
    if layer < pen.depth:
        return ("All samples at once:",)
    if network.reduction == "sum" and not network.sample_weights:
        return (
            "From one sample to the batch: ",
            J,
            " adds up the losses, so every sample's derivatives enter as they are.",
        )
    weight: Node = pen.symbols.letter("w", (), "i") if network.sample_weights else Num("1")
    below: Node = Letter(pen.symbols.samples) if not network.sample_weights else pen.symbols.letter("s")
    if network.reduction == "sum":
        return (
            "From one sample to the batch: each loss enters ",
            J,
            " with its weight ",
            weight,
            ", and so do its derivatives.",
        )
    return (
        "From one sample to the batch: each loss enters ", J, " with the factor ", Fraction(weight, below),
        ". It is put in once, here; every gradient computed from this one inherits it.",
    )  # fmt: skip


def _entries_of_the_batch(pen: Pen, layer: int) -> list[Block]:
    """Entry (j, k) of ∂J/∂W is a sum over the samples: that is a product with a transpose."""
    if pen.layout.entries:
        return []
    chains: list[Block] = []
    for name in (f"dW{layer}", f"db{layer}"):
        equation = pen.derivation.equations[name]
        letters = pen.batch_entries.indices(equation.left.axes)
        left, right = (pen.batch_entries.write(side, letters) for side in (equation.left, equation.right))
        chains.append(Chain(left, (Link(right),)))
    words = ("Weights and biases serve all samples, so their derivatives are sums over the samples:",)
    return [sentence(*words), *chains, sentence(*_why_a_product(pen, layer))]


def _why_a_product(pen: Pen, layer: int) -> Prose:
    """Row times column: the sum over the samples is an entry of a product of matrices."""
    dZ = pen.writer.equation(pen.derivation.equations[f"dZ{layer}"]).sides[0]
    A, ones, rows = pen.letter(pen.input_of(layer)), Letter("𝟏"), pen.layout.as_in_code
    lines, product = ("columns", [A, dZ]) if rows else ("rows", [dZ, A])
    product[0 if rows else 1] = Transpose(A)
    bias: list[Node] = [Transpose(dZ), ones] if rows else [dZ, ones]
    return (
        f"The first sum multiplies numbers that stand in {lines} of ", dZ, " and ", A,
        ", sample by sample: it is an entry of ", juxtaposed(product),
        ". The second adds up a ", lines[:-1], " of ", dZ, ": it is an entry of ", juxtaposed(bias), ".",
    )  # fmt: skip


def _batch_reason(pen: Pen, equation: Equation) -> Prose:
    """Why a transpose, a ⊙ or a sum stands there."""
    kind, layer = equation.left.name[1], of_layer(equation, pen.depth)
    if pen.layout.entries:
        return _index_reason(kind)
    if kind == "W":
        fed = pen.letter(pen.input_of(layer))
        penalty = "; then the derivative of the penalty" if pen.batch and pen.derivation.network.penalty else ""
        if not pen.batch:
            return ("row times column: entry (", Letter("j"), ", ", Letter("k"), ") is one product")
        return ("the sum over the samples is a matrix product, with ", fed, " transposed" + penalty)
    if kind == "b":
        return ("the sum over the samples",) if pen.batch else ("the derivative by a bias is 1",)
    if kind in "AD" and layer < pen.depth and equation.left == adjoint_of(pen.input_of(layer + 1)):
        return ("the sum over the units of the next layer: the weights transposed",)
    if kind == "Z" and not isinstance(pen.derivation.network.layers[layer - 1].activation, Softmax):
        if layer == pen.depth and equation.steps and prediction(pen.derivation.network).name == f"A{layer}":
            return ()
        return ("elementwise: a unit's output depends on its own weighted sum only",)
    return ()


def _index_reason(kind: str) -> Prose:
    return {
        "W": ("summed over the samples, which share the weight",),
        "b": ("summed over the samples, which share the bias",),
        "A": ("summed over the units that it feeds",),
    }.get(kind, ())
