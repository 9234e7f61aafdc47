"""What the passes make of equations: what is fused, what is stored, what is computed before a step."""

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.engines.jit.program import JitProgram
from chainrule.engines.jit.schedule import schedule_of
from chainrule.engines.jit.stages import BiasSum, ParameterMap, RowMap, RowProduct, WeightProduct
from chainrule.network import Adam, Network, Penalty


def schedule(text, loss, optimiser=None, narrow=(), drawn=(), **options):
    derivation = derive(Network.parse(text, loss=loss, **options), optimiser=optimiser or Adam())
    equations = derivation.equations
    wanted = [name for name in equations.outputs if name.endswith("+") or name in {"J", "L", "R"}]
    return schedule_of(equations, wanted, frozenset(narrow), frozenset(drawn))


def stores(stage):
    return [symbol.name for symbol in stage.stores]


def test_the_optimiser_runs_on_the_gradient_of_a_weight_and_the_gradient_is_not_stored():
    plan = schedule("5 -> 30 relu -> 7 softmax", "cross-entropy")
    weights = [stage for stage in plan.levels[0] if isinstance(stage, WeightProduct)]
    assert [stores(stage) for stage in weights] == [["m_W2+", "v_W2+", "W2+"], ["m_W1+", "v_W1+", "W1+"]]
    assert len(plan.levels) == 1


def test_activations_and_their_derivatives_run_with_the_products():
    plan = schedule("5 -> 30 relu -> 7 softmax", "cross-entropy")
    products = [stage for stage in plan.rows if isinstance(stage, RowProduct)]
    assert [[let.symbol.name for let in stage.lets] for stage in products] == [["Z1", "A1"], ["Z2"], ["dZ1"]]
    assert [stores(stage) for stage in products] == [["A1"], ["Z2"], ["dZ1"]]


def test_the_derivative_of_a_sigmoid_reads_the_output():
    plan = schedule("5 -> 30 sigmoid -> 7 softmax", "cross-entropy")
    assert stores(plan.rows[0]) == ["A1"]
    assert "A1 * (1 - A1)" in str(plan)


def test_a_softmax_runs_in_a_map_and_computes_each_exponential_once():
    [softmax] = [stage for stage in schedule("5 -> 7 softmax", "cross-entropy").rows if isinstance(stage, RowMap)]
    assert [let.operation for let in softmax.lets if let.operation] == ["max", "sum", "sum"]
    [A1] = [let for let in softmax.lets if let.symbol.name == "A1"]
    assert "exp(Z1 - " in str(A1)
    assert "log" not in str(A1)


def test_scalars_are_computed_before_the_step():
    plan = schedule("5 dropout(0.1) -> 7 softmax", "cross-entropy", drawn=["M0"])
    names = [symbol.name for symbol, _ in plan.table]
    assert {"eta_t", "[1 / size(i)]", "[1 / (1 - p0)]", "[1 - beta1]"} <= set(names)
    assert [symbol.name for symbol in plan.masks] == ["M0"]
    assert "M0" not in [symbol.name for symbol in plan.inputs]


def test_clipping_waits_for_the_norm():
    plan = schedule("5 -> 7 softmax", "cross-entropy", Adam(clip_norm=1.0))
    assert [type(stage) for stage in plan.levels[0]] == [WeightProduct, BiasSum]
    assert [type(stage) for stage in plan.levels[1]] == [ParameterMap, ParameterMap]
    assert [statement.symbol.name for statement in plan.computed[1]] == ["g_norm", "clip"]
    assert stores(plan.levels[0][0]) == ["dW1"]


def test_a_penalty_is_summed_where_the_weight_is_at_hand():
    plan = schedule("5 -> 7 softmax", "cross-entropy", penalty=Penalty(l2=0.1, l1=0.1))
    [weight] = [stage for stage in plan.levels[0] if isinstance(stage, WeightProduct)]
    assert len(weight.totals) == 2
    assert [symbol.name for symbol, _ in plan.scalars] == ["R", "J"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_source_and_ir_can_be_read(dtype):
    derivation = derive(Network.parse("5 -> 30 relu -> 7 softmax", loss="cross-entropy"), optimiser=Adam())
    program = JitProgram(derivation, np.dtype(dtype), 16)
    assert "product dA1 = sum[u2](dZ2 * W2)" in program.source
    assert "define void @run(ptr %context" in program.ir
    assert program.ir.count("define") < 40


@pytest.mark.parametrize(("inputs", "batch", "shared"), [(350, 16, True), (350, 90, False), (200, 16, False)])
def test_a_first_layer_of_many_inputs_is_shared_by_columns(inputs, batch, shared):
    network = Network.parse(f"{inputs} -> 97 relu -> 5 softmax", loss="cross-entropy")
    program = JitProgram(derive(network, optimiser=Adam()), np.dtype("float32"), batch)
    assert ("each thread its columns" in program.source) == shared
