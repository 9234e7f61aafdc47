"""docs/equations.md shows what the code prints.  After a change: pytest THIS_FILE --update-snapshots."""

import re

import pytest

from chainrule import Adam, Network, Penalty, derive
from chainrule.calculus.updates import update_equations
from chainrule.expressions.activations import ACTIVATIONS, Softmax
from chainrule.expressions.derivatives import computed_derivative
from chainrule.expressions.lookup import activation, loss, text_of
from chainrule.expressions.losses import LOSSES
from chainrule.expressions.operations import OPERATIONS, REDUCTIONS
from chainrule.expressions.terms import Apply, Symbol

NETWORK = Network.parse(
    "4 -> 3 relu dropout(0.2) -> 1 sigmoid", loss="binary-cross-entropy", penalty=Penalty(l2=0.1), sample_weights=True
)
SYSTEM = derive(NETWORK, optimiser=Adam()).equations


def axes(symbol):
    return f"{symbol.name}[{','.join(symbol.axes)}]"


def listing():
    shown = [e for e in SYSTEM if e.part != "update" or "W1" in e.left.name or e.left.name == "eta_t"]
    return [f"{e.part:<9} {axes(e.left):<12} = {e.right}" for e in shown]


def operations():
    lines = []
    for name, operation in OPERATIONS.items():
        arguments = tuple(map(Symbol, ("x", "y") if name != "select" else ("c", "x", "y")))[: operation.arity]
        partials = "; ".join(str(partial) for partial in operation.partials(*arguments))
        lines.append(f"{Apply(name, arguments)!s:<18} {partials}")
    return [*lines, "", f"reductions: {', '.join(REDUCTIONS)}"]


def activations():
    rows = [row for row in map(activation, ACTIVATIONS) if not isinstance(row, Softmax)]
    lines = []
    for row in rows:
        kinks = f", kink at {', '.join(f'{kink:g}' for kink in row.kinks)}" if row.kinks else ""
        lines += [f"{text_of(row)}: {row.definition}", f"    f′ = {computed_derivative(row)}, in {row.range}{kinks}"]
    return lines


def losses():
    lines = []
    for row in map(loss, (name if name != "quantile" else "quantile(0.9)" for name in LOSSES)):
        kink = ", kink at yhat = y" if row.has_kink else ""
        rows = ", every row summing to 1" if row.labels_sum_to_one else ""
        lines += [f"{text_of(row)}: {row.definition}", f"    yhat in {row.domain}, y in {row.labels}{rows}{kink}"]
    return lines


def inputs():
    constants = ", ".join(f"{name} = {value:g}" for name, value in SYSTEM.constants)
    sizes = ", ".join(f"{axis} = {size}" for axis, size in SYSTEM.sizes)
    supplied = [axes(s) for s in SYSTEM.inputs if s.name not in dict(SYSTEM.constants)]
    return [f"inputs     {', '.join(supplied)}", f"constants  {constants}", f"sizes      {sizes}"]


def steps():
    equation = derive(Network.parse("4 -> 3 softmax", loss="cross-entropy"))["dZ1"]
    return [str(equation.reason), *(f"{step.rewrite}\n    {step.term}" for step in equation.steps)]


BLOCKS = {block.__name__: block for block in (listing, operations, activations, losses, inputs, steps)}


@pytest.fixture(scope="module")
def page(repository):
    return repository / "docs" / "equations.md"


@pytest.mark.parametrize("name", BLOCKS)
def test_a_generated_block_is_what_the_code_prints(name, page, request):
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- generated: {name} -->\n```text\n)(.*?)(```)", re.DOTALL)
    assert len(pattern.findall(text)) == 1
    printed = "\n".join(BLOCKS[name]()) + "\n"
    if request.config.getoption("--update-snapshots"):
        page.write_text(pattern.sub(lambda match: match[1] + printed + match[3], text), encoding="utf-8")
    assert pattern.search(page.read_text(encoding="utf-8"))[2] == printed


def test_no_block_is_without_its_printer(page):
    assert set(re.findall(r"<!-- generated: (\w+) -->", page.read_text(encoding="utf-8"))) == set(BLOCKS)


def test_the_files_that_it_names_exist(page, repository):
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"`((?:\w+/)+\w+(?:\.py)?)`", text):
        assert (repository / path).exists() or (repository / "src" / "chainrule" / path).exists(), path


def test_its_names_are_those_of_the_list(page):
    """The table of names knows every kind of name that a list has, with the layer's number taken off."""
    text = page.read_text(encoding="utf-8").split("## Names")[1].split("## Equations")[0]
    table = {name.strip("+") for name in re.findall(r"`(\w+\+?)`", text)}
    names = {e.left.name for e in SYSTEM} | {s.name for s in SYSTEM.inputs}
    kinds = {re.sub(r"\d+(?=\+|$)", "1", name).strip("+") for name in names - {"beta2", "alpha", "s"}}
    kinds = {"W1" if kind in ("dW1", "b1", "db1", "dA1", "dD1", "dZ1") else kind for kind in kinds}
    kinds = {kind.replace("_b1", "_W1") for kind in kinds}
    assert kinds <= table
    assert {e.left.name for e in update_equations(Adam(clip_norm=1.0), [Symbol("W1")])} <= table | {
        "m_W1+", "v_W1+", "W1+"}  # fmt: skip
