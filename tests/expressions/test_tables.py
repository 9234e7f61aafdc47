"""Every reading of operations and reductions has a row for each: this test names the table that lacks one."""

import importlib

import pytest

from chainrule.expressions.operations import OPERATIONS, REDUCTIONS
from chainrule.expressions.terms import FOLDING, Symbol, product_of, total
from tests.expressions import precise

X = Symbol("X", ("i", "u0"))


def table(module, name):
    return getattr(importlib.import_module(module), name)


# Where each table is, and what it lacks on purpose, with the reason.
TABLES = {
    "tests.expressions.precise": ("OPERATIONS", {}),
    "chainrule.engines.reference.operations": ("OPERATIONS", {}),
}


def missing(rows, lacking):
    """The operations without a row, and the rows without an operation."""
    return sorted(set(OPERATIONS) - set(rows) - set(lacking)), sorted(set(rows) - set(OPERATIONS))


@pytest.mark.parametrize("module", TABLES)
def test_every_operation_has_a_row(module):
    name, lacking = TABLES[module]
    assert missing(table(module, name), lacking) == ([], []), f"{module}.{name}"


def test_a_missing_row_is_named():
    rows = {name: None for name in OPERATIONS if name != "erf"} | {"cosh": None}
    assert missing(rows, {}) == (["erf"], ["cosh"])


def test_every_reduction_has_a_row():
    assert set(table("chainrule.engines.reference.operations", "REDUCTIONS")) == set(REDUCTIONS)


def test_folding_is_of_operations():
    assert set(FOLDING) <= set(OPERATIONS)


def test_the_judge_has_every_operation():
    assert set(precise.OPERATIONS) == set(OPERATIONS)


def test_a_sum_over_axes_that_a_term_lacks_is_no_sum():
    assert total(X, ("u5",)) == X
    assert product_of(X, Symbol("W1", ("u0", "u1")), "u0").axes == ("i", "u1")
