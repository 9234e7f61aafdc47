"""Every reading of terms knows every operation and every row: what lacks one is named here.

Tables are compared by their keys.  Readings without a table (the writer of mathematics, machine code) are given a
network whose hidden activation uses the operation.
"""

import numpy as np
import pytest

from chainrule import Dense, Network, derive
from chainrule.engines.reference import operations as reference
from chainrule.expressions.functions import Function
from chainrule.expressions.operations import OPERATIONS, REDUCTIONS
from chainrule.expressions.serial import term_from_json, term_to_json
from chainrule.expressions.terms import (
    FOLDING,
    Apply,
    Symbol,
    absolute,
    erf,
    erfc,
    exp,
    expm1,
    less,
    less_equal,
    log,
    log1p,
    matrix_product,
    minimum,
    replace,
    select,
    sign,
    sqrt,
    tanh,
    total,
    walk,
)
from chainrule.notation.latex import to_latex
from chainrule.notation.text import to_text
from chainrule.notation.writing import Writer
from tests.expressions import precise
from tests.zoo import Animal

z = Symbol("z")

TABLES = {"the reference engine": reference.OPERATIONS, "the judge in high precision": precise.OPERATIONS}


def missing(rows):
    """The operations without a row, and the rows without an operation."""
    return sorted(set(OPERATIONS) - set(rows)), sorted(set(rows) - set(OPERATIONS))


@pytest.mark.parametrize("name", TABLES)
def test_every_operation_has_a_row(name):
    assert missing(TABLES[name]) == ([], []), name


def test_a_missing_row_is_named():
    rows = {name: None for name in OPERATIONS if name != "erf"} | {"cosh": None}
    assert missing(rows) == (["erf"], ["cosh"])


def test_every_reduction_has_a_row():
    assert set(reference.REDUCTIONS) == set(REDUCTIONS)


def test_folding_is_of_operations():
    assert set(FOLDING) <= set(OPERATIONS)


# One function for each operation, with a slope almost everywhere.
USING = {
    "add": z + 1,
    "sub": 1 - z,
    "neg": -z,
    "mul": z * z,
    "div": z / (z * z + 2),
    "pow": z**3 + z,
    "exp": exp(z / 4),
    "expm1": expm1(z / 4),
    "log": log(z**2 + 1),
    "log1p": log1p(z**2),
    "sqrt": sqrt(z**2 + 1),
    "tanh": tanh(z),
    "erf": erf(z),
    "erfc": erfc(z),
    "abs": absolute(z) + z / 2,
    "sign": sign(z) * z,
    "min": minimum(z, 1),
    "max": Apply("max", (z, z / 2)),
    "less": less(z, 0) * z + z,
    "less_equal": less_equal(z, 0) * z + z,
    "select": select(less(z, 0), z / 2, z),
}
each_operation = pytest.mark.parametrize("operation", OPERATIONS)


def network_using(operation):
    return Network(
        [Dense(5, Function(f"own-{operation.replace('_', '-')}", USING[operation])), Dense(3, "identity")], 6, "mse"
    )


def test_every_operation_is_used():
    assert missing(USING) == ([], [])
    for operation, definition in USING.items():
        assert operation in {node.operation for node in walk(definition) if isinstance(node, Apply)}


@each_operation
def test_json_knows_it(operation):
    assert term_from_json(term_to_json(USING[operation])) == USING[operation]


@each_operation
@pytest.mark.parametrize("layout", ["rows", "columns", "sample", "index"])
def test_it_is_written(operation, layout):
    """The function itself, opened, in the place of the activation: z stands for the layer's values."""
    equation = derive(network_using(operation))["A1"]
    opened = replace(USING[operation], {z: Symbol("Z1", ("i", "u1"))})
    written = Writer(layout).equation(equation, opened)
    assert to_text(written)
    assert to_latex(written)


@pytest.mark.slow
@each_operation
def test_machine_code_computes_it(operation):
    from tests.engines.jit.agreement import gradients

    for name, (found, expected) in gradients(Animal(network_using(operation)), "float64", 17).items():
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12, err_msg=name)


def test_a_sum_over_axes_that_a_term_lacks_is_no_sum():
    X = Symbol("X", ("i", "u0"))
    assert total(X, ("u5",)) == X
    assert matrix_product(X, Symbol("W1", ("u0", "u1")), "u0").axes == ("i", "u1")
