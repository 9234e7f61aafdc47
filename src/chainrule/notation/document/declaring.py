"""What is given: the network, its symbols with their shapes, the forward pass, the loss and the cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chainrule.calculus.equations import Equation, Rule
from chainrule.calculus.forward import COST, DATA_COST, PENALTY, prediction
from chainrule.expressions.activations import ACTIVATIONS, Softmax
from chainrule.expressions.evaluation import value_at
from chainrule.expressions.intervals import Interval
from chainrule.expressions.lookup import text_of
from chainrule.expressions.losses import LOSSES
from chainrule.expressions.terms import SAMPLES, Apply, Call, Reduce, Symbol, Term, mul, walk
from chainrule.notation.arithmetic import juxtaposed
from chainrule.notation.document.functions import branches
from chainrule.notation.document.pen import ONE_LOSS, Pen
from chainrule.notation.document.prose import function_form, sentence
from chainrule.notation.document.values import Block, Chain, Link, Paragraph, Picture, Prose, Section, Table
from chainrule.notation.entries import EntryWriter
from chainrule.notation.tree import Applied, Fraction, Letter, Num, rewritten

MEANINGS = {
    "X": "inputs", "Y": "labels", "w": "weight of each sample", "s": "weight of the batch", "J": "cost",
    "eta": "learning rate", "alpha": "strength of the squared penalty", "alpha1": "strength of the absolute penalty",
    "t": "number of the step, from 1", "mu": "momentum", "beta1": "decay of the first moment",
    "beta2": "decay of the second moment", "epsilon": "keeps the quotient finite", "lambda": "weight decay",
    "clip_norm": "largest norm of all gradients together", "decay": "decay of the moving average", "P": "predictions",
}  # fmt: skip
LAYERED = {
    "W": "weights of layer {}", "b": "biases of layer {}", "Z": "weighted sums of layer {}", "A": "outputs of layer {}",
    "M": "mask of layer {}: 1 where a value is kept, 0 where it is dropped", "p": "probability of dropping in layer {}",
    "D": "outputs of layer {} after dropout",
}  # fmt: skip


def network_section(pen: Pen) -> Section:
    """The network in words, its picture, and the table of symbols."""
    network = pen.derivation.network
    layers = ", then ".join(
        f"{layer.width} {'unit' if layer.width == 1 else 'units'} ({text_of(layer.activation)})"
        for layer in network.layers
    )
    blocks: list[Block] = [
        sentence(
            f"{network.n_inputs} {'input' if network.n_inputs == 1 else 'inputs'}, then {layers}. ",
            *_arrangement(pen),
        ),
        picture(pen),
        Table(("symbol", "shape", "meaning"), tuple(_symbol_rows(pen))),
    ]
    return Section(("The network",), tuple(blocks), "network")


def picture(pen: Pen) -> Picture:
    """The network with the way of ∂ℓ/∂w back to a weight of the first layer."""
    weight = Symbol("W1", ("u0", "u1"))
    letter = pen.entry(weight, {"u0": "1", "u1": "1"})
    return Picture(
        pen.derivation.network,
        weight,
        (
            "Every path from the weight ",
            letter,
            " to the loss; the chain rule multiplies along a path and adds the paths.",
        ),
    )


def _arrangement(pen: Pen) -> Prose:
    n, X = Letter(pen.symbols.samples), pen.letter(Symbol("X", (SAMPLES, "u0")))
    if pen.layout.entries:
        return ("Everything is written for single entries: ", Letter("i"), " counts samples, ", Letter("j"), " and ",
                Letter("k"), " count units, those of the later layer first.")  # fmt: skip
    if pen.layout.one_sample:
        return ("One sample ", X, " is a column; a weight matrix has a row for each unit it feeds.")
    if pen.layout.as_in_code:
        words = "; a weight matrix has a row for each unit before it. A single weight names the unit it feeds first."
        return ("The ", n, " samples are the rows of ", X, words)
    return ("The ", n, " samples are the columns of ", X, "; a weight matrix has one row for each unit of its layer.")


def _symbol_rows(pen: Pen) -> Iterator[tuple[Prose, ...]]:
    equations = pen.derivation.equations
    constants = dict(equations.constants)
    seen = [*equations.inputs, *(e.left for e in equations if e.part in ("forward", "cost"))]
    order = {name: position for position, name in enumerate("XWbZAMDPYws")}
    scalars = {name: position for position, name in enumerate(MEANINGS)}

    def place(symbol: Symbol) -> tuple[int, int]:
        return (order.get(symbol.name[0], 99), 0) if symbol.axes else (50, scalars.get(symbol.name, 99))

    everything = sorted(dict.fromkeys(seen), key=place)
    if pen.batch:
        yield (Letter(pen.symbols.samples),), ("scalar",), ("number of samples",)
    for symbol in everything:
        meaning = _meaning(pen, symbol)
        if meaning is not None:
            yield (pen.letter(symbol),), (pen.shape(symbol),), (meaning + _value_text(constants.get(symbol.name)),)
    if pen.symbols.gradients == "delta":
        last = Symbol(f"dZ{pen.depth}", (SAMPLES, f"u{pen.depth}"))
        by = pen.letter(Symbol(f"Z{pen.depth}", last.axes))
        yield (pen.letter(last),), (pen.shape(last),), ("derivative of the cost by ", by, ", and so for every layer")


def _value_text(value: float | tuple[float, ...] | None) -> str:
    if value is None:
        return ""
    return f" = ({', '.join(f'{each:g}' for each in value)})" if isinstance(value, tuple) else f" = {value:g}"


def _meaning(pen: Pen, symbol: Symbol) -> str | None:
    if symbol.name == prediction(pen.derivation.network).name:
        return "predictions"
    if symbol.name in MEANINGS:
        return MEANINGS[symbol.name]
    network = pen.derivation.network
    if symbol.name in dict(network.loss.per_output):
        return "part of the loss, a value for each output"
    output = network.layers[-1].activation
    if isinstance(output, Softmax) and symbol.name in dict(output.per_output):
        return "1 for the outputs of one group, 0 for the others"
    letter, layer = symbol.name[0], symbol.name[1:]
    if letter in LAYERED and layer.isdigit():
        return "mask of the inputs" if symbol.name == "M0" else LAYERED[letter].format(layer)
    return None


# ---------------------------------------------------------------- forward
def forward_section(pen: Pen) -> Section:
    """Z, A, … in order, and every function's definition."""
    blocks: list[Block] = [chain for equation in pen.derivation.forward for chain in _forward_chains(pen, equation)]
    if pen.detail != "summary":
        blocks += _definitions(pen)
    return Section(("Forward pass",), tuple(blocks), "forward")


def _forward_chains(pen: Pen, equation: Equation) -> list[Chain]:
    """An equation of the forward pass; a prediction with a name of its own is the last layer's output: Ŷ = A₂."""
    chain = pen.chain(equation, why=_forward_reason(equation))
    layers_name = replace(pen.writer, symbols=replace(pen.symbols, prediction="")).equation(equation).sides[0]
    if layers_name == chain.left:
        return [chain]
    return [replace(chain, left=layers_name), Chain(chain.left, (Link(layers_name, ("the prediction",)),))]


def _forward_reason(equation: Equation) -> Prose:
    match equation.reason.rule:
        case Rule.AFFINE:
            return ("weights and bias of layer " + equation.left.name[1:],)
        case Rule.DROPOUT:
            return ("divided by the probability of being kept, so that the expectation stays",)
        case Rule.SOFTMAX:
            return ("the loss reads logits; their softmax is the prediction",)
    return ()


def _definitions(pen: Pen) -> Iterator[Block]:
    rows = list(dict.fromkeys(layer.activation for layer in pen.derivation.network.layers))
    softmax = any(isinstance(row, Softmax) for row in rows) or pen.derivation.network.reads_logits
    shown = [row for row in rows if not isinstance(row, Softmax) and row.name != "identity"]
    if shown or softmax:
        yield sentence(
            "where, for a number ",
            pen.symbols.argument,
            " and for a vector with one entry for each unit:" if softmax else ",",
        )
    for row in shown:
        left = Applied(pen.symbols.function(row.name), (pen.symbols.argument,))
        links = [Link(function_form(branches(row.definition), pen.symbols))]
        if row.name not in ACTIVATIONS and row.stable is not None:
            links.append(Link(function_form(row.stable, pen.symbols), STABLE))
        yield Chain(left, tuple(links), "function")
    if softmax:
        yield softmax_definition(pen)


def softmax_definition(pen: Pen) -> Chain:
    """softmax entry by entry, in a one-sample world: a_j = exp(z_j) / Σ_k exp(z_k)."""
    equation = softmax_equation(pen)
    letters = pen.indices(equation.left)
    return Chain(pen.entry(equation.left, letters), (Link(pen.entry(equation.right, letters)),), "sample")


def softmax_equation(pen: Pen) -> Equation:
    """The equation of one sample that is a softmax."""
    return next(
        e
        for e in pen.sample.forward
        if any(isinstance(n, Reduce) and n.operation == "logsumexp" for n in walk(e.right))
    )


# ---------------------------------------------------------------- cost
def cost_section(pen: Pen) -> Section:
    """The loss of one sample, and the cost of the batch as its (weighted) mean, with the penalty."""
    loss, outputs = pen.derivation.network.loss, pen.derivation.network.widths[-1]
    loss_of_one = pen.sample.equations[DATA_COST]
    blocks: list[Block] = [
        sentence(f"The loss of one sample ({text_of(loss)}){', summed over the outputs' if outputs > 1 else ''}:"),
        Chain(pen.sample_symbols.cost, _loss_links(pen, loss_of_one), "sample"),
        *_domain(pen),
    ]
    if pen.batch:
        blocks += [
            sentence("The cost of the batch", *_cost_words(pen)),
            cost_chain(pen),
        ]
    if pen.derivation.network.loss.labels_sum_to_one and pen.detail != "summary":
        words = "The labels of a sample sum to 1: a one for its class and zeros elsewhere, or parts of several classes."
        if len(pen.derivation.network.distributions) > 1:
            words = f"In each group {words[0].lower()}{words[1:]}"
        blocks.append(sentence(words))
    return Section(("Loss of one sample and cost",) if pen.batch else ("Loss",), tuple(blocks), "cost")


STABLE: Prose = ("the same in the form that is computed, which does not overflow",)


def _loss_links(pen: Pen, loss_of_one: Equation) -> tuple[Link, ...]:
    """ℓ as defined; before that, as its user wrote it."""
    defined = Link(pen.entry(loss_of_one.first, {}))
    loss, predicted = pen.derivation.network.loss, prediction(pen.derivation.network)
    if loss.written is None:
        return (defined,)
    written = Reduce("sum", predicted.axes, loss.over(loss.written, predicted))
    return (Link(pen.entry(written, {})), replace(defined, why=STABLE))


def _domain(pen: Pen) -> list[Block]:
    """Where a user's loss is defined, if that isn't everywhere."""
    loss = pen.derivation.network.loss
    if loss.name in LOSSES or loss.domain == Interval():
        return []
    return [sentence(f"It is defined for predictions in {loss.domain}, which is what the output layer gives.")]


def _cost_words(pen: Pen) -> Prose:
    network = pen.derivation.network
    how = "adds these up" if network.reduction == "sum" else "is their mean"
    if network.sample_weights:
        how = "adds these up by their weights" if network.reduction == "sum" else "is their weighted mean"
    if not network.penalty:
        return (f" {how}:",)
    where = ", divided like the losses" if network.penalty.divided and network.reduction == "mean" else ""
    return (f" {how}; large weights (not biases) are penalised{where}:",)


def cost_chain(pen: Pen) -> Chain:
    """J = (1/n) Σᵢ ℓ⁽ⁱ⁾ + …, with the penalty put in."""
    equations, entries = pen.derivation.equations, EntryWriter(pen.symbols)
    one: Term = ONE_LOSS
    if pen.derivation.network.sample_weights:
        one = mul(Symbol("w", (SAMPLES,)), one)
    losses = entries.write(Reduce("sum", (SAMPLES,), one), {})
    match equations[COST].right:
        case Apply("div", (Symbol() as above, below)) if above.name == DATA_COST:  # (1/n) Σᵢ ℓ⁽ⁱ⁾
            node = juxtaposed([Fraction(Num("1"), entries.write(below, {})), losses])
        case right:
            put_in = {entries.write(Symbol(DATA_COST), {}): losses}
            if pen.derivation.network.penalty:
                put_in[entries.write(Symbol(PENALTY), {})] = pen.writer.equation(equations[PENALTY]).sides[1]
            node = rewritten(entries.write(right, {}), put_in.get)
    return Chain(pen.symbols.cost, (Link(node),), name=COST)


def kinks(pen: Pen) -> list[Paragraph]:
    """Where a derivative jumps, and what is taken there."""
    found = []
    for row in dict.fromkeys(layer.activation for layer in pen.derivation.network.layers):
        if isinstance(row, Softmax) or not row.kinks:
            continue
        f, kink = pen.symbols.function(row.name), f"{row.kinks[0]:g}"
        derivative = Applied(pen.symbols.function(row.name, 1), (Num(kink),))
        value = f" = {value_at(Call(row, Symbol('z'), 1), {'z': row.kinks[0]}):g}."
        found.append(sentence(f, f" has a kink at {kink}: it has no derivative there, and we take ", derivative, value))
    loss = pen.derivation.network.loss
    if loss.has_kink:
        where = "a kink where the prediction equals the label; sign(0) = 0 is taken there."
        if loss.name not in LOSSES:
            where = "kinks, where its two sides differ in slope; sign(0) = 0, and at a tie max and min take the first."
        found.append(sentence(f"The {text_of(loss)} loss has {where}"))
    return found
