"""The script that a derivation writes: run in a Python of its own, it computes what the reference engine computes."""

import json
import subprocess
import sys

import numpy as np
import pytest

from chainrule.calculus import derive
from chainrule.expressions.terms import Apply, Symbol, matrix_product
from chainrule.network import SGD, Adam, AdamW, Network, Penalty
from chainrule.notation.document.python_terms import Coder
from tests.zoo import ZOO, Animal, draw

# For every script and its numbers: imports the script, takes three steps with them, and prints everything after those.
DRIVER = """
import importlib.util, json, pathlib, sys, traceback
import numpy as np
class Masks:
    def __init__(self, given): self.left = [given[k] for k in sorted(given) if k.startswith("mask:")] * 3
    def random(self, shape): return self.left.pop(0)
def after_three_steps(path, numbers):
    spec = importlib.util.spec_from_file_location("script", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    given = {k: np.array(v) for k, v in json.loads(pathlib.Path(numbers).read_text()).items()}
    p = {k[2:]: v for k, v in given.items() if k.startswith("p:")}
    rng, costs = Masks(given), []
    for t in range(1, 4):
        more = {"w": given.get("w"), "t": t, "rng": rng}
        names = script.step.__code__.co_varnames[:script.step.__code__.co_argcount]
        J, p = script.step(given["X"], given["Y"], p, 0.002, **{k: v for k, v in more.items() if k in names})
        costs.append(float(J))
    still = {k: v for k, v in p.items() if not k.startswith(("m_", "v_", "avg_"))}
    outputs = script.predict(given["X"], still)
    return {"J": costs, "yhat": outputs.tolist()} | {k: v.tolist() for k, v in p.items()}
for path, numbers in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        print(json.dumps(after_three_steps(path, numbers)))
    except Exception:
        print(json.dumps({"error": traceback.format_exc()}))
"""

EVERY_LOSS = list({a.network.loss.name: a for a in ZOO if a.samples > 1}.values())
EVERY_ACTIVATION = list({a.network.layers[0].activation.name: a for a in ZOO if a.samples > 1}.values())
WITH_DROPOUT = [a for a in ZOO if a.network.input_dropout][:2]
CASES = [(animal, SGD()) for animal in {a.id: a for a in [*EVERY_LOSS, *EVERY_ACTIVATION, *WITH_DROPOUT]}.values()]
OPTIMISERS = [
    SGD(momentum=0.9, clip_norm=0.1),
    SGD(momentum=0.9, nesterov=True, average=0.9),
    Adam(clip_norm=0.01),
    AdamW(weight_decay=0.1),
]
ONE = Animal(
    Network.parse(
        "6 -> 5 relu -> 3 softmax", "cross-entropy", penalty=Penalty(l2=0.2, l1=0.1, divided=False), sample_weights=True
    )
)
CASES += [(ONE, optimiser) for optimiser in OPTIMISERS]


def three_steps(derivation, animal):
    """What the reference engine computes, with masks drawn once."""
    params, X, Y, weight, masks = draw(animal)
    values = dict(params) | masks | {"X": X, "Y": Y} | ({} if weight is None else {"w": weight})
    for symbol in derivation.equations.inputs:
        if "_" in symbol.name and symbol.axes:
            of = params[symbol.name.partition("_")[2]]
            values[symbol.name] = of if symbol.name.startswith("avg") else np.zeros_like(of)
    start, costs = dict(values), []
    moving = [name.removesuffix("+") for name in derivation.equations.outputs if name.endswith("+")]
    constants = dict(derivation.equations.constants)
    inputs = {symbol.name for symbol in derivation.equations.inputs} - constants.keys()
    for t in range(1, 4):
        given = {name: value for name, value in (values | {"eta": 0.002, "t": t}).items() if name in inputs}
        trace = derivation.trace(given)
        costs.append(float(trace["J"]))
        values |= {name: trace[f"{name}+"] for name in moving}
    return start, costs, {name: values[name] for name in moving}, moving


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What every script computes, and what the reference engine does; one Python runs all of them."""
    folder, paths, expected = tmp_path_factory.mktemp("scripts"), [], []
    for number, (animal, optimiser) in enumerate(CASES):
        derivation = derive(animal.network, optimiser=optimiser)
        start, *after = three_steps(derivation, animal)
        expected.append(after)
        script, data = folder / f"{number}.py", folder / f"{number}.json"
        script.write_text(derivation.to_python(), encoding="utf-8")
        given = {name: start[name] for name in ("X", "Y", "w") if name in start}
        given |= {f"p:{name}": start[name] for name in after[-1]}
        given |= {f"mask:{name}": start[name] for name in start if name.startswith("M")}  # 1 ≥ p keeps, 0 ≥ p drops
        numbers = {name: np.asarray(value).tolist() for name, value in given.items()}
        data.write_text(json.dumps(numbers), encoding="utf-8")
        paths += [str(script), str(data)]
    command = [sys.executable, "-W", "error", "-c", DRIVER, *paths]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return list(zip(map(json.loads, process.stdout.splitlines()), expected, strict=True))


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{animal.id}-{optimiser}" for animal, optimiser in CASES])
def test_the_script_is_equal_to_the_reference_engine(ran, number):
    found, (costs, after, moving) = ran[number]
    assert "error" not in found, found["error"]
    np.testing.assert_allclose(found["J"], costs, rtol=1e-12)
    for name in moving:
        scale = max(1.0, float(np.abs(after[name]).max()))
        np.testing.assert_allclose(found[name], after[name], rtol=1e-12, atol=1e-12 * scale, err_msg=name)


def test_the_script_learns_when_it_is_run(tmp_path):
    network = Network.parse("4 -> 8 tanh -> 3 softmax", loss="cross-entropy")
    script = tmp_path / "script.py"
    script.write_text(derive(network).to_python(), encoding="utf-8")
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    first, last = (float(word) for word in ran.stdout.replace(",", " ").split() if word[0].isdigit() and "." in word)
    assert last < first / 2


def test_a_line_and_its_equation_stand_side_by_side():
    script = derive(Network.parse("2 -> 3 relu -> 1 sigmoid", loss="bce")).to_python()
    assert "    dW2 = A1.T @ dZ2                            # ∂J/∂W₂ = A₁ᵀ ∂J/∂Z₂\n" in script
    assert all(len(line) <= 110 for line in script.splitlines())


def test_a_product_of_matrices_is_a_whole_inside_an_elementwise_product():
    """Python reads A * X @ W as (A * X) @ W."""
    X, W, A = Symbol("X", ("i", "u0")), Symbol("W1", ("u0", "u1")), Symbol("A1", ("i", "u1"))
    product = matrix_product(X, W, "u0")
    assert Coder().right(Apply("mul", (A, product)), A.axes) == "A1 * (X @ W1)"
    assert Coder().right(Apply("div", (product, A)), A.axes) == "X @ W1 / A1"
