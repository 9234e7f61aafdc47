"""A network and a loss that the caller says a page is about: they replace what the page defines, and judge it.

Their equations are those that derive writes, in the page's own letters and in its layout.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from chainrule.calculus import derive
from chainrule.checking.document.meaning.affine_maps import AffineMap, affine
from chainrule.checking.document.meaning.letters import LOSSES, Quantity, quantity
from chainrule.checking.document.meaning.model import FUNCTION_OF_NAME, Model
from chainrule.network import Network
from chainrule.notation.listing import written_equations
from chainrule.notation.tree import (
    ONES,
    Applied,
    Letter,
    Mark,
    Node,
    Product,
    Transpose,
    rewritten,
)

if TYPE_CHECKING:
    from chainrule.expressions.losses import Loss

_PER_SAMPLE = frozenset({"L", "ℒ", "ℓ", "E", "ℰ"})  # what is called so is of one sample; J and C are of the batch


def as_network(network: Network | str | None, loss: str | Loss | None) -> tuple[Network | None, bool]:
    """The declared network, and whether its loss is meant too.

    Raises
    ------
    ValueError
        If a text declares no network, or the loss is unknown or doesn't fit the output.
    TypeError
        If the network is neither a Network nor a text.
    """
    if network is None or isinstance(network, Network):
        if network is None or loss is None:
            return network, network is not None
        options = {one.name: getattr(network, one.name) for one in fields(network) if one.name != "loss"}
        return Network(loss=loss, **options), True
    if not isinstance(network, str):
        raise TypeError(
            f"network must be a Network, a text such as '2 -> 3 relu -> 1 sigmoid' or None, not {network!r}"
        )
    if loss is not None:
        return Network.parse(network, loss=loss), True
    softmax = network.rstrip().endswith("softmax")
    return Network.parse(network, loss="cross-entropy" if softmax else "squared-error"), False


def with_network(model: Model, network: Network, used: set[str], *, with_loss: bool) -> Model:
    """The model with a declared network's forward pass, and its loss, in the letters of the page.

    Parameters
    ----------
    model : Model
        What the page defines; what the network doesn't say stays.
    network : Network
    used : set of str
        Names of losses that the page uses.
    with_loss : bool
        Whether the network's loss is meant, or only its forward pass.
    """
    maps = {one: found for one, body in model.definitions.items() if (found := affine(body)) is not None}
    columns = next((found.columns for found in maps.values()), True)
    equations = _equations(network, columns=columns)
    names = _page_letters(model, maps) if len(maps) == len(network.layers) else {}
    own = {_renamed_quantity(one, names): _renamed(body, names) for one, body in equations.items()}
    forward = {one: body for one, body in own.items() if one.name not in LOSSES}
    output = [*forward][-1]
    definitions = {**forward, **{one: body for one, body in model.definitions.items() if one not in forward}}
    hidden = {one.name for one in definitions if one.layer}
    for alias in (Quantity("y", "hat"), Quantity("h")):
        if alias not in definitions and alias.name not in hidden:
            definitions[alias] = _letter(output)
    if with_loss:
        definitions = {one: body for one, body in definitions.items() if one.name not in LOSSES}
        sum_of_losses = own[Quantity("L")]
        mean = next((body for one, body in own.items() if one.name == "J"), sum_of_losses)
        for name in sorted(used or {"J"}):
            of_one = name in _PER_SAMPLE and not (name == "E" and "J" in used)
            definitions[Quantity(name)] = sum_of_losses if of_one else _with_losses(mean, sum_of_losses)
    claimed = set(forward) | ({one for one in definitions if one.name in LOSSES} if with_loss else set())
    entries = {one: left for one, left in model.entries.items() if one not in claimed}
    return replace(
        model,
        definitions=definitions,
        entries=entries,
        claimed=model.claimed | claimed,
        outputs=network.layers[-1].width,
        functions={**model.functions, **_activations(network)},
    )


def with_loss(model: Model, loss: str | Loss, used: set[str]) -> Model:
    """The model with another loss of its own output.

    Raises
    ------
    ValueError
        If the page defines no output, or the loss is unknown or doesn't fit it.
    """
    outputs = [one for one in model.definitions if one.name not in LOSSES and one.name != "δ"]
    if not outputs:
        raise ValueError("loss= needs a network: the page defines no output; give network= too")
    output = outputs[-1]
    body = model.definitions[output]
    while isinstance(body, Letter) and quantity(body) in model.definitions:
        body = model.definitions[quantity(body)]
    name = body.function.name if isinstance(body, Applied) else "identity"
    meaning = model.functions.get(name, model.functions.get("")) if name in {"f", "g", "h", "φ"} else None
    activation = FUNCTION_OF_NAME.get(name, meaning if isinstance(meaning, str) and meaning else name)
    known = activation if activation in {*FUNCTION_OF_NAME.values(), "softmax"} else "sigmoid"
    width = 3 if known == "softmax" else 1
    equations = _equations(Network.parse(f"2 -> {width} {known}", loss=loss), columns=True)
    names = {Quantity("a", "", "1"): _letter(output)}
    sum_of_losses = _renamed(equations[Quantity("L")], names)
    mean = _renamed(equations[Quantity("J")], names)
    definitions = {one: body for one, body in model.definitions.items() if one.name not in LOSSES}
    for each in sorted(used or {"J"}):
        definitions[Quantity(each)] = sum_of_losses if each in _PER_SAMPLE else _with_losses(mean, sum_of_losses)
    claimed = frozenset(one for one in definitions if one.name in LOSSES)
    return replace(model, definitions=definitions, claimed=model.claimed | claimed)


def _equations(network: Network, *, columns: bool) -> dict[Quantity, Node]:
    """The forward pass and the cost that derive writes, b for b𝟏ᵀ."""
    derivation = derive(network, layout="columns" if columns else "rows")
    found: dict[Quantity, Node] = {}
    for equation, tree, _ in written_equations(derivation):
        left, right = tree.sides
        if equation.part in {"forward", "cost"} and isinstance(left, Letter):
            found[quantity(left)] = rewritten(right, _bare_bias)
    return found


def _bare_bias(node: Node) -> Node | None:
    if isinstance(node, Product) and len(node.factors) == 2 and {ONES, Transpose(ONES)} & set(node.factors):
        bias = next(factor for factor in node.factors if factor not in {ONES, Transpose(ONES)})
        return bias.of if isinstance(bias, Transpose) else bias
    return None


def _page_letters(model: Model, maps: dict[Quantity, AffineMap]) -> dict[Quantity, Letter]:
    """How the page calls each layer's sum, weight, bias and activation."""
    names: dict[Quantity, Letter] = {}
    after = {
        quantity(body.arguments[0]): one
        for one, body in model.definitions.items()
        if isinstance(body, Applied) and len(body.arguments) == 1 and isinstance(body.arguments[0], Letter)
    }
    after |= {quantity(body): one for one, body in model.definitions.items() if isinstance(body, Letter)} | after
    for number, (one, found) in enumerate(maps.items(), start=1):
        layer = str(number)
        names[Quantity("z", "", layer)] = _letter(one)
        names[Quantity("w", "", layer)] = found.weight
        if isinstance(found.bias, Letter):
            names[Quantity("b", "", layer)] = found.bias
        if number == 1:
            names[Quantity("x")] = found.given
        if one in after:
            names[Quantity("a", "", layer)] = _letter(after[one])
    return names


def _renamed(node: Node, names: dict[Quantity, Letter]) -> Node:
    """The tree with the page's letters; marks of samples and units stay."""

    def rewrite(part: Node) -> Node | None:
        if not isinstance(part, Letter) or quantity(part) not in names:
            return None
        to = names[quantity(part)]
        units = tuple(mark for mark in part.lower if not mark.text.isdecimal())
        samples = tuple(mark for mark in part.upper if mark.style == "round")
        return replace(to, lower=(*to.lower, *units), upper=(*to.upper, *samples))

    return rewritten(node, rewrite)


def _renamed_quantity(one: Quantity, names: dict[Quantity, Letter]) -> Quantity:
    return quantity(names[one]) if one in names else one


def _with_losses(mean: Node, sum_of_losses: Node) -> Node:
    """J = L / n with L's own expression."""
    return rewritten(mean, lambda node: sum_of_losses if node == Letter("L") else None)


def _letter(one: Quantity) -> Letter:
    return Letter(one.name, one.accent, (), (Mark(one.layer, "square"),) if one.layer else ())


def _activations(network: Network) -> dict[str, str]:
    """What g means on a page where all hidden layers have one activation."""
    rows = {layer.activation.name for layer in network.layers[:-1]} or {network.layers[-1].activation.name}
    return {"": rows.pop()} if len(rows) == 1 else {}
