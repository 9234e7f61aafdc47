"""The comparison with the autodiff is itself tested: small faults, planted in the equations, are each caught."""

from dataclasses import replace

import pytest

from chainrule import derive
from chainrule.calculus import derivation, rewriting, systems
from chainrule.calculus.verification import verify
from chainrule.expressions.operations import OPERATIONS, Operation
from chainrule.expressions.terms import Reduce, Size, Symbol
from tests.engines.reference.comparing import disagreements
from tests.zoo import REPRESENTATIVES, ZOO


def animal_with(hidden, output, loss, **options):
    """The first animal of the zoo with these two layers, so that the faults are tried on what is really compared."""
    for animal in ZOO:
        net = animal.network
        names = [layer.activation.name for layer in net.layers]
        wanted = all(getattr(net, name) == value for name, value in options.items())
        if names == [hidden, output] and net.loss.name == loss and animal.samples > 1 and wanted:
            return animal
    raise LookupError(hidden, output, loss)


ANIMAL = animal_with("tanh", "sigmoid", "binary-cross-entropy")
WEIGHTED = animal_with("tanh", "softmax", "cross-entropy", sample_weights=True, reduction="mean")


def changed(system, name, change):
    """The system with the right side of one equation changed."""
    assert system[name]
    return replace(
        system,
        equations=tuple(
            replace(equation, right=change(equation.right), steps=()) if equation.left.name == name else equation
            for equation in system
        ),
    )


def test_without_a_fault_nothing_is_caught():
    assert disagreements(ANIMAL) == disagreements(WEIGHTED) == {}


FAULTS = {
    "0.1 % wrong derivative": ("dZ1", lambda right: right * 1.001, {"dW1", "db1"}),
    "1 / m doubled": ("dZ2", lambda right: right / Size("i"), {"dW1", "dW2", "db1", "db2"}),
    "1 / m forgotten": ("dZ2", lambda right: right * Size("i"), {"dW1", "dW2", "db1", "db2"}),
    "sign": ("dW2", lambda right: -right, {"dW2"}),
    "mean in place of the bias's sum": ("db1", lambda right: right / Size("i"), {"db1"}),
    "largest in place of the bias's sum": ("db1", lambda right: Reduce("max", right.over, right.operand), {"db1"}),
    "a derivative forgotten": ("dZ1", lambda right: Symbol("dA1", right.axes), {"dW1", "db1"}),
    "a cost a millionth too large": ("J", lambda right: right * 1.000001, {"J"}),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("animal", [ANIMAL, WEIGHTED], ids=["bce", "softmax, weighted"])
def test_a_fault_is_caught_where_it_is(animal, fault):
    name, change, caught = FAULTS[fault]
    assert set(disagreements(animal, changed(derive(animal.network).gradients, name, change))) == caught


def test_a_bias_gradient_without_its_sum_is_no_equation():
    """It still varies over the samples, which b does not: `verify` refuses it before anything is computed."""
    system = changed(derive(ANIMAL.network).gradients, "db1", lambda right: right.operand)
    with pytest.raises(ValueError, match=r"the right side varies over \['i'\], which db1 lacks"):
        verify(system)


def test_a_missing_transpose_is_no_equation():
    """W2 the wrong way round has other axes: widths are pairwise distinct, and so are their names."""
    system = derive(ANIMAL.network).gradients
    turned = Symbol("W2", ("u2", "u1"))
    faulty = changed(system, "dA1", lambda right: Reduce("sum", ("u2",), Symbol("dZ2", ("i", "u2")) * turned))
    with pytest.raises(ValueError, match="W2 has axes"):
        verify(faulty)


@pytest.fixture
def derived_anew(monkeypatch):
    """Nothing that was derived before the fault is read again, and nothing that was derived with it is kept."""
    monkeypatch.setattr(derivation, "systems", systems.systems.__wrapped__)
    monkeypatch.setattr(systems, "backpropagation", systems.backpropagation.__wrapped__)


@pytest.mark.usefixtures("derived_anew")
@pytest.mark.parametrize(
    "hidden", sorted({a.network.layers[0].activation.name for a in REPRESENTATIVES} - {"identity"})
)
def test_a_row_of_the_table_of_derivatives_off_by_a_tenth_of_a_percent_is_caught(hidden, monkeypatch):
    right = rewriting.computed_derivative
    monkeypatch.setattr(rewriting, "computed_derivative", lambda function: right(function) * 1.001)
    monkeypatch.setattr("chainrule.expressions.stable.computed_derivative", lambda function: right(function) * 1.001)
    animal = next(a for a in ZOO if a.network.layers[0].activation.name == hidden and a.network.depth == 2)
    assert {"dW1", "db1"} <= set(disagreements(animal))


@pytest.mark.usefixtures("derived_anew")
def test_a_rule_of_an_operation_off_by_a_tenth_of_a_percent_is_caught(monkeypatch):
    right = OPERATIONS["pow"].partials
    wrong = Operation(2, lambda x, n: tuple(partial * 1.001 for partial in right(x, n)))
    monkeypatch.setitem(OPERATIONS, "pow", wrong)
    animal = animal_with("tanh", "identity", "mse")
    assert set(disagreements(animal)) == {"dW1", "db1", "dW2", "db2"}
